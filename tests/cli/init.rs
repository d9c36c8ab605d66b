//! `pipe init --from-sample`, from outside.

use super::harness::Place;

/// Runs what was inferred, as a newcomer would.
fn runs(place: &Place) {
    let done = place.pipe(&["check", "orders/pipeline.toml"]);
    assert_eq!(done.code(), Some(0), "{done:?}\n{}", place.read("orders/pipeline.toml"));
    let done = place.pipe(&["up", "orders/pipeline.toml", "--start", "-10m", "--records", "500"]);
    assert_eq!(done.code(), Some(0), "{done:?}\n{}", place.read("orders/pipeline.toml"));
}

#[test]
fn a_recorded_stream_becomes_a_pipeline_that_makes_the_like() {
    let place = Place::new(include_str!("../../pipelines/ticker.toml"));
    let done = place.pipe(&["up", "--start", "-1m", "--records", "6000"]);
    assert_eq!(done.code(), Some(0), "{done:?}");
    place.output(&["record", "trades", "--to", "trades.rec"]);
    let done = place.pipe(&["init", "orders", "--from-sample", "trades.rec"]);
    assert_eq!(done.code(), Some(0), "{done:?}");
    assert!(done.stderr.contains("wrote orders/pipeline.toml"), "{done:?}");
    let text = place.read("orders/pipeline.toml");
    for line in [
        "[streams.trades]",
        "partition_key = \"ticker\"",
        "event_time = { column = \"traded_at\", delay = \"1s\", idle = \"10s\" }",
        "price = { type = \"DOUBLE\", path = \"$.quote.price\" }",
        "rate = \"200/s\"",
        "ticker = { kind = \"choice\", of = [\"AMZN\", \"AAPL\", \"MSFT\"], weights = [",
        "price = { kind = \"walk\", start = ",
        "volume = { kind = \"uniform\", min = ",
        "group_by = [\"ticker\"]",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    place.pipe(&["down", "ticker", "-y"]);
    runs(&place);
    place.pipe(&["init", "orders", "--from-sample", "trades.rec"]).failed(64, &["is there already"]);
}

#[test]
fn a_file_of_values_becomes_a_pipeline() {
    let place = Place::empty();
    let mut text = "order id,placed at,customer,total\n".to_owned();
    for index in 0..400 {
        text.push_str(&format!(
            "{index},2026-05-01 10:{:02}:{:02},c{},{}.25\n",
            index / 60,
            index % 60,
            index % 9,
            index % 50
        ));
    }
    place.write("orders.csv", &text);
    let done = place.pipe(&["init", "orders", "--from-sample", "orders.csv"]);
    assert_eq!(done.code(), Some(0), "{done:?}");
    let text = place.read("orders/pipeline.toml");
    for line in [
        "format = \"csv\"",
        "order_id = \"INTEGER\"",
        "kind = \"sequence\"",
        "placed_at = \"TIMESTAMP(3)\"",
        "rate = \"1.00/s\"",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    runs(&place);
}

#[test]
fn a_stream_in_kinesis_becomes_a_pipeline() {
    let pipeline = include_str!("../../pipelines/balance.toml");
    let kinesis = Place::new(pipeline);
    let up = kinesis.up(&["--no-generator"]);
    let place = Place::over_kinesis(pipeline, &up.client.url());
    let stream = pipeline.split("[streams.").nth(1).unwrap().split(']').next().unwrap();
    let to = format!("kinesis://{stream}");
    let made = place.pipe(&["generate", "--start", "-1m", "--records", "300", "--to", &to]);
    assert_eq!(made.code(), Some(0), "{made:?}");
    let done = place.pipe(&["init", "orders", "--from-sample", &to]);
    assert_eq!(done.code(), Some(0), "{done:?}");
    up.stop();
    let text = place.read("orders/pipeline.toml");
    assert!(text.contains(&format!("Inferred from 300 records of {to}")), "{text}");
    let done = place.pipe(&["check", "orders/pipeline.toml"]);
    assert_eq!(done.code(), Some(0), "{done:?}\n{text}");
}

#[test]
fn nothing_is_written_for_nothing() {
    let place = Place::empty();
    place.write("empty.jsonl", "\n\n");
    place.pipe(&["init", "x", "--from-sample", "missing.jsonl"]).failed(1, &["`missing.jsonl` could not be read"]);
    place.pipe(&["init", "x", "--from-sample", "empty.jsonl"]).failed(64, &["there are no records in empty.jsonl"]);
    place.pipe(&["init", "x", "--from-sample", "empty.jsonl", "-n", "0"]).failed(64, &["0 is not in"]);
    assert!(!place.has("x"), "nothing half done");
}
