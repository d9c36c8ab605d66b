//! The official connector in a real Flink on `pipe kinesis`, unchanged: it polls or has records pushed over HTTP/2,
//! follows a split and a merge, goes on from a savepoint, takes apart what the Kinesis Producer Library puts together, and
//! writes.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::{self, DirEntry};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use pipe::deploy::flink::{Gateway, Submitted};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::client::Client;
use super::flink::states;
use super::harness::{Place, wait_for};
use super::kinesis::Kinesis;
use crate::peers::flink::{Flink, flink};
use crate::peers::{self, ministack::KEY};

/// How many user records there are before the split, before the merge, and in the end.
const PARTS: [usize; 3] = [280, 520, 800];
const CONSUMER: &str = "flink";

/// Returns the cluster where its connector is the one whose options these tests know; otherwise says what is left out.
fn with_connector(what: &str) -> Option<&'static Flink> {
    let flink = flink(what)?;
    if flink.connector != "4.x" {
        let line = format!("left out: {what} (Flink's connector is {}, not 4.x)\n", flink.connector);
        io::stderr().write_all(line.as_bytes()).unwrap();
        return None;
    }
    Some(flink)
}

/// The options of a table of the stream. The cluster has credentials in its environment.
fn options(kinesis: &Kinesis) -> String {
    let endpoint = kinesis.url();
    format!("'connector' = 'kinesis', 'stream' = 'orders', 'aws.region' = 'us-east-1', 'aws.endpoint' = '{endpoint}'")
}

/// The rows that one writer has written to a folder, in their order. A file gets its name with a checkpoint; the name
/// ends with the file's number.
fn rows(folder: &Path) -> Vec<String> {
    let numbered = |file: DirEntry| -> Option<(u32, PathBuf)> {
        let name = file.file_name().into_string().ok()?;
        Some((name.strip_prefix("part-")?.rsplit('-').next()?.parse().ok()?, file.path()))
    };
    let mut files: Vec<_> = fs::read_dir(folder).into_iter().flatten().flatten().filter_map(numbered).collect();
    files.sort();
    let texts: String = files.iter().map(|(_, path)| fs::read_to_string(path).unwrap()).collect();
    texts.lines().map(str::to_owned).collect()
}

/// The names of the consumers of the stream.
fn consumers(kinesis: &Kinesis) -> Vec<Value> {
    let stream = json!({ "StreamARN": "arn:aws:kinesis:us-east-1:000000000000:stream/orders" });
    let listed = Client::new(kinesis.url()).call("ListStreamConsumers", &stream).unwrap();
    listed["Consumers"].as_array().unwrap().iter().map(|consumer| consumer["ConsumerName"].clone()).collect()
}

fn follow(flink: &Flink, venv: &Path, name: &str, publisher: &str) {
    let place = Place::empty();
    let kinesis = Kinesis::start(&place, &["--no-limits", "--delay", "0s"]);
    let mut producer = Command::new(venv.join("bin/python"));
    producer.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/kcl/drive.py")).stdin(Stdio::piped());
    producer.envs(KEY).env_remove("AWS_SESSION_TOKEN").env("AWS_DEFAULT_REGION", "us-east-1");
    producer.env("AWS_ENDPOINT_URL_KINESIS", kinesis.url()).env("STREAM", "orders");
    let mut producer = place.spawn(producer);
    wait_for("the first records", || {
        assert!(!producer.has_ended(), "{:?}", producer.said());
        (!producer.said().0.is_empty()).then_some(())
    });

    let folder = place.path().display();
    let savepoints = format!("SET 'state.savepoints.dir' = 'file://{folder}/savepoints'");
    let mut statements = vec![
        format!("SET 'pipeline.name' = '{name}'"),
        // One reader and one writer, which keep the order; what is written is there to be read with a checkpoint.
        "SET 'parallelism.default' = '1'".to_owned(),
        "SET 'execution.checkpointing.interval' = '200 ms'".to_owned(),
        format!(
            "CREATE TEMPORARY TABLE orders (number STRING, shard STRING NOT NULL METADATA FROM 'shard-id' VIRTUAL, \
             sequence STRING NOT NULL METADATA FROM 'sequence-number' VIRTUAL) WITH ({}, {publisher}, \
             'scan.stream.initpos' = 'TRIM_HORIZON', 'scan.shard.discovery.intervalmillis' = '500', 'format' = 'raw')",
            options(&kinesis)
        ),
        format!(
            "CREATE TEMPORARY TABLE seen (shard STRING, sequence STRING, number STRING) WITH ( \
             'connector' = 'filesystem', 'path' = '{folder}/seen', 'format' = 'csv', \
             'csv.disable-quote-character' = 'true')"
        ),
        "INSERT INTO seen SELECT shard, sequence, number FROM orders".to_owned(),
    ];
    let runtime = Runtime::new().unwrap();
    let start = |statements: &[String]| {
        runtime.block_on(Submitted::run(&Gateway::at(&flink.gateway), name, statements)).unwrap()
    };
    // Writes out what it has read, and returns where its savepoint is.
    let stop = |job: &Submitted| {
        let statement = format!("STOP JOB '{}' WITH SAVEPOINT", job.id);
        let answers = runtime.block_on(flink.run_sql(&[&savepoints, &statement])).unwrap();
        wait_for("the job to end", || states(flink, name).iter().all(|state| state == "FINISHED").then_some(()));
        answers[1].rows[0].fields[0].as_str().unwrap().to_owned()
    };
    let mut job = start(&statements);
    for count in PARTS {
        wait_for("Flink to have read all", || {
            assert!(states(flink, name).iter().all(|state| state != "FAILED"), "{name}");
            (rows(&place.path().join("seen")).len() >= count).then_some(())
        });
        // The connector registers its consumer when the job starts, and takes it away when that ends.
        assert_eq!(consumers(&kinesis), if publisher.contains("EFO") { vec![CONSUMER] } else { Vec::new() });
        if count == PARTS[1] {
            let savepoint = format!("SET 'execution.state-recovery.path' = '{}'", stop(&job));
            assert!(consumers(&kinesis).is_empty());
            statements.insert(0, savepoint);
            job = start(&statements);
        }
        if count < PARTS[2] {
            producer.tell("");
        }
    }
    stop(&job);
    let put = producer.ended();
    assert_eq!(put.code(), Some(0), "{put:?}");
    kinesis.stop();

    // A table does not tell the keys: that of each row is known from the producer.
    let (mut keys, mut wanted) = (HashMap::new(), BTreeMap::<&str, Vec<String>>::new());
    for line in put.stdout.lines() {
        let [shard, key, sequence, _, number] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let row = format!("{shard},{sequence},{number}");
        keys.insert(row.clone(), key);
        wanted.entry(key).or_default().push(row);
    }
    let mut found = BTreeMap::<&str, Vec<String>>::new();
    for row in rows(&place.path().join("seen")) {
        found.entry(keys.get(&row).copied().unwrap_or("never put")).or_default().push(row);
    }
    assert_eq!(keys.len(), PARTS[2]);
    assert_eq!(found, wanted, "{name}");
}

/// Runs where `PIPE_FLINK` and `PIPE_PEERS` name what `tests/run` installs.
#[test]
fn flink_polls_through_a_split_and_a_merge() {
    let what = "Flink that polls `pipe kinesis`";
    let (Some(venv), Some(flink)) = (peers::environment(what), with_connector(what)) else { return };
    follow(flink, &venv, "kinesis-polling", "'scan.stream.recordpublisher' = 'POLLING'");
}

/// The same with enhanced fan-out, which is HTTP/2 with prior knowledge here.
#[test]
fn flink_is_pushed_records_through_a_split_and_a_merge() {
    let what = "Flink that `pipe kinesis` pushes records to";
    let (Some(venv), Some(flink)) = (peers::environment(what), with_connector(what)) else { return };
    let consumer = format!("'scan.stream.recordpublisher' = 'EFO', 'scan.stream.efo.consumername' = '{CONSUMER}'");
    follow(flink, &venv, "kinesis-efo", &consumer);
}

/// Over HTTP/2 under TLS, in which the connector takes it for granted and does not ask for it (ALPN).
#[test]
fn flink_writes_to_all_shards() {
    const COUNT: u64 = 5000;
    let Some(flink) = with_connector("Flink that writes to `pipe kinesis`") else { return };
    let place = Place::empty();
    let kept = ["--no-limits", "--delay", "0s", "--dir", ".pipe/sink"];
    let kinesis = Kinesis::start(&place, &kept);
    Client::new(kinesis.url()).create("orders", 4);
    kinesis.stop();
    let kinesis = Kinesis::start(&place, &[&kept[..], &["--tls"]].concat());
    let statements = [
        "SET 'pipeline.name' = 'kinesis-sink'".to_owned(),
        "SET 'parallelism.default' = '1'".to_owned(),
        "SET 'table.dml-sync' = 'true'".to_owned(),
        format!(
            "CREATE TEMPORARY TABLE numbers (n BIGINT) WITH ('connector' = 'datagen', 'number-of-rows' = '{COUNT}', \
             'fields.n.kind' = 'sequence', 'fields.n.start' = '1', 'fields.n.end' = '{COUNT}')"
        ),
        // The order of requests that are under way at once is not known.
        format!(
            "CREATE TEMPORARY TABLE orders (k STRING, n BIGINT) PARTITIONED BY (k) WITH ({}, 'format' = 'json', \
             'aws.trust.all.certificates' = 'true', 'sink.requests.max-inflight' = '1')",
            options(&kinesis)
        ),
        "INSERT INTO orders SELECT CONCAT('key-', CAST(n % 20 AS STRING)), n FROM numbers".to_owned(),
    ];
    Runtime::new().unwrap().block_on(flink.run_sql(&statements)).unwrap();
    kinesis.stop();

    let mut wanted = BTreeMap::<String, Vec<Value>>::new();
    for n in 1..=COUNT {
        let key = format!("key-{}", n % 20);
        wanted.entry(key.clone()).or_default().push(json!({ "k": key, "n": n }));
    }
    let (mut found, mut shards) = (BTreeMap::<String, Vec<Value>>::new(), BTreeSet::new());
    for record in place.stored("sink", "orders") {
        found.entry(record.partition_key).or_default().push(serde_json::from_slice(&record.data).unwrap());
        shards.insert(record.shard);
    }
    assert_eq!(found, wanted);
    assert_eq!(shards.len(), 4, "{shards:?}");
}
