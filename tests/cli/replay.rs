//! `pipe record` and `pipe replay`, from outside.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::harness::{Place, wait_for};

const PIPELINE: &str = r#"
[pipeline]
name = "rides"

[streams.rides]
shards = 2
partition_key = "city"
event_time = { column = "at", delay = "2s", idle = "5s" }
[streams.rides.columns]
at = "TIMESTAMP(3)"
city = "VARCHAR(8)"
fare = "DOUBLE"

[streams.sums]
[queries.sums]
from = "rides"
window = { kind = "tumbling", size = "10s" }
group_by = ["city"]
select = { fares = "SUM(fare)" }

[generators.rides]
rate = "50/s"
[generators.rides.fields]
at = { kind = "now" }
city = { kind = "choice", of = ["Bern", "Oslo"] }
fare = { kind = "uniform", min = 1, max = 9 }
"#;

/// Windows by the time of arrival.
fn by_arrival() -> String {
    PIPELINE
        .replace("event_time = { column = \"at\", delay = \"2s\", idle = \"5s\" }\n", "")
        .replace("size = \"10s\"", "size = \"1s\"")
}

fn rows(text: &str) -> BTreeSet<String> {
    text.lines().map(|line| row(&serde_json::from_str(line).unwrap())).collect()
}

/// A row without the last digits of its sum, which depend on the batches that came before the engine.
fn row(row: &Value) -> String {
    let fares = row["fares"].as_f64().unwrap();
    format!("{} {} {} {fares:.6}", row["city"], row["window_start"], row["window_end"])
}

#[test]
fn a_recorded_stream_gives_the_rows_that_it_gave() {
    for pipeline in [PIPELINE.to_owned(), by_arrival()] {
        let place = Place::new(&pipeline);
        let done = place.pipe(&["up", "--for", "4s"]);
        assert_eq!(done.code(), Some(0), "{done:?}");
        let done = place.pipe(&["record", "rides", "--to", "rides.jsonl"]);
        assert_eq!(done.code(), Some(0), "{done:?}");
        let stored = place.stored("rides", "rides");
        assert!(done.stderr.contains(&format!("{} records in rides.jsonl", stored.len())), "{done:?}");
        let text = place.read("rides.jsonl");
        assert!(text.starts_with("{\"recording\":1,\"stream\":\"rides\"}\n{\"arrival\":\""), "{text}");
        assert_eq!(text.lines().count(), stored.len() + 1);
        for line in text.lines().skip(1) {
            let line: Value = serde_json::from_str(line).unwrap();
            let data: Value = serde_json::from_str(line["text"].as_str().unwrap()).unwrap();
            assert_eq!(data["city"], line["key"]);
        }
        let written: BTreeSet<String> = place.rows("sums").iter().map(row).collect();
        let all = rows(&place.output(&["replay", "rides.jsonl", "-o", "json"]));
        let closed = rows(&place.output(&["replay", "rides.jsonl", "--leave-open", "-o", "json"]));
        // What ran has seen some time pass behind its last record; the file ends with that.
        assert!(closed.is_subset(&written) && written.is_subset(&all), "{closed:?}\n{written:?}\n{all:?}");
        assert!(all.len() > closed.len());
        place.pipe(&["record", "rides", "--to", "rides.jsonl"]).failed(64, &["`rides.jsonl` is there already"]);
        let arrivals: Vec<&str> = text.lines().skip(1).map(|line| &line[12..36]).collect();
        assert!(arrivals.is_sorted(), "in the order of their arrival, whatever the shard");
        let fares: f64 = all.iter().map(|row| row.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum();
        let given: f64 = stored
            .iter()
            .map(|record| serde_json::from_slice::<Value>(&record.data).unwrap()["fare"].as_f64().unwrap())
            .sum();
        assert!((fares - given).abs() < 1e-4, "{fares} of {given}");
    }
}

/// A day of rides, one every 10 s, and some out of order.
fn day(place: &Place) {
    let mut text = String::new();
    for index in 0..8640 {
        let second = if index % 100 == 50 { index * 10 - 25 } else { index * 10 };
        let (hours, minutes, seconds) = (second / 3600, second / 60 % 60, second % 60);
        let city = if index % 2 == 0 { "Bern" } else { "Oslo" };
        text.push_str(&format!(
            "{{\"at\":\"2026-03-01T{hours:02}:{minutes:02}:{seconds:02}\",\"city\":\"{city}\",\"fare\":2.5}}\n"
        ));
    }
    place.write("day.jsonl", &text);
}

#[test]
fn a_day_of_bare_lines_closes_its_windows_by_its_own_time() {
    let place = Place::new(PIPELINE);
    day(&place);
    let done = place.pipe(&["replay", "day.jsonl", "-o", "json"]);
    assert_eq!(done.code(), Some(0), "{done:?}");
    // Every ride has a window of its own, but for the 86 that came 25 s late.
    assert_eq!(done.stdout.lines().count(), 8_640 - 86, "{}", done.stderr);
    assert!(done.stderr.contains("8640 records played"), "{}", done.stderr);
    assert!(done.stderr.contains("86 late"), "{}", done.stderr);
    assert!(done.stderr.contains("--leave-open leaves it"), "{}", done.stderr);
    let last = done.stdout.lines().last().unwrap();
    assert_eq!(
        last,
        r#"{"city":"Oslo","window_start":"2026-03-01T23:59:50.000","window_end":"2026-03-02T00:00:00.000","fares":2.5}"#
    );
    assert!(!place.has(".pipe"), "nothing is left behind");
    let open = place.pipe(&["replay", "day.jsonl", "--leave-open", "-o", "json"]);
    let open_rows = open.stdout.lines().count();
    assert!((8_540..8_554).contains(&open_rows), "{open_rows}");
    assert!(open.stderr.contains("left open"), "{}", open.stderr);
    // Another column that says the time gives the same here.
    let column = place.output(&["replay", "day.jsonl", "--time-column", "at", "-o", "json"]);
    assert_eq!(column, done.stdout);
}

#[test]
fn a_table_of_values_is_played_whatever_the_form_of_the_stream() {
    let text =
        "at,city,fare\n2026-03-01T00:00:01,Bern,2.5\n2026-03-01 00:00:02,Bern,4\n2026-03-01T00:00:11,\"Oslo\",1\n";
    let json = Place::new(PIPELINE);
    json.write("rides.csv", text);
    let rows = json.output(&["replay", "rides.csv", "-o", "json"]);
    assert_eq!(rows.lines().count(), 2, "{rows}");
    assert!(rows.contains("\"fares\":6.5"), "{rows}");
    let csv = Place::new(&PIPELINE.replace("shards = 2", "shards = 2\nformat = \"csv\""));
    csv.write("rides.csv", text);
    assert_eq!(csv.output(&["replay", "rides.csv", "-o", "json"]), rows);
    csv.write("bare.csv", text.split_once('\n').unwrap().1);
    assert_eq!(csv.output(&["replay", "bare.csv", "-o", "json"]), rows);
    json.write("bad.csv", "at,city,fare\n2026-03-01T00:00:01,Bern,much\n");
    json.pipe(&["replay", "bad.csv"]).failed(1, &["row 1 of the file cannot be a record: column `fare`: expected"]);
}

#[test]
fn a_faster_day_takes_its_part_of_the_time() {
    let place = Place::new(&by_arrival());
    let line = |second| format!("{{\"at\":\"2026-03-01T00:00:{second:02}\",\"city\":\"Bern\",\"fare\":1}}\n");
    let text = (0..20).map(line).collect::<Vec<_>>().concat();
    place.write("rides.jsonl", &text);
    let begun = Instant::now();
    let done = place.output(&["replay", "rides.jsonl", "--time-column", "at", "--speed", "20x", "-o", "json"]);
    assert!(begun.elapsed() >= Duration::from_millis(950), "{:?}", begun.elapsed());
    assert_eq!(done, place.output(&["replay", "rides.jsonl", "--time-column", "at", "-o", "json"]));
    assert_eq!(done.lines().count(), 20);
}

#[test]
fn a_replayed_past_goes_on_live() {
    let place = Place::new(PIPELINE);
    day(&place);
    let replayed = rows(&place.output(&["replay", "day.jsonl", "-o", "json"]));
    let running = place.start(&["replay", "day.jsonl", "--then-live", "-o", "json"]);
    // The past is closed by the time of the first live records.
    wait_for("the rows of the day", || (running.rows().len() >= replayed.len()).then_some(()));
    running.interrupt();
    let done = running.ended();
    assert_eq!(done.code(), Some(130), "{done:?}");
    assert!(done.stderr.contains("8640 records of day.jsonl in stream rides"), "{}", done.stderr);
    let written: BTreeSet<String> = place.rows("sums").iter().map(row).collect();
    assert!(replayed.is_subset(&written), "{} of {}", replayed.intersection(&written).count(), replayed.len());
    let stored = place.stored("rides", "rides");
    assert!(stored.len() > 8_640, "the generator goes on");
    assert_eq!(stored.iter().map(|record| record.arrival).min(), Some(1_772_323_200_000));
    place.pipe(&["replay", "day.jsonl", "--then-live"]).failed(64, &["has later records already", "pipe down rides"]);
}

#[test]
fn what_cannot_be_played_is_told() {
    let place = Place::new(PIPELINE);
    place.write("bad.jsonl", "{\"recording\":1,\"stream\":\"rides\"}\n{\"arrival\":\"soon\"}\n");
    place.write("other.jsonl", "{\"recording\":1,\"stream\":\"trips\"}\n");
    place.write("none.jsonl", "{\"city\":\"Bern\"}\n");
    place.pipe(&["replay", "missing.jsonl"]).failed(1, &["`missing.jsonl` could not be read"]);
    place.pipe(&["replay", "bad.jsonl"]).failed(1, &["line 2 is no record"]);
    place.pipe(&["replay", "bad.jsonl", "--then-live"]).failed(1, &["line 2 is no record"]);
    assert!(!place.has(".pipe"), "nothing half done");
    place.pipe(&["replay", "none.jsonl"]).failed(1, &["record 1 of the file has no time: `at` is NULL"]);
    place.pipe(&["replay", "none.jsonl", "--stream", "ride"]).failed(64, &["no stream `ride`", "`rides`?"]);
    place.pipe(&["replay", "none.jsonl", "--time-column", "city"]).failed(64, &["no column `city` with a time"]);
    place.pipe(&["replay", "none.jsonl", "--speed", "fast"]).failed(64, &["expected a factor", "or max"]);
    let with_number = Place::new(
        &PIPELINE
            .replace("fare = \"DOUBLE\"", "fare = \"DOUBLE\"\nn = \"BIGINT\"")
            .replace("fare = {", "n = { kind = \"sequence\" }\nfare = {"),
    );
    with_number.write("far.jsonl", "{\"at\":\"2026-01-01T00:00:00\",\"fare\":1,\"n\":1770000000000000}\n");
    with_number
        .pipe(&["replay", "far.jsonl", "--time-column", "n"])
        .failed(1, &["record 1 of the file is of 1770000000000000 ms"]);
    place.pipe(&["replay", "/dev/null", "--then-live"]).failed(64, &["can be read only once"]);
    let other = Place::new(&by_arrival());
    other.write("none.jsonl", "{\"city\":\"Bern\"}\n");
    other.pipe(&["replay", "none.jsonl"]).failed(64, &["does not say when its records came", "--time-column"]);
    place.pipe(&["record", "rides", "--to", "x.jsonl"]).failed(69, &["no records here"]);
    place.pipe(&["replay", "other.jsonl"]).failed(64, &["stream `trips` was recorded", "--stream with one of rides"]);
    place.pipe(&["replay", "other.jsonl", "--stream", "rides"]).failed(64, &["there are no records in other.jsonl"]);
}

#[test]
fn a_stream_in_kinesis_is_recorded() {
    let kinesis = Place::new(PIPELINE);
    let up = kinesis.up(&["--no-generator"]);
    let place = Place::over_kinesis(PIPELINE, &up.client.url());
    let done = place.pipe(&["generate", "--records", "60", "--to", "kinesis://rides"]);
    assert_eq!(done.code(), Some(0), "{done:?}");
    let done = place.pipe(&["record", "kinesis://rides", "-n", "60", "--to", "rides.jsonl"]);
    assert_eq!(done.code(), Some(0), "{done:?}");
    up.stop();
    let mut found: Vec<String> = place
        .read("rides.jsonl")
        .lines()
        .skip(1)
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["text"].as_str().unwrap().to_owned())
        .collect();
    let mut stored: Vec<String> =
        kinesis.stored("rides", "rides").into_iter().map(|record| String::from_utf8(record.data).unwrap()).collect();
    found.sort_unstable();
    stored.sort_unstable();
    assert_eq!(found, stored);
}
