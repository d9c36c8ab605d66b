//! Streams and shards as an open log holds them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::streams::{
    Capacity, Child, HashKeyRange, LogError, Millis, SequenceNumber, Shard, ShardId, StreamDescription,
    block::Numbering, hash_key,
};

/// One stream as it is between two reshardings; each makes another of it, with the same shards and more.
#[derive(Debug)]
pub(super) struct Stream {
    /// Never used for another stream.
    pub(super) id: u32,
    pub(super) name: String,
    /// As it was made.
    pub(super) capacity: Capacity,
    pub(super) created: Millis,
    /// By their index, closed ones too.
    pub(super) shards: Vec<Arc<LocalShard>>,
    /// The indexes of those that take records, in the order of their ranges.
    pub(super) open: Vec<u32>,
}

/// One shard.
#[derive(Debug)]
pub(super) struct LocalShard {
    pub(super) range: HashKeyRange,
    /// The shards that it goes on from.
    pub(super) parents: Vec<ShardId>,
    /// When it was made.
    pub(super) created: Millis,
    /// Held while a commit writes to the shard; nothing is awaited under it. Who holds several took them in the order
    /// of stream and shard.
    tip: Mutex<Tip>,
    /// Told of every change.
    pub(super) news: Arc<Notify>,
}

/// A shard, and when it took records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedShard {
    /// The shard.
    pub shard: Shard,
    /// When it was made.
    pub created: Millis,
    /// When others went on from it.
    pub closed: Option<Millis>,
    /// Set where it is closed: no record of it has a greater number.
    pub ending_sequence: Option<SequenceNumber>,
}

/// The greatest offset that the end of a shard is said to have.
pub(super) const LAST_OFFSET: u64 = i64::MAX.unsigned_abs();

/// The end of a shard.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tip {
    /// The offset of the oldest record that is kept; that of the next one where there is none.
    pub(super) first: u64,
    /// The offset of the oldest block that is stored: the last one stays when its records are kept no more.
    pub(super) stored: u64,
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
    /// Whether it takes records; the list of streams tells that of a shard that is written.
    #[serde(skip)]
    pub(super) life: Life,
}

/// Whether a shard takes records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Life {
    #[default]
    Open,
    /// Others go on from it.
    Closed,
    /// Others go on from it, and its last record has been removed.
    Gone,
    /// Its stream has been removed.
    Removed,
}

impl LocalShard {
    pub(super) fn new(range: HashKeyRange, parents: Vec<ShardId>, created: Millis, tip: Tip) -> Self {
        Self { range, parents, created, tip: Mutex::new(tip), news: Arc::default() }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Tip> {
        // A tip is only ever replaced as a whole, so a panic elsewhere leaves a good one.
        self.tip.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stream {
    /// Takes a stream with all its shards; those take records that no other goes on from.
    pub(super) fn new(
        id: u32,
        name: String,
        capacity: Capacity,
        created: Millis,
        shards: Vec<Arc<LocalShard>>,
    ) -> Self {
        let parents: BTreeSet<u32> = shards.iter().flat_map(|shard| &shard.parents).map(|parent| parent.0).collect();
        let mut open: Vec<u32> =
            (0u32..).zip(&shards).map(|(index, _)| index).filter(|index| !parents.contains(index)).collect();
        open.sort_unstable_by_key(|index| shards[*index as usize].range.start);
        Self { id, name, capacity, created, shards, open }
    }

    pub(super) fn shard(&self, shard: ShardId) -> Result<&Arc<LocalShard>, LogError> {
        self.shards.get(shard.0 as usize).ok_or_else(|| LogError::UnknownShard { shard: shard.to_string() })
    }

    pub(super) fn numbering(&self, shard: ShardId) -> Numbering {
        Numbering { created: self.created, shard: shard.0 }
    }

    /// Returns the index of the shard that takes the key.
    pub(super) fn route(&self, partition_key: &str, explicit_hash_key: Option<u128>) -> u32 {
        if let [only] = self.open[..] {
            return only;
        }
        let key = explicit_hash_key.unwrap_or_else(|| hash_key(partition_key));
        let behind = self.open.partition_point(|index| self.shards[*index as usize].range.start <= key);
        self.open[behind.saturating_sub(1)]
    }

    pub(super) fn describe(&self) -> StreamDescription {
        StreamDescription {
            name: self.name.clone(),
            capacity: self.capacity,
            shards: self.open.iter().map(|index| self.listed(*index, true)).collect(),
            created: self.created,
        }
    }

    /// Lists every shard by its index, but for those that have nothing any more.
    pub(super) fn all(&self) -> Vec<ListedShard> {
        let mut closed = BTreeMap::new();
        for shard in self.shards.iter().rev() {
            closed.extend(shard.parents.iter().map(|parent| (*parent, shard.created)));
        }
        let listed =
            (0u32..).zip(&self.shards).filter(|(_, shard)| shard.lock().life != Life::Gone).map(|(index, shard)| {
                let id = ShardId(index);
                let closed = closed.get(&id).copied();
                ListedShard {
                    shard: self.listed(index, closed.is_none()),
                    created: shard.created,
                    closed,
                    ending_sequence: closed.map(|_| self.numbering(id).number(LAST_OFFSET)),
                }
            });
        listed.collect()
    }

    fn listed(&self, index: u32, open: bool) -> Shard {
        let (id, shard) = (ShardId(index), &self.shards[index as usize]);
        let starting_sequence = self.numbering(id).before_all();
        Shard { id, range: shard.range, starting_sequence, parents: shard.parents.clone(), open }
    }

    /// Returns the indexes of the shards that have nothing any more. Whoever holds the lock of a shard that takes records may ask.
    pub(super) fn gone(&self) -> Vec<u32> {
        let closed = (0u32..).zip(&self.shards).filter(|(index, _)| !self.open.contains(index));
        closed.filter(|(_, shard)| shard.lock().life == Life::Gone).map(|(index, _)| index).collect()
    }

    /// Returns the shards that go on from one.
    pub(super) fn children(&self, of: ShardId) -> Vec<Child> {
        let shards = (0u32..).zip(&self.shards);
        let own = shards.filter(|(_, shard)| shard.parents.contains(&of));
        own.map(|(index, shard)| Child { id: ShardId(index), parents: shard.parents.clone() }).collect()
    }
}
