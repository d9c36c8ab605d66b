//! `pipe tail` on streams in a Kinesis that reshards, refuses and forgets.

use std::{collections::BTreeMap, process::Command};

use aws_sdk_kinesis::{
    Client,
    primitives::Blob,
    types::{PutRecordsRequestEntry, Shard, StreamStatus},
};
use serde_json::{Value, json};

use super::harness::{Place, Running, wait_for};
use crate::faults::{Fault, Proxy};
use crate::peers::kinesis_mock::KinesisMock;

const KEYS: usize = 8;

/// Starts `pipe tail` on a stream of an endpoint.
fn tail(place: &Place, endpoint: &str, arguments: &[&str]) -> Running {
    place.spawn(elsewhere(place, endpoint, &[&["tail", "kinesis://numbers", "-o", "json"], arguments].concat()))
}

fn elsewhere(place: &Place, endpoint: &str, arguments: &[&str]) -> Command {
    let mut command = place.command(arguments);
    command.env("AWS_ENDPOINT_URL_KINESIS", endpoint).env("AWS_REGION", "us-east-1");
    command.env("AWS_ACCESS_KEY_ID", "any").env("AWS_SECRET_ACCESS_KEY", "any").env_remove("AWS_PROFILE");
    command
}

/// A producer that counts for each of its keys, and a stream that it does so in.
struct Numbers {
    client: Client,
    next: usize,
}

impl Numbers {
    async fn new(mock: &KinesisMock) -> Self {
        let client = mock.client();
        client.create_stream().stream_name("numbers").shard_count(2).send().await.unwrap();
        let numbers = Self { client, next: 0 };
        while !numbers.is_active().await {}
        numbers
    }

    async fn is_active(&self) -> bool {
        let answer = self.client.describe_stream_summary().stream_name("numbers").send().await.unwrap();
        answer.stream_description_summary.unwrap().stream_status == StreamStatus::Active
    }

    /// Puts the next number of every key.
    async fn put(&mut self) {
        let mut left: Vec<usize> = (0..KEYS).collect();
        // A shard that is being closed refuses.
        while !left.is_empty() {
            let entry = |key: &usize| {
                let data = json!({ "key": key, "n": self.next }).to_string();
                let entry = PutRecordsRequestEntry::builder().partition_key(format!("key {key}"));
                entry.data(Blob::new(data)).build().unwrap()
            };
            let entries = left.iter().map(entry).collect();
            let answer =
                self.client.put_records().stream_name("numbers").set_records(Some(entries)).send().await.unwrap();
            let mut taken = answer.records.iter().map(|record| record.sequence_number.is_some());
            left.retain(|_| !taken.next().unwrap());
        }
        self.next += 1;
    }

    /// Puts on until a reshard is over.
    async fn put_until_active(&mut self) {
        self.put().await;
        while !self.is_active().await {
            self.put().await;
        }
        for _ in 0..5 {
            self.put().await;
        }
    }

    /// Returns the open shards in the order of their hash keys.
    async fn open(&self) -> Vec<Shard> {
        let answer = self.client.list_shards().stream_name("numbers").send().await.unwrap();
        let mut shards = answer.shards.unwrap();
        shards.retain(|shard| shard.sequence_number_range.as_ref().unwrap().ending_sequence_number.is_none());
        shards.sort_by_key(|shard| shard.hash_key_range.as_ref().unwrap().starting_hash_key.parse::<u128>().unwrap());
        shards
    }

    async fn split(&mut self, index: usize) {
        let shard = &self.open().await[index];
        let range = shard.hash_key_range.as_ref().unwrap();
        let [from, to]: [u128; 2] = [&range.starting_hash_key, &range.ending_hash_key].map(|key| key.parse().unwrap());
        let request = self.client.split_shard().stream_name("numbers").shard_to_split(&shard.shard_id);
        request.new_starting_hash_key((from + (to - from) / 2).to_string()).send().await.unwrap();
        self.put_until_active().await;
    }

    async fn merge(&mut self, index: usize) {
        let shards = self.open().await;
        let request = self.client.merge_shards().stream_name("numbers").shard_to_merge(&shards[index].shard_id);
        request.adjacent_shard_to_merge(&shards[index + 1].shard_id).send().await.unwrap();
        self.put_until_active().await;
    }

    /// Splits and merges shards, those that came of it too, and leaves as many as there were.
    async fn reshard(&mut self) {
        self.split(0).await;
        self.merge(1).await;
        self.split(1).await;
        self.merge(0).await;
    }
}

fn until_shown(running: &mut Running, rows: usize) {
    wait_for("all records to be shown", || {
        assert!(!running.has_ended(), "`pipe tail` has ended: {:?}", running.said());
        (running.rows().len() >= rows).then_some(())
    });
}

/// Returns the numbers of each key in the order in which they were shown.
fn by_key(rows: &[Value]) -> BTreeMap<u64, Vec<u64>> {
    let mut numbers = BTreeMap::<u64, Vec<u64>>::new();
    for row in rows {
        numbers.entry(row["key"].as_u64().unwrap()).or_default().push(row["n"].as_u64().unwrap());
    }
    numbers
}

#[track_caller]
fn assert_whole(rows: &[Value], from: usize, to: usize) {
    let whole: Vec<u64> = (from as u64..to as u64).collect();
    let numbers = by_key(rows);
    assert_eq!(numbers.len(), KEYS);
    for (key, numbers) in numbers {
        assert_eq!(numbers, whole, "key {key}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_record_is_shown_once_and_in_order_through_reshards_and_faults() {
    let Some(mock) = KinesisMock::start("tail through reshards").await else { return };
    let mut numbers = Numbers::new(&mock).await;
    for _ in 0..5 {
        numbers.put().await;
    }
    let faults = [
        Fault::on("GetRecords").every(7).refused("ExpiredIteratorException"),
        Fault::on("GetRecords").share(0.1).refused("ProvisionedThroughputExceededException"),
        Fault::on("GetRecords").share(0.1).unheard(),
        // As an endpoint answers that does not tell.
        Fault::on("GetRecords").every(2).saying("Nothing", "ChildShards"),
        Fault::on("GetShardIterator").every(3).refused("ProvisionedThroughputExceededException"),
        Fault::on("ListShards").every(2).answered(500, "InternalFailure"),
    ];
    let proxy = Proxy::start(&mock.url, 11, &faults);
    let place = Place::empty();
    let mut from_latest = tail(&place, &proxy.url(), &[]);
    let mut from_earliest = tail(&place, &proxy.url(), &["--from", "earliest"]);
    // Both have begun when they have asked for the records of both shards.
    wait_for("both to read", || (proxy.calls("GetRecords") >= 8).then_some(()));
    let begun = numbers.next;
    let second = std::time::Duration::from_secs(1);
    tokio::time::sleep(second).await;
    let moment = chrono::Utc::now().to_rfc3339();
    tokio::time::sleep(second).await;
    numbers.reshard().await;
    until_shown(&mut from_earliest, numbers.next * KEYS);
    until_shown(&mut from_latest, (numbers.next - begun) * KEYS);
    assert_whole(&from_earliest.rows(), 0, numbers.next);
    assert_whole(&from_latest.rows(), begun, numbers.next);
    assert!(proxy.faulted("GetRecords") > 5 && proxy.faulted("GetShardIterator") > 0);

    // Others come when all is over, and read the closed shards before those that go on from them.
    for (from, first) in [("earliest", 0), (moment.as_str(), begun)] {
        let total = ((numbers.next - first) * KEYS).to_string();
        let later = tail(&place, &mock.url, &["--from", from, "-n", &total]).ended();
        assert_eq!(later.code(), Some(0), "{later:?}");
        let rows: Vec<Value> = later.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_whole(&rows, first, numbers.next);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_there_before_is_not_shown_when_iterators_expire() {
    let Some(mock) = KinesisMock::start("tail with iterators that expire").await else { return };
    let mut numbers = Numbers::new(&mock).await;
    let proxy = Proxy::start(&mock.url, 1, &[Fault::on("GetRecords").every(2).refused("ExpiredIteratorException")]);
    numbers.put().await;
    let place = Place::empty();
    let mut running = tail(&place, &proxy.url(), &[]);
    wait_for("iterators to expire", || (proxy.faulted("GetRecords") >= 6).then_some(()));
    numbers.put().await;
    until_shown(&mut running, KEYS);
    assert_whole(&running.rows(), 1, 2);
}

const TRADES: &str = r#"
[pipeline]
name = "trades"

[streams.trades]
partition_key = "ticker"
[streams.trades.columns]
ticker = "VARCHAR(8)"
price  = { type = "DECIMAL(10, 2)", path = "$.quote.price" }

[streams.csv]
format = "csv"
[streams.csv.columns]
ticker = "VARCHAR(8)"
price  = "INTEGER"

[streams.seen]

[queries.seen]
from = "trades"
select = { ticker = "ticker", price = "price" }
"#;

#[test]
fn a_condition_chooses_what_is_shown() {
    let place = Place::new(TRADES);
    let up = place.up(&[]);
    for (ticker, price) in [("AMZN", "99.99"), ("AMZN", "100.01"), ("MSFT", "500")] {
        let data = format!(r#"{{"ticker":"{ticker}","quote":{{"price":{price}}}}}"#);
        up.client.put("trades", ticker, data.as_bytes()).unwrap();
    }
    for odd in ["no JSON", r#"{"ticker":"AMZN","quote":{"price":"dear"}}"#] {
        up.client.put("trades", "-", odd.as_bytes()).unwrap();
    }
    up.client.put("csv", "-", b"AMZN,1\nAMZN,2\nMSFT,3\n").unwrap();
    let url = up.client.url();
    wait_for("the rows", || (up.status()["queries"][0]["counters"]["records"] == 5).then_some(()));
    let shown = |command: Command| {
        let done = place.run(command);
        assert_eq!(done.code(), Some(0), "{done:?}");
        let rows: Vec<Value> = done.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        (rows, done.stderr)
    };
    let own = |arguments: &[&str]| {
        let arguments = [&["tail", "--from", "earliest", "--for", "1s", "-o", "json"], arguments].concat();
        shown(place.command(&arguments))
    };

    // Typed by the file: a path, and a number with its digits.
    let (rows, said) = own(&["--stream", "trades", "--where", "price > 100 AND ticker <> 'MSFT'"]);
    assert_eq!(rows, [json!({ "ticker": "AMZN", "quote": { "price": 100.01 } })]);
    assert!(said.contains("a record of `trades` is not shown, as --where cannot be told of it: "), "{said}");
    assert!(said.contains("2 records of `trades` were not shown"), "{said}");
    let (rows, said) = own(&["--where", "price < 100"]);
    assert_eq!((rows, said.as_str()), (vec![json!({ "ticker": "AMZN", "price": 99.99 })], ""));
    let (rows, _) = own(&["--stream", "csv", "--where", "price > 1", "-n", "1"]);
    assert_eq!(rows, [json!({ "ticker": "AMZN", "price": 2 })]);

    // Typed by the records where nobody says what they are.
    let elsewhere = |arguments: &[&str]| {
        let arguments = [&["tail", "kinesis://seen", "--from", "earliest", "--for", "1s", "-o", "json"], arguments];
        elsewhere(&place, &url, &arguments.concat())
    };
    let (rows, _) = shown(elsewhere(&["--where", "ticker LIKE 'M%'"]));
    assert_eq!(rows, [json!({ "ticker": "MSFT", "price": 500.0 })]);
    let done = place.run(elsewhere(&["--where", "tickr = 'AMZN'"]));
    done.failed(64, &["--where of stream `seen`: ", "tickr", "did you mean `ticker`?", "--stream seen"]);
    let done = place.pipe(&["tail", "--stream", "trades", "--where", "price >"]);
    done.failed(64, &["--where of stream `trades`: "]);
    let done = place.pipe(&["tail", "--stream", "trades", "--where", "price + 1"]);
    done.failed(64, &["--where of stream `trades`: "]);
    up.stop();
}

#[test]
fn a_terminal_is_shown_as_much_as_can_be_read_and_told_of_the_rest() {
    let place = Place::new(TRADES);
    let up = place.up(&[]);
    let records: Vec<(String, Vec<u8>)> =
        (0..500).map(|price| ("-".to_owned(), format!(r#"{{"quote":{{"price":{price}}}}}"#).into_bytes())).collect();
    up.client.put_all("trades", &records).unwrap();
    // What runs in `script` has a terminal; it is a part of util-linux.
    let tail = format!("{} tail --stream trades --from earliest -o json", env!("CARGO_BIN_EXE_pipe"));
    let shown = |arguments: &str| {
        let mut command = Command::new("script");
        command.args(["-qec", &format!("{tail} {arguments}"), "/dev/null"]);
        command.current_dir(place.path()).stdin(std::process::Stdio::null());
        let done = place.run(command);
        assert_eq!(done.code(), Some(0), "{done:?}");
        (done.stdout.matches("quote").count(), done.stdout)
    };
    let (rows, text) = shown("--for 2s");
    assert_eq!(rows, 100, "{text}");
    assert!(text.contains("… 400 rows not shown"), "{text}");
    let (rows, text) = shown("-n 500");
    assert!(rows == 500 && !text.contains("not shown"), "{text}");
    // Elsewhere all are.
    let all = place.output(&["tail", "--stream", "trades", "--from", "earliest", "--for", "1s"]);
    assert_eq!(all.lines().count(), 500);
    up.stop();
}

#[test]
fn what_cannot_be_asked_is_told_at_once_with_what_to_do() {
    let place = Place::empty();
    let failed = |endpoint: &str, without: &[&str], code: i32, words: &[&str]| {
        let mut command = elsewhere(&place, endpoint, &["tail", "kinesis://numbers"]);
        command.env("AWS_EC2_METADATA_DISABLED", "true").env("HOME", place.path());
        for variable in without {
            command.env_remove(variable);
        }
        let begun = std::time::Instant::now();
        place.run(command).failed(code, words);
        // It was borne for a minute before.
        assert!(begun.elapsed() < std::time::Duration::from_secs(50), "{words:?}");
    };
    let nowhere = "http://127.0.0.1:9";
    failed(nowhere, &[], 69, &[nowhere, "nothing answered"]);
    failed(nowhere, &["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"], 69, &["credentials", "AWS_PROFILE"]);
    failed(nowhere, &["AWS_REGION", "AWS_DEFAULT_REGION"], 69, &["no AWS region is set", "AWS_REGION"]);
    let proxy = Proxy::start(nowhere, 1, &[]);
    for (error, code, words) in [
        ("ExpiredTokenException", 69, &["ExpiredTokenException", "aws sso login"][..]),
        ("AccessDeniedException", 77, &["permission"]),
        ("UnrecognizedClientException", 69, &["does not know these credentials"]),
        ("ResourceNotFoundException", 69, &["nothing answered"]),
    ] {
        proxy.set(&[Fault::on("ListShards").refused(error)]);
        failed(&proxy.url(), &[], code, words);
    }
    place.pipe(&["tail", "kinesis://numbers", "--stream", "x"]).failed(64, &["a stream already"]);
}
