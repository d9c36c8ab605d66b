//! Tables: files beside the pipeline, read again when they change.

use std::fs;

use serde_json::{Value, json};

use super::harness::{Place, Up, wait_for};

const PIPELINE: &str = r#"
[pipeline]
name = "tables"

[streams.trades]
[streams.trades.columns]
ticker = "VARCHAR(8)"
n = "INTEGER"

[tables.companies]
file = "data/companies.csv"
key = ["ticker"]
[tables.companies.columns]
ticker = "VARCHAR(8)"
sector = "VARCHAR(16)"

[streams.named]
[queries.named]
from = "trades"
join = { with = "companies", on = ["ticker"] }
select = { n = "n", sector = "companies.sector" }
"#;

fn put(up: &Up, n: i32) {
    up.client.put("trades", "key", json!({"ticker": "a", "n": n}).to_string().as_bytes()).unwrap();
}

fn consumed(up: &Up, records: u64) {
    let seen = || (up.status()["queries"][0]["counters"]["records"] == records).then_some(());
    wait_for("the records to be consumed", seen);
}

/// Puts records until one finds what the table is to have by then; returns how many were put.
fn until(up: &Up, first: i32, sector: &str) -> i32 {
    let mut n = first;
    wait_for(sector, || {
        put(up, n);
        n += 1;
        consumed(up, u64::try_from(n).unwrap());
        up.running.rows().last().is_some_and(|row| row["sector"] == sector).then_some(())
    });
    n
}

#[test]
fn a_table_is_read_again_when_its_file_changes_and_kept_when_it_cannot_be() {
    let place = Place::new(PIPELINE);
    place.write("data/companies.csv", "ticker,sector\na,one\n");
    let up = place.up(&["-o", "json"]);
    let n = until(&up, 0, "one");
    // Replaced at once.
    place.write("data/next.csv", "sector,ticker\ntwo,a\n");
    fs::rename(place.path().join("data/next.csv"), place.path().join("data/companies.csv")).unwrap();
    let n = until(&up, n, "two");
    // Written over with what cannot be read: a key that is there twice.
    place.write("data/companies.csv", "ticker,sector\na,three\nb,x\na,four\n");
    let notes = |up: &Up| up.status()["queries"][0]["notes"].clone();
    let told = wait_for("the note", || Some(notes(&up)).filter(|notes| *notes != json!([])));
    let told = told[0].as_str().unwrap();
    let words = "`data/companies.csv`, line 4: the row has the same `ticker` as that of line 2";
    assert!(told.contains(words), "{told}");
    assert!(told.contains("the rows that it had before count on"), "{told}");
    put(&up, n);
    consumed(&up, u64::try_from(n).unwrap() + 1);
    wait_for("the row", || up.running.rows().last().filter(|row| row["n"] == n && row["sector"] == "two").map(|_| ()));
    let shown = place.output(&["status", "-o", "table"]);
    assert!(shown.contains(words), "{shown}");
    // And mended.
    place.write("data/companies.csv", "ticker,sector\na,five\n");
    let n = until(&up, n + 1, "five");
    assert_eq!(notes(&up), json!([]));
    // Gone, it counts on too; there again, it is read.
    fs::remove_file(place.path().join("data/companies.csv")).unwrap();
    wait_for("the note", || Some(notes(&up)).filter(|notes| *notes != json!([])));
    put(&up, n);
    consumed(&up, u64::try_from(n).unwrap() + 1);
    place.write("data/companies.csv", "ticker,sector\na,six\n");
    let n = until(&up, n + 1, "six");
    up.stop();
    let rows = place.rows("named");
    assert_eq!(rows.len(), usize::try_from(n).unwrap(), "every record has found a row");
    let mut seen: Vec<&Value> = rows.iter().map(|row| &row["sector"]).collect();
    seen.dedup();
    assert_eq!(seen, ["one", "two", "five", "six"]);
    assert_eq!(place.rows("error_stream").len(), 0);
}

#[test]
fn what_is_wrong_with_a_table_is_told_where_it_is_named() {
    let place = Place::new(PIPELINE);
    for command in ["check", "up"] {
        let done = place.pipe(&[command]);
        done.failed(78, &["pipeline.toml:11:8", "data/companies.csv", "No such file", "help: put the file there"]);
    }
    place.write("data/companies.csv", "ticker,sektor\na,one\n");
    place.pipe(&["check"]).failed(78, &["line 1: the header has no column `sector`", "did you mean `sektor`?"]);
    place.write("data/companies.csv", "ticker,sector\na\n");
    place.pipe(&["check"]).failed(78, &["line 2: the line has 1 values, and the header names 2 columns"]);
    place.write("data/companies.csv", "ticker,sector\n,one\n");
    place.pipe(&["check"]).failed(78, &["line 2: column `ticker`: there is no value, which is needed"]);
    place.write("data/companies.csv", "ticker,sector\na,one\n");
    place.output(&["check"]);
    let in_s3 = PIPELINE.replace("data/companies.csv", "s3://bucket/companies.csv");
    place.write("pipeline.toml", &in_s3);
    place.output(&["check"]);
    place.pipe(&["up"]).failed(78, &["table `companies` lies in S3", "put a copy beside the pipeline file"]);
}
