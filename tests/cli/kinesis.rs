//! `pipe kinesis`, from outside: the endpoint on its own, judged by clients that are not ours.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::Ordering;

use base64::{Engine, engine::general_purpose::STANDARD};
use pipe::streams::local::{Durability, LocalLog};
use pipe::streams::{Appends, Capacity, now};
use serde_json::{Value, json};

use super::client::Client;
use super::harness::{Done, Place, Running, wait_for};
use crate::peers;

/// An endpoint at work.
pub(super) struct Kinesis {
    running: Running,
    told: Value,
}

impl Kinesis {
    pub(super) fn start(place: &Place, arguments: &[&str]) -> Self {
        let mut running = place.start(&[&["kinesis", "--port", "0", "-o", "json"], arguments].concat());
        let told = wait_for("`pipe kinesis` to be at work", || {
            assert!(!running.has_ended(), "`pipe kinesis` has ended: {:?}", running.said());
            running.rows().pop()
        });
        Self { running, told }
    }

    pub(super) fn url(&self) -> &str {
        self.told["endpoint"].as_str().unwrap()
    }

    fn client(&self) -> Client {
        Client::new(self.url())
    }

    /// Ends it with `kill -9`.
    fn kill(self) {
        drop(self);
    }

    pub(super) fn stop(self) -> Done {
        self.running.interrupt();
        let done = self.running.ended();
        assert_eq!(done.code(), Some(130), "{done:?}");
        done
    }
}

/// Runs a program of `tests/peers` against an endpoint.
fn python(venv: &Path, program: &str, kinesis: &Kinesis) {
    let mut command = Command::new(venv.join("bin/python"));
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers").join(program));
    command.env("AWS_ENDPOINT_URL", kinesis.url());
    if let Some(certificate) = kinesis.told["certificate"].as_str() {
        command.env("AWS_CA_BUNDLE", certificate);
    }
    let done = command.output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// Runs where `PIPE_PEERS` names a Python virtual environment that has boto3; `tests/run` makes one and names it.
#[test]
fn boto3_shapes_streams_where_pipe_peers_names_its_environment() {
    let Some(venv) = peers::environment("boto3 that shapes streams") else { return };
    let place = Place::empty();
    let kinesis = Kinesis::start(&place, &["--delay", "1s", "--no-limits", "--region", "eu-central-1"]);
    python(&venv, "kinesis_whole_boto3.py", &kinesis);
    kinesis.stop();
}

/// The same clients as of the endpoint of `pipe up`, here under TLS.
#[test]
fn boto3_uses_it_under_tls_where_pipe_peers_names_its_environment() {
    let Some(venv) = peers::environment("boto3 under TLS") else { return };
    let place = Place::empty();
    let arguments = ["--tls", "--dir", "kept", "--delay", "0s", "--no-limits", "--region", "eu-central-1"];
    let kinesis = Kinesis::start(&place, &arguments);
    python(&venv, "kinesis_boto3.py", &kinesis);
    let certificate = kinesis.told["certificate"].clone();
    kinesis.stop();
    let again = Kinesis::start(&place, &arguments);
    assert_eq!(again.told["certificate"], certificate, "whoever trusts it goes on to");
    again.stop();
}

/// Runs where `PIPE_AWSCLI` names a Python virtual environment that has the AWS CLI; `tests/run` makes one and names it.
#[test]
fn the_aws_cli_uses_it_where_pipe_awscli_names_its_environment() {
    let Some(venv) = peers::aws_cli("the AWS CLI against the endpoint") else { return };
    let place = Place::empty();
    let kinesis = Kinesis::start(&place, &[]);
    let aws = |arguments: &[&str]| -> Value {
        let mut command = Command::new(venv.join("bin/python"));
        command.arg(venv.join("bin/aws")).arg("kinesis").args(arguments).args(["--output", "json"]);
        command.env("AWS_ENDPOINT_URL_KINESIS", kinesis.url()).env("AWS_DEFAULT_REGION", "us-east-1");
        command.env("AWS_ACCESS_KEY_ID", "any").env("AWS_SECRET_ACCESS_KEY", "any").env("HOME", place.path());
        let done = command.output().unwrap();
        assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
        serde_json::from_slice(&done.stdout).unwrap_or_default()
    };
    let named = ["--stream-name", "by-hand"];
    aws(&[&["create-stream", "--shard-count", "1"][..], &named].concat());
    aws(&[&["wait", "stream-exists"][..], &named].concat());
    let put = aws(&[&["put-record", "--partition-key", "k", "--data", "hello"][..], &named].concat());
    assert_eq!(put["ShardId"], "shardId-000000000000");
    let described = aws(&[&["describe-stream-summary"][..], &named].concat());
    assert_eq!(described["StreamDescriptionSummary"]["StreamStatus"], "ACTIVE");
    let first = ["--shard-id", "shardId-000000000000", "--shard-iterator-type", "TRIM_HORIZON"];
    let iterator = aws(&[&["get-shard-iterator"][..], &named, &first].concat());
    let read = aws(&["get-records", "--shard-iterator", iterator["ShardIterator"].as_str().unwrap()]);
    assert_eq!(read["Records"][0]["Data"], "aGVsbG8=");
    aws(&[&["delete-stream"][..], &named].concat());
    kinesis.stop();
}

#[test]
fn clients_speak_http_2_with_prior_knowledge_and_under_tls() {
    let place = Place::empty();
    for arguments in [&["--no-limits", "--delay", "0s"][..], &["--no-limits", "--delay", "0s", "--tls"]] {
        let kinesis = Kinesis::start(&place, arguments);
        let mut command = Command::new("node");
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/kinesis_http2.js")).arg(kinesis.url());
        command.args(kinesis.told["certificate"].as_str());
        let done = command.output().unwrap();
        assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
        kinesis.stop();
    }
}

#[test]
fn streams_go_with_it_unless_it_is_told_where_to_keep_them() {
    let place = Place::empty();
    for (arguments, kept) in [(&["--delay", "0s"][..], false), (&["--delay", "0s", "--dir", "kept"], true)] {
        let kinesis = Kinesis::start(&place, arguments);
        kinesis.client().create("s", 2);
        assert!(kinesis.client().put("s", "k", b"one").is_some());
        let done = kinesis.stop();
        assert_eq!(done.stderr.contains("--dir keeps them"), !kept, "{done:?}");
        let kinesis = Kinesis::start(&place, arguments);
        assert_eq!(kinesis.client().put("s", "k", b"two").is_some(), kept);
        kinesis.stop();
    }
}

#[test]
fn what_cannot_be_served_is_told() {
    let place = Place::empty();
    let kinesis = Kinesis::start(&place, &["--dir", "kept"]);
    place.pipe(&["kinesis", "--port", "0", "--dir", "kept"]).failed(1, &["kept", "another process"]);
    let port = kinesis.url().rsplit(':').next().unwrap();
    place.pipe(&["kinesis", "--port", port]).failed(1, &[port, "--port"]);
    place.pipe(&["kinesis", "--chaos", "noise=5%"]).failed(64, &["`noise` is none of throttle"]);
    place.pipe(&["kinesis", "--listen", "here"]).failed(64, &["an IP address, such as 127.0.0.1"]);
    place.pipe(&["kinesis", "--region", "Europe"]).failed(64, &["such as eu-central-1"]);
    place.pipe(&["kinesis", "--delay", "100000h"]).failed(64, &["a day at the most"]);
    // An address for documentation (RFC 5737), which no machine has.
    place.pipe(&["kinesis", "--listen", "192.0.2.1"]).failed(1, &["cannot listen on 192.0.2.1", "0.0.0.0"]);
    place.write("other/log", "no folder");
    place.pipe(&["kinesis", "--port", "0", "--dir", "other"]).failed(1, &["other/log", "no folder has its name"]);
    kinesis.stop();
}

const PIPELINE: &str = r#"
[pipeline]
name = "resharded"

[streams.trades]
shards = 1
partition_key = "ticker"
[streams.trades.columns]
ticker = "VARCHAR(8)"

[streams.counts]
[queries.counts]
from = "trades"
window = { kind = "tumbling", size = "1s" }
group_by = ["ticker"]
[queries.counts.select]
trades = "COUNT(*)"
"#;

/// The records that are counted in all rows of the query of a pipeline that does not run.
fn counted(place: &Place) -> u64 {
    place.rows("counts").iter().map(|row| row["trades"].as_u64().unwrap()).sum()
}

#[test]
fn a_query_follows_shards_that_are_split_and_merged() {
    let place = Place::new(PIPELINE);
    let mut up = place.up(&["--no-generator"]);
    let put = |client: &Client, count: u32| {
        for index in 0..count {
            let ticker = format!("T{}", index % 10);
            client.put("trades", &ticker, json!({ "ticker": ticker }).to_string().as_bytes()).unwrap();
        }
    };
    put(&up.client, 50);
    let middle = (1_u128 << 127).to_string();
    let split = json!({ "StreamName": "trades", "ShardToSplit": "shardId-000000000000", "NewStartingHashKey": middle });
    assert_eq!(up.client.answer("SplitShard", &split).unwrap().0, 200);
    put(&up.client, 50);
    // It goes on behind a stop in the midst of it, with the shards that there are.
    up.stop();
    up = place.up(&["--no-generator"]);
    put(&up.client, 50);
    let [one, other] = ["shardId-000000000001", "shardId-000000000002"];
    let merge = json!({ "StreamName": "trades", "ShardToMerge": one, "AdjacentShardToMerge": other });
    assert_eq!(up.client.answer("MergeShards", &merge).unwrap().0, 200);
    put(&up.client, 50);
    up.settle();
    let listed = up.client.call("ListShards", &json!({ "StreamName": "trades" })).unwrap();
    assert_eq!(listed["Shards"].as_array().unwrap().len(), 4);
    up.kill();
    let up = place.up(&["--no-generator"]);
    put(&up.client, 10);
    up.settle();
    up.stop();
    assert_eq!(counted(&place), 210);
}

fn records(count: usize, size: usize) -> Value {
    let data = STANDARD.encode(vec![b'x'; size]);
    (0..count).map(|index| json!({ "PartitionKey": format!("key {index}"), "Data": data })).collect()
}

#[test]
fn shards_take_and_give_as_much_as_on_aws() {
    let place = Place::empty();
    let kinesis = Kinesis::start(&place, &["--delay", "0s"]);
    let client = kinesis.client();
    client.create("s", 1);
    client.create("wide", 2);
    let put = |stream: &str, records: &Value| {
        client.call("PutRecords", &json!({ "StreamName": stream, "Records": records })).unwrap()
    };
    // More than it takes, however slow the machine.
    let (mut answers, mut refused) = (Vec::new(), 0);
    while refused == 0 {
        let answer = put("s", &records(500, 10));
        refused += answer["FailedRecordCount"].as_u64().unwrap();
        answers.push(answer);
        assert!(answers.len() < 200, "nothing is refused");
    }
    assert!(answers.len() > 2, "two requests are within what it takes");
    let put_in_all = 500 * answers.len() as u64;
    let entries = answers.iter().flat_map(|answer| answer["Records"].as_array().unwrap());
    let (no, yes): (Vec<&Value>, Vec<&Value>) = entries.partition(|entry| entry["ErrorCode"].is_string());
    assert_eq!((no.len() as u64, yes.len() as u64), (refused, put_in_all - refused));
    assert!(no.iter().all(|entry| entry["ErrorCode"] == "ProvisionedThroughputExceededException"
        && entry["ErrorMessage"]
            == "Rate exceeded for shard shardId-000000000000 in stream s under account 000000000000."
        && entry["SequenceNumber"].is_null()));
    assert!(yes.iter().all(|entry| entry["SequenceNumber"].is_string()));
    // By bytes.
    let large = records(30, 100_000);
    assert!((0..50).any(|_| put("wide", &large)["FailedRecordCount"].as_u64().unwrap() > 0));

    let shard = json!({ "StreamName": "s", "ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON" });
    let iterator = client.call("GetShardIterator", &shard).unwrap()["ShardIterator"].clone();
    let read = || client.answer("GetRecords", &json!({ "ShardIterator": iterator })).unwrap();
    let (status, first) = read();
    assert_eq!((status, first["Records"].as_array().unwrap().len() as u64), (200, put_in_all - refused));
    let (status, bad) = (0..500).map(|_| read()).find(|(status, _)| *status != 200).expect("a refusal");
    assert_eq!((status, &bad["__type"]), (400, &json!("ProvisionedThroughputExceededException")));

    let list = || client.answer("ListStreams", &json!({})).unwrap();
    let (status, bad) = (0..500).map(|_| list()).find(|(status, _)| *status != 200).expect("a refusal");
    assert_eq!((status, &bad["__type"]), (400, &json!("LimitExceededException")));
    kinesis.stop();
}

/// Begins with a subscription to the only shard of a stream, and returns its connection when its first event has come.
fn subscribe(client: &Client, stream: &str) -> TcpStream {
    let arn = format!("arn:aws:kinesis:us-east-1:000000000000:stream/{stream}");
    let registered = client.call("RegisterStreamConsumer", &json!({ "StreamARN": arn, "ConsumerName": "c" })).unwrap();
    let request = json!({
        "ConsumerARN": registered["Consumer"]["ConsumerARN"],
        "ShardId": "shardId-000000000000",
        "StartingPosition": { "Type": "LATEST" },
    });
    let mut connection = TcpStream::connect(client.url().strip_prefix("http://").unwrap()).unwrap();
    let body = request.to_string();
    connection.write_all(head("SubscribeToShard", body.len()).as_bytes()).unwrap();
    connection.write_all(body.as_bytes()).unwrap();
    let mut heard = Vec::new();
    while !heard.windows(20).any(|part| part == b"SubscribeToShardEven") {
        let mut part = [0; 1024];
        let length = connection.read(&mut part).unwrap();
        assert!(length > 0, "{}", String::from_utf8_lossy(&heard));
        heard.extend_from_slice(&part[..length]);
    }
    assert!(heard.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&heard));
    connection
}

/// Returns what comes before the body of a request.
fn head(operation: &str, length: usize) -> String {
    format!(
        "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-amz-json-1.1\r\n\
         x-amz-target: Kinesis_20131202.{operation}\r\ncontent-length: {length}\r\n\r\n"
    )
}

#[test]
fn a_subscription_holds_nobody_up_who_stops_the_endpoint() {
    let place = Place::empty();
    let kinesis = Kinesis::start(&place, &["--delay", "0s"]);
    kinesis.client().create("s", 1);
    let _subscribed = subscribe(&kinesis.client(), "s");
    let begun = std::time::Instant::now();
    kinesis.stop();
    assert!(begun.elapsed() < std::time::Duration::from_secs(4), "{:?}", begun.elapsed());

    let place = Place::new(PIPELINE);
    let up = place.up(&["--no-generator"]);
    let _subscribed = subscribe(&up.client, "trades");
    let begun = std::time::Instant::now();
    up.stop();
    assert!(begun.elapsed() < std::time::Duration::from_secs(4), "{:?}", begun.elapsed());
}

#[test]
fn trouble_comes_as_it_was_asked_for() {
    let place = Place::empty();
    let chaos =
        ["--delay", "0s", "--no-limits", "--chaos", "throttle=20%,error=20%,latency=2ms,reshard=20ms", "--seed", "3"];
    let kinesis = Kinesis::start(&place, &chaos);
    let client = kinesis.client();
    wait_for("a stream", || {
        let (status, body) = client.answer("CreateStream", &json!({ "StreamName": "s", "ShardCount": 1 })).unwrap();
        assert!(status == 200 || body["__type"] == "InternalFailure", "{body}");
        (status == 200).then_some(())
    });
    let put = || client.answer("PutRecords", &json!({ "StreamName": "s", "Records": records(10, 10) })).unwrap();
    let answers: Vec<(u16, Value)> = (0..100).map(|_| put()).collect();
    let failed = answers.iter().filter(|(status, _)| *status == 500).count();
    assert!((5..40).contains(&failed), "{failed}");
    assert!(answers.iter().all(|(status, body)| *status == 200 || body["__type"] == "InternalFailure"));
    let refused: u64 = answers.iter().filter_map(|(_, body)| body["FailedRecordCount"].as_u64()).sum();
    assert!((80..260).contains(&refused), "{refused}");
    let shards = wait_for("shards to come and go", || {
        let listed = client.call("ListShards", &json!({ "StreamName": "s" }))?;
        let shards = listed["Shards"].as_array().unwrap().len();
        (shards > 5).then_some(shards)
    });
    assert!(shards > 5);
    kinesis.stop();
}

/// Reads a shard from its oldest record to its end, and returns the records of each answer.
fn read(client: &Client, stream: &str, shard: &str) -> Vec<Vec<Value>> {
    let at = json!({ "StreamName": stream, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON" });
    let mut iterator = client.call("GetShardIterator", &at).unwrap()["ShardIterator"].clone();
    let mut answers = Vec::new();
    loop {
        let read = client.call("GetRecords", &json!({ "ShardIterator": iterator })).unwrap();
        answers.push(read["Records"].as_array().unwrap().clone());
        if read["MillisBehindLatest"] == 0 {
            return answers;
        }
        iterator = read["NextShardIterator"].clone();
    }
}

#[test]
fn a_record_is_told_to_be_encrypted_as_it_was_put_and_large_ones_come_together() {
    let place = Place::empty();
    let kinesis = Kinesis::start(&place, &["--delay", "0s", "--no-limits"]);
    let client = kinesis.client();
    let made = json!({ "StreamName": "s", "ShardCount": 1, "MaxRecordSizeInKiB": 10_240 });
    assert_eq!(client.answer("CreateStream", &made).unwrap().0, 200);
    let put = |size: usize| {
        let record = json!({ "StreamName": "s", "PartitionKey": "k", "Data": STANDARD.encode(vec![b'x'; size]) });
        client.call("PutRecord", &record).unwrap()["EncryptionType"].clone()
    };
    let encryption = json!({ "StreamName": "s", "EncryptionType": "KMS", "KeyId": "alias/aws/kinesis" });
    assert_eq!([put(3_000_000), put(3_000_000)], ["NONE", "NONE"]);
    assert_eq!(client.answer("StartStreamEncryption", &encryption).unwrap().0, 200);
    assert_eq!([put(3_000_000), put(3_000_000)], ["KMS", "KMS"]);
    assert_eq!(client.answer("StopStreamEncryption", &encryption).unwrap().0, 200);
    assert_eq!([put(10_000_000), put(1)], ["NONE", "NONE"]);

    let told = |record: &Value| record["EncryptionType"].as_str().unwrap().to_owned();
    let answers = read(&client, "s", "shardId-000000000000");
    let answers: Vec<Vec<String>> = answers.iter().map(|records| records.iter().map(told).collect()).collect();
    // As many as are within 10 MiB.
    let expected: [&[&str]; 3] = [&["NONE", "NONE", "KMS"], &["KMS"], &["NONE", "NONE"]];
    assert_eq!(answers, expected);
    kinesis.stop();
}

#[test]
fn what_can_be_done_only_so_often_a_day_and_where_is_refused() {
    let place = Place::empty();
    let kinesis = Kinesis::start(&place, &["--delay", "0s"]);
    let client = kinesis.client();
    client.create("s", 1);
    let arn = "arn:aws:kinesis:us-east-1:000000000000:stream/s";
    let mode = |mode: &str| {
        let change = json!({ "StreamARN": arn, "StreamModeDetails": { "StreamMode": mode } });
        let (status, body) = client.answer("UpdateStreamMode", &change).unwrap();
        (status, body["__type"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(mode("ON_DEMAND").0, 200);
    assert_eq!(mode("PROVISIONED").0, 200);
    assert_eq!(mode("PROVISIONED").0, 200, "which is no change");
    assert_eq!(mode("ON_DEMAND"), (400, "LimitExceededException".to_owned()));
    // Streams of others are not known here, whatever they are called.
    for elsewhere in ["eu-west-1:000000000000", "us-east-1:123456789012"] {
        let arn = format!("arn:aws:kinesis:{elsewhere}:stream/s");
        let (status, body) = client.answer("ListShards", &json!({ "StreamARN": arn })).unwrap();
        assert_eq!((status, &body["__type"]), (400, &json!("ResourceNotFoundException")));
        assert!(body["message"].as_str().unwrap().contains("000000000000 in us-east-1"), "{body}");
    }
    let tagged = json!({ "StreamName": "s", "Tags": { "aws:mine": "no" } });
    assert_eq!(client.answer("AddTagsToStream", &tagged).unwrap().0, 400);
    kinesis.stop();
}

#[test]
fn clients_that_are_slow_or_many_hold_nobody_up() {
    let place = Place::empty();
    let kinesis = Kinesis::start(&place, &["--delay", "0s", "--no-limits"]);
    let client = kinesis.client();
    client.create("s", 1);
    let address = kinesis.url().strip_prefix("http://").unwrap().to_owned();
    // Nothing, half a head, the begin of a large body: and each for as long as the test lasts.
    let mut slow = Vec::new();
    let large = head("ListStreams", 16 << 20) + &" ".repeat(100_000);
    for begun in [String::new(), "POST / HT".to_owned(), large] {
        for _ in 0..100 {
            let mut stream = TcpStream::connect(&address).unwrap();
            stream.write_all(begun.as_bytes()).unwrap();
            slow.push(stream);
        }
    }
    assert!((0..50).all(|_| client.put("s", "k", b"one").is_some()));
    assert!(client.put("s", "k", &vec![b'x'; 500_000]).is_some());

    // A body that is too large is read to the end of it, so that its sender finds the answer.
    let large = vec![b' '; 20 << 20];
    let mut stream = TcpStream::connect(&address).unwrap();
    stream.write_all(head("ListStreams", large.len()).as_bytes()).unwrap();
    stream.write_all(&large).unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(String::from_utf8_lossy(&answer), "HTTP/1.1 413");
    kinesis.stop();
}

#[test]
fn a_removed_stream_gives_its_room_back_though_the_process_dies() {
    let place = Place::empty();
    let folder = place.path().join("kept/log");
    {
        let log = LocalLog::open(&folder, Durability::Process).unwrap();
        log.create_stream("s", Capacity::Provisioned(1)).unwrap();
        let mut appends = Appends::new();
        for noise in noise().take(150) {
            appends.push("k", &noise);
        }
        for _ in 0..2 {
            log.append_records("s", &appends).unwrap();
        }
    }
    assert!(size(&folder) > 300_000_000, "{}", size(&folder));
    let arguments = ["--dir", "kept", "--no-limits", "--delay", "0s"];
    let kinesis = Kinesis::start(&place, &arguments);
    kinesis.client().delete("s");
    kinesis.kill();
    let kinesis = Kinesis::start(&place, &arguments);
    assert_eq!(kinesis.client().call("ListStreams", &json!({})).unwrap()["StreamNames"], json!([]));
    // What is left are journals, which go when they are full.
    wait_for("its room", || (size(&folder) < 200_000_000).then_some(()));
    kinesis.stop();
}

/// Makes megabytes that cannot be packed tighter.
fn noise() -> impl Iterator<Item = Vec<u8>> {
    let mut state = 1_u64;
    std::iter::repeat_with(move || {
        let word = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()
        };
        std::iter::repeat_with(word).take(125_000).flatten().collect()
    })
}

/// Returns how much a folder takes up on the disk. Files come and go meanwhile.
fn size(folder: &Path) -> u64 {
    let files = walk(folder).into_iter().filter_map(|path| path.metadata().ok());
    files.map(|file| std::os::unix::fs::MetadataExt::blocks(&file) * 512).sum()
}

#[test]
fn records_are_kept_as_long_as_their_stream_says_and_their_room_is_given_back() {
    let place = Place::empty();
    let folder = place.path().join("kept/log");
    let hour = 3_600_000;
    {
        let log = LocalLog::open(&folder, Durability::Process).unwrap();
        log.create_stream("s", Capacity::Provisioned(1)).unwrap();
        let data = noise().next().unwrap();
        for hours in [30, 26] {
            for _ in 0..150 {
                let mut appends = Appends::new();
                appends.push("k", &data);
                log.append_arrived("s", now() - hours * hour, &appends).unwrap();
            }
        }
        let mut appends = Appends::new();
        appends.push("k", b"young");
        log.append_arrived("s", now() - 20 * hour, &appends).unwrap();
    }
    assert!(size(&folder) > 300_000_000, "{}", size(&folder));
    let kinesis = Kinesis::start(&place, &["--dir", "kept", "--no-limits"]);
    let client = kinesis.client();
    let shard = json!({ "StreamName": "s", "ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON" });
    let first = wait_for("the old records to go", || {
        let iterator = client.call("GetShardIterator", &shard)?["ShardIterator"].clone();
        let read = client.call("GetRecords", &json!({ "ShardIterator": iterator }))?;
        let records = read["Records"].as_array().unwrap().clone();
        (records.len() == 1).then(|| records[0].clone())
    });
    assert_eq!(first["Data"], STANDARD.encode(b"young"));
    // What is left are journals, which go when they are full.
    wait_for("their room", || (size(&folder) < 200_000_000).then_some(()));
    kinesis.stop();
}

fn walk(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { files.extend(walk(&path)) } else { files.push(path) }
    }
    files
}

#[test]
fn every_acknowledged_record_survives_kill_9_under_load() {
    let place = Place::empty();
    let mut acknowledged: Vec<Vec<u64>> = vec![Vec::new(); 4];
    let puts = std::sync::atomic::AtomicUsize::new(0);
    for round in 0..5_u64 {
        let before = puts.load(Ordering::Relaxed);
        let kinesis = Kinesis::start(&place, &["--dir", "kept", "--no-limits", "--delay", "0s"]);
        if round == 0 {
            kinesis.client().create("s", 2);
        }
        std::thread::scope(|scope| {
            for (writer, own) in acknowledged.iter_mut().enumerate() {
                let (client, puts) = (kinesis.client(), &puts);
                scope.spawn(move || {
                    let mut next = own.last().map_or(0, |last| last + 1);
                    while client.put("s", &format!("writer {writer}"), next.to_string().as_bytes()).is_some() {
                        own.push(next);
                        puts.fetch_add(1, Ordering::Relaxed);
                        next += 1;
                    }
                });
            }
            let wanted = before + 100 + 37 * usize::try_from(round).unwrap();
            wait_for("records", || (puts.load(Ordering::Relaxed) > wanted).then_some(()));
            kinesis.kill();
        });
    }
    let kinesis = Kinesis::start(&place, &["--dir", "kept", "--no-limits"]);
    let mut found: Vec<Vec<u64>> = vec![Vec::new(); acknowledged.len()];
    for shard in ["shardId-000000000000", "shardId-000000000001"] {
        for record in read(&kinesis.client(), "s", shard).iter().flatten() {
            let writer: usize = record["PartitionKey"].as_str().unwrap()["writer ".len()..].parse().unwrap();
            let data = STANDARD.decode(record["Data"].as_str().unwrap()).unwrap();
            found[writer].push(String::from_utf8(data).unwrap().parse().unwrap());
        }
    }
    for (acknowledged, found) in acknowledged.iter().zip(&found) {
        assert!(acknowledged.len() > 20, "the load was one: {}", acknowledged.len());
        // What was not acknowledged may be there as well, and is put again then.
        assert!(found.is_sorted());
        let missing: Vec<&u64> = acknowledged.iter().filter(|number| found.binary_search(number).is_err()).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
    kinesis.stop();
}
