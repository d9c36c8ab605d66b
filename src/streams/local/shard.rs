//! Streams and shards as an open log holds them.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::streams::{
    Capacity, HashKeyRange, LogError, Millis, Shard, ShardId, StreamDescription, block::Numbering, hash_key,
};

/// One stream.
#[derive(Debug)]
pub(super) struct Stream {
    /// Never used for another stream.
    pub(super) id: u32,
    pub(super) name: String,
    pub(super) capacity: Capacity,
    pub(super) created: Millis,
    /// In the order of their ranges.
    pub(super) shards: Vec<LocalShard>,
}

/// One shard.
#[derive(Debug)]
pub(super) struct LocalShard {
    pub(super) range: HashKeyRange,
    /// Held while a commit writes to the shard; nothing is awaited under it. Who holds several took them in the order
    /// of stream and shard.
    tip: Mutex<Tip>,
}

/// The end of a shard.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tip {
    /// The offset of the oldest record that is kept; that of the next one where there is none.
    pub(super) first: u64,
    /// The bytes of data in the records before it.
    pub(super) before: u64,
    /// The offset of the next record.
    pub(super) next: u64,
    /// No later record arrives before this.
    pub(super) last: Millis,
    /// The bytes of data in all records that it has been given.
    pub(super) bytes: u64,
    /// When the oldest record arrived that is kept.
    pub(super) first_arrival: Option<Millis>,
    /// Whether the stream has been removed.
    pub(super) closed: bool,
}

impl LocalShard {
    pub(super) fn new(range: HashKeyRange, tip: Tip) -> Self {
        Self { range, tip: Mutex::new(tip) }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Tip> {
        // A tip is only ever replaced as a whole, so a panic elsewhere leaves a good one.
        self.tip.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stream {
    pub(super) fn shard(&self, shard: ShardId) -> Result<&LocalShard, LogError> {
        self.shards.get(shard.0 as usize).ok_or_else(|| LogError::UnknownShard { shard: shard.to_string() })
    }

    pub(super) fn numbering(&self, shard: ShardId) -> Numbering {
        Numbering { created: self.created, shard: shard.0 }
    }

    /// Returns the index of the shard that takes the key.
    pub(super) fn route(&self, partition_key: &str, explicit_hash_key: Option<u128>) -> u32 {
        if self.shards.len() == 1 {
            return 0;
        }
        let key = explicit_hash_key.unwrap_or_else(|| hash_key(partition_key));
        let behind = self.shards.partition_point(|shard| shard.range.start <= key);
        u32::try_from(behind.saturating_sub(1)).expect("shards are counted in 32 bits")
    }

    pub(super) fn describe(&self) -> StreamDescription {
        let shards = (0u32..).zip(&self.shards).map(|(index, shard)| Shard {
            id: ShardId(index),
            range: shard.range,
            starting_sequence: self.numbering(ShardId(index)).number(0),
            parents: Vec::new(),
            open: true,
        });
        StreamDescription {
            name: self.name.clone(),
            capacity: self.capacity,
            shards: shards.collect(),
            created: self.created,
        }
    }
}
