//! `pipe status --explain`: the different causes of "no output", each brought about and found.

use std::{collections::BTreeMap, thread, time::Duration};

use serde_json::{Value, json};

use super::harness::{Place, Up, wait_for};
use super::up::PIPELINE;

/// Queries that write nothing, each for a reason of its own.
const SILENT: &str = r#"
[pipeline]
name = "silent"

[streams.in]
columns = { k = "VARCHAR(8)", n = "INTEGER" }

[streams.other]
columns = { k = "VARCHAR(8)", n = "INTEGER" }

[streams.never]
columns = { k = "VARCHAR(8)", n = "INTEGER" }

[streams.made]
columns = { n = "BIGINT" }
[generators.made]
rate = "1/s"
fields = { n = { kind = "sequence" } }

[streams.garbage]
columns = { k = "VARCHAR(8)", n = "INTEGER" }

[streams.bad]
[queries.bad]
from = "garbage"
window = { kind = "tumbling", size = "1s" }
select = { n = "COUNT(*)" }

[streams.filtered]
[queries.filtered]
from = "in"
where = "n > 1000"
window = { kind = "tumbling", size = "1s" }
select = { n = "COUNT(*)" }

[streams.dropped]
[queries.dropped]
from = "in"
window = { kind = "tumbling", size = "100ms" }
having = "n > 1000"
select = { n = "COUNT(*)" }

[streams.open]
[queries.open]
from = "in"
window = { kind = "tumbling", size = "1d" }
group_by = ["k"]
select = { n = "COUNT(*)" }

[streams.unmet]
[queries.unmet]
from = "in"
join = { with = "other", on = "in.k = other.k", after = "10ms" }
select = { k = "in.k" }

[streams.waiting]
[queries.waiting]
from = "never"
window = { kind = "tumbling", size = "1s" }
select = { n = "COUNT(*)" }

[streams.chained]
[queries.chained]
from = "waiting"
window = { kind = "tumbling", size = "1m" }
select = { total = "SUM(n)" }
"#;

/// Queries by event time, over streams whose times are wrong in one way each.
const TIMES: &str = r#"
[pipeline]
name = "times"

[streams.late]
event_time = { column = "t", delay = "0s", idle = "1h" }
columns = { t = "TIMESTAMP(3)", n = "INTEGER" }
[streams.of_late]
[queries.of_late]
from = "late"
where = "n < 10"
window = { kind = "tumbling", size = "1s" }
select = { n = "COUNT(*)" }

[streams.empty]
shards = 2
partition_key = "k"
event_time = { column = "t", delay = "0s", idle = "1h" }
columns = { t = "TIMESTAMP(3)", k = "VARCHAR(8)" }
[streams.of_empty]
[queries.of_empty]
from = "empty"
window = { kind = "tumbling", size = "1s" }
select = { n = "COUNT(*)" }

[streams.slow]
shards = 2
partition_key = "k"
event_time = { column = "t", delay = "0s", idle = "1h" }
columns = { t = "TIMESTAMP(3)", k = "VARCHAR(8)" }
[streams.of_slow]
[queries.of_slow]
from = "slow"
window = { kind = "tumbling", size = "1s" }
select = { n = "COUNT(*)" }

[streams.future]
event_time = { column = "t", delay = "0s", idle = "1h" }
columns = { t = "TIMESTAMP(3)" }
[streams.of_future]
[queries.of_future]
from = "future"
window = { kind = "tumbling", size = "1s" }
select = { n = "COUNT(*)" }
"#;

/// Returns the codes that were found, by what they are about.
fn found(place: &Place) -> (BTreeMap<String, Vec<String>>, Value) {
    let status: Value = serde_json::from_str(&place.output(&["status", "--explain", "-o", "json"])).unwrap();
    let mut codes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for finding in status["findings"].as_array().unwrap() {
        let text = |key: &str| finding[key].as_str().unwrap().to_owned();
        codes.entry(text("about")).or_default().push(text("code"));
    }
    (codes, status)
}

/// Waits until all that was put has been read by the query.
fn read(up: &Up, query: &str, records: u64) {
    wait_for("the records to be read", || {
        let status = up.status();
        let of = status["queries"].as_array()?.iter().find(|it| it["name"] == query)?.clone();
        (of["counters"]["records"].as_u64()? >= records).then_some(())
    });
}

fn put(up: &Up, stream: &str, key: &str, record: &Value) {
    up.client.put(stream, key, record.to_string().as_bytes()).unwrap();
}

#[test]
fn each_cause_of_silence_has_its_words() {
    let place = Place::new(SILENT);
    let up = place.up(&["--no-generator"]);
    for n in 0..3 {
        put(&up, "in", "a", &json!({ "k": "a", "n": n }));
        up.client.put("garbage", "a", b"no json").unwrap();
    }
    for query in ["filtered", "dropped", "open", "unmet", "bad"] {
        read(&up, query, 3);
    }
    wait_for("the windows to close", || {
        let status = up.status();
        let windows = status["queries"].as_array()?.iter().find(|it| it["name"] == "dropped")?;
        (windows["counters"]["windows"].as_u64()? > 0).then_some(())
    });
    wait_for("the rows without a partner to go", || {
        let status = up.status();
        let groups = status["queries"].as_array()?.iter().find(|it| it["name"] == "unmet")?["open_groups"].clone();
        (groups == 0).then_some(())
    });
    let (codes, status) = found(&place);
    let of = |about: &str| codes.get(about).map(|codes| codes.join(" ")).unwrap_or_default();
    assert_eq!(of("stream never"), "no-records", "{status}");
    assert_eq!(of("stream made"), "no-records");
    assert_eq!(of("stream in"), "silent");
    assert_eq!(of("query bad"), "all-bad bad");
    assert_eq!(of("query filtered"), "all-filtered");
    assert_eq!(of("query dropped"), "all-dropped");
    assert_eq!(of("query open"), "open-windows");
    assert_eq!(of("query unmet"), "all-filtered");
    assert_eq!(of("query waiting"), "no-input");
    assert_eq!(of("query chained"), "no-input");
    assert!(!codes.contains_key("pipeline silent"));
    // Each with what to do, in words that name the place.
    let text = place.output(&["status", "--explain", "-o", "table"]);
    for words in [
        "stream never\n  blocked  no record has come into it, and it has no generator\n           → point a producer at http://",
        "stream made\n  blocked  no record has come into it, as its generator is left out\n",
        "→ point a producer at http://127.0.0.1:",
        "query chained\n  blocked  it has written nothing: no record has come into never, which it reads\n",
        "such as shardId-000000000000 49",
        "it has written nothing: all of what it has read is bad: 3 records",
        " closed, and no group passed",
        "  waits    it has written nothing: its window ",
    ] {
        assert!(text.contains(words), "{words}\n{text}");
    }
    // Without being asked, it is said of the queries that write nothing.
    let short = place.output(&["status", "-o", "table"]);
    assert!(
        short.contains("query waiting: it has written nothing: no record has come into never, which it reads; "),
        "{short}"
    );
    assert!(!short.contains("stream never\n"), "{short}");
    up.stop();
    let (codes, _) = found(&place);
    assert_eq!(codes["pipeline silent"], ["not-running"]);
}

#[test]
fn wrong_times_are_told_apart() {
    let place = Place::new(TIMES);
    let up = place.up(&[]);
    let now = chrono::Utc::now();
    let at = |seconds: i64| (now + chrono::TimeDelta::seconds(seconds)).format("%Y-%m-%dT%H:%M:%S%.3f").to_string();
    // The first is left out by `where`, and moves time on all the same.
    put(&up, "late", "a", &json!({ "t": at(0), "n": 10 }));
    put(&up, "late", "a", &json!({ "t": at(-30), "n": 1 }));
    // The keys lie in different shards.
    put(&up, "empty", "a", &json!({ "t": at(0), "k": "a" }));
    put(&up, "slow", "a", &json!({ "t": at(0), "k": "a" }));
    put(&up, "slow", "b", &json!({ "t": at(-60), "k": "b" }));
    put(&up, "future", "a", &json!({ "t": at(7200) }));
    for (query, records) in [("of_late", 2), ("of_empty", 1), ("of_slow", 2), ("of_future", 1)] {
        read(&up, query, records);
    }
    let (codes, status) = found(&place);
    assert_eq!(codes["query of_late"], ["all-late", "watermark", "late"], "{status}");
    assert_eq!(codes["query of_empty"], ["open-windows", "empty-shard"], "{status}");
    assert_eq!(codes["query of_slow"], ["open-windows", "slow-shard"], "{status}");
    assert_eq!(codes["query of_future"], ["open-windows", "watermark", "future-times"], "{status}");
    let text = place.output(&["status", "--explain", "-o", "table"]);
    for words in [
        "shardId-000000000001 of empty has no record yet, and is waited for until it has been idle for 1h",
        "shardId-000000000001 of slow holds it, and others are 1m ahead",
        "its latest event time, less `delay`, is 1h 59m",
        "1 row came when its window was over, such as shardId-000000000000",
    ] {
        assert!(text.contains(words), "{words}\n{text}");
    }
    up.stop();
}

#[test]
fn a_throttled_producer_and_a_hot_key_are_found() {
    let two_shards = PIPELINE.replace("[streams.events]", "[streams.events]\nshards = 2\npartition_key = \"k\"");
    let place = Place::new(&two_shards);
    let up = place.up(&["--no-generator", "--limits"]);
    let records = |from: usize, count: usize| -> Vec<(String, Vec<u8>)> {
        (from..from + count)
            .map(|id| ("a".to_owned(), json!({ "id": id, "k": "a" }).to_string().into_bytes()))
            .collect()
    };
    let mut refused = 0;
    for turn in 0..6 {
        let taken = up.client.put_all("events", &records(turn * 500, 500)).unwrap();
        refused += taken.iter().map(|taken| u64::from(!taken)).sum::<u64>();
    }
    assert!(refused > 0);
    let mut looking = place.start(&["status", "--explain", "-o", "json"]);
    // Meanwhile a little more of the same key, and less than a shard takes.
    let mut from = 10_000;
    while !looking.has_ended() {
        up.client.put_all("events", &records(from, 5)).unwrap();
        from += 5;
        thread::sleep(Duration::from_millis(50));
    }
    let status: Value = serde_json::from_str(&looking.ended().stdout).unwrap();
    let codes: Vec<&str> = status["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["about"] == "stream events")
        .map(|finding| finding["code"].as_str().unwrap())
        .collect();
    assert_eq!(codes, ["throttled", "idle-shards", "hot-key"], "{status}");
    assert!(status["streams"][2]["loads"][0]["refused"].as_u64().unwrap() >= refused, "{status}");
    up.stop();
}
