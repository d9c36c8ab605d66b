//! Rows on their way into streams elsewhere: what a query has made lies in a log on this machine until it is there.
//!
//! A row is made in one commit with the place behind the records that it is made of, so that none is made twice. It is
//! written elsewhere before it is noted as written: a process that dies between the two writes it again.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::plan::{ERROR_STREAM, Plan};
use crate::streams::local::{Commit, LocalLog};
use crate::streams::{Appends, Backoff, Block, Capacity, Log, LogError, ReadLimit, ShardId};

use super::super::local::Waiting;

/// How many bytes of rows may wait until no more are made: minutes of what a shard takes (1 MiB a second, Kinesis quotas).
const MOST: u64 = 64 << 20;
/// What is written at once: what one request takes (Kinesis API reference, `PutRecords`), so that little is written again
/// by the process behind one that died.
const LOT: ReadLimit = ReadLimit { records: 500, bytes: 4 << 20 };
/// How long to wait behind a failure that passes: at first, and at the most.
const FIRST_RETRY: Duration = Duration::from_millis(250);
const LONGEST_RETRY: Duration = Duration::from_secs(5);
/// Every stream has one shard here: its rows go in the order in which they were made.
const SHARD: ShardId = ShardId(0);

/// The rows that wait.
pub(super) struct Outbox {
    log: Arc<LocalLog>,
    /// Where they go, by the name of the stream.
    streams: BTreeMap<String, Lane>,
    full: watch::Sender<bool>,
}

/// The rows of one stream.
struct Lane {
    /// How many bytes were written.
    written: AtomicU64,
    /// Why no more is written for now. Held only for a look or a change: nothing awaits under it.
    trouble: Mutex<Option<String>>,
}

/// How far a stream has been written, as the log keeps it.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Written {
    /// The offset of the next row.
    next: u64,
    /// The bytes of the rows before it.
    bytes: u64,
}

impl Outbox {
    /// Opens the outbox of a plan's queries in a log that is theirs alone.
    pub(super) fn open(log: &Arc<LocalLog>, plan: &Plan) -> Result<Self, LogError> {
        let mut streams = BTreeMap::new();
        for name in written(plan) {
            match log.create_stream(name, Capacity::Provisioned(1)) {
                Ok(()) | Err(LogError::StreamExists { .. }) => {}
                Err(error) => return Err(error),
            }
            let lane = Lane { written: AtomicU64::new(noted(log, name)?.bytes), trouble: Mutex::default() };
            streams.insert(name.to_owned(), lane);
        }
        let this = Self { log: Arc::clone(log), streams, full: watch::Sender::new(false) };
        this.measure()?;
        Ok(this)
    }

    /// Names the streams that are written.
    pub(super) fn streams(&self) -> impl Iterator<Item = &str> {
        self.streams.keys().map(String::as_str)
    }

    /// Tells whether so much waits that no more is to be made.
    pub(super) fn full(&self) -> watch::Receiver<bool> {
        self.full.subscribe()
    }

    /// Returns what waits.
    pub(super) fn waiting(&self) -> Waiting {
        let reason = |lane: &Lane| lane.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Waiting { bytes: self.bytes().unwrap_or_default(), reason: self.streams.values().find_map(reason) }
    }

    /// Keeps an eye on how much waits, for as long as it is polled.
    pub(super) async fn watch(&self) -> Result<(), LogError> {
        let mut version = self.log.version();
        loop {
            self.measure()?;
            if version.changed().await.is_err() {
                return Ok(());
            }
        }
    }

    /// Writes the rows of a stream as they are made, until `stop` turns true and none is left. What passes is waited for;
    /// what does not is a failure.
    pub(super) async fn write(
        &self,
        name: &str,
        to: &dyn Log,
        mut stop: watch::Receiver<bool>,
    ) -> Result<(), LogError> {
        let mut version = self.log.version();
        let Written { mut next, mut bytes } = noted(&self.log, name)?;
        let mut retry = Backoff::new(FIRST_RETRY, LONGEST_RETRY);
        let mut lot = Appends::new();
        loop {
            version.mark_unchanged();
            let stopping = *stop.borrow_and_update();
            let records = self.log.read_from(name, SHARD, next, LOT)?;
            lot.clear();
            for record in records.blocks.iter().flat_map(Block::records) {
                lot.push(record.partition_key, record.data);
            }
            if lot.is_empty() {
                if stopping {
                    return Ok(());
                }
                tokio::select! {
                    _ = version.changed() => {}
                    _ = stop.changed() => {}
                }
                continue;
            }
            match to.append(name, &lot).await {
                Ok(_) => retry = Backoff::new(FIRST_RETRY, LONGEST_RETRY),
                Err(error @ LogError::Endpoint { retryable: true, .. }) => {
                    self.note(name, Some(format!("stream {name} cannot be written for now: {error}")));
                    sleep(retry.next_pause()).await;
                    continue;
                }
                Err(error) => return Err(error),
            }
            self.note(name, None);
            next = records.next;
            bytes += lot.data_bytes() as u64;
            self.keep(name, Written { next, bytes })?;
        }
    }

    /// Notes how far a stream was written, and lets go of what was.
    fn keep(&self, name: &str, written: Written) -> Result<(), LogError> {
        let (key, value) = (key(name), serde_json::to_vec(&written).expect("numbers are JSON"));
        self.log.commit(Commit { appends: Vec::new(), state: vec![(key.as_str(), value)] })?;
        if let Some(lane) = self.streams.get(name) {
            lane.written.store(written.bytes, Ordering::Relaxed);
        }
        tokio::task::block_in_place(|| {
            self.log.trim(name, SHARD, written.next)?;
            self.log.tend()
        })
    }

    fn note(&self, name: &str, trouble: Option<String>) {
        if let Some(lane) = self.streams.get(name) {
            *lane.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
        }
    }

    fn measure(&self) -> Result<(), LogError> {
        let full = self.bytes()? > MOST;
        self.full.send_if_modified(|known| std::mem::replace(known, full) != full);
        Ok(())
    }

    /// Returns how many bytes wait.
    fn bytes(&self) -> Result<u64, LogError> {
        self.streams.iter().try_fold(0, |sum, (name, lane)| {
            let given = self.log.bytes_given(name)?;
            Ok(sum + given.saturating_sub(lane.written.load(Ordering::Relaxed)))
        })
    }
}

/// Returns how many bytes of rows wait in a log.
pub fn waiting(log: &LocalLog, plan: &Plan) -> Result<u64, LogError> {
    let there = log.stream_names();
    written(plan)
        .into_iter()
        .filter(|name| there.iter().any(|there| there == name))
        .try_fold(0, |sum, name| Ok(sum + log.bytes_given(name)?.saturating_sub(noted(log, name)?.bytes)))
}

/// Names the streams that the queries of a plan write.
fn written(plan: &Plan) -> Vec<&str> {
    let mut names = vec![ERROR_STREAM];
    for (query, _) in plan.outputs() {
        names.extend(query.stream.as_deref());
        names.extend(query.late.as_deref());
    }
    names.sort_unstable();
    names.dedup();
    names
}

/// Returns how far a stream was written.
fn noted(log: &LocalLog, name: &str) -> Result<Written, LogError> {
    let value = log.state(&key(name))?;
    // It is written in one step and by nobody else.
    Ok(value.and_then(|value| serde_json::from_slice(&value).ok()).unwrap_or_default())
}

fn key(name: &str) -> String {
    format!("outbox/{name}")
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::document::Document;
    use crate::streams::local::Durability;

    const PIPELINE: &str = r#"
[pipeline]
name = "p"
[streams.a]
columns = { v = "BIGINT" }
[streams.b]
[queries.b]
from = "a"
select = { v = "v" }
[targets.lean]
streams = "kinesis"
engine = "embedded"
"#;

    fn log() -> (TempDir, Arc<LocalLog>) {
        let dir = TempDir::new().expect("a temporary folder");
        let log = LocalLog::open(dir.path(), Durability::Process).expect("a new log");
        (dir, log)
    }

    fn numbers(log: &LocalLog) -> Vec<u32> {
        let all = ReadLimit { records: usize::MAX, bytes: usize::MAX };
        let blocks = log.read_from("b", SHARD, 0, all).expect("records").blocks;
        let number = |data: &[u8]| u32::from_be_bytes(data[..4].try_into().expect("four bytes"));
        blocks.iter().flat_map(|block| block.records().map(|record| number(record.data)).collect::<Vec<_>>()).collect()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn rows_wait_until_they_are_written_and_go_once_and_in_order() {
        let plans = Plan::check(&Document::new("p.toml", PIPELINE)).expect("a legal file");
        let plan = plans.iter().find(|plan| plan.target.name == "lean").expect("the target");
        let ((_here, here), (_there, there)) = (log(), log());
        there.create_stream("b", Capacity::Provisioned(1)).expect("a stream");
        let outbox = Outbox::open(&here, plan).expect("an outbox");
        assert_eq!(outbox.streams().collect::<Vec<_>>(), ["b", ERROR_STREAM]);
        let full = outbox.full();
        let count = u32::try_from(MOST / (1 << 20)).expect("small") + 1;
        for number in 0..count {
            let (mut rows, mut row) = (Appends::new(), vec![0; 1 << 20]);
            row[..4].copy_from_slice(&number.to_be_bytes());
            rows.push("k", &row);
            here.append_records("b", &rows).expect("room");
        }
        outbox.measure().expect("it is open");
        assert!(*full.borrow());
        assert_eq!(waiting(&here, plan).expect("it is open"), u64::from(count) << 20);
        drop(outbox);

        let outbox = Outbox::open(&here, plan).expect("an outbox");
        assert!(*outbox.full().borrow(), "what waits is known to the next process");
        let (_stop, stop) = watch::channel(true);
        outbox.write("b", there.as_ref(), stop.clone()).await.expect("it is written");
        outbox.measure().expect("it is open");
        assert!(!*outbox.full().borrow());
        assert_eq!(numbers(&there), (0..count).collect::<Vec<_>>());
        assert!(here.stats("b").expect("it is there").records <= 1, "what was written is let go of");
        outbox.write("b", there.as_ref(), stop).await.expect("nothing is left");
        assert_eq!(there.stats("b").expect("it is there").records, u64::from(count));
        assert_eq!(outbox.waiting(), Waiting { bytes: 0, reason: None });
    }
}
