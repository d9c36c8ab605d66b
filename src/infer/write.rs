//! The file.

use sqlparser::keywords::ALL_KEYWORDS;

use crate::document::written::{key, string};
use crate::streams::SHARD_RECORDS;

use super::Inferred;
use super::column::Column;
use super::table::Sample;

/// Microseconds in a second.
const SECOND: i64 = 1_000_000;
/// Shares below this are not written: chance makes them.
const LEAST_SHARE: f64 = 0.0005;
/// How many numbers the query sums up.
const MEASURES: usize = 3;
/// How many places that are left out are named.
const NAMED: usize = 20;

/// Writes the pipeline.
pub(super) fn write(sample: &Sample, inferred: &Inferred) -> String {
    let mut file = String::new();
    let name = pipeline(&sample.stream);
    let stream = &sample.stream;
    file.push_str(&format!(
        "# Inferred from {} records of {} by `pipe init --from-sample`. Read it before you rely on it.\n",
        inferred.count,
        sample.origin.replace(char::is_control, " ")
    ));
    if inferred.malformed >= LEAST_SHARE {
        file.push_str(&format!("# {:.2} % of them could not be read.\n", inferred.malformed * 100.0));
    }
    for left_out in inferred.left_out.iter().take(NAMED) {
        file.push_str(&format!("# Left out: {}\n", left_out.replace(char::is_control, " ")));
    }
    file.push_str(&format!("\n[pipeline]\nname = {}\n\n[streams.{}]\n", string(&name), key(stream)));
    let shards = (inferred.times.rate / SHARD_RECORDS).ceil().clamp(1.0, 200.0);
    file.push_str(&format!("shards = {shards:.0}\n"));
    if inferred.is_csv {
        file.push_str("format = \"csv\"\n");
    }
    if let Some(index) = inferred.partition_key {
        file.push_str(&format!("partition_key = {}\n", string(&inferred.columns[index].name)));
    }
    if let Some(index) = inferred.event_time {
        let delay = (inferred.times.delay + SECOND - 1) / SECOND;
        file.push_str(&format!(
            "event_time = {{ column = {}, delay = \"{}s\", idle = \"10s\" }}\n",
            string(&inferred.columns[index].name),
            delay.clamp(1, 86_400)
        ));
    }
    file.push_str(&format!("\n[streams.{}.columns]\n", key(stream)));
    for column in &inferred.columns {
        file.push_str(&declared(column, inferred.is_csv));
    }
    generator(&mut file, stream, inferred);
    query(&mut file, stream, inferred);
    file
}

fn declared(column: &Column, is_csv: bool) -> String {
    let sql_type = string(&column.sql_type.to_string());
    let path = column.path.join(".");
    if is_csv || path == column.name {
        return format!("{} = {sql_type}\n", key(&column.name));
    }
    format!("{} = {{ type = {sql_type}, path = {} }}\n", key(&column.name), string(&format!("$.{path}")))
}

fn generator(file: &mut String, stream: &str, inferred: &Inferred) {
    file.push_str(&format!("\n[generators.{}]\nrate = \"{}\"", key(stream), rate(inferred.times.rate)));
    file.push_str(if inferred.times.is_known { "\n" } else { "                    # the sample does not say\n" });
    if inferred.times.by_chance {
        file.push_str("arrivals = \"poisson\"\n");
    }
    file.push_str(&format!("\n[generators.{}.fields]\n", key(stream)));
    let keys = inferred.partition_key.map(|index| &inferred.columns[index]);
    for column in &inferred.columns {
        let mut field = column.field.clone();
        if let Some(keys) = keys.filter(|keys| keys.name != column.name && field.starts_with("kind = \"walk\"")) {
            field.push_str(&format!(", per = {}", string(&keys.name)));
        }
        if column.nulls >= LEAST_SHARE {
            field.push_str(&format!(", null = {:.3}", column.nulls));
        }
        file.push_str(&format!("{} = {{ {field} }}\n", key(&column.name)));
    }
    let mut faults = Vec::new();
    let times = &inferred.times;
    if times.disordered >= LEAST_SHARE {
        let within = (times.longest + 999) / 1000;
        faults.push(format!(
            "out_of_order = {{ share = {:.3}, within = \"{}ms\" }}",
            times.disordered,
            within.clamp(1, 86_400_000)
        ));
    }
    if inferred.duplicates >= LEAST_SHARE {
        faults.push(format!("duplicates = {:.3}", inferred.duplicates));
    }
    if inferred.malformed >= LEAST_SHARE {
        faults.push(format!("malformed = {:.3}", inferred.malformed));
    }
    if !faults.is_empty() {
        file.push_str(&format!("\n[generators.{}.faults]\n{}\n", key(stream), faults.join("\n")));
    }
}

/// A first query: what came in a window, by key.
fn query(file: &mut String, stream: &str, inferred: &Inferred) {
    let name = if stream == "summary" { "summary_of_records" } else { "summary" };
    // Long enough for about a hundred records.
    let sizes = ["10s", "1m", "10m", "1h"];
    let size = match inferred.times.rate {
        rate if rate >= 1.0 => sizes[0],
        rate if rate >= 0.1 => sizes[1],
        rate if rate >= 0.01 => sizes[2],
        _ => sizes[3],
    };
    file.push_str(&format!(
        "\n[streams.{name}]\n\n[queries.{name}]\nfrom = {}\nwindow = {{ kind = \"tumbling\", size = \"{size}\" }}\n",
        string(stream)
    ));
    if let Some(index) = inferred.partition_key {
        file.push_str(&format!("group_by = [{}]\n", string(&inferred.columns[index].name)));
    }
    file.push_str(&format!("\n[queries.{name}.select]\nrecords = \"COUNT(*)\"\n"));
    let measures = inferred.columns.iter().enumerate().filter(|(index, column)| {
        let is_sequence = column.field.starts_with("kind = \"sequence\"");
        Some(*index) != inferred.partition_key && column.is_number() && column.distinct() > 1 && !is_sequence
    });
    for (_, column) in measures.take(MEASURES) {
        let of = string(&format!("AVG({})", identifier(&column.name)));
        file.push_str(&format!("{} = {of}\n", key(&format!("avg_{}", column.name))));
    }
}

/// Writes a name as SQL has it: quoted where it would mean something else.
fn identifier(name: &str) -> String {
    let is_word = ALL_KEYWORDS.contains(&name.to_uppercase().as_str());
    if is_word { format!("\"{name}\"") } else { name.to_owned() }
}

/// Writes a rate in the unit in which it is a number of records.
fn rate(rate: f64) -> String {
    for (unit, seconds) in [("s", 1.0), ("m", 60.0), ("h", 3600.0)] {
        let count = rate * seconds;
        if count >= 1.0 {
            return if count >= 10.0 { format!("{count:.0}/{unit}") } else { format!("{count:.2}/{unit}") };
        }
    }
    format!("{:.6}/h", (rate * 3600.0).max(0.000_001))
}

/// Makes a name of a pipeline out of that of a stream.
fn pipeline(stream: &str) -> String {
    let kept: String =
        stream.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }).take(50).collect();
    let kept = kept.trim_matches('-');
    match kept.chars().next() {
        Some(first) if first.is_ascii_alphabetic() && kept != "pipe-code" => kept.to_owned(),
        _ => format!("sample-{kept}").trim_end_matches('-').to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_and_names_are_legal() {
        assert_eq!(
            ["1234/s", "9.50/m", "2.00/h"],
            [rate(1234.2), rate(9.5 / 60.0), rate(2.0 / 3600.0)].map(|text| text)
        );
        assert_eq!(rate(0.0), "0.000001/h");
        assert_eq!([pipeline("my_orders"), pipeline("7up"), pipeline("-")], ["my-orders", "sample-7up", "sample"]);
        assert_eq!([identifier("value"), identifier("fare")], ["\"value\"", "fare"]);
    }
}
