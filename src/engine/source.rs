//! The records of one stream, in the order of the log, each with the watermark that stood before it.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion_common::DataFusionError;

use crate::plan::{Clock, Read, Stream, Time};
use crate::streams::{Block, Millis, SequenceNumber};
use crate::window::Micros;

use super::chunk::{Chunk, ShardInput};
use super::operator::Turn;
use super::outlook::Outlook;
use super::rows::{Flow, Rows};
use super::watermark::Watermark;

/// A stream that a query reads.
pub(super) struct Source {
    /// The stream's name.
    pub(super) stream: String,
    pub(super) shards: Vec<Shard>,
    pub(super) watermark: Watermark,
    /// The moment at which all that ever came is done with.
    pub(super) last_end: Option<Micros>,
    schema: SchemaRef,
    outlook: Arc<Outlook>,
    /// The source's place among the relations of the query.
    node: usize,
}

/// What is held of one shard.
pub(super) struct Shard {
    input: ShardInput,
    pending: Option<Chunk>,
    /// Every record not in `pending` arrives then or later.
    horizon: Option<Millis>,
    /// The last record that counts as consumed.
    pub(super) consumed: Option<SequenceNumber>,
}

/// A point in the order of all records of a query: an arrival, and the number of the shard among all of its streams'.
pub(super) type Point = (Millis, usize);

impl Source {
    /// Starts with nothing read. `node` is the place of the relation among those of the query.
    pub(super) fn new(
        stream: &Stream,
        (read, clock): (&Read, Clock),
        shards: usize,
        outlook: &Arc<Outlook>,
        node: usize,
    ) -> Self {
        let new_shard = |index| Shard {
            input: ShardInput::new(stream, read, clock, index),
            pending: None,
            horizon: None,
            consumed: None,
        };
        let shards: Vec<Shard> = (0..shards).map(new_shard).collect();
        let schema = ShardInput::new(stream, read, clock, 0).schema();
        let time = if clock == Clock::Arrival { Time::Arrival } else { stream.time.clone() };
        let watermark = Watermark::new(&time, shards.len());
        Self {
            stream: stream.name.clone(),
            shards,
            watermark,
            last_end: None,
            schema,
            outlook: Arc::clone(outlook),
            node,
        }
    }

    /// Returns the schema of the rows.
    pub(super) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Returns whether the shard's records are wanted: none of it waits for the others.
    pub(super) fn wants(&self, shard: usize) -> bool {
        self.shards[shard].pending.is_none()
    }

    /// Returns whether no record waits to be passed on.
    pub(super) fn is_idle(&self) -> bool {
        self.shards.iter().all(|shard| shard.pending.is_none())
    }

    /// Returns the point up to which every record of every shard is known; `first` is the number of the first shard.
    pub(super) fn bound(&self, first: usize) -> Option<Point> {
        let bounds = self.shards.iter().enumerate().map(|(index, shard)| Some((shard.horizon?, first + index)));
        bounds.min().flatten()
    }

    /// Passes on every record up to a point, and lets time go on to there.
    pub(super) fn advance(&mut self, bound: Point, first: usize, turn: &mut Turn) -> Flow {
        let begun: Vec<usize> =
            self.shards.iter().map(|shard| shard.pending.as_ref().map_or(0, |chunk| chunk.next_run)).collect();
        let mut watermarks: Vec<Vec<Micros>> = vec![Vec::new(); self.shards.len()];
        let mut steps = Vec::new();
        loop {
            let next = self.shards.iter().enumerate().filter_map(|(index, shard)| {
                let chunk = shard.pending.as_ref()?;
                Some((chunk.runs.get(chunk.next_run)?.arrival, index))
            });
            let Some((arrival, index)) = next.min().filter(|(arrival, index)| (*arrival, first + index) <= bound)
            else {
                break;
            };
            let open_until = self.open_until();
            let Some(chunk) = self.shards[index].pending.as_mut() else { break };
            let run = chunk.next_run;
            let rows = chunk.rows_start(run)..chunk.runs[run].rows_end;
            let mut time = self.watermark.shard(index, arrival, open_until, &mut steps);
            for moment in &chunk.times[rows.clone()] {
                watermarks[index].push(time.moment());
                time.observe(*moment);
            }
            self.watermark.note(arrival, &mut steps);
            if let Some(latest) = chunk.times[rows].iter().max() {
                self.last_end = self.last_end.max(Some(self.outlook.until(self.node, *latest)));
            }
            for bad in chunk.bad(run) {
                let stray = chunk.records.stray(bad.place.0 as usize, bad.place.1 as usize);
                turn.bad.push((stray, bad.reason.clone()));
            }
            turn.consumed += chunk.run_len(run) as u64;
            let last = chunk.last_sequence(run);
            chunk.next_run += 1;
            self.shards[index].consumed = Some(last);
        }
        if bound.0 != Millis::MIN {
            self.watermark.arrive(bound.0, self.open_until(), &mut steps);
        }
        let lanes = self.shards.iter_mut().zip(begun).zip(watermarks);
        let lane = |((shard, begun), watermarks): ((&mut Shard, usize), Vec<Micros>)| {
            let Some(chunk) = &shard.pending else { return Rows::none(&self.schema) };
            let rows = chunk.rows(begun, watermarks);
            if chunk.is_done() {
                shard.pending = None;
            }
            rows
        };
        let lanes = lanes.map(lane).collect();
        Flow { lanes, watermark: self.watermark.moment().unwrap_or(Micros::MIN), steps }
    }

    fn open_until(&self) -> Option<Micros> {
        self.last_end.filter(|end| !self.watermark.is_over(*end))
    }
}

impl Shard {
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
