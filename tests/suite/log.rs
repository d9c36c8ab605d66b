//! One suite for every log behind the seam: whatever passes it can be used in place of the other.

use std::collections::{HashMap, HashSet};

use md5::Digest;
use pipe::streams::{
    Appends, Capacity, Cursor, HashKeyRange, Log, LogError, Position, ReadLimit, SequenceNumber, ShardId, hash_key,
    kinesis::{Credentials, KinesisLog},
    local::{Durability, LocalLog},
};
use tempfile::TempDir;

use super::endpoint::Endpoint;
use crate::faults::{Fault, Proxy};

const ALL: ReadLimit = ReadLimit { records: 10_000, bytes: usize::MAX };

/// Runs the whole suite on one log, which has no stream yet.
async fn suite(log: &dyn Log) {
    streams_are_made_described_listed_and_removed(log).await;
    what_is_not_there_is_said(log).await;
    records_are_read_back_in_order(log).await;
    every_position_is_where_it_says(log).await;
    limits_stop_and_the_cursor_goes_on(log).await;
    hash_keys_choose_the_shard(log).await;
    nothing_appended_later_is_stamped_before_what_was_complete(log).await;
}

#[tokio::test]
async fn the_local_log_passes() {
    let dir = TempDir::new().expect("a temporary folder");
    suite(&*LocalLog::open(dir.path(), Durability::Process).expect("a new log")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_local_log_passes_with_power_loss_in_mind() {
    let dir = TempDir::new().expect("a temporary folder");
    suite(&*LocalLog::open(dir.path(), Durability::Power).expect("a new log")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_kinesis_log_passes_at_our_endpoint() {
    let endpoint = Endpoint::start().await;
    suite(&endpoint.remote().await).await;
    endpoint.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_kinesis_log_passes_where_records_and_calls_are_refused_at_first() {
    let endpoint = Endpoint::start().await;
    let faults = [
        Fault::on("PutRecords").every(29).refused("ProvisionedThroughputExceededException"),
        Fault::on("PutRecords").every(37).answered(500, "InternalFailure"),
        Fault::on("PutRecords").every(43).closed(),
        Fault::on("PutRecords").entries(0.1),
    ];
    let proxy = Proxy::start(&endpoint.address, 3, &faults);
    suite(&KinesisLog::connect(Some(&proxy.url()), "eu-central-1", Credentials::Dummy).await).await;
    assert!(proxy.faulted("PutRecords") > 50, "little was refused");
    endpoint.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_costs_no_record_and_no_order() {
    let endpoint = Endpoint::start().await;
    let faults = [Fault::on("PutRecords").every(5).unheard(), Fault::on("PutRecords").entries(0.1)];
    let proxy = Proxy::start(&endpoint.address, 4, &faults);
    let log = KinesisLog::connect(Some(&proxy.url()), "eu-central-1", Credentials::Dummy).await;
    log.create("s", Capacity::Provisioned(1)).await.unwrap();
    let mut records = Appends::new();
    for index in 0..60u8 {
        records.push(["a", "b", "c"][usize::from(index) % 3], &[index]);
    }
    log.append("s", &records).await.unwrap();
    for (key, first) in [("a", 0), ("b", 1), ("c", 2)] {
        let read = read_all(&log, "s", 0, &Position::Earliest, ALL).await;
        let mut data: Vec<u8> = read.into_iter().filter(|record| record.key == key).map(|it| it.data[0]).collect();
        // What was put again lies behind itself.
        data.dedup();
        assert_eq!(data, (first..60).step_by(3).collect::<Vec<u8>>());
    }
    endpoint.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_aggregate_is_read_as_the_records_that_it_consists_of() {
    let endpoint = Endpoint::start().await;
    let log = endpoint.remote().await;
    log.create("s", Capacity::Provisioned(2)).await.unwrap();
    // `AggregatedRecord`: keys "a" and "b", the hash keys 0 and the greatest; then records with a key, a hash key, data.
    let greatest = u128::MAX.to_string();
    let mut message = b"\x0a\x01a\x0a\x01b\x12\x010\x12\x27".to_vec();
    message.extend_from_slice(greatest.as_bytes());
    message.extend_from_slice(
        b"\x1a\x07\x08\x00\x10\x00\x1a\x01x\x1a\x07\x08\x01\x10\x01\x1a\x01y\x1a\x07\x08\x01\x10\x00\x1a\x01z",
    );
    let aggregate = [b"\xf3\x89\x9a\xc2", message.as_slice(), md5::Md5::digest(&message).as_slice()].concat();
    let mut cut = aggregate.clone();
    cut.pop();
    let mut records = Appends::new();
    for (key, data) in [("1", b"before".as_slice()), ("2", &aggregate), ("3", b"behind"), ("4", &cut)] {
        records.push_hashed(key, Some(7), data);
    }
    let places = log.append("s", &records).await.unwrap();
    let shown = |records: &[Record]| -> Vec<(String, Vec<u8>)> {
        records.iter().map(|record| (record.key.clone(), record.data.clone())).collect()
    };
    let plain = |key: &str, data: &[u8]| (key.to_owned(), data.to_vec());
    // The record of the greatest hash key belongs to the other shard.
    let all = [plain("1", b"before"), plain("a", b"x"), plain("b", b"z"), plain("3", b"behind"), plain("4", &cut)];
    for limit in [ALL, ReadLimit { records: 1, bytes: 1 }] {
        let read = read_all(&log, "s", 0, &Position::Earliest, limit).await;
        assert_eq!(shown(&read), all);
        assert_eq!((&read[1].sequence, &read[2].sequence), (&places[1].sequence, &places[1].sequence));
    }
    let behind = read_all(&log, "s", 0, &Position::After(places[1].sequence.clone()), ALL).await;
    assert_eq!(shown(&behind), all[3..], "reading goes on behind the whole aggregate");
    endpoint.stop().await;
}

async fn streams_are_made_described_listed_and_removed(log: &dyn Log) {
    log.create("b", Capacity::Provisioned(3)).await.unwrap();
    log.create("a", Capacity::OnDemand).await.unwrap();
    let again = log.create("a", Capacity::Provisioned(1)).await;
    assert!(matches!(again, Err(LogError::StreamExists { stream }) if stream == "a"));
    assert_eq!(log.list().await.unwrap(), ["a", "b"]);

    let (a, b) = (log.describe("a").await.unwrap(), log.describe("b").await.unwrap());
    assert_eq!((a.capacity, b.capacity), (Capacity::OnDemand, Capacity::Provisioned(3)));
    assert_eq!(b.shards.iter().map(|shard| shard.range).collect::<Vec<_>>(), HashKeyRange::split(3));
    assert_eq!(b.shards.iter().map(|shard| shard.id.0).collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(a.shards.len(), 4);
    assert!(a.created > 0);

    let mut records = Appends::new();
    records.push("k", b"old");
    log.append("a", &records).await.unwrap();
    log.delete("a").await.unwrap();
    log.create("a", Capacity::Provisioned(1)).await.unwrap();
    assert!(read_all(log, "a", 0, &Position::Earliest, ALL).await.is_empty(), "it starts empty");
    for stream in ["a", "b"] {
        log.delete(stream).await.unwrap();
    }
    assert!(log.list().await.unwrap().is_empty());
}

async fn what_is_not_there_is_said(log: &dyn Log) {
    let unknown = |error: LogError| matches!(error, LogError::UnknownStream { stream } if stream == "none");
    let mut records = Appends::new();
    records.push("k", b"data");
    assert!(unknown(log.delete("none").await.unwrap_err()));
    assert!(unknown(log.describe("none").await.unwrap_err()));
    assert!(unknown(log.append("none", &records).await.unwrap_err()));
    assert!(unknown(log.cursor("none", ShardId(0), &Position::Earliest).await.unwrap_err()));

    log.create("one", Capacity::Provisioned(1)).await.unwrap();
    let shard = log.cursor("one", ShardId(7), &Position::Earliest).await.unwrap_err();
    assert!(matches!(shard, LogError::UnknownShard { shard } if shard == "shardId-000000000007"));
    let never = SequenceNumber::parse("123").unwrap();
    let sequence = log.cursor("one", ShardId(0), &Position::After(never)).await.unwrap_err();
    assert!(matches!(sequence, LogError::InvalidSequence { sequence, .. } if sequence == "123"));
    let cursor = log.cursor("one", ShardId(0), &Position::Earliest).await.unwrap();
    log.delete("one").await.unwrap();
    assert!(log.read("one", ShardId(0), &cursor, ALL).await.is_err());
}

async fn records_are_read_back_in_order(log: &dyn Log) {
    log.create("s", Capacity::Provisioned(3)).await.unwrap();
    let mut given: HashMap<String, Vec<Vec<u8>>> = HashMap::new();
    let mut places = HashSet::new();
    for turn in 0..3u32 {
        let mut records = Appends::new();
        for index in 0..700u32 {
            let (key, data) = (format!("kéy-{}", index % 40), format!("{turn} {index}").into_bytes());
            records.push(&key, &data);
            given.entry(key).or_default().push(data);
        }
        let appended = log.append("s", &records).await.unwrap();
        assert_eq!(appended.len(), 700);
        for place in appended {
            assert!(places.insert((place.shard, place.sequence)), "two records in one place");
        }
    }
    let mut read: HashMap<String, Vec<Vec<u8>>> = HashMap::new();
    for shard in 0..3 {
        for record in read_all(log, "s", shard, &Position::Earliest, ALL).await {
            assert!(places.remove(&(ShardId(shard), record.sequence)), "a record in another place than was said");
            read.entry(record.key).or_default().push(record.data);
        }
    }
    assert_eq!(read, given);
    assert!(places.is_empty());
    assert!(log.append("s", &Appends::new()).await.unwrap().is_empty());
    log.delete("s").await.unwrap();
}

async fn every_position_is_where_it_says(log: &dyn Log) {
    log.create("s", Capacity::Provisioned(1)).await.unwrap();
    let latest = log.cursor("s", ShardId(0), &Position::Latest).await.unwrap();
    let mut appended = Vec::new();
    for index in 0..3u8 {
        let mut records = Appends::new();
        records.push("k", &[index]);
        appended.extend(log.append("s", &records).await.unwrap());
        // The next one must not arrive in the same millisecond.
        tokio::time::sleep(std::time::Duration::from_millis(3)).await;
    }
    let data = async |position| {
        let records = read_all(log, "s", 0, &position, ALL).await;
        records.into_iter().map(|record| record.data[0]).collect::<Vec<_>>()
    };
    let sequence = |index: usize| appended[index].sequence.clone();
    assert_eq!(data(Position::Earliest).await, [0, 1, 2]);
    assert_eq!(data(Position::Latest).await, [0u8; 0]);
    assert_eq!(data(Position::At(sequence(1))).await, [1, 2]);
    assert_eq!(data(Position::After(sequence(1))).await, [2]);
    assert_eq!(data(Position::After(sequence(2))).await, [0u8; 0]);
    let arrivals: Vec<_> =
        read_all(log, "s", 0, &Position::Earliest, ALL).await.into_iter().map(|record| record.arrival).collect();
    assert_eq!(data(Position::AtTime(arrivals[1])).await, [1, 2]);
    assert_eq!(data(Position::AtTime(arrivals[1] + 1)).await, [2]);
    assert_eq!(data(Position::AtTime(0)).await, [0, 1, 2]);
    assert_eq!(data(Position::AtTime(i64::MAX / 2)).await, [0u8; 0]);

    let batch = log.read("s", ShardId(0), &latest, ALL).await.unwrap();
    assert_eq!(batch.blocks.iter().map(pipe::streams::Block::len).sum::<usize>(), 3, "latest is when it was asked for");
    log.delete("s").await.unwrap();
}

async fn limits_stop_and_the_cursor_goes_on(log: &dyn Log) {
    log.create("s", Capacity::Provisioned(1)).await.unwrap();
    let mut records = Appends::new();
    for index in 0..10u8 {
        records.push("k", &[index; 100]);
    }
    log.append("s", &records).await.unwrap();
    let expected = read_all(log, "s", 0, &Position::Earliest, ALL).await;
    assert_eq!(expected.len(), 10);
    for limit in [
        ReadLimit { records: 3, bytes: usize::MAX },
        ReadLimit { records: 10_000, bytes: 250 },
        ReadLimit { records: 10_000, bytes: 1 },
        ReadLimit { records: 1, bytes: 1 },
    ] {
        assert_eq!(read_all(log, "s", 0, &Position::Earliest, limit).await, expected);
    }
    let cursor = log.cursor("s", ShardId(0), &Position::Earliest).await.unwrap();
    let count = async |limit| {
        let batch = log.read("s", ShardId(0), &cursor, limit).await.unwrap();
        (batch.blocks.iter().map(pipe::streams::Block::len).sum::<usize>(), batch.complete_until.is_some())
    };
    assert_eq!(count(ReadLimit { records: 4, bytes: usize::MAX }).await, (4, false));
    assert_eq!(count(ReadLimit { records: 9, bytes: 201 }).await, (2, false));
    assert_eq!(count(ReadLimit { records: 0, bytes: 201 }).await, (0, false));
    assert_eq!(count(ALL).await, (10, true));
    log.delete("s").await.unwrap();
}

async fn hash_keys_choose_the_shard(log: &dyn Log) {
    log.create("s", Capacity::Provisioned(4)).await.unwrap();
    let shards = log.describe("s").await.unwrap().shards;
    let mut records = Appends::new();
    let mut expected = Vec::new();
    for index in 0..50 {
        let key = format!("k{index}");
        records.push(&key, b"by key");
        expected.push(shards.iter().find(|shard| shard.range.contains(hash_key(&key))).unwrap().id);
    }
    for shard in &shards {
        for hash in [shard.range.start, shard.range.end] {
            records.push_hashed("same", Some(hash), b"by hash key");
            expected.push(shard.id);
        }
    }
    let appended = log.append("s", &records).await.unwrap();
    assert_eq!(appended.iter().map(|place| place.shard).collect::<Vec<_>>(), expected);
    log.delete("s").await.unwrap();
}

async fn nothing_appended_later_is_stamped_before_what_was_complete(log: &dyn Log) {
    log.create("s", Capacity::Provisioned(1)).await.unwrap();
    let mut cursor = log.cursor("s", ShardId(0), &Position::Earliest).await.unwrap();
    let mut complete = 0;
    for _ in 0..20 {
        let batch = log.read("s", ShardId(0), &cursor, ALL).await.unwrap();
        for block in &batch.blocks {
            assert!(block.arrival() >= complete);
        }
        assert_eq!(batch.millis_behind, 0);
        complete = batch.complete_until.expect("the end was reached");
        cursor = batch.next;
        let mut records = Appends::new();
        records.push("k", b"data");
        log.append("s", &records).await.unwrap();
    }
    log.delete("s").await.unwrap();
}

#[derive(Debug, PartialEq, Eq)]
struct Record {
    key: String,
    data: Vec<u8>,
    arrival: i64,
    sequence: SequenceNumber,
}

/// Reads a shard from a position until a read says that this is the end.
async fn read_all(log: &dyn Log, stream: &str, shard: u32, position: &Position, limit: ReadLimit) -> Vec<Record> {
    let mut cursor: Cursor = log.cursor(stream, ShardId(shard), position).await.unwrap();
    let (mut records, mut arrival) = (Vec::new(), 0);
    loop {
        let batch = log.read(stream, ShardId(shard), &cursor, limit).await.unwrap();
        for block in batch.blocks {
            assert!(block.arrival() >= arrival, "arrival went back");
            arrival = block.arrival();
            records.extend(block.records().enumerate().map(|(index, record)| Record {
                key: record.partition_key.to_owned(),
                data: record.data.to_vec(),
                arrival,
                sequence: block.sequence(index),
            }));
        }
        if let Some(complete) = batch.complete_until {
            assert!(complete >= arrival, "complete before the last record");
            return records;
        }
        cursor = batch.next;
    }
}
