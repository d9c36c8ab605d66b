//! `pipe generate`, from outside.

use std::{
    io::{BufRead, BufReader},
    process::Stdio,
};

use serde_json::Value;

use super::harness::{Place, wait_for};

const PIPELINE: &str = r#"
[pipeline]
name = "gen"

[streams.trades]
shards = 2
partition_key = "ticker"
[streams.trades.columns]
traded_at = "TIMESTAMP(3)"
ticker = "VARCHAR(8)"
price = { type = "DOUBLE", path = "$.quote.price" }

[streams.lines]
format = "csv"
[streams.lines.columns]
id = "BIGINT"
name = "VARCHAR(8)"

[generators.trades]
rate = "100/s"
seed = 7
[generators.trades.fields]
traded_at = { kind = "now" }
ticker = { kind = "choice", of = ["AMZN", "AAPL"] }
price = { kind = "walk", start = 10, step = 1, per = "ticker" }

[generators.lines]
rate = "2/s"
[generators.lines.fields]
id = { kind = "sequence" }
name = { kind = "constant", value = "a,b" }

[streams.sums]
[queries.sums]
from = "trades"
where = "ticker = 'NOBODY'"
"#;

const START: [&str; 2] = ["--start", "2026-01-01T00:00:00Z"];

fn generate(arguments: &[&str]) -> Vec<String> {
    let place = Place::new(PIPELINE);
    let done = place.output(&[&["generate"], arguments, &START].concat());
    assert!(!place.has(".pipe"), "nothing is left behind");
    done.lines().map(str::to_owned).collect()
}

#[test]
fn the_same_seed_makes_the_same_bytes_each_due_at_its_time() {
    let trades = ["--stream", "trades"];
    let made = generate(&[&trades[..], &["--records", "250"]].concat());
    assert_eq!(made.len(), 250);
    assert_eq!(made, generate(&[&trades[..], &["--for", "2500ms", "--seed", "7"]].concat()));
    assert_ne!(made, generate(&[&trades[..], &["--records", "250", "--seed", "8"]].concat()));
    assert_eq!(made[..100], generate(&[&trades[..], &["--records", "100"]].concat()));
    for (index, line) in made.iter().enumerate() {
        let record: Value = serde_json::from_str(line).unwrap();
        let due = format!("2026-01-01T00:00:{:02}.{:03}", index / 100, index % 100 * 10);
        assert_eq!(record["traded_at"], due);
        assert!(record["quote"]["price"].is_number(), "{line}");
    }
    let lines = generate(&["--stream", "lines", "--records", "3"]);
    assert_eq!(lines, ["0,\"a,b\"", "1,\"a,b\"", "2,\"a,b\""]);

    let place = Place::new(PIPELINE);
    let whole = [&["generate", "--records", "250", "--to", "trades.jsonl"], &trades[..], &START].concat();
    let done = place.pipe(&whole);
    assert_eq!((done.code(), done.stdout.as_str()), (Some(0), ""), "{done:?}");
    assert!(done.stderr.contains("250 records in trades.jsonl"), "{done:?}");
    assert_eq!(place.read("trades.jsonl").lines().map(str::to_owned).collect::<Vec<_>>(), made);

    let sample = place.output(&["generate", "--stream", "lines", "--sample", "2", "-o", "json"]);
    assert_eq!(sample, "{\"id\":0,\"name\":\"a,b\"}\n{\"id\":1,\"name\":\"a,b\"}\n");
}

#[test]
fn without_an_end_records_come_at_their_rate_until_the_reader_leaves() {
    let place = Place::new(PIPELINE);
    let mut command = place.command(&["generate", "--stream", "trades"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let begun = std::time::Instant::now();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(lines.by_ref().take(30).flatten().count(), 30);
    // The first is due at once, the last 290 ms later.
    assert!(begun.elapsed().as_millis() >= 280, "{:?}", begun.elapsed());
    drop(lines);
    assert_eq!(child.wait().unwrap().code(), Some(0), "a reader that leaves is a clean end");
}

#[test]
fn what_is_held_back_comes_before_the_end() {
    let late = "[generators.trades.faults]\nlate = { share = 1.0, by = [\"10m\", \"10m\"] }\n";
    let place = Place::new(&format!("{PIPELINE}{late}"));
    let running = place.start(&["generate", "--stream", "trades", "--to", "trades.jsonl"]);
    wait_for("the file", || place.has("trades.jsonl").then_some(()));
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert_eq!(place.read("trades.jsonl"), "", "nothing has come yet");
    running.interrupt();
    let done = running.ended();
    assert_eq!(done.code(), Some(130), "{done:?}");
    let written = place.read("trades.jsonl").lines().count();
    assert!(written > 5, "{written}");
    assert!(done.stderr.contains(&format!("{written} records in trades.jsonl")), "{done:?}");
}

#[test]
fn a_count_goes_on_behind_what_was_dropped() {
    let dropped = "[generators.lines.faults]\ndropped = 0.5\n";
    let place = Place::new(&format!("{}{dropped}", PIPELINE.replace("2/s", "1000/s")));
    let ids = || -> Vec<u64> {
        let text = |data: Vec<u8>| String::from_utf8(data).unwrap();
        let id = |data: Vec<u8>| text(data).split(',').next().unwrap().parse().unwrap();
        place.stored("gen", "lines").into_iter().map(|stored| id(stored.data)).collect()
    };
    place.output(&["up", "--records", "200"]);
    let first = ids();
    place.output(&["up", "--records", "200"]);
    let (all, mut once) = (ids(), ids());
    assert!(first.len() > 60 && first.len() < 140, "{}", first.len());
    assert!(all.len() > first.len() + 60);
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), all.len(), "no number comes twice");
    assert!(all[first.len()..].iter().all(|id| (200..400).contains(id)), "{all:?}");
}

#[test]
fn records_go_into_any_stream_in_kinesis() {
    let kinesis = Place::new(&PIPELINE.replace("name = \"gen\"", "name = \"kinesis\""));
    let up = kinesis.up(&["--no-generator"]);
    let place = Place::over_kinesis(PIPELINE, &up.client.url());
    let done = place.pipe(&["generate", "--stream", "trades", "--records", "40", "--to", "kinesis://trades"]);
    assert_eq!(done.code(), Some(0), "{done:?}");
    assert!(done.stderr.contains("40 records put into trades"), "{done:?}");
    place
        .pipe(&["generate", "--stream", "trades", "--records", "1", "--to", "kinesis://nobody"])
        .failed(1, &["nobody"]);
    up.stop();
    let stored = kinesis.stored("kinesis", "trades");
    assert_eq!(stored.len(), 40);
    for record in stored {
        let data: Value = serde_json::from_slice(&record.data).unwrap();
        assert_eq!(data["ticker"], record.partition_key.as_str());
    }
}

#[test]
fn records_go_into_a_stream_of_the_pipeline_that_runs() {
    let place = Place::new(PIPELINE);
    let to = ["generate", "--stream", "trades", "--records", "40", "--to"];
    place
        .pipe(&[&to[..], &["stream://trades"]].concat())
        .failed(69, &["does not run here", "pipe up gen --no-generator"]);
    let up = place.up(&["--no-generator"]);
    let done = place.pipe(&[&to[..], &["stream://trades"]].concat());
    assert_eq!(done.code(), Some(0), "{done:?}");
    assert!(done.stderr.contains("40 records put into trades"), "{done:?}");
    place.pipe(&[&to[..], &["stream://nobody"]].concat()).failed(1, &["nobody"]);
    up.stop();
    assert_eq!(place.stored("gen", "trades").len(), 40);
}

#[test]
fn what_cannot_be_generated_is_told() {
    let place = Place::new(PIPELINE);
    place.pipe(&["generate"]).failed(64, &["several generators", "--stream with one of trades, lines"]);
    place.pipe(&["generate", "--stream", "trade"]).failed(64, &["no generator for a stream `trade`", "`trades`?"]);
    place.pipe(&["generate", "--stream", "sums"]).failed(64, &["no generator for a stream `sums`"]);
    place.pipe(&["generate", "--start", "soon"]).failed(64, &["expected a time"]);
    place.pipe(&["generate", "--stream", "trades", "--records", "1", "--to", "no/such/folder"]).failed(1, &["no/such"]);
    let without = PIPELINE.split("[generators.trades]").next().unwrap();
    Place::new(without).pipe(&["generate"]).failed(64, &["pipeline `gen` has no generator", "[generators.STREAM]"]);
}
