//! A query at work: from its stream's log, through the windows, into the logs of its outputs.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use datafusion_common::DataFusionError;
use tokio::sync::watch;
use tokio::task::block_in_place;

use crate::plan::{ERROR_STREAM, Query};
use crate::record::RecordFormat;
use crate::streams::local::{Commit, LocalLog};
use crate::streams::{Appends, Block, LogError};

use super::checkpoint::{self, CheckpointError, Restored};
use super::divert::{Diverted, divert};
use super::feed::{Feed, TURN};
use super::graph::{Graph, ShardRead};
use super::lookup::LookupError;
use super::operator::Turn;
use super::outputs::{Outputs, partition_key, write_record};
use super::rows::{Rows, Stray};
use super::status::{Counters, QueryStatus, Sample};
use super::table::TableError;

/// How often time goes on where no record arrives: the delay with which a quiet stream's window closes.
const TICK: Duration = Duration::from_millis(100);
/// How long to wait after records arrived for more to come with them: few turns, whatever the producers' batches.
const GATHER: Duration = Duration::from_millis(10);
/// How often state is saved where nothing else calls for it: what is read again after a crash.
const SAVE: Duration = Duration::from_secs(1);
/// How often it is told which windows are open, and how far time is in each shard: more than a person sees, and seldom
/// enough that a million windows cost nothing that counts.
const DETAIL: Duration = Duration::from_millis(200);
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

/// One query of a plan at work.
pub struct Engine {
    /// Where its rows and its state are written.
    pub(super) log: Arc<LocalLog>,
    pub(super) query: Query,
    /// How its rows are written.
    pub(super) format: RecordFormat,
    pub(super) graph: Graph,
    pub(super) feed: Box<dyn Feed>,
    pub(super) limits: Limits,
    pub(super) fingerprint: String,
    pub(super) state_key: String,
    pub(super) counters: Counters,
    pub(super) status: watch::Sender<QueryStatus>,
    pub(super) saved: Instant,
    pub(super) save_took: Duration,
    pub(super) dirty: bool,
    pub(super) unsaved: Outputs,
    pub(super) restored: Option<Restored>,
    /// When it is told next which windows are open, and how far time is in each shard; at once where left out.
    pub(super) detail_due: Option<Instant>,
}

/// What bounds the rows that a query writes. There is no bound on this machine.
#[derive(Clone, Default)]
pub(super) struct Limits {
    /// True while no more rows are to be made: those that there are wait to be taken.
    pub(super) full: Option<watch::Receiver<bool>>,
    /// The most bytes of a record with its key.
    pub(super) record: Option<usize>,
}

impl Engine {
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

    /// Works until `stop` turns true and every record accepted by then is processed, as far as its feed waits for that;
    /// saves the state last.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) -> Result<(), EngineError> {
        let mut version = self.feed.version();
        let mut moved = Instant::now();
        let mut stopping: Option<(Instant, Option<Duration>)> = None;
        loop {
            version.mark_unchanged();
            if stopping.is_none() && *stop.borrow() {
                stopping = Some((Instant::now(), self.feed.hurry()));
            }
            if self.limits.full.as_ref().is_some_and(|full| *full.borrow()) {
                if stopping.is_some() {
                    return block_in_place(|| self.save());
                }
                tokio::select! {
                    _ = stop.changed() => {}
                    () = tokio::time::sleep(TICK) => {}
                }
                continue;
            }
            let turned = block_in_place(|| self.step())?;
            if turned.moved() {
                moved = Instant::now();
            }
            if let Some((since, patience)) = stopping {
                // Records that wait for another shard wait no longer than a moment, unless the clock was set back: then
                // they are read again by the next run.
                let stuck = match patience {
                    Some(patience) => since.elapsed() >= patience,
                    None => !turned.moved() && moved.max(since).elapsed() >= STUCK,
                };
                if stuck || (!turned.moved() && turned.at_end) {
                    return block_in_place(|| self.save());
                }
            }
            if turned.read >= TURN.records {
                tokio::task::yield_now().await;
            } else if !turned.at_end || stopping.is_some() {
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
        let mut reads: Vec<Option<ShardRead>> = Vec::new();
        let mut ended = Vec::new();
        let mut count = 0;
        let mut behind = 0;
        let mut at_end = true;
        for (source, shard) in self.graph.shards() {
            if !shard.is_wanted() {
                at_end &= shard.stands_aside();
                reads.push(None);
                continue;
            }
            let news = self.feed.read(source, shard.id)?;
            count += news.blocks.iter().map(Block::len).sum::<usize>();
            behind = behind.max(news.millis_behind);
            at_end &= news.at_end;
            if news.ended {
                ended.push((source, shard.id));
            }
            reads.push(Some((news.blocks, news.complete_until)));
        }
        let turned = self.graph.turn(reads);
        let (rows, turn) = turned.map_err(|source| EngineError::Query { query: self.query.name.clone(), source })?;
        self.dirty |= turn.consumed > 0;
        for (source, shard) in ended {
            self.graph.end(source, shard);
        }
        at_end &= !self.follow()?;
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

    /// Goes on with the shards behind those that are over; returns whether there were any.
    fn follow(&mut self) -> Result<bool, EngineError> {
        let mut followed = false;
        for source in 0..self.graph.sources.len() {
            let over = self.graph.over(source);
            if over.is_empty() {
                continue;
            }
            let next = self.feed.succeed(source, &over)?;
            for (shard, parents) in next.begun {
                self.graph.begin(source, shard, &parents);
            }
            self.graph.leave(source, &next.waited_for);
            (self.dirty, followed) = (true, true);
        }
        Ok(followed)
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
        let mut too_large = Vec::new();
        for row in 0..rows.len() {
            let key = partition_key(&self.query.partition_by, rows, row);
            outputs.rows.push_with(&key, |out| write_record(self.format, &rows.batch, row, out));
            if let Some(reason) = self.refuse(&mut outputs.rows) {
                too_large.push((rows.stray(row), reason));
            }
        }
        self.counters.rows += (rows.len() - too_large.len()) as u64;
        for (stray, moment) in &turn.late {
            self.counters.late += 1;
            let key = stray.origin.as_ref().map_or("-", |(_, _, key)| key);
            if self.query.late.is_some() {
                outputs.late.push(key, &stray.data);
                if let Some(reason) = self.refuse(&mut outputs.late) {
                    too_large.push((stray.clone(), reason));
                }
            }
            let (shard, sequence) = place(stray);
            let reason = format!("its window was over: time {}", super::json::moment_text(*moment));
            let sample = Sample::new(shard, sequence, reason, &stray.data);
            self.status.send_modify(|status| Sample::push(&mut status.late, sample));
        }
        for (stray, reason) in &turn.bad {
            let name = if stray.origin.is_some() { "RecordNotRead" } else { "RowNotComputed" };
            self.divert(name, stray, reason, &mut outputs);
        }
        for (stray, reason) in &too_large {
            self.divert("RecordTooLarge", stray, reason, &mut outputs);
        }
        self.unsaved = outputs;
    }

    /// Takes the last record back where it is larger than records can be; returns why.
    fn refuse(&self, records: &mut Appends) -> Option<String> {
        let most = self.limits.record?;
        let bytes = records.last_bytes();
        if bytes <= most {
            return None;
        }
        records.pop();
        Some(format!("it has {bytes} bytes with its key, and a record of Kinesis {most} at the most"))
    }

    /// Sends a record or a row to the error stream.
    fn divert(&mut self, name: &'static str, stray: &Stray, reason: &str, outputs: &mut Outputs) {
        self.counters.bad += 1;
        let now = crate::streams::now();
        let (shard, sequence) = place(stray);
        self.sample_bad(Sample::new(shard.clone(), sequence.clone(), reason.to_owned(), &stray.data));
        let diverted = Diverted {
            name,
            message: reason,
            query: &self.query.name,
            row_time: if stray.origin.is_some() { stray.arrival } else { now },
            origin: stray.origin.is_some().then_some((shard, sequence)),
            data: &stray.data,
        };
        divert(&diverted, now, true, &mut outputs.errors);
        // Where it lies is told, so that the whole of it can be found.
        if self.limits.record.is_some_and(|most| outputs.errors.last_bytes() > most) {
            outputs.errors.pop();
            divert(&diverted, now, false, &mut outputs.errors);
        }
    }

    fn sample_bad(&self, sample: Sample) {
        self.status.send_modify(|status| Sample::push(&mut status.bad, sample));
    }

    pub(super) fn tell(&mut self, millis_behind: i64) {
        let (watermark, open) = (self.graph.watermark(), self.graph.open());
        let mut notes = self.graph.troubles();
        notes.extend(self.feed.troubles());
        let detail = self.detail_due.is_none_or(|due| due <= Instant::now()).then(|| {
            self.detail_due = Some(Instant::now() + DETAIL);
            (self.graph.closing(), self.graph.shard_times())
        });
        self.status.send_modify(|status| {
            status.counters = self.counters.clone();
            status.watermark = watermark;
            status.open_windows = open.windows;
            status.open_groups = open.groups;
            status.millis_behind = millis_behind;
            status.notes = notes;
            if let Some((closing, shards)) = detail {
                (status.closing, status.shards) = (closing, shards);
            }
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

/// Returns where a record lies: its shard and its sequence number; nothing for a row that is no record.
fn place(stray: &Stray) -> (String, String) {
    let place = stray.origin.as_ref().map(|(shard, sequence, _)| (shard.to_string(), sequence.to_string()));
    place.unwrap_or_default()
}
