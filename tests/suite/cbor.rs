//! The endpoint in CBOR, which AWS's SDKs for Java speak. That they understand each other is shown by the connector of
//! a real Flink; here is what they say, byte by byte.

use minicbor_serde::{from_slice, to_vec};
use serde::{Deserialize, Serialize};

use super::endpoint::Endpoint;
use super::wire::{Answer, send};

const CBOR: &str = "application/x-amz-cbor-1.1";

async fn call_bytes(address: &str, operation: &str, body: &[u8]) -> Answer {
    let head = format!(
        "POST / HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: {CBOR}\r\n\
         x-amz-target: Kinesis_20131202.{operation}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    send(address, &[head.as_bytes(), body].concat()).await.expect("an answer")
}

async fn call(address: &str, operation: &str, body: &impl Serialize) -> Answer {
    call_bytes(address, operation, &to_vec(body).unwrap()).await
}

fn read<'a, T: Deserialize<'a>>(answer: &'a Answer) -> T {
    assert_eq!((answer.status, answer.header("content-type")), (200, Some(CBOR)), "{answer:?}");
    from_slice(&answer.body).unwrap_or_else(|error| panic!("{error}: {answer:?}"))
}

/// Bytes as CBOR has them, not as a list of numbers.
#[derive(Debug, PartialEq)]
struct Bytes(Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&[u8]>::deserialize(deserializer).map(|bytes| Self(bytes.to_vec()))
    }
}

/// A time as AWS's SDKs write it: tagged milliseconds.
type Millis = minicbor_serde::tag::Required<1, i64>;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Put<'a> {
    stream_name: &'a str,
    data: Bytes,
    partition_key: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Create<'a> {
    stream_name: &'a str,
    shard_count: u32,
}

#[derive(Serialize)]
struct GetIterator<'a> {
    #[serde(rename = "StreamARN")]
    stream_arn: &'a str,
    #[serde(rename = "ShardId")]
    shard_id: &'a str,
    #[serde(rename = "ShardIteratorType")]
    kind: &'a str,
    #[serde(rename = "Timestamp")]
    timestamp: Option<Millis>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Get<'a> {
    shard_iterator: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Iterator {
    shard_iterator: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Records {
    records: Vec<Record>,
    millis_behind_latest: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Record {
    data: Bytes,
    partition_key: String,
    approximate_arrival_timestamp: Millis,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Described {
    stream_description_summary: Summary,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Summary {
    #[serde(rename = "StreamARN")]
    stream_arn: String,
    stream_creation_timestamp: Millis,
    open_shard_count: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Name<'a> {
    stream_name: &'a str,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_are_bytes_and_times_are_tagged_milliseconds() {
    let endpoint = Endpoint::start().await;
    let address = endpoint.address.clone();
    let begun = chrono::Utc::now().timestamp_millis();
    let made = call(&address, "CreateStream", &Create { stream_name: "s", shard_count: 1 }).await;
    assert_eq!((made.status, made.body.len()), (200, 0), "{made:?}");
    let data = vec![0, 0xff, 0x80, b'a'];
    call(&address, "PutRecord", &Put { stream_name: "s", data: Bytes(data.clone()), partition_key: "k" }).await;

    let answer = call(&address, "DescribeStreamSummary", &Name { stream_name: "s" }).await;
    let summary = read::<Described>(&answer).stream_description_summary;
    let now = chrono::Utc::now().timestamp_millis();
    assert!((begun..=now).contains(&summary.stream_creation_timestamp));
    assert_eq!(summary.open_shard_count, 1);

    for (kind, timestamp) in [("TRIM_HORIZON", None), ("AT_TIMESTAMP", Some(Millis::new(begun)))] {
        let (stream_arn, shard_id) = (summary.stream_arn.as_str(), "shardId-000000000000");
        let answer = call(&address, "GetShardIterator", &GetIterator { stream_arn, shard_id, kind, timestamp }).await;
        let Iterator { shard_iterator } = read(&answer);
        let answer = call(&address, "GetRecords", &Get { shard_iterator: &shard_iterator }).await;
        let found: Records = read(&answer);
        assert_eq!(found.millis_behind_latest, 0);
        let [record] = &found.records[..] else { panic!("{kind}: one record") };
        assert_eq!((&record.data, record.partition_key.as_str()), (&Bytes(data.clone()), "k"), "{kind}");
        assert!((begun..=now).contains(&record.approximate_arrival_timestamp), "{kind}");
    }
    endpoint.stop().await;
}

#[derive(Deserialize)]
struct Refusal {
    #[serde(rename = "__type")]
    kind: String,
    message: String,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_are_cbor_too() {
    let endpoint = Endpoint::start().await;
    let address = endpoint.address.clone();
    for (operation, body, kind, words) in [
        ("DescribeStreamSummary", to_vec(&Name { stream_name: "none" }).unwrap(), "ResourceNotFoundException", "none"),
        ("DescribeStreamSummary", vec![0xa1, 0x61], "SerializationException", "end of input"),
        ("DescribeStreamSummary", vec![0xa0, 0xa0], "SerializationException", "follows"),
        ("Nothing", vec![0xa0], "UnknownOperationException", "Nothing"),
    ] {
        let answer = call_bytes(&address, operation, &body).await;
        assert_eq!((answer.status, answer.header("content-type")), (400, Some(CBOR)), "{answer:?}");
        let refusal: Refusal = from_slice(&answer.body).unwrap();
        assert_eq!(refusal.kind, kind);
        assert!(refusal.message.contains(words), "{}", refusal.message);
        assert_eq!(answer.header("x-amzn-errortype"), Some(kind));
    }
    endpoint.stop().await;
}
