//! Resharding: shards are closed, and others go on where they ended.

use std::sync::{Arc, MutexGuard, PoisonError};

use super::{
    LocalLog, catalogue,
    shard::{Life, LocalShard, Stream, Tip},
};
use crate::streams::{HashKeyRange, LogError, ShardId, now};

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
    /// Shards between whose ranges others lie.
    #[error("{0} and {1} do not lie side by side")]
    Apart(ShardId, ShardId),
}

impl LocalLog {
    /// Closes a shard; two go on from it, of which the second begins with the hash key `at`. Returns their ids.
    pub fn split_shard(&self, stream: &str, shard: ShardId, at: u128) -> Result<[ShardId; 2], ReshardError> {
        let made = self.reshard(stream, &[shard], |ranges| {
            let range = ranges[0];
            if at <= range.start || at > range.end {
                return Err(ReshardError::Outside { shard, at });
            }
            Ok(vec![HashKeyRange { end: at - 1, ..range }, HashKeyRange { start: at, ..range }])
        })?;
        Ok([made[0], made[1]])
    }

    /// Closes two shards whose ranges lie side by side; one goes on from both. Returns its id.
    pub fn merge_shards(&self, stream: &str, one: ShardId, other: ShardId) -> Result<ShardId, ReshardError> {
        let made = self.reshard(stream, &[one, other], |ranges| {
            let (low, high) =
                if ranges[0].start < ranges[1].start { (ranges[0], ranges[1]) } else { (ranges[1], ranges[0]) };
            if one == other || low.end.checked_add(1) != Some(high.start) {
                return Err(ReshardError::Apart(one, other));
            }
            Ok(vec![HashKeyRange { start: low.start, end: high.end }])
        })?;
        Ok(made[0])
    }

    /// Closes shards; others with these ranges go on from all of them.
    fn reshard(
        &self,
        name: &str,
        parents: &[ShardId],
        ranges: impl FnOnce(&[HashKeyRange]) -> Result<Vec<HashKeyRange>, ReshardError>,
    ) -> Result<Vec<ShardId>, ReshardError> {
        let _making = self.counter.lock().unwrap_or_else(PoisonError::into_inner);
        let stream = self.stream(name)?;
        let closing = parents.iter().map(|parent| stream.shard(*parent)).collect::<Result<Vec<_>, LogError>>()?;
        let ranges = ranges(&closing.iter().map(|shard| shard.range).collect::<Vec<_>>())?;
        // In the order in which commits lock them, and once. Nothing is appended to them from here on.
        let mut order: Vec<usize> = (0..parents.len()).collect();
        order.sort_unstable_by_key(|index| parents[*index]);
        let mut tips: Vec<MutexGuard<'_, Tip>> = order.iter().map(|index| closing[*index].lock()).collect();
        if let Some(closed) = order.iter().zip(&tips).find(|(_, tip)| tip.life != Life::Open) {
            return Err(ReshardError::Closed(parents[*closed.0]));
        }
        // What goes on arrives no earlier than what was there.
        let last = tips.iter().map(|tip| tip.last).max().unwrap_or_default();
        let created = now().max(last);
        let mut shards = stream.shards.clone();
        let first = u32::try_from(shards.len()).expect("shards are counted in 32 bits");
        let made: Vec<ShardId> = (first..).zip(&ranges).map(|(index, _)| ShardId(index)).collect();
        for range in ranges {
            let tip = Tip { last, ..Tip::default() };
            shards.push(Arc::new(LocalShard::new(range, parents.to_vec(), created, tip)));
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
        self.version.send_modify(|version| *version += 1);
        Ok(made)
    }
}
