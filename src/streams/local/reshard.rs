//! Resharding: shards are closed, and others go on where they ended.

use std::collections::BTreeSet;
use std::sync::{Arc, MutexGuard, PoisonError};

use super::{
    LocalLog, catalogue,
    shard::{Life, LocalShard, Stream, Tip},
};
use crate::streams::{HashKeyRange, LogError, ShardId, now};

/// The most shards that a stream can have had in all: sequence numbers count them in six digits.
const MOST_SHARDS: usize = 1_000_000;

/// A resharding that cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum ReshardError {
    /// The stream, the shard or the disk.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A shard takes no records any more.
    #[error("{0} is closed")]
    Closed(ShardId),
    /// A hash key at which a shard cannot be split: both parts must have at least one.
    #[error("{shard} cannot be split at {at}")]
    Outside {
        /// The shard.
        shard: ShardId,
        /// The hash key.
        at: u128,
    },
    /// A stream that has had as many shards as it can.
    #[error("the stream has had {MOST_SHARDS} shards, which is the most")]
    TooMany,
    /// Shards between whose ranges others lie.
    #[error("{0} and {1} do not lie side by side")]
    Apart(ShardId, ShardId),
}

/// One step of a resharding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Two go on from a shard, of which the second begins with that hash key.
    Split(ShardId, u128),
    /// One goes on from two.
    Merge(ShardId, ShardId),
}

/// A shard that a resharding makes.
struct Made {
    id: ShardId,
    range: HashKeyRange,
    parents: Vec<ShardId>,
}

/// The shards of a stream while they are reshaped.
struct Draft {
    /// How many there were.
    before: u32,
    /// Those that take records, in the order of their ranges.
    open: Vec<(ShardId, HashKeyRange)>,
    made: Vec<Made>,
}

impl Draft {
    fn position(&self, shard: ShardId) -> Result<usize, ReshardError> {
        self.open.iter().position(|(id, _)| *id == shard).ok_or(ReshardError::Closed(shard))
    }

    fn make(&mut self, range: HashKeyRange, parents: &[ShardId]) -> (ShardId, HashKeyRange) {
        let count = u32::try_from(self.made.len()).expect("shards are counted in 32 bits");
        let id = ShardId(self.before + count);
        self.made.push(Made { id, range, parents: parents.to_vec() });
        (id, range)
    }

    fn apply(&mut self, step: Step) -> Result<(), ReshardError> {
        match step {
            Step::Split(shard, at) => {
                let place = self.position(shard)?;
                let range = self.open[place].1;
                if at <= range.start || at > range.end {
                    return Err(ReshardError::Outside { shard, at });
                }
                let low = self.make(HashKeyRange { end: at - 1, ..range }, &[shard]);
                let high = self.make(HashKeyRange { start: at, ..range }, &[shard]);
                self.open.splice(place..=place, [low, high]);
            }
            Step::Merge(one, other) => {
                let (first, second) = (self.position(one)?, self.position(other)?);
                if first.abs_diff(second) != 1 {
                    return Err(ReshardError::Apart(one, other));
                }
                let low = first.min(second);
                let range = HashKeyRange { start: self.open[low].1.start, end: self.open[low + 1].1.end };
                let merged = self.make(range, &[one, other]);
                self.open.splice(low..=low + 1, [merged]);
            }
        }
        Ok(())
    }

    /// Splits and merges until there are so many shards of one size, but for what ranges differ by that were rounded
    /// otherwise before.
    fn scale(&mut self, count: u32) -> Result<(), ReshardError> {
        let tolerance = (u128::MAX / u128::from(count)) >> 16;
        for (done, wanted) in HashKeyRange::split(count).into_iter().enumerate() {
            let ends = |range: &HashKeyRange| range.end.abs_diff(wanted.end) <= tolerance;
            // What lies across the end is cut there.
            let across = self.open[done..].iter().position(|(_, range)| range.end >= wanted.end || ends(range));
            let across = done + across.unwrap_or_default();
            let (id, range) = self.open[across];
            if !ends(&range) {
                self.apply(Step::Split(id, wanted.end + 1))?;
            }
            // What lies before it becomes one.
            for _ in done..across {
                self.apply(Step::Merge(self.open[done].0, self.open[done + 1].0))?;
            }
        }
        Ok(())
    }
}

impl LocalLog {
    /// Closes a shard; two go on from it, of which the second begins with the hash key `at`. Returns their ids.
    pub fn split_shard(&self, stream: &str, shard: ShardId, at: u128) -> Result<[ShardId; 2], ReshardError> {
        let made = self.reshard(stream, &[shard], |draft| draft.apply(Step::Split(shard, at)))?;
        Ok([made[0], made[1]])
    }

    /// Closes two shards whose ranges lie side by side; one goes on from both. Returns its id.
    pub fn merge_shards(&self, stream: &str, one: ShardId, other: ShardId) -> Result<ShardId, ReshardError> {
        let made = self.reshard(stream, &[one, other], |draft| draft.apply(Step::Merge(one, other)))?;
        Ok(made[0])
    }

    /// Splits and merges until there are so many shards, at least one, of one size: all of it or nothing. Shards that only
    /// stand between have no records.
    pub fn scale_shards(&self, stream: &str, count: u32) -> Result<(), ReshardError> {
        self.reshard(stream, &[], |draft| draft.scale(count.max(1))).map(drop)
    }

    /// Reshapes a stream and returns the shards that were made; `named` are those that have to be there.
    fn reshard(
        &self,
        name: &str,
        named: &[ShardId],
        reshape: impl FnOnce(&mut Draft) -> Result<(), ReshardError>,
    ) -> Result<Vec<ShardId>, ReshardError> {
        let _making = self.counter.lock().unwrap_or_else(PoisonError::into_inner);
        let stream = self.stream(name)?;
        for shard in named {
            stream.shard(*shard)?;
        }
        let open = stream.describe().shards.into_iter().map(|shard| (shard.id, shard.range)).collect();
        let before = u32::try_from(stream.shards.len()).expect("shards are counted in 32 bits");
        let mut draft = Draft { before, open, made: Vec::new() };
        reshape(&mut draft)?;
        if stream.shards.len() + draft.made.len() > MOST_SHARDS {
            return Err(ReshardError::TooMany);
        }
        // In the order in which commits lock them, and once. Nothing is appended to them from here on.
        let closed: BTreeSet<u32> = draft.made.iter().flat_map(|made| &made.parents).map(|parent| parent.0).collect();
        let closing = closed.range(..before).map(|index| &stream.shards[*index as usize]);
        let mut tips: Vec<MutexGuard<'_, Tip>> = closing.map(|shard| shard.lock()).collect();
        // What goes on arrives no earlier than what was there.
        let last = tips.iter().map(|tip| tip.last).max().unwrap_or_default();
        let created = now().max(last);
        let mut shards = stream.shards.clone();
        for made in &draft.made {
            let life = if closed.contains(&made.id.0) { Life::Closed } else { Life::Open };
            let tip = Tip { last, life, ..Tip::default() };
            shards.push(Arc::new(LocalShard::new(made.range, made.parents.clone(), created, tip)));
        }
        let mut batch = self.storage.batch();
        catalogue::update(&self.storage, &mut batch, &stream, &shards, stream.gone());
        self.storage.commit(batch)?;
        let next = Stream::new(stream.id, stream.name.clone(), stream.capacity, stream.created, shards);
        self.streams.write().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), Arc::new(next));
        // Only now: who finds a shard closed finds those that go on.
        for tip in &mut tips {
            tip.life = Life::Closed;
        }
        drop(tips);
        for closed in closed.range(..before) {
            stream.shards[*closed as usize].news.notify_waiters();
        }
        self.version.send_modify(|version| *version += 1);
        Ok(draft.made.iter().map(|made| made.id).collect())
    }
}
