//! The Kinesis endpoint under requests that nobody means well with: JSON and CBOR of every operation, whole, cut and turned,
//! under headers that are no better. Fails where an answer is the endpoint's fault (500, a panic) or does not come.
//!
//! ```text
//! cargo bench --bench hostile                  # 1 million requests
//! cargo bench --bench hostile -- 10000000 7    # so many, of that seed
//! ```

#![allow(clippy::print_stdout, reason = "a program that prints its figures")]
#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on has failed")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Method, Request};
use axum::{Router, response::Response};
use pipe::kinesis_api::{Api, Options, router};
use pipe::streams::Capacity;
use pipe::streams::local::{Durability, LocalLog};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::{Map, Value, json};
use tower_service::Service;

/// How long an answer may take before it counts as hanging.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many requests pass before the streams are made anew, so that what some of them make does not add up.
const ROUND: u64 = 100_000;

/// Every operation, read from the table of the source, and two that are none.
fn operations() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/kinesis_api");
    let mut names = vec!["CreateQueue".to_owned(), String::new()];
    for file in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let found = text.split("Operation { name: \"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned());
        names.extend(found);
    }
    assert!(names.len() > 38, "{names:?}");
    names
}

const MEMBERS: &[&str] = &[
    "AdjacentShardToMerge",
    "ConsumerARN",
    "ConsumerName",
    "Data",
    "EncryptionType",
    "EnforceConsumerDeletion",
    "ExclusiveStartShardId",
    "ExclusiveStartStreamName",
    "ExclusiveStartTagKey",
    "ExplicitHashKey",
    "KeyId",
    "Limit",
    "MaxRecordSizeInKiB",
    "MaxResults",
    "MinimumThroughputBillingCommitment",
    "NewStartingHashKey",
    "NextToken",
    "PartitionKey",
    "Policy",
    "Records",
    "ResourceARN",
    "RetentionPeriodHours",
    "ScalingType",
    "SequenceNumber",
    "SequenceNumberForOrdering",
    "ShardCount",
    "ShardFilter",
    "ShardId",
    "ShardIterator",
    "ShardIteratorType",
    "ShardLevelMetrics",
    "ShardToMerge",
    "ShardToSplit",
    "StartingPosition",
    "StartingSequenceNumber",
    "Status",
    "StreamARN",
    "StreamCreationTimestamp",
    "StreamId",
    "StreamMode",
    "StreamModeDetails",
    "StreamName",
    "TagKeys",
    "Tags",
    "TargetShardCount",
    "Timestamp",
    "Type",
    "WarmThroughputMiBps",
];

const TEXTS: &[&str] = &[
    "s",
    "t",
    "none",
    "",
    "shardId-000000000000",
    "shardId-000000000001",
    "shardId-99999999999999",
    "LATEST",
    "TRIM_HORIZON",
    "AT_TIMESTAMP",
    "AT_SEQUENCE_NUMBER",
    "AFTER_SEQUENCE_NUMBER",
    "AFTER_SHARD_ID",
    "FROM_TIMESTAMP",
    "ON_DEMAND",
    "PROVISIONED",
    "UNIFORM_SCALING",
    "KMS",
    "NONE",
    "ALL",
    "IncomingBytes",
    "ENABLED",
    "AAAA",
    "AA=",
    "0",
    "1",
    "340282366920938463463374607431768211455",
    "340282366920938463463374607431768211456",
    "170141183460469231731687303715884105728",
    "99999999999999999999999999999999999999999999999999",
    "arn:aws:kinesis:x:000000000000:stream/s",
    "arn:aws:kinesis:x:000000000000:stream/s/consumer/c:1",
    "arn:::",
    "{\"Statement\":[]}",
    "\u{0}",
    "ä\u{10ffff}",
];

struct Hostile {
    numbers: StdRng,
    operations: Vec<String>,
    /// What answers have given: iterators, tokens, numbers.
    seen: Vec<Value>,
}

impl Hostile {
    fn value(&mut self, depth: u32) -> Value {
        match self.numbers.random_range(0..if depth > 2 { 7 } else { 10 }) {
            0 => Value::Null,
            1 => self.numbers.random::<bool>().into(),
            2 => self.numbers.random::<i64>().into(),
            3 => self.numbers.random_range(-2..50_i64).into(),
            4 => self.numbers.random::<f64>().into(),
            5 if !self.seen.is_empty() => self.seen.choose(&mut self.numbers).unwrap().clone(),
            5 | 6 => (*TEXTS.choose(&mut self.numbers).unwrap()).into(),
            7 => (0..self.numbers.random_range(0..4)).map(|_| self.value(depth + 1)).collect(),
            _ => self.members(depth + 1).into(),
        }
    }

    fn members(&mut self, depth: u32) -> Map<String, Value> {
        let count = self.numbers.random_range(0..6);
        let member = |this: &mut Self| ((*MEMBERS.choose(&mut this.numbers).unwrap()).to_owned(), this.value(depth));
        (0..count).map(|_| member(self)).collect()
    }

    /// Cuts, turns, doubles or adds some bytes.
    fn damage(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..self.numbers.random_range(1..4) {
            let at = self.numbers.random_range(0..=bytes.len());
            match self.numbers.random_range(0..4) {
                0 => bytes.truncate(at),
                1 if at < bytes.len() => bytes[at] = self.numbers.random(),
                2 => bytes.insert(at, self.numbers.random()),
                _ => bytes.extend_from_within(at..),
            }
        }
    }

    fn request(&mut self) -> Request<Body> {
        let is_json = self.numbers.random_bool(0.5);
        let mut members = self.members(0);
        if self.numbers.random_bool(0.7) {
            members.insert("StreamName".to_owned(), "s".into());
            members.entry("ShardId").or_insert_with(|| "shardId-000000000000".into());
            members.entry("ShardIteratorType").or_insert_with(|| "TRIM_HORIZON".into());
            members.entry("PartitionKey").or_insert_with(|| "k".into());
        }
        let mut body = if is_json {
            Value::from(members).to_string().into_bytes()
        } else {
            minicbor_serde::to_vec(BTreeMap::from_iter(members)).unwrap()
        };
        if self.numbers.random_bool(0.3) {
            self.damage(&mut body);
        }
        if self.numbers.random_bool(0.001) {
            // As deep as nobody should go.
            let opening = if is_json { &b"{\"a\":["[..] } else { &[0xa1, 0x61, b'a', 0x81] };
            body = opening.repeat(self.numbers.random_range(1..20_000));
        }
        let operation = self.operations.choose(&mut self.numbers).unwrap().clone();
        let mut request = Request::new(Body::from(body));
        *request.method_mut() = Method::POST;
        let kind = if is_json { "application/x-amz-json-1.1" } else { "application/x-amz-cbor-1.1" };
        let headers = [
            ("x-amz-target", format!("Kinesis_20131202.{operation}")),
            ("content-type", kind.to_owned()),
            ("host", "localhost".to_owned()),
        ];
        for (name, value) in headers {
            let mut value = value.into_bytes();
            if self.numbers.random_bool(0.02) {
                self.damage(&mut value);
            }
            // What is no header is not sent.
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                request.headers_mut().insert(HeaderName::from_static(name), value);
            }
        }
        if self.numbers.random_bool(0.02) {
            request.headers_mut().insert("content-encoding", HeaderValue::from_static("gzip"));
        }
        if self.numbers.random_bool(0.01) {
            *request.method_mut() = Method::GET;
        }
        request
    }

    /// Keeps what an answer has given, for requests to come.
    fn learn(&mut self, answer: &Value) {
        for member in ["ShardIterator", "NextShardIterator", "NextToken", "SequenceNumber"] {
            if let Some(value) = answer.get(member) {
                if self.seen.len() < 64 {
                    self.seen.push(value.clone());
                } else {
                    let at = self.numbers.random_range(0..64);
                    self.seen[at] = value.clone();
                }
            }
        }
    }
}

async fn answer(router: &mut Router, request: Request<Body>) -> Response {
    let called = router.call(request);
    tokio::time::timeout(PATIENCE, called).await.expect("an answer in time").unwrap()
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1).filter_map(|argument| argument.parse().ok());
    let (count, seed) = (arguments.next().unwrap_or(1_000_000_u64), arguments.next().unwrap_or(0));
    let mut hostile = Hostile { numbers: StdRng::seed_from_u64(seed), operations: operations(), seen: Vec::new() };
    let mut statuses = BTreeMap::<u16, u64>::new();
    let begun = Instant::now();
    let mut sent = 0;
    while sent < count {
        let folder = tempfile::tempdir().unwrap();
        let log = LocalLog::open(folder.path(), Durability::Process).unwrap();
        log.create_stream("s", Capacity::Provisioned(2)).unwrap();
        // That of the ARNs which requests name.
        let options = Options { region: "x".to_owned(), ..Options::default() };
        let mut router = router(Api::new(Arc::clone(&log), options));
        for _ in 0..ROUND.min(count - sent) {
            let request = hostile.request();
            let shown = format!("{:?}", request.headers());
            let answer = answer(&mut router, request).await;
            let status = answer.status().as_u16();
            assert!(status < 500, "{status} to {shown}");
            *statuses.entry(status).or_default() += 1;
            let is_whole =
                answer.headers().get("content-type").is_none_or(|kind| !kind.as_bytes().ends_with(b"eventstream"));
            if status == 200 && is_whole {
                let body = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
                hostile.learn(&serde_json::from_slice(&body).unwrap_or(json!(null)));
            }
        }
        sent += ROUND.min(count - sent);
    }
    println!("{sent} requests in {:.0} s, answered with {statuses:?}", begun.elapsed().as_secs_f64());
}
