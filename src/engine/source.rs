//! The records of one stream, in the order of the log, each with the watermark that stood before it.

use arrow::datatypes::SchemaRef;
use datafusion_common::DataFusionError;

use crate::plan::{Clock, Read, Stream};
use crate::streams::{Block, Millis, SequenceNumber, ShardId};
use crate::window::Micros;

use super::chunk::{Chunk, ShardInput};
use super::operator::Turn;
use super::rows::{Flow, Rows};
use super::watermark::ShardWatermark;

/// A stream that a query reads.
pub(super) struct Source {
    stream: Stream,
    read: Read,
    clock: Clock,
    /// In the order of their indexes.
    pub(super) shards: Vec<Shard>,
    schema: SchemaRef,
}

/// What is held of one shard.
pub(super) struct Shard {
    /// Its index in the stream.
    pub(super) id: ShardId,
    input: ShardInput,
    pending: Option<Chunk>,
    /// Every record not in `pending` arrives then or later.
    horizon: Option<Millis>,
    /// The last record that counts as consumed.
    pub(super) consumed: Option<SequenceNumber>,
    /// The first run of `pending` that has not been taken yet.
    begun: usize,
    /// Of every row from there on that has been passed on: the watermark before it.
    watermarks: Vec<Micros>,
    /// Whether it has been read to its end, and takes no more records.
    pub(super) ended: bool,
    /// Whether it only stays because what goes on from it waits for another one.
    aside: bool,
}

/// A point in the order of all records of a query: an arrival, and the number of the shard among all of its streams'.
pub(super) type Point = (Millis, usize);

impl Source {
    /// Starts without a shard.
    pub(super) fn new(stream: &Stream, read: &Read, clock: Clock) -> Self {
        let schema = ShardInput::new(stream, read, clock, ShardId(0)).schema();
        Self { stream: stream.clone(), read: read.clone(), clock, shards: Vec::new(), schema }
    }

    /// Returns the stream's name.
    pub(super) fn stream(&self) -> &str {
        &self.stream.name
    }

    /// Adds a shard of which nothing has been read, where it is none of them yet; returns its number among them.
    pub(super) fn begin(&mut self, id: ShardId) -> Option<usize> {
        let Err(number) = self.find(id) else { return None };
        let shard = Shard {
            id,
            input: ShardInput::new(&self.stream, &self.read, self.clock, id),
            pending: None,
            horizon: None,
            consumed: None,
            begun: 0,
            watermarks: Vec::new(),
            ended: false,
            aside: false,
        };
        self.shards.insert(number, shard);
        Some(number)
    }

    /// Finds a shard, or the number that it would have.
    pub(super) fn find(&self, id: ShardId) -> Result<usize, usize> {
        self.shards.binary_search_by_key(&id, |shard| shard.id)
    }

    /// Returns the schema of the rows.
    pub(super) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Returns whether no record waits to be passed on.
    pub(super) fn is_idle(&self) -> bool {
        self.shards.iter().all(|shard| shard.pending.is_none())
    }

    /// Returns the rows of all records that have been passed on since the last time.
    pub(super) fn take(&mut self, watermark: Micros) -> Flow {
        let lanes = self.shards.iter_mut().map(|shard| shard.take(&self.schema)).collect();
        Flow { lanes, watermark }
    }
}

impl Shard {
    /// Returns whether its records are wanted: none of it waits for the others.
    pub(super) fn is_wanted(&self) -> bool {
        self.pending.is_none() && !self.ended
    }

    /// Returns whether it has no record any more, and none is to come.
    pub(super) fn is_over(&self) -> bool {
        self.pending.is_none() && self.ended
    }

    /// Notes that it is over, and stays only because what goes on from it waits for another one. That one is still being
    /// read, and all of its records came before those of what goes on.
    pub(super) fn stand_aside(&mut self) {
        (self.ended, self.aside) = (true, true);
    }

    /// Returns whether nothing waits for it.
    pub(super) fn stands_aside(&self) -> bool {
        self.aside
    }

    /// Returns the time before which every record of it is known; `None` before it has been read once.
    pub(super) fn horizon(&self) -> Option<Millis> {
        self.horizon
    }

    /// Returns when the next records arrived that wait to be passed on.
    pub(super) fn next_arrival(&self) -> Option<Millis> {
        let chunk = self.pending.as_ref()?;
        Some(chunk.runs.get(chunk.next_run)?.arrival)
    }

    /// Passes on the next records that arrived together, each with the watermark before it, and lets time go on with
    /// them. Returns the latest time of them.
    pub(super) fn pass(&mut self, mut time: ShardWatermark<'_>, turn: &mut Turn) -> Option<Micros> {
        let chunk = self.pending.as_mut()?;
        let run = chunk.next_run;
        let times = &chunk.times[chunk.rows_start(run)..chunk.runs[run].rows_end];
        for moment in times {
            self.watermarks.push(time.moment());
            time.observe(*moment);
        }
        let latest = times.iter().max().copied();
        for bad in chunk.bad(run) {
            let stray = chunk.records.stray(bad.spot);
            turn.bad.push((stray, bad.reason.clone()));
        }
        turn.consumed += chunk.run_len(run) as u64;
        chunk.next_run += 1;
        latest
    }

    /// Returns the rows of what has been passed on since the last time.
    fn take(&mut self, schema: &SchemaRef) -> Rows {
        let Some(chunk) = &self.pending else { return Rows::none(schema) };
        let rows = chunk.rows(self.begun, std::mem::take(&mut self.watermarks));
        if chunk.next_run > self.begun {
            self.consumed = Some(chunk.last_sequence(chunk.next_run - 1));
        }
        self.begun = chunk.next_run;
        if chunk.is_done() {
            self.pending = None;
            self.begun = 0;
        }
        rows
    }

    /// Takes what was read, and the time before which nothing else arrives (`None`: the last record's own, because
    /// there is more).
    pub(super) fn receive(
        &mut self,
        blocks: Vec<Block>,
        complete_until: Option<Millis>,
    ) -> Result<(), DataFusionError> {
        let last_arrival = blocks.last().map(Block::arrival);
        self.horizon = complete_until.or(last_arrival).or(self.horizon);
        if !blocks.is_empty() {
            self.pending = Some(self.input.chunk(blocks)?);
        }
        Ok(())
    }
}
