//! A query at work: from its stream's log, through the windows, into the logs of its outputs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use datafusion_common::DataFusionError;
use tokio::sync::watch;
use tokio::task::block_in_place;

use crate::plan::{ERROR_STREAM, Plan, Query, Stream, Time};
use crate::streams::local::{Commit, LocalLog};
use crate::streams::{Appends, Block, LogError, Millis, Position, ReadLimit, ShardId};

use super::checkpoint::{self, CheckpointError, Restored};
use super::divert::{Diverted, divert};
use super::json::{key_text, write_row};
use super::operator::{Shard, Turn, WindowedQuery};
use super::status::{Counters, QueryStatus, Sample};

/// How much one turn reads of a shard: large enough that a batch pays, small enough that two of them fit a core's cache.
const TURN: ReadLimit = ReadLimit { records: 32 * 1024, bytes: 8 << 20 };
/// How often time goes on where no record arrives: the delay with which a quiet stream's window closes.
const TICK: Duration = Duration::from_millis(100);
/// How long to wait after records arrived for more to come with them: few turns, whatever the producers' batches.
const GATHER: Duration = Duration::from_millis(10);
/// How often state is saved where nothing else calls for it: what is read again after a crash.
const SAVE: Duration = Duration::from_secs(1);
/// How many bytes of diverted and late records wait for the next saving at the most.
const UNSAVED: usize = 4 << 20;
/// How long to wait where records wait for another shard.
const WAIT: Duration = Duration::from_millis(1);
/// After how long without progress a stopping query gives up on records that wait for another shard.
const STUCK: Duration = Duration::from_secs(1);
/// Saving may take one part in this many of the time, whatever the size of the state.
const SAVE_SHARE: u32 = 10;

/// A failure that ends a query.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The log failed.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The saved state cannot be read.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// `DataFusion` refused the query, or failed over a whole batch.
    #[error("query `{query}` cannot be run: {source}")]
    Query {
        /// The query.
        query: String,
        /// What it said.
        #[source]
        source: DataFusionError,
    },
}

/// One query of a plan over a local log.
pub struct Engine {
    log: Arc<LocalLog>,
    query: Query,
    stream: Stream,
    output: Stream,
    windowed: WindowedQuery,
    fingerprint: String,
    state_key: String,
    counters: Counters,
    offsets: Vec<u64>,
    status: watch::Sender<QueryStatus>,
    saved: Instant,
    save_took: Duration,
    dirty: bool,
    unsaved: Outputs,
    restored: Option<Restored>,
}

impl Engine {
    /// Builds the query and takes up its saved state, where there is one. The streams exist.
    pub fn open(log: Arc<LocalLog>, plan: &Plan, query: &Query) -> Result<Self, EngineError> {
        let failed = |source| EngineError::Query { query: query.name.clone(), source };
        let stream = plan.stream(&query.from).expect("the plan has the stream that a query reads").clone();
        let output = plan.stream(&query.name).expect("the plan has the stream that a query writes").clone();
        let shards = log.describe_stream(&stream.name)?.shards.len();
        let mut windowed = WindowedQuery::new(query, &stream, shards).map_err(failed)?;
        let fingerprint = checkpoint::fingerprint(query, &stream);
        let state_key = state_key(&query.name);
        let mut counters = Counters::default();
        let mut restored = None;
        if let Some(bytes) = log.state(&state_key)? {
            let read = checkpoint::restore(&mut windowed, &fingerprint, &mut counters, &bytes);
            restored = Some(read.map_err(|error| CheckpointError::Unreadable {
                query: query.name.clone(),
                reason: error.strip_backtrace(),
            })?);
        }
        let offsets = match offsets(&log, &stream, &windowed) {
            // The place is one in another stream: that which the query read before, or one that was removed.
            Err(LogError::InvalidSequence { .. }) => {
                windowed = WindowedQuery::new(query, &stream, shards).map_err(failed)?;
                counters = Counters::default();
                restored = Some(Restored::Nothing);
                offsets(&log, &stream, &windowed)?
            }
            found => found?,
        };
        let status = QueryStatus { name: query.name.clone(), from: query.from.clone(), ..QueryStatus::default() };
        let mut engine = Self {
            log,
            query: query.clone(),
            stream,
            output,
            windowed,
            fingerprint,
            state_key,
            counters,
            offsets,
            status: watch::Sender::new(status),
            saved: Instant::now(),
            save_took: Duration::ZERO,
            dirty: false,
            unsaved: Outputs::default(),
            restored,
        };
        engine.resume()?;
        Ok(engine)
    }

    /// Takes the log to where the saved state was in time, and looks how far behind that is.
    fn resume(&mut self) -> Result<(), EngineError> {
        if let (Time::Arrival, Some(moment)) = (&self.stream.time, self.windowed.watermark.moment()) {
            // Windows up to here are closed: no record may arrive before, even if the clock was set back since.
            self.log.not_before(&self.stream.name, moment.div_euclid(1000))?;
        }
        let mut behind = 0;
        for (index, offset) in (0u32..).zip(&self.offsets) {
            let next =
                self.log.read_from(&self.stream.name, ShardId(index), *offset, ReadLimit { records: 1, bytes: 1 })?;
            let arrival = next.blocks.first().map(Block::arrival);
            behind = behind.max(arrival.map_or(0, |arrival| crate::streams::now().saturating_sub(arrival)));
        }
        self.tell(behind);
        Ok(())
    }

    /// Returns what of the saved state is gone, to be told, where it is not taken up whole.
    pub fn loss(&self) -> Option<&'static str> {
        match self.restored? {
            Restored::Whole => None,
            Restored::Position => Some("has changed: what its open windows held is dropped"),
            Restored::Nothing => {
                Some("reads another stream than before, or one that was made anew: it starts with its first record")
            }
        }
    }

    /// Returns how the query stands, now and later.
    pub fn status(&self) -> watch::Receiver<QueryStatus> {
        self.status.subscribe()
    }

    /// Works until `stop` turns true and every record accepted by then is processed; saves the state last.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) -> Result<(), EngineError> {
        let mut version = self.log.version();
        let mut moved = Instant::now();
        loop {
            version.mark_unchanged();
            let stopping = *stop.borrow();
            let turned = block_in_place(|| self.step())?;
            if turned.moved() {
                moved = Instant::now();
            }
            // Records that wait for another shard wait no longer than a moment, unless the clock was set back: then they
            // are read again by the next run.
            if stopping && !turned.moved() && (turned.at_end || moved.elapsed() >= STUCK) {
                return block_in_place(|| self.save());
            }
            if turned.read >= TURN.records {
                tokio::task::yield_now().await;
            } else if !turned.at_end || stopping {
                if !turned.moved() {
                    tokio::time::sleep(WAIT).await;
                }
            } else {
                tokio::select! {
                    _ = version.changed() => tokio::time::sleep(GATHER).await,
                    _ = stop.changed() => {}
                    () = tokio::time::sleep(TICK) => {}
                }
            }
        }
    }

    /// Processes everything that the log holds now, and saves the state. Blocks.
    pub fn catch_up(&mut self) -> Result<(), EngineError> {
        loop {
            let step = self.step()?;
            if !step.moved() && step.at_end {
                return self.save();
            }
        }
    }

    /// One turn over all shards.
    fn step(&mut self) -> Result<Step, EngineError> {
        let mut reads: Vec<Option<(Vec<Block>, Option<Millis>)>> = Vec::with_capacity(self.offsets.len());
        let mut count = 0;
        let mut behind = 0;
        let mut at_end = true;
        for (index, offset) in (0u32..).zip(&mut self.offsets) {
            if !self.windowed.wants(index as usize) {
                at_end = false;
                reads.push(None);
                continue;
            }
            let records = self.log.read_from(&self.stream.name, ShardId(index), *offset, TURN)?;
            count += records.blocks.iter().map(Block::len).sum::<usize>();
            behind = behind.max(records.millis_behind);
            at_end &= records.complete_until.is_some();
            *offset = records.next;
            reads.push(Some((records.blocks, records.complete_until)));
        }
        let turn = self
            .windowed
            .turn(reads)
            .map_err(|source| EngineError::Query { query: self.query.name.clone(), source })?;
        self.dirty |= turn.consumed > 0;
        self.counters.records += turn.consumed;
        self.take_outputs(&turn);
        let due = self.saved.elapsed() >= SAVE.max(self.save_took * SAVE_SHARE);
        if self.unsaved.calls_for_saving() || (self.dirty && due) {
            self.save()?;
        }
        self.tell(behind);
        Ok(Step { read: count, consumed: turn.consumed, at_end: at_end && self.windowed.is_idle() })
    }

    /// Writes rows, diverted records, positions and windows in one commit.
    fn save(&mut self) -> Result<(), EngineError> {
        let begun = Instant::now();
        let outputs = std::mem::take(&mut self.unsaved);
        let state = checkpoint::save(&mut self.windowed, &self.fingerprint, &self.counters)
            .map_err(|source| EngineError::Query { query: self.query.name.clone(), source })?;
        let mut appends = vec![(self.query.name.as_str(), &outputs.rows), (ERROR_STREAM, &outputs.errors)];
        if let Some(late) = &self.query.late {
            appends.push((late, &outputs.late));
        }
        appends.retain(|(_, records)| !records.is_empty());
        self.log.commit(Commit { appends, state: vec![(self.state_key.as_str(), state)] })?;
        self.saved = Instant::now();
        self.save_took = begun.elapsed();
        self.dirty = false;
        Ok(())
    }

    /// Adds what a turn brought to what is to be written with the next state.
    fn take_outputs(&mut self, turn: &Turn) {
        let mut outputs = std::mem::take(&mut self.unsaved);
        self.counters.windows += turn.closed.windows as u64;
        for batch in &turn.closed.rows {
            self.counters.rows += batch.num_rows() as u64;
            for row in 0..batch.num_rows() {
                let key = self.partition_key(batch, row);
                outputs.rows.push_with(&key, |out| write_row(batch, row, out));
            }
        }
        let now = crate::streams::now();
        for (batch, reason) in &turn.closed.failed {
            self.counters.bad += 1;
            let mut data = Vec::new();
            write_row(batch, 0, &mut data);
            let name = "RowNotComputed";
            divert(
                &Diverted { name, message: reason, query: &self.query.name, row_time: now, origin: None, data: &data },
                now,
                &mut outputs.errors,
            );
            self.sample_bad(Sample::new(String::new(), String::new(), reason.clone(), &data));
        }
        for bad in &turn.bad {
            self.counters.bad += 1;
            let shard = shard_name(bad.shard);
            let sequence = bad.sequence.to_string();
            self.sample_bad(Sample::new(shard.clone(), sequence.clone(), bad.reason.clone(), &bad.data));
            let diverted = Diverted {
                name: "RecordNotRead",
                message: &bad.reason,
                query: &self.query.name,
                row_time: bad.arrival,
                origin: Some((shard, sequence)),
                data: &bad.data,
            };
            divert(&diverted, now, &mut outputs.errors);
        }
        for late in &turn.late {
            self.counters.late += 1;
            if self.query.late.is_some() {
                outputs.late.push(&late.partition_key, &late.data);
            }
            let reason = format!("its window was over: time {}", super::json::moment_text(late.moment));
            let sample = Sample::new(shard_name(late.shard), late.sequence.to_string(), reason, &late.data);
            self.status.send_modify(|status| Sample::push(&mut status.late, sample));
        }
        self.unsaved = outputs;
    }

    fn sample_bad(&self, sample: Sample) {
        self.status.send_modify(|status| Sample::push(&mut status.bad, sample));
    }

    /// The declared column's text, else the group's, so that a group's rows keep their order.
    fn partition_key(&self, batch: &arrow::array::RecordBatch, row: usize) -> String {
        let columns: Vec<usize> = match self.output.partition_key {
            Some(column) => vec![column],
            None => (0..self.query.group_by.len()).collect(),
        };
        let parts: Vec<String> = columns.iter().map(|index| key_text(batch.column(*index).as_ref(), row)).collect();
        let mut key: String = parts.join("|").chars().take(MAX_PARTITION_KEY).collect();
        if key.is_empty() {
            key.push('-');
        }
        key
    }

    fn tell(&mut self, millis_behind: i64) {
        let (watermark, open_windows, open_groups) =
            (self.windowed.watermark.moment(), self.windowed.open_windows(), self.windowed.open_groups());
        self.status.send_modify(|status| {
            status.counters = self.counters.clone();
            status.watermark = watermark;
            status.open_windows = open_windows;
            status.open_groups = open_groups;
            status.millis_behind = millis_behind;
        });
    }
}

/// The longest partition key, in characters (Kinesis API, `PutRecord`).
const MAX_PARTITION_KEY: usize = 256;

/// What one turn did.
struct Step {
    /// Records read.
    read: usize,
    /// Records judged.
    consumed: u64,
    /// Whether nothing is left that could be judged now.
    at_end: bool,
}

impl Step {
    fn moved(&self) -> bool {
        self.read > 0 || self.consumed > 0
    }
}

/// What is to be written with the next state.
#[derive(Default)]
struct Outputs {
    rows: Appends,
    errors: Appends,
    late: Appends,
}

impl Outputs {
    /// Returns whether somebody waits for it, or it takes up room.
    fn calls_for_saving(&self) -> bool {
        !self.rows.is_empty() || self.errors.data_bytes() + self.late.data_bytes() > UNSAVED
    }
}

/// Returns the offset in each shard behind what has been consumed.
fn offsets(log: &LocalLog, stream: &Stream, windowed: &WindowedQuery) -> Result<Vec<u64>, LogError> {
    let offset = |(index, shard): (u32, &Shard)| {
        let position = shard.consumed.clone().map_or(Position::Earliest, Position::After);
        log.offset_of(&stream.name, ShardId(index), &position)
    };
    (0u32..).zip(&windowed.shards).map(offset).collect()
}

/// Returns the key under which a query's state is saved.
fn state_key(query: &str) -> String {
    format!("engine/{query}")
}

/// Returns whether a query asks something else than the one whose state is saved; `None` where no state is saved.
pub fn has_changed(log: &LocalLog, plan: &Plan, query: &Query) -> Result<Option<bool>, EngineError> {
    let Some(stream) = plan.stream(&query.from) else { return Ok(None) };
    let saved = log.state(&state_key(&query.name))?;
    let saved = saved.as_deref().and_then(checkpoint::saved_fingerprint);
    Ok(saved.map(|saved| saved != checkpoint::fingerprint(query, stream)))
}

/// Reads how a query stood when its state was last saved, without running it.
pub fn saved_status(log: &Arc<LocalLog>, plan: &Plan, query: &Query) -> Result<QueryStatus, EngineError> {
    let engine = Engine::open(Arc::clone(log), plan, query)?;
    let status = engine.status.borrow().clone();
    Ok(status)
}

fn shard_name(index: usize) -> String {
    ShardId(u32::try_from(index).unwrap_or(u32::MAX)).to_string()
}
