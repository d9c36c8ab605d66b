//! Writing: records of any number of streams and values of state, all in one batch or not at all.

use std::{
    ops::Range,
    sync::{Arc, MutexGuard},
};

use fjall::OwnedWriteBatch;

use super::{
    LocalLog,
    shard::{Life, LocalShard, Stream, Tip},
    storage::{self, Storage},
    tips,
};
use crate::streams::{Appended, Appends, Block, LogError, Millis, RecordRef, ShardId, block::Numbering, now};

/// A block ends behind the record that reaches this many bytes of data, or at this many records.
const BLOCK_BYTES: usize = 1 << 20;
const BLOCK_RECORDS: usize = 16_384;

/// What one commit writes.
#[derive(Default)]
pub struct Commit<'a> {
    /// Records to append, each with the name of its stream. A stream may be named again.
    pub appends: Vec<(&'a str, &'a Appends)>,
    /// Values of state to set, each under its key.
    pub state: Vec<(&'a str, Vec<u8>)>,
}

/// Where the records of one entry of a commit came to lie, in the order given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    created: Millis,
    places: Vec<Place>,
}

/// Where one record came to lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The shard that took it.
    pub shard: ShardId,
    /// Its offset in the shard: 0 for the first record.
    pub offset: u64,
}

impl Placed {
    /// Returns the places.
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// Walks over the places with offsets written as sequence numbers.
    pub fn appended(&self) -> impl Iterator<Item = Appended> + '_ {
        self.places.iter().map(|place| Appended {
            shard: place.shard,
            sequence: Numbering { created: self.created, shard: place.shard.0 }.number(place.offset),
        })
    }
}

impl LocalLog {
    /// Writes all of a commit or nothing, durably, and says where the records of each entry came to lie.
    ///
    /// All records carry one arrival time, except that a shard never goes back: there it is the last one given.
    pub fn commit(&self, commit: Commit<'_>) -> Result<Vec<Placed>, LogError> {
        self.commit_at(now(), commit)
    }

    fn commit_at(&self, now: Millis, commit: Commit<'_>) -> Result<Vec<Placed>, LogError> {
        self.storage.wait_for_files()?;
        loop {
            let streams = commit.appends.iter().map(|(name, _)| self.stream(name));
            let streams = streams.collect::<Result<Vec<Arc<Stream>>, LogError>>()?;
            let routed: Vec<Routed<'_>> = streams
                .iter()
                .zip(&commit.appends)
                .map(|(stream, (_, records))| Routed::new(stream, records))
                .collect();
            // A shard that was closed since the streams were looked at: the records belong to those that go on.
            if let Some(held) = Held::lock(&routed)? {
                return self.write(now, &routed, held, commit.state);
            }
        }
    }

    fn write(
        &self,
        now: Millis,
        routed: &[Routed<'_>],
        mut held: Held<'_>,
        state: Vec<(&str, Vec<u8>)>,
    ) -> Result<Vec<Placed>, LogError> {
        let mut batch = self.storage.batch();
        for (key, value) in state {
            batch.insert(&self.storage.state, storage::state_key(key), value);
        }
        let placed = routed.iter().map(|routed| routed.write(&self.storage, &mut batch, &mut held, now)).collect();
        held.write(&self.storage, &mut batch);
        self.storage.commit(batch)?;
        held.publish();
        self.version.send_modify(|version| *version += 1);
        Ok(placed)
    }

    /// Commits records of one stream that arrived earlier, elsewhere. A shard never goes back, and never beyond the
    /// present: a moment in the future is that of now.
    pub fn append_arrived(&self, stream: &str, arrival: Millis, records: &Appends) -> Result<Placed, LogError> {
        let commit = Commit { appends: vec![(stream, records)], state: Vec::new() };
        let mut placed = self.commit_at(arrival.min(now()), commit)?;
        Ok(placed.swap_remove(0))
    }

    /// Commits records of one stream.
    pub fn append_records(&self, stream: &str, records: &Appends) -> Result<Placed, LogError> {
        let mut placed = self.commit(Commit { appends: vec![(stream, records)], state: Vec::new() })?;
        Ok(placed.swap_remove(0))
    }
}

/// The records of one entry, told apart by shard.
struct Routed<'a> {
    stream: &'a Stream,
    records: &'a Appends,
    /// The indexes of the records in the order of their shards, and in the order given within a shard.
    order: Vec<u32>,
    /// The shards that get records, with the range of `order` that is theirs.
    shards: Vec<(u32, Range<usize>)>,
}

impl<'a> Routed<'a> {
    fn new(stream: &'a Stream, records: &'a Appends) -> Self {
        let routes: Vec<u32> =
            records.iter().map(|record| stream.route(record.partition_key, record.explicit_hash_key)).collect();
        let mut ends = vec![0usize; stream.shards.len()];
        for route in &routes {
            ends[*route as usize] += 1;
        }
        let (mut shards, mut from) = (Vec::new(), 0);
        for (shard, end) in (0u32..).zip(&mut ends) {
            if *end > 0 {
                shards.push((shard, from..from + *end));
            }
            from += std::mem::replace(end, from);
        }
        // What were ends are starts now, and move up as each shard's records are put in their places.
        let mut order = vec![0; routes.len()];
        for (index, route) in (0u32..).zip(&routes) {
            let at = &mut ends[*route as usize];
            order[*at] = index;
            *at += 1;
        }
        Self { stream, records, order, shards }
    }

    fn record(&self, index: u32) -> RecordRef<'a> {
        let record = self.records.record(index as usize);
        RecordRef { partition_key: record.partition_key, data: record.data }
    }

    fn write(&self, storage: &Storage, batch: &mut OwnedWriteBatch, held: &mut Held<'_>, now: Millis) -> Placed {
        let mut places = vec![Place { shard: ShardId(0), offset: 0 }; self.order.len()];
        for (shard, range) in &self.shards {
            let tip = held.tip(self.stream.id, *shard);
            tip.last = tip.last.max(now);
            tip.first_arrival.get_or_insert(tip.last);
            let mut left = &self.order[range.clone()];
            while !left.is_empty() {
                let (block, rest, bytes) = self.cut(left);
                left = rest;
                let first = tip.next;
                for (offset, index) in (first..).zip(block) {
                    places[*index as usize] = Place { shard: ShardId(*shard), offset };
                }
                tip.next += block.len() as u64;
                tip.bytes += bytes as u64;
                // The total goes first: what is kept from a block on tells how much was there before it.
                let mut value = tip.bytes.to_le_bytes().to_vec();
                Block::encode_into(&mut value, tip.last, block.iter().map(|index| self.record(*index)));
                batch.insert(&storage.records, storage::block_key(self.stream.id, *shard, first), value);
            }
        }
        Placed { created: self.stream.created, places }
    }

    /// Cuts off the records of the next block and returns them, the others, and the bytes of data cut off.
    fn cut<'o>(&self, order: &'o [u32]) -> (&'o [u32], &'o [u32], usize) {
        let (mut bytes, mut count) = (0, 0);
        for index in order {
            bytes += self.record(*index).data.len();
            count += 1;
            if bytes >= BLOCK_BYTES || count >= BLOCK_RECORDS {
                break;
            }
        }
        let (block, rest) = order.split_at(count);
        (block, rest, bytes)
    }
}

/// The shards that a commit writes to, locked in their order.
struct Held<'a>(Vec<Written<'a>>);

/// One of them.
struct Written<'a> {
    /// The id of its stream and its index there.
    at: (u32, u32),
    shard: &'a LocalShard,
    guard: MutexGuard<'a, Tip>,
    /// What its end will be.
    tip: Tip,
}

impl<'a> Held<'a> {
    /// Locks them; `None` where one of them has been closed.
    fn lock(routed: &[Routed<'a>]) -> Result<Option<Self>, LogError> {
        let mut touched: Vec<(u32, u32, &'a Stream)> = Vec::new();
        for routed in routed {
            touched.extend(routed.shards.iter().map(|(shard, _)| (routed.stream.id, *shard, routed.stream)));
        }
        touched.sort_unstable_by_key(|(stream, shard, _)| (*stream, *shard));
        touched.dedup_by_key(|(stream, shard, _)| (*stream, *shard));
        let mut held = Vec::with_capacity(touched.len());
        for (id, index, stream) in touched {
            let shard = &stream.shards[index as usize];
            let guard = shard.lock();
            match guard.life {
                Life::Open => {}
                Life::Closed | Life::Gone => return Ok(None),
                Life::Removed => return Err(LogError::UnknownStream { stream: stream.name.clone() }),
            }
            let tip = *guard;
            held.push(Written { at: (id, index), shard, guard, tip });
        }
        Ok(Some(Self(held)))
    }

    fn tip(&mut self, stream: u32, shard: u32) -> &mut Tip {
        let at = self.0.binary_search_by_key(&(stream, shard), |written| written.at);
        &mut self.0[at.expect("every touched shard is held")].tip
    }

    fn write(&self, storage: &Storage, batch: &mut OwnedWriteBatch) {
        for Written { at: (stream, shard), tip, .. } in &self.0 {
            tips::write(storage, batch, *stream, *shard, *tip);
        }
    }

    fn publish(self) {
        for Written { shard, mut guard, tip, .. } in self.0 {
            *guard = tip;
            drop(guard);
            shard.news.notify_waiters();
        }
    }
}
