//! How much shards and operations take: as much as on AWS, or as much as comes.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::{
    ACCOUNT,
    error::{ApiError, Kind},
};
use crate::streams::local::LocalLog;
use crate::streams::{Appends, LogError, Millis, SHARD_BYTES, SHARD_RECORDS, ShardId};

/// What a shard gives in a second (Kinesis quotas, "shard read"): requests, and bytes of data. Who has been given more waits
/// until it has come to that.
const READS: f64 = 5.0;
const READ_BYTES: f64 = 2_097_152.0;
/// How many iterators it gives out in a second (Kinesis quotas, "API limits", `GetShardIterator`).
const FINDS: f64 = 5.0;
/// How often the shards of a stream are listed in a second (Kinesis API reference, `ListShards`).
const LISTS: f64 = 1_000.0;
/// How often an operation can be asked for in a second, where it is not the operation of a shard (Kinesis API reference, each
/// operation; Kinesis quotas, "API limits").
const OPERATIONS: &[(&str, f64)] = &[
    ("AddTagsToStream", 5.0),
    ("CreateStream", 5.0),
    ("DecreaseStreamRetentionPeriod", 5.0),
    ("DeleteResourcePolicy", 5.0),
    ("DeleteStream", 5.0),
    ("DeregisterStreamConsumer", 5.0),
    ("DescribeAccountSettings", 5.0),
    ("DescribeLimits", 1.0),
    ("DescribeStream", 10.0),
    ("DescribeStreamConsumer", 20.0),
    ("DescribeStreamSummary", 20.0),
    ("DisableEnhancedMonitoring", 5.0),
    ("EnableEnhancedMonitoring", 5.0),
    ("GetResourcePolicy", 5.0),
    ("IncreaseStreamRetentionPeriod", 5.0),
    ("ListStreamConsumers", 5.0),
    ("ListStreams", 5.0),
    ("ListTagsForResource", 5.0),
    ("ListTagsForStream", 5.0),
    ("MergeShards", 5.0),
    ("PutResourcePolicy", 5.0),
    ("RegisterStreamConsumer", 5.0),
    ("RemoveTagsFromStream", 5.0),
    ("SplitShard", 5.0),
    ("StartStreamEncryption", 5.0),
    ("StopStreamEncryption", 5.0),
    ("TagResource", 5.0),
    ("UntagResource", 5.0),
    ("UpdateAccountSettings", 5.0),
    ("UpdateMaxRecordSize", 5.0),
    ("UpdateShardCount", 10.0),
    ("UpdateStreamMode", 5.0),
    ("UpdateStreamWarmThroughput", 5.0),
];

/// What fills again with time, up to what a second brings.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    /// What is left; less than nothing where more was taken.
    left: f64,
    since: Instant,
}

impl Bucket {
    fn full(of: f64, now: Instant) -> Self {
        Self { left: of, since: now }
    }

    /// Lets time pass.
    fn fill(&mut self, each_second: f64, now: Instant) {
        let passed = now.saturating_duration_since(self.since).as_secs_f64();
        self.left = (self.left + passed * each_second).min(each_second);
        self.since = now;
    }
}

/// What one shard has left.
#[derive(Debug, Clone, Copy)]
struct ShardBuckets {
    write_records: Bucket,
    write_bytes: Bucket,
    reads: Bucket,
    read_bytes: Bucket,
    finds: Bucket,
    /// How many records it has refused.
    refused: u64,
}

impl ShardBuckets {
    fn new(now: Instant) -> Self {
        Self {
            write_records: Bucket::full(SHARD_RECORDS, now),
            write_bytes: Bucket::full(SHARD_BYTES, now),
            reads: Bucket::full(READS, now),
            read_bytes: Bucket::full(READ_BYTES, now),
            finds: Bucket::full(FINDS, now),
            refused: 0,
        }
    }

    /// Says whether nothing of it has been taken lately.
    fn is_full(&self) -> bool {
        let buckets = [self.write_records, self.write_bytes, self.reads, self.read_bytes, self.finds];
        let full = [SHARD_RECORDS, SHARD_BYTES, READS, READ_BYTES, FINDS];
        buckets.iter().zip(full).all(|(bucket, full)| bucket.left >= full)
    }

    fn fill(&mut self, now: Instant) {
        self.write_records.fill(SHARD_RECORDS, now);
        self.write_bytes.fill(SHARD_BYTES, now);
        self.reads.fill(READS, now);
        self.read_bytes.fill(READ_BYTES, now);
        self.finds.fill(FINDS, now);
    }
}

/// A shard of a stream, which is known by when it was made.
type OfShard = (Millis, ShardId);

/// Keeps requests within the limits of AWS.
#[derive(Debug)]
pub(super) struct Throttle(Option<Buckets>);

#[derive(Debug, Default)]
struct Buckets {
    // Each is held while a request is counted.
    shards: Mutex<HashMap<OfShard, ShardBuckets>>,
    operations: Mutex<HashMap<&'static str, Bucket>>,
    lists: Mutex<HashMap<Millis, Bucket>>,
}

/// From so many shards on, those are forgotten that have not been asked for lately: they are full again.
const MOST_REMEMBERED: usize = 100_000;

impl Throttle {
    /// Keeps to the limits, or knows none.
    pub(super) fn new(limits: bool) -> Self {
        Self(limits.then(Buckets::default))
    }

    /// Counts a request for an operation.
    pub(super) fn operation(&self, name: &'static str) -> Result<(), ApiError> {
        let Some(buckets) = &self.0 else { return Ok(()) };
        let Some((_, each_second)) = OPERATIONS.iter().find(|(operation, _)| *operation == name) else { return Ok(()) };
        let mut operations = buckets.operations.lock().unwrap_or_else(PoisonError::into_inner);
        take(operations.entry(name), *each_second, || format!("{name} under account {ACCOUNT}"))
    }

    /// Counts a request for a list of a stream's shards; the stream is known by when it was made.
    pub(super) fn list(&self, stream: &str, created: Millis) -> Result<(), ApiError> {
        let Some(buckets) = &self.0 else { return Ok(()) };
        let mut lists = buckets.lists.lock().unwrap_or_else(PoisonError::into_inner);
        // Streams come and go.
        if lists.len() >= MOST_REMEMBERED {
            lists.clear();
        }
        let what = || format!("ListShards of stream {stream} under account {ACCOUNT}");
        take(lists.entry(created), LISTS, what)
    }

    /// Counts records to be put; returns the indexes of those that their shards do not take, with why.
    pub(super) fn write(
        &self,
        log: &LocalLog,
        stream: &str,
        records: &Appends,
    ) -> Result<Vec<(usize, ApiError)>, LogError> {
        let Some(buckets) = &self.0 else { return Ok(Vec::new()) };
        let (shards, created) = (log.routes(stream, records)?, log.created(stream)?);
        let now = Instant::now();
        let mut all = buckets.shards.lock().unwrap_or_else(PoisonError::into_inner);
        let mut refused = Vec::new();
        for (index, (record, shard)) in records.iter().zip(shards).enumerate() {
            let own = bucket(&mut all, (created, shard), now);
            #[expect(clippy::cast_precision_loss, reason = "a record is far smaller")]
            let bytes = (record.data.len() + record.partition_key.len()) as f64;
            // A record larger than a second's share passes a full bucket, which it leaves in debt.
            if own.write_records.left < 1.0 || own.write_bytes.left < bytes.min(SHARD_BYTES) {
                own.refused += 1;
                refused.push((index, exceeded(stream, shard)));
            } else {
                own.write_records.left -= 1.0;
                own.write_bytes.left -= bytes;
            }
        }
        Ok(refused)
    }

    /// Returns how many records each shard of a stream has refused lately, by which those are known that have. The stream
    /// is known by when it was made.
    pub(super) fn refused(&self, created: Millis) -> HashMap<ShardId, u64> {
        let Some(buckets) = &self.0 else { return HashMap::new() };
        let all = buckets.shards.lock().unwrap_or_else(PoisonError::into_inner);
        let of_stream = all.iter().filter(|((of, _), own)| *of == created && own.refused > 0);
        of_stream.map(|((_, shard), own)| (*shard, own.refused)).collect()
    }

    /// Counts a request for a place in a shard.
    pub(super) fn find(&self, stream: &str, of: OfShard) -> Result<(), ApiError> {
        let Some(buckets) = &self.0 else { return Ok(()) };
        let mut all = buckets.shards.lock().unwrap_or_else(PoisonError::into_inner);
        let own = bucket(&mut all, of, Instant::now());
        if own.finds.left < 1.0 {
            return Err(exceeded(stream, of.1));
        }
        own.finds.left -= 1.0;
        Ok(())
    }

    /// Counts a request for a shard's records.
    pub(super) fn read(&self, stream: &str, of: OfShard) -> Result<(), ApiError> {
        let Some(buckets) = &self.0 else { return Ok(()) };
        let mut all = buckets.shards.lock().unwrap_or_else(PoisonError::into_inner);
        let own = bucket(&mut all, of, Instant::now());
        if own.reads.left < 1.0 || own.read_bytes.left <= 0.0 {
            return Err(exceeded(stream, of.1));
        }
        own.reads.left -= 1.0;
        Ok(())
    }

    /// Counts what such a request was given.
    pub(super) fn was_read(&self, of: OfShard, bytes: usize) {
        let Some(buckets) = &self.0 else { return };
        let mut all = buckets.shards.lock().unwrap_or_else(PoisonError::into_inner);
        #[expect(clippy::cast_precision_loss, reason = "an answer is far smaller")]
        let bytes = bytes as f64;
        bucket(&mut all, of, Instant::now()).read_bytes.left -= bytes;
    }
}

/// Takes one from a bucket; refuses where none is left.
fn take<K>(bucket: Entry<'_, K, Bucket>, each_second: f64, what: impl FnOnce() -> String) -> Result<(), ApiError> {
    let now = Instant::now();
    let bucket = bucket.or_insert_with(|| Bucket::full(each_second, now));
    bucket.fill(each_second, now);
    if bucket.left < 1.0 {
        let message = format!("Rate exceeded for {}: {each_second} requests in a second.", what());
        return Err(ApiError::new(Kind::LimitExceeded, message));
    }
    bucket.left -= 1.0;
    Ok(())
}

fn bucket(all: &mut HashMap<OfShard, ShardBuckets>, of: OfShard, now: Instant) -> &mut ShardBuckets {
    if all.len() >= MOST_REMEMBERED {
        all.retain(|_, shard| {
            shard.fill(now);
            !shard.is_full()
        });
    }
    let own = all.entry(of).or_insert_with(|| ShardBuckets::new(now));
    own.fill(now);
    own
}

fn exceeded(stream: &str, shard: ShardId) -> ApiError {
    let message = format!("Rate exceeded for shard {shard} in stream {stream} under account {ACCOUNT}.");
    ApiError::new(Kind::ProvisionedThroughputExceeded, message)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_bucket_fills_with_time_and_no_further_than_a_second() {
        let begin = Instant::now();
        let after = |millis| begin + Duration::from_millis(millis);
        let mut bucket = Bucket::full(1_000.0, begin);
        bucket.left -= 1_000.0;
        bucket.fill(1_000.0, after(250));
        assert!((bucket.left - 250.0).abs() < 1e-6, "{bucket:?}");
        bucket.fill(1_000.0, after(10_000));
        assert!((bucket.left - 1_000.0).abs() < 1e-6, "{bucket:?}");
        // What was given beyond it is waited for.
        bucket.left -= 5_000.0;
        bucket.fill(1_000.0, after(13_000));
        assert!(bucket.left < 0.0);
        bucket.fill(1_000.0, after(14_500));
        assert!(bucket.left > 0.0);
        // A clock that stands still brings nothing.
        let left = bucket.left;
        bucket.fill(1_000.0, after(14_500));
        assert_eq!(bucket.left.to_bits(), left.to_bits());
    }

    #[test]
    fn operations_have_rates_of_their_own() {
        let throttle = Throttle::new(true);
        throttle.operation("DescribeLimits").unwrap();
        assert_eq!(throttle.operation("DescribeLimits").unwrap_err().kind, Kind::LimitExceeded);
        throttle.operation("ListStreams").unwrap();
        for _ in 0..2_000 {
            // Their shards say how much of these there may be.
            throttle.operation("PutRecords").unwrap();
        }
        let none = Throttle::new(false);
        assert!((0..100).all(|_| none.operation("DescribeLimits").is_ok()));
    }

    #[test]
    fn every_operation_of_the_table_is_one_and_named_once() {
        let names: Vec<&str> = OPERATIONS.iter().map(|(name, _)| *name).collect();
        assert!(names.is_sorted_by(|one, other| one < other), "{names:?}");
        assert!(names.iter().all(|name| super::super::OPERATIONS.iter().any(|operation| operation.name == *name)));
    }
}
