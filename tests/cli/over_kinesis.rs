//! `pipe up` with the engine of this machine over streams in Kinesis, which is another `pipe up` here, or kinesis-mock.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    thread,
    time::Duration,
};

use aws_sdk_kinesis::{Client, primitives::Blob, types::StreamStatus};
use pipe::streams::now;
use serde_json::{Value, json};

use super::deployed::{BASE, Kept, Kinesis, changes, expected, nothing_there};
use super::harness::{Background, Place, Up, wait_for};
use crate::faults::{Fault, Proxy};
use crate::peers::kinesis_mock::KinesisMock;

const GROUPS: u64 = 5;

/// What came is counted by its own time; what came too late, and what cannot be read, is kept.
const PIPELINE: &str = r#"
[pipeline]
name = "lean"

[streams.events]
shards = 2
event_time = { column = "at", delay = "300ms", idle = "1s" }
[streams.events.columns]
id = "BIGINT NOT NULL"
k = "VARCHAR(8)"
at = "TIMESTAMP(3)"

[streams.sums]
[streams.late]

[queries.sums]
from = "events"
late = "late"
window = { kind = "tumbling", size = "1s" }
group_by = ["k"]
select = { n = "COUNT(*)", ids = "SUM(id)" }
"#;

const GENERATOR: &str = r#"
[generators.events]
rate = "200/s"
fields = { id = { kind = "sequence" }, k = { kind = "choice", of = ["0", "1", "2", "3", "4"] }, at = { kind = "now" } }
"#;

const UP: [&str; 2] = ["--target", "lean"];

fn record(id: u64) -> Vec<u8> {
    let time = now() - if id.is_multiple_of(7) { 1500 } else { 0 };
    let at = chrono::DateTime::from_timestamp_millis(time).unwrap().format("%Y-%m-%dT%H:%M:%S%.3f");
    json!({ "id": id, "k": (id % GROUPS).to_string(), "at": at.to_string() }).to_string().into_bytes()
}

/// Puts some records with the numbers that come next, each under a key of its own.
fn put(kinesis: &Kinesis, next: &mut u64, count: u64) {
    let records: Vec<(String, Vec<u8>)> = (*next..*next + count).map(|id| (id.to_string(), record(id))).collect();
    assert_eq!(kinesis.up.client.put_all("events", &records), Some(vec![true; records.len()]));
    *next += count;
}

/// Waits until a number of records is consumed, and every window closed.
fn settle(up: &Up, records: u64) {
    wait_for("every window to close", || {
        let query = &up.status()["queries"][0];
        (query["counters"]["records"] == records && query["open_windows"] == 0).then_some(())
    });
}

/// Every record that was put is in one window, or among the late ones. Where rows may be written twice, both are the same.
fn assert_counted(kept: &Kept, records: u64, twice: bool) {
    let mut late: Vec<u64> = kept.rows("late").iter().map(|record| record["id"].as_u64().unwrap()).collect();
    let mut windows: HashMap<(String, String), Value> = HashMap::new();
    for row in kept.rows("sums") {
        let window = (row["k"].to_string(), row["window_start"].to_string());
        if let Some(before) = windows.insert(window, row.clone()) {
            assert!(twice && before == row, "a window is there twice: {before} {row}");
        }
    }
    late.sort_unstable();
    let count = late.len();
    late.dedup();
    assert!(twice || late.len() == count, "a late record is there twice");
    let mut wanted: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for id in (0..records).filter(|id| late.binary_search(id).is_err()) {
        let (count, sum) = wanted.entry(json!((id % GROUPS).to_string()).to_string()).or_default();
        (*count, *sum) = (*count + 1, *sum + id);
    }
    let mut found: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for ((group, _), row) in windows {
        let (count, sum) = found.entry(group).or_default();
        (*count, *sum) = (*count + row["n"].as_u64().unwrap(), *sum + row["ids"].as_u64().unwrap());
    }
    assert_eq!(found, wanted, "number and sum of the records of each group");
    assert_eq!(kept.records("error_stream").len(), 0);
}

#[test]
fn it_goes_on_after_every_clean_stop_and_writes_nothing_twice() {
    let kinesis = Kinesis::start();
    let place = Place::over_kinesis(PIPELINE, &kinesis.url());
    let mut next = 0;
    for round in 0..5 {
        let up = place.up(&UP);
        for _ in 0..10 {
            put(&kinesis, &mut next, 20);
            thread::sleep(Duration::from_millis(100));
        }
        // At once, when some of it was read, and when rows were written.
        if round % 2 == 1 {
            wait_for("rows to be shown", || (!up.running.rows().is_empty()).then_some(()));
        }
        let done = up.stop();
        assert!(done.stderr.contains("`pipe up pipeline.toml --target lean` goes on;"), "{done:?}");
        assert!(!place.has(".pipe/lean/run.json"));
        // What comes while it does not run is not lost.
        put(&kinesis, &mut next, 20);
    }
    let up = place.up(&UP);
    settle(&up, next);
    up.stop();
    assert_counted(&kinesis.stop(), next, false);
}

#[test]
fn no_window_is_missing_and_none_differs_through_kills() {
    let kinesis = Kinesis::start();
    let place = Place::over_kinesis(PIPELINE, &kinesis.url());
    let mut next = 0;
    for kill in 0..8_u64 {
        let up = place.up(&UP);
        for _ in 0..=kill % 4 {
            put(&kinesis, &mut next, 50);
            thread::sleep(Duration::from_millis(200 * (kill % 3)));
        }
        if kill % 3 == 2 {
            let rows = up.status()["queries"][0]["counters"]["rows"].as_u64();
            wait_for("a window to close", || {
                (up.status()["queries"][0]["counters"]["rows"].as_u64() > rows).then_some(())
            });
        }
        up.kill();
    }
    let up = place.up(&UP);
    settle(&up, next);
    up.stop();
    assert_counted(&kinesis.stop(), next, true);
}

#[test]
fn what_kinesis_refuses_comes_later_and_once() {
    let kinesis = Kinesis::start();
    let faults = [
        Fault::on("GetRecords").share(0.2).refused("ProvisionedThroughputExceededException"),
        Fault::on("GetRecords").every(9).refused("ExpiredIteratorException"),
        Fault::on("GetRecords").share(0.1).unheard(),
        Fault::on("PutRecords").share(0.2).answered(500, "InternalFailure"),
        Fault::on("PutRecords").entries(0.2),
        Fault::on("GetShardIterator").share(0.1).refused("ProvisionedThroughputExceededException"),
    ];
    let proxy = Proxy::start(&kinesis.url(), 7, &[]);
    let place = Place::over_kinesis(PIPELINE, &proxy.url());
    let up = place.up(&UP);
    proxy.set(&faults);
    let mut next = 0;
    // Until each kind of call has met its faults: a slow machine makes few calls of many rows.
    let met = || proxy.faulted("PutRecords") > 0 && proxy.faulted("GetRecords") > 0;
    for round in 0..200 {
        if round >= 20 && met() {
            break;
        }
        put(&kinesis, &mut next, 30);
        thread::sleep(Duration::from_millis(100));
    }
    // Nothing at all for a while, and no row is lost for it.
    proxy.set(&[Fault::on("*").answered(503, "ServiceUnavailable")]);
    put(&kinesis, &mut next, 30);
    wait_for("the outage to be told", || {
        let notes = up.status()["queries"][0]["notes"].to_string();
        notes.contains("of stream events cannot be read for now").then_some(())
    });
    proxy.set(&faults);
    put(&kinesis, &mut next, 30);
    settle(&up, next);
    assert_eq!(up.status()["queries"][0]["notes"], json!([]), "it has passed");
    assert!(met());
    proxy.set(&[]);
    up.stop();
    assert_counted(&kinesis.stop(), next, false);
}

#[test]
fn rows_that_cannot_be_written_wait_through_a_stop() {
    let kinesis = Kinesis::start();
    let proxy = Proxy::start(&kinesis.url(), 7, &[]);
    let place = Place::over_kinesis(PIPELINE, &proxy.url());
    let up = place.up(&UP);
    proxy.set(&[Fault::on("PutRecords").refused("ProvisionedThroughputExceededException")]);
    let mut next = 0;
    put(&kinesis, &mut next, 50);
    wait_for("rows to wait", || up.status()["waiting"]["bytes"].as_u64().filter(|bytes| *bytes > 0));
    let done = up.stop();
    assert!(done.stderr.contains("bytes of rows are not in Kinesis yet; the next `pipe up` writes them"), "{done:?}");
    let status = place.output(&["status", "-o", "table"]);
    assert!(status.contains("bytes of rows wait to be written to Kinesis"), "{status}");
    proxy.set(&[]);
    let up = place.up(&UP);
    settle(&up, next);
    wait_for("all rows to be written", || (up.status()["waiting"]["bytes"] == 0).then_some(()));
    up.stop();
    assert_counted(&kinesis.stop(), next, false);
}

#[test]
fn a_row_that_no_record_holds_and_a_bad_record_of_any_size_are_told() {
    let pipeline = r#"
[pipeline]
name = "lean"
[streams.lines]
columns = { id = "BIGINT NOT NULL", text = "VARCHAR(65535)" }
[streams.wide]
[queries.wide]
from = "lines"
[queries.wide.select]
"#;
    let kinesis = Kinesis::start();
    let columns: Vec<String> = (0..20).map(|column| format!("c{column} = \"text\"\n")).collect();
    let place = Place::over_kinesis(&format!("{pipeline}{}", columns.concat()), &kinesis.url());
    let up = place.up(&UP);
    let text = "x".repeat(60_000);
    for record in [json!({ "id": 1, "text": text }), json!({ "id": 2, "text": "y" })] {
        kinesis.up.client.put("lines", "k", record.to_string().as_bytes()).unwrap();
    }
    kinesis.up.client.put("lines", "k", &vec![b'x'; 1_000_000]).unwrap();
    wait_for("all records", || (up.status()["queries"][0]["counters"]["records"] == 3).then_some(()));
    let status = up.status();
    assert_eq!(
        (&status["queries"][0]["counters"]["bad"], &status["queries"][0]["counters"]["rows"]),
        (&json!(2), &json!(1))
    );
    up.stop();
    let kept = kinesis.stop();
    let rows = kept.rows("wide");
    assert_eq!((rows.len(), &rows[0]["c19"]), (1, &json!("y")));
    let errors = kept.rows("error_stream");
    let of = |name: &str| errors.iter().find(|row| row["ERROR_NAME"] == name).unwrap();
    assert!(of("RecordTooLarge")["MESSAGE"].as_str().unwrap().contains("a record of Kinesis 1048576 at the most"));
    assert!(of("RecordNotRead")["RAW"].is_null() && of("RecordNotRead")["SEQUENCE_NUMBER"].is_string());
}

#[test]
fn a_query_reads_what_another_one_writes() {
    let copies = r#"
[streams.copies]
[queries.copies]
dialect = "kda"
inputs = { SOURCE_SQL_STREAM_001 = "sums" }
outputs = { COPIES = "copies" }
sql = """
CREATE OR REPLACE STREAM "COPIES" ("k" VARCHAR(8), "n" BIGINT);
CREATE OR REPLACE PUMP "P" AS INSERT INTO "COPIES" SELECT STREAM "k", "n" FROM "SOURCE_SQL_STREAM_001";
"""
"#;
    let kinesis = Kinesis::start();
    let place = Place::over_kinesis(&format!("{PIPELINE}{copies}"), &kinesis.url());
    let up = place.up(&UP);
    let mut next = 0;
    put(&kinesis, &mut next, 100);
    settle(&up, next);
    let rows = up.status()["queries"][0]["counters"]["rows"].clone();
    wait_for("all rows to be copied", || (up.status()["queries"][1]["counters"]["rows"] == rows).then_some(()));
    up.stop();
    let kept = kinesis.stop();
    let counts = |stream: &str| {
        let mut counts: Vec<String> =
            kept.rows(stream).iter().map(|row| json!([row["k"], row["n"]]).to_string()).collect();
        counts.sort();
        counts
    };
    assert_eq!(counts("copies"), counts("sums"));
}

#[test]
fn every_command_knows_of_it() {
    let kinesis = Kinesis::start();
    let place = Place::over_kinesis(&format!("{PIPELINE}{GENERATOR}"), &kinesis.url());
    let json = |arguments: &[&str]| serde_json::from_str::<Value>(&place.output(arguments)).unwrap();
    let made = [("events", "create"), ("sums", "create"), ("late", "create"), ("error_stream", "keep")];
    let plan = json(&["plan", "--target", "lean", "-o", "json"]);
    assert_eq!(changes(&plan), expected(&[&made[..], &[("sums", "create")]].concat()), "{plan}");
    assert_eq!(kinesis.streams(), BASE, "a plan makes nothing");
    place.pipe(&["up", "--target", "lean", "--port", "4700"]).failed(64, &["--port", "in Kinesis"]);

    let up = place.up(&UP);
    let row = wait_for("a row", || up.running.rows().into_iter().next());
    assert!(row["n"].as_u64().unwrap() > 0 && row["window_end"].is_string(), "{row}");
    let tailed: Value = json(&["tail", "-n", "1", "--from", "earliest", "-o", "json"]);
    assert!(tailed["n"].is_u64(), "{tailed}");
    let status = json(&["status", "-o", "json"]);
    assert_eq!((&status["running"], &status["deployment"]["running"]), (&json!(true), &json!(true)), "{status}");
    let streams = status["deployment"]["streams"].as_array().unwrap();
    assert!(streams.contains(&json!({ "name": "events", "shards": 2, "state": "ACTIVE", "made": true })), "{status}");
    assert!(streams.contains(&json!({ "name": "error_stream", "shards": 1, "state": "ACTIVE", "made": false })));
    let table = place.output(&["status", "-o", "table"]);
    assert!(table.contains("Kinesis at http://127.0.0.1") && table.contains("removes it"), "{table}");
    let id = up.running.id().to_string();
    place.pipe(&["up", "--target", "lean"]).failed(1, &["pipeline `lean` is running already", &id]);
    place.pipe(&["up"]).failed(1, &["lean` is in Kinesis at", "engine of this machine", "`pipe down lean`"]);
    up.stop();
    let status = json(&["status", "-o", "json"]);
    assert_eq!((&status["running"], &status["waiting"]["bytes"]), (&json!(false), &json!(0)), "{status}");
    assert!(status["queries"][0]["counters"]["records"].as_u64().unwrap() > 0, "{status}");
    let plan = json(&["plan", "--target", "lean", "-o", "json"]);
    assert!(changes(&plan).iter().all(|(_, change)| change == "keep"), "{plan}");

    // A number of records, and no more: all of them are counted.
    let before = status["queries"][0]["counters"]["records"].as_u64().unwrap();
    let done = place.pipe(&["up", "--target", "lean", "--records", "300"]);
    assert_eq!(done.code(), Some(0), "{done:?}");
    let records = json(&["status", "-o", "json"])["queries"][0]["counters"]["records"].as_u64().unwrap();
    assert_eq!(records, before + 300);

    place.write("pipeline.toml", &place.read("pipeline.toml").replace("COUNT(*)", "MIN(id)"));
    let plan = json(&["plan", "--target", "lean", "-o", "json"]);
    assert_eq!(changes(&plan).last().unwrap(), &("sums".to_owned(), "update".to_owned()), "{plan}");
    let done = place.pipe(&["up", "--target", "lean", "--detach"]);
    assert_eq!(done.code(), Some(0), "{done:?}");
    let background = Background(u32::try_from(place.told().unwrap()["pid"].as_u64().unwrap()).unwrap());
    place.pipe(&["down"]).failed(1, &["stream sums is removed", "stream error_stream stays", "--yes"]);
    let down = place.pipe(&["down", "--yes"]);
    assert_eq!(down.code(), Some(0), "{down:?}");
    background.gone();
    for word in ["stopped pipeline `lean`", "removed stream sums", "removed stream events", "left stream error_stream"]
    {
        assert!(down.stderr.contains(word), "{word}: {down:?}");
    }
    assert_eq!(kinesis.streams(), BASE);
    assert!(!place.has(".pipe"));
    // With records of its own here it does not go elsewhere unasked.
    place.output(&["up", "--records", "10"]);
    place.pipe(&["up", "--target", "lean"]).failed(1, &["the folder `.pipe` of this machine", "`pipe down lean`"]);
    let plan = json(&["plan", "--target", "lean", "-o", "json"]);
    assert_eq!(changes(&plan).last().unwrap().1, "conflict", "{plan}");
    assert_eq!(kinesis.streams(), BASE);
}

#[test]
fn a_stream_that_was_made_anew_is_read_from_its_beginning() {
    let kinesis = Kinesis::start();
    let place = Place::over_kinesis(PIPELINE, &kinesis.url());
    let up = place.up(&UP);
    let mut next = 0;
    put(&kinesis, &mut next, 40);
    settle(&up, next);
    up.stop();
    kinesis.up.client.delete("events");
    kinesis.make("events");
    put(&kinesis, &mut next, 30);
    let up = place.up(&UP);
    settle(&up, 30);
    let done = up.stop();
    assert!(done.stderr.contains("one that was made anew: it starts with its first record"), "{done:?}");
    assert!(done.stderr.contains("has 1 shard, and the file says 2 shards: it is used as it is"), "{done:?}");
    let down = place.pipe(&["down", "--yes"]);
    assert!(
        down.stderr.contains("left stream events as it is: it is another one")
            || down.stderr.contains("removed stream events")
    );
}

#[test]
fn what_costs_money_is_asked_for() {
    // Not a loopback name, but it leads there.
    let place = Place::over_kinesis(PIPELINE, &nothing_there().replace("127.0.0.1", "0.0.0.0"));
    for arguments in [&["up", "--target", "lean"][..], &["up", "--target", "lean", "-d"]] {
        let words = ["AWS charges for every shard", "to make 4 streams that cost money", "needs a yes", "add --yes"];
        place.pipe(arguments).failed(1, &words);
    }
    assert!(!place.has(".pipe"), "nothing was made");
}

#[tokio::test(flavor = "multi_thread")]
async fn made_up_records_are_not_mixed_with_others_without_asking() {
    let Some(mock) = KinesisMock::start("a generator into a stream that is there").await else { return };
    mock.client().create_stream().stream_name("events").shard_count(2).send().await.unwrap();
    // Not a loopback name, but it leads there.
    let proxy = Proxy::start(&mock.url, 1, &[]);
    let place = Place::over_kinesis(&format!("{PIPELINE}{GENERATOR}"), &proxy.url().replace("127.0.0.1", "0.0.0.0"));
    for arguments in [&["up", "--target", "lean"][..], &["up", "--target", "lean", "-d"]] {
        place.pipe(arguments).failed(1, &["put generated records into events, which was there before", "needs a yes"]);
    }
    let done = place.pipe(&["up", "--target", "lean", "-d", "--no-generator"]);
    done.failed(1, &["to make 3 streams that cost money", "needs a yes"]);
    assert!(!done.stderr.contains("generated"), "{done:?}");
}

/// Returns the names of the open shards of a stream, in the order of their hash keys, with where each begins and ends.
async fn open_shards(client: &Client) -> Vec<(String, u128, u128)> {
    let answer = client.list_shards().stream_name("events").send().await.unwrap();
    let mut shards: Vec<(String, u128, u128)> = answer
        .shards
        .unwrap()
        .into_iter()
        .filter(|shard| shard.sequence_number_range.as_ref().unwrap().ending_sequence_number.is_none())
        .map(|shard| {
            let range = shard.hash_key_range.unwrap();
            let key = |text: &str| text.parse().unwrap();
            (shard.shard_id, key(&range.starting_hash_key), key(&range.ending_hash_key))
        })
        .collect();
    shards.sort_by_key(|(_, start, _)| *start);
    shards
}

/// Puts records until a stream can be used as before.
async fn put_until_active(client: &Client, next: &mut u64) {
    loop {
        let answer = client.describe_stream_summary().stream_name("events").send().await.unwrap();
        let active = answer.stream_description_summary.unwrap().stream_status == StreamStatus::Active;
        for _ in 0..10 {
            let request = client.put_record().stream_name("events").partition_key(next.to_string());
            // A shard that is being closed refuses.
            if request.data(Blob::new(record(*next))).send().await.is_ok() {
                *next += 1;
            }
        }
        if active {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_record_is_counted_once_through_reshards_and_restarts() {
    let Some(mock) = KinesisMock::start("the engine over a stream that is resharded").await else { return };
    let client = mock.client();
    let place = Place::over_kinesis(PIPELINE, &mock.url);
    let mut up = place.up(&UP);
    let mut next = 0;
    put_until_active(&client, &mut next).await;
    for round in 0..4 {
        let shards = open_shards(&client).await;
        if round % 2 == 0 {
            let (shard, start, end) = &shards[round / 2];
            let request = client.split_shard().stream_name("events").shard_to_split(shard);
            request.new_starting_hash_key((start + (end - start) / 2).to_string()).send().await.unwrap();
        } else {
            let request = client.merge_shards().stream_name("events").shard_to_merge(&shards[0].0);
            request.adjacent_shard_to_merge(&shards[1].0).send().await.unwrap();
        }
        put_until_active(&client, &mut next).await;
        if round < 2 {
            // It stops between a reshard and the reading of it.
            up.stop();
            put_until_active(&client, &mut next).await;
            up = place.up(&UP);
        }
    }
    put_until_active(&client, &mut next).await;
    settle(&up, next);
    up.stop();
    let rows = |stream: &str, field: &str| -> Vec<u64> {
        let text = place.output(&["tail", "--stream", stream, "--from", "earliest", "--for", "3s", "-o", "json"]);
        text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()[field].as_u64().unwrap()).collect()
    };
    let late: HashSet<u64> = rows("late", "id").into_iter().collect();
    assert_eq!(rows("sums", "n").iter().sum::<u64>() + late.len() as u64, next);
    assert_eq!(rows("sums", "ids").iter().sum::<u64>() + late.iter().sum::<u64>(), (0..next).sum::<u64>());
    let status: Value = serde_json::from_str(&place.output(&["status", "-o", "json"])).unwrap();
    assert_eq!(status["queries"][0]["notes"], json!([]), "nothing is lost");
}
