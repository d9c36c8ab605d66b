//! A query at work: from its stream's log, through the windows, into the logs of its outputs.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use datafusion_common::DataFusionError;
use tokio::sync::watch;
use tokio::task::block_in_place;

use crate::plan::{ERROR_STREAM, Plan, Query};
use crate::record::RecordFormat;
use crate::streams::local::{Commit, LocalLog};
use crate::streams::{Block, LogError, Position, ReadLimit, ShardId};

use super::checkpoint::{self, CheckpointError, Restored};
use super::chunk::shard_name;
use super::divert::{Diverted, divert};
use super::graph::{Graph, ShardRead};
use super::lookup::LookupError;
use super::operator::Turn;
use super::outputs::{Outputs, partition_key, write_record};
use super::rows::{Rows, Stray};
use super::source::Shard;
use super::status::{Counters, QueryStatus, Sample};
use super::table::TableError;

/// How much one turn reads of a shard: large enough that a batch pays, small enough that two of them fit a core's cache.
const TURN: ReadLimit = ReadLimit { records: 32 * 1024, bytes: 8 << 20 };
/// How often time goes on where no record arrives: the delay with which a quiet stream's window closes.
const TICK: Duration = Duration::from_millis(100);
/// How long to wait after records arrived for more to come with them: few turns, whatever the producers' batches.
const GATHER: Duration = Duration::from_millis(10);
/// How often state is saved where nothing else calls for it: what is read again after a crash.
const SAVE: Duration = Duration::from_secs(1);
/// How many bytes of rows, diverted and late records wait for the next saving at the most.
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
    /// A table cannot be read.
    #[error(transparent)]
    Table(#[from] TableError),
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

impl EngineError {
    /// Makes a failure of a query over its tables.
    pub(super) fn of_table(query: &Query, error: LookupError) -> Self {
        match error {
            LookupError::Table(error) => error.into(),
            LookupError::Index(source) => Self::Query { query: query.name.clone(), source },
        }
    }
}

/// One query of a plan over a local log.
pub struct Engine {
    log: Arc<LocalLog>,
    query: Query,
    /// How its rows are written.
    format: RecordFormat,
    graph: Graph,
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
        let streams: Vec<String> = plan.streams_read(query).into_iter().map(str::to_owned).collect();
        let mut shards: Vec<(&str, usize)> = Vec::with_capacity(streams.len());
        for stream in &streams {
            shards.push((stream, log.describe_stream(stream)?.shards.len()));
        }
        let count = |stream: &str| shards.iter().find(|(name, _)| *name == stream).map_or(0, |(_, count)| *count);
        let mut graph = Graph::new(plan, query, count).map_err(failed)?;
        let fingerprint = checkpoint::fingerprint(plan, query);
        let state_key = state_key(query);
        let mut counters = Counters::default();
        let mut restored = None;
        if let Some(bytes) = log.state(&state_key)? {
            let read = checkpoint::restore(&mut graph, &fingerprint, &mut counters, &bytes);
            restored = Some(read.map_err(|error| CheckpointError::Unreadable {
                query: query.name.clone(),
                reason: error.strip_backtrace(),
            })?);
        }
        let offsets = match offsets(&log, &graph) {
            // The place is one in another stream: that which the query read before, or one that was removed.
            Err(LogError::InvalidSequence { .. }) => {
                graph = Graph::new(plan, query, count).map_err(failed)?;
                counters = Counters::default();
                restored = Some(Restored::Nothing);
                offsets(&log, &graph)?
            }
            found => found?,
        };
        let status = QueryStatus { name: query.name.clone(), from: streams.join(", "), ..QueryStatus::default() };
        let mut engine = Self {
            log,
            query: query.clone(),
            format: query.stream.as_ref().and_then(|name| plan.stream(name)).map_or(RecordFormat::Json, |it| it.format),
            graph,
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

    /// Takes the logs to where the saved state was in time, and looks how far behind that is.
    fn resume(&mut self) -> Result<(), EngineError> {
        let watermark = &self.graph.time.watermark;
        for source in &self.graph.sources {
            if let (true, Some(moment)) = (watermark.is_by_arrival(), watermark.moment()) {
                // Windows up to here are closed: no record may arrive before, even if the clock was set back since.
                self.log.not_before(&source.stream, moment.div_euclid(1000))?;
            }
        }
        let mut behind = 0;
        for ((stream, shard, _), offset) in self.graph.shards().zip(&self.offsets) {
            let next = self.log.read_from(stream, shard_id(shard), *offset, ReadLimit { records: 1, bytes: 1 })?;
            let arrival = next.blocks.first().map(Block::arrival);
            behind = behind.max(arrival.map_or(0, |arrival| crate::streams::now().saturating_sub(arrival)));
        }
        self.tell(behind);
        Ok(())
    }

    /// Reads the tables that the query joins with, which is needed before it runs. `folder` is that of the pipeline file.
    pub fn read_tables(&mut self, folder: &Path) -> Result<(), EngineError> {
        self.graph.read_tables(folder).map_err(|error| EngineError::of_table(&self.query, error))
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
        let wanted = self.graph.wanted();
        let mut reads: Vec<Option<ShardRead>> = Vec::with_capacity(wanted.len());
        let mut count = 0;
        let mut behind = 0;
        let mut at_end = true;
        for (((stream, shard, _), wanted), offset) in self.graph.shards().zip(wanted).zip(&mut self.offsets) {
            if !wanted {
                at_end = false;
                reads.push(None);
                continue;
            }
            let records = self.log.read_from(stream, shard_id(shard), *offset, TURN)?;
            count += records.blocks.iter().map(Block::len).sum::<usize>();
            behind = behind.max(records.millis_behind);
            at_end &= records.complete_until.is_some();
            *offset = records.next;
            reads.push(Some((records.blocks, records.complete_until)));
        }
        let turned = self.graph.turn(reads);
        let (rows, turn) = turned.map_err(|source| EngineError::Query { query: self.query.name.clone(), source })?;
        self.dirty |= turn.consumed > 0;
        self.counters.records += turn.consumed;
        self.take_outputs(&rows, &turn);
        let since = self.saved.elapsed();
        let (allowed, due) = (since >= self.save_took * SAVE_SHARE, since >= SAVE);
        if self.unsaved.bytes() > UNSAVED || (allowed && (self.unsaved.is_awaited() || (self.dirty && due))) {
            self.save()?;
        }
        self.tell(behind);
        Ok(Step { read: count, consumed: turn.consumed, at_end: at_end && self.graph.is_idle() })
    }

    /// Writes rows, diverted records, positions and windows in one commit.
    fn save(&mut self) -> Result<(), EngineError> {
        let begun = Instant::now();
        let outputs = std::mem::take(&mut self.unsaved);
        let state = checkpoint::save(&mut self.graph, &self.fingerprint, &self.counters)
            .map_err(|source| EngineError::Query { query: self.query.name.clone(), source })?;
        let mut appends = vec![(ERROR_STREAM, &outputs.errors)];
        if let Some(stream) = &self.query.stream {
            appends.insert(0, (stream.as_str(), &outputs.rows));
        }
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
    fn take_outputs(&mut self, rows: &Rows, turn: &Turn) {
        let mut outputs = std::mem::take(&mut self.unsaved);
        self.counters.windows += turn.windows as u64;
        self.counters.rows += rows.len() as u64;
        for row in 0..rows.len() {
            let key = partition_key(&self.query.partition_by, rows, row);
            outputs.rows.push_with(&key, |out| write_record(self.format, &rows.batch, row, out));
        }
        let now = crate::streams::now();
        for (stray, reason) in &turn.bad {
            self.counters.bad += 1;
            let (shard, sequence) = place(stray);
            self.sample_bad(Sample::new(shard.clone(), sequence.clone(), reason.clone(), &stray.data));
            let diverted = Diverted {
                name: if stray.origin.is_some() { "RecordNotRead" } else { "RowNotComputed" },
                message: reason,
                query: &self.query.name,
                row_time: if stray.origin.is_some() { stray.arrival } else { now },
                origin: stray.origin.is_some().then_some((shard, sequence)),
                data: &stray.data,
            };
            divert(&diverted, now, &mut outputs.errors);
        }
        for (stray, moment) in &turn.late {
            self.counters.late += 1;
            let key = stray.origin.as_ref().map_or("-", |(_, _, key)| key);
            if self.query.late.is_some() {
                outputs.late.push(key, &stray.data);
            }
            let (shard, sequence) = place(stray);
            let reason = format!("its window was over: time {}", super::json::moment_text(*moment));
            let sample = Sample::new(shard, sequence, reason, &stray.data);
            self.status.send_modify(|status| Sample::push(&mut status.late, sample));
        }
        self.unsaved = outputs;
    }

    fn sample_bad(&self, sample: Sample) {
        self.status.send_modify(|status| Sample::push(&mut status.bad, sample));
    }

    fn tell(&mut self, millis_behind: i64) {
        let (watermark, open, notes) = (self.graph.watermark(), self.graph.open(), self.graph.troubles());
        self.status.send_modify(|status| {
            status.counters = self.counters.clone();
            status.watermark = watermark;
            status.open_windows = open.windows;
            status.open_groups = open.groups;
            status.millis_behind = millis_behind;
            status.notes = notes;
        });
    }
}

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

/// Returns the offset in each shard behind what has been consumed.
fn offsets(log: &LocalLog, graph: &Graph) -> Result<Vec<u64>, LogError> {
    let offset = |(stream, index, shard): (&str, usize, &Shard)| {
        let position = shard.consumed.clone().map_or(Position::Earliest, Position::After);
        log.offset_of(stream, shard_id(index), &position)
    };
    graph.shards().map(offset).collect()
}

/// Returns where a record lies: its shard and its sequence number; nothing for a row that is no record.
fn place(stray: &Stray) -> (String, String) {
    let place = stray.origin.as_ref().map(|(shard, sequence, _)| (shard_name(*shard), sequence.to_string()));
    place.unwrap_or_default()
}

fn shard_id(index: usize) -> ShardId {
    ShardId(u32::try_from(index).unwrap_or(u32::MAX))
}

/// Returns the key under which a query's state is saved.
fn state_key(query: &Query) -> String {
    // By what it writes: what a query is called may depend on others of the file.
    format!("engine/{}", query.stream.as_ref().unwrap_or(&query.name))
}

/// Returns whether a query asks something else than the one whose state is saved; `None` where no state is saved.
pub fn has_changed(log: &LocalLog, plan: &Plan, query: &Query) -> Result<Option<bool>, EngineError> {
    let saved = log.state(&state_key(query))?;
    let saved = saved.as_deref().and_then(checkpoint::saved_fingerprint);
    Ok(saved.map(|saved| saved != checkpoint::fingerprint(plan, query)))
}

/// Reads how a query stood when its state was last saved, without running it.
pub fn saved_status(log: &Arc<LocalLog>, plan: &Plan, query: &Query) -> Result<QueryStatus, EngineError> {
    let engine = Engine::open(Arc::clone(log), plan, query)?;
    let status = engine.status.borrow().clone();
    Ok(status)
}
