//! The windowed query: chunks of all shards in, closed windows out.
//!
//! One turn goes through four steps. Chunks are made shard by shard, in parallel. Their rows are judged one after the
//! other, in the order of the whole log: late or not, and into which window. They are accumulated shard by shard, in
//! parallel. And the windows that are over are merged, finished and handed out.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, UInt32Array};
use arrow::compute::take;
use datafusion_common::DataFusionError;

use crate::plan::{Query, Stream};
use crate::streams::{Block, Millis, SequenceNumber};
use crate::window::{Span, Window};

use super::chunk::{Bad, Chunk, NOT_COUNTED, ShardInput};
use super::close::{Closed, Closer};
use super::groups::{Grouping, Groups, Keyed, Keys, SharedGrouping};
use super::watermark::Watermark;
use super::{LateRecord, aggregation::Aggregation};

/// A windowed query over one stream.
pub(super) struct WindowedQuery {
    window: Arc<dyn Window>,
    pub(super) grouping: SharedGrouping,
    closer: Closer,
    pub(super) shards: Vec<Shard>,
    pub(super) watermark: Watermark,
    /// The end of the last window that ever had a row.
    pub(super) last_end: Option<i64>,
}

/// What the query holds of one shard.
pub(super) struct Shard {
    input: ShardInput,
    pending: Option<Chunk>,
    /// Every record not in `pending` arrives then or later.
    horizon: Option<Millis>,
    pub(super) open: BTreeMap<Span, Groups>,
    /// The last record that counts as consumed.
    pub(super) consumed: Option<SequenceNumber>,
    accepted: BTreeMap<Span, Vec<u32>>,
}

/// A record that could not be read or computed, with its place.
#[derive(Debug, Clone)]
pub(super) struct BadRecord {
    pub(super) shard: usize,
    pub(super) arrival: Millis,
    pub(super) sequence: SequenceNumber,
    pub(super) data: Vec<u8>,
    pub(super) reason: String,
}

/// What one turn brought.
#[derive(Default)]
pub(super) struct Turn {
    /// Rows of closed windows.
    pub(super) closed: Closed,
    /// Rows that came too late.
    pub(super) late: Vec<LateRecord>,
    /// Records that could not be read or computed.
    pub(super) bad: Vec<BadRecord>,
    /// Records consumed.
    pub(super) consumed: u64,
}

impl WindowedQuery {
    pub(super) fn new(query: &Query, stream: &Stream, shards: usize) -> Result<Self, DataFusionError> {
        let schema = ShardInput::schema(query, stream);
        let types: Vec<_> = query.group_by.iter().map(|index| schema.field(*index).data_type().clone()).collect();
        let grouping =
            Arc::new(Grouping { aggregation: Aggregation::new(&query.aggregates, &schema)?, keys: Keys::new(&types)? });
        let new_shard = || -> Result<Shard, DataFusionError> {
            Ok(Shard {
                input: ShardInput::new(query, stream, &grouping)?,
                pending: None,
                horizon: None,
                open: BTreeMap::new(),
                consumed: None,
                accepted: BTreeMap::new(),
            })
        };
        Ok(Self {
            window: Arc::clone(&query.window),
            closer: Closer::new(query, stream, &grouping)?,
            shards: (0..shards).map(|_| new_shard()).collect::<Result<_, _>>()?,
            watermark: Watermark::new(&stream.time, shards),
            last_end: None,
            grouping,
        })
    }

    /// Returns whether the shard's records are wanted: none of it waits for the others.
    pub(super) fn wants(&self, shard: usize) -> bool {
        self.shards[shard].pending.is_none()
    }

    /// Returns whether no record waits to be judged.
    pub(super) fn is_idle(&self) -> bool {
        self.shards.iter().all(|shard| shard.pending.is_none())
    }

    /// Returns how many windows are open, each counted once.
    pub(super) fn open_windows(&self) -> usize {
        let mut spans: Vec<&Span> = self.shards.iter().flat_map(|shard| shard.open.keys()).collect();
        spans.sort_unstable();
        spans.dedup();
        spans.len()
    }

    /// Returns the number of groups in all open windows.
    pub(super) fn open_groups(&self) -> usize {
        self.shards.iter().flat_map(|shard| shard.open.values()).map(Groups::len).sum()
    }

    /// Takes what was read: for each shard that was wanted, its records, and the time before which no other arrives
    /// (`None`: the last record's own, because there is more).
    pub(super) fn turn(&mut self, reads: Vec<Option<(Vec<Block>, Option<Millis>)>>) -> Result<Turn, DataFusionError> {
        let reads = self.shards.iter_mut().zip(reads);
        in_parallel(reads.filter_map(|(shard, read)| Some((shard, read?))), |(shard, (blocks, complete_until))| {
            shard.receive(blocks, complete_until)
        })?;
        let mut turn = Turn::default();
        self.judge(&mut turn);
        let grouping = &self.grouping;
        let busy = self.shards.iter_mut().filter(|shard| !shard.accepted.is_empty());
        in_parallel(busy, |shard| shard.accumulate(grouping))?;
        for shard in &mut self.shards {
            if shard.pending.as_ref().is_some_and(Chunk::is_done) {
                shard.pending = None;
            }
        }
        turn.closed = self.closer.close(&mut self.shards, &self.watermark)?;
        Ok(turn)
    }

    /// Judges every row whose turn has come: those behind which no shard can still bring an earlier one.
    fn judge(&mut self, turn: &mut Turn) {
        let bounds = self.shards.iter().enumerate().map(|(index, shard)| Some((shard.horizon?, index)));
        let Some(Some(bound)) = bounds.min() else { return };
        let mut rows = Vec::new();
        loop {
            let next = self.shards.iter().enumerate().filter_map(|(index, shard)| {
                let chunk = shard.pending.as_ref()?;
                Some((chunk.runs.get(chunk.next_run)?.arrival, index))
            });
            let Some((arrival, index)) = next.min().filter(|next| *next <= bound) else { break };
            let open_until = self.open_until();
            let Self { shards, watermark, window, last_end, .. } = self;
            let shard = &mut shards[index];
            let Some(mut chunk) = shard.pending.take() else { break };
            let run = chunk.next_run;
            let mut time = watermark.shard(index, arrival, open_until);
            let mut span = Span { start: i64::MAX, end: i64::MIN };
            rows.clear();
            for row in chunk.rows_start(run)..chunk.runs[run].rows_end {
                let moment = chunk.times[row];
                let counted = chunk.counted[row];
                if counted != NOT_COUNTED {
                    if moment < span.start || moment >= span.end {
                        shard.accept(span, &mut rows);
                        span = window.assign(moment);
                    }
                    if time.is_over(span.end) {
                        turn.late.push(late(&chunk, row, index, moment));
                    } else {
                        *last_end = (*last_end).max(Some(span.end));
                        rows.push(counted);
                    }
                }
                time.observe(moment);
            }
            shard.accept(span, &mut rows);
            turn.bad.extend(chunk.bad(run).iter().map(|bad| bad_record(&chunk, bad, index, arrival)));
            let (block, _) = chunk.record((u32::try_from(run).unwrap_or(u32::MAX), 0));
            turn.consumed += block.len() as u64;
            shard.consumed = Some(chunk.last_sequence(run));
            chunk.next_run += 1;
            shard.pending = Some(chunk);
        }
        self.watermark.arrive(bound.0, self.open_until());
    }

    fn open_until(&self) -> Option<i64> {
        self.last_end.filter(|end| !self.watermark.is_over(*end))
    }
}

impl Shard {
    fn receive(&mut self, blocks: Vec<Block>, complete_until: Option<Millis>) -> Result<(), DataFusionError> {
        let last_arrival = blocks.last().map(Block::arrival);
        self.horizon = complete_until.or(last_arrival).or(self.horizon);
        if !blocks.is_empty() {
            self.pending = Some(self.input.chunk(blocks)?);
        }
        Ok(())
    }

    /// Moves rows into a window, to be accumulated.
    fn accept(&mut self, span: Span, rows: &mut Vec<u32>) {
        if !rows.is_empty() {
            self.accepted.entry(span).or_default().append(rows);
        }
    }

    fn accumulate(&mut self, grouping: &SharedGrouping) -> Result<(), DataFusionError> {
        let accepted = std::mem::take(&mut self.accepted);
        let Some(chunk) = &self.pending else { return Ok(()) };
        for (span, rows) in accepted {
            let groups = match self.open.entry(span) {
                std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
                std::collections::btree_map::Entry::Vacant(entry) => entry.insert(Groups::new(&grouping.aggregation)?),
            };
            // Rows are accepted in order: as many as there are means all of them.
            if rows.len() == chunk.count {
                groups
                    .update(&Keyed { keys: chunk.keys.as_ref(), rows: None, count: chunk.count }, &chunk.arguments)?;
            } else {
                let rows_len = rows.len();
                let chosen = UInt32Array::from(rows);
                let arguments: Vec<ArrayRef> =
                    chunk.arguments.iter().map(|array| take(array, &chosen, None)).collect::<Result<_, _>>()?;
                let rows = Some(chosen.values().as_ref());
                groups.update(&Keyed { keys: chunk.keys.as_ref(), rows, count: rows_len }, &arguments)?;
            }
        }
        Ok(())
    }
}

fn late(chunk: &Chunk, row: usize, shard: usize, moment: i64) -> LateRecord {
    let (block, index) = chunk.record(chunk.place(row));
    let record = block.record(index);
    LateRecord {
        shard,
        moment,
        sequence: block.sequence(index),
        partition_key: record.partition_key.to_owned(),
        data: record.data.to_vec(),
    }
}

fn bad_record(chunk: &Chunk, bad: &Bad, shard: usize, arrival: Millis) -> BadRecord {
    let (block, index) = chunk.record(bad.place);
    BadRecord {
        shard,
        arrival,
        sequence: block.sequence(index),
        data: block.record(index).data.to_vec(),
        reason: bad.reason.clone(),
    }
}

/// Does the same to every item: on this thread where there is one, else on as many threads as there are cores.
fn in_parallel<T: Send>(
    items: impl Iterator<Item = T>,
    work: impl Fn(T) -> Result<(), DataFusionError> + Sync,
) -> Result<(), DataFusionError> {
    let mut items: Vec<T> = items.collect();
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let threads = cores.min(items.len());
    if threads < 2 {
        return items.into_iter().try_for_each(work);
    }
    let share = items.len().div_ceil(threads);
    let work = &work;
    std::thread::scope(|scope| {
        let mut others = Vec::new();
        while items.len() > share {
            let part = items.split_off(items.len() - share);
            others.push(scope.spawn(move || part.into_iter().try_for_each(work)));
        }
        let mine = items.into_iter().try_for_each(work);
        others
            .into_iter()
            .map(|other| other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .fold(mine, Result::and)
    })
}
