//! How much a stream holds.

use super::{LocalLog, shard::Stream};
use crate::streams::{LogError, Millis, ShardId};

/// What a stream holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StreamStats {
    /// How many records.
    pub records: u64,
    /// Their bytes of data, as they were given.
    pub bytes: u64,
    /// When the oldest of them arrived.
    pub first_arrival: Option<Millis>,
    /// When the newest of them arrived, or a later time before which no more can arrive.
    pub last_arrival: Option<Millis>,
}

/// What a shard has been given since it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShardLoad {
    /// The shard.
    pub shard: ShardId,
    /// How many records.
    pub records: u64,
    /// Their bytes of data.
    pub bytes: u64,
}

impl LocalLog {
    /// Says how much each shard of a stream has been given that takes records, in the order of their ids.
    pub fn loads(&self, stream: &str) -> Result<Vec<ShardLoad>, LogError> {
        Ok(self.stream(stream)?.loads())
    }

    /// Says how much a stream holds. Costs nothing that grows with it.
    pub fn stats(&self, stream: &str) -> Result<StreamStats, LogError> {
        Ok(self.stream(stream)?.stats())
    }
}

impl Stream {
    fn loads(&self) -> Vec<ShardLoad> {
        let mut open = self.open.clone();
        open.sort_unstable();
        let load = |index: u32| {
            let tip = *self.shards[index as usize].lock();
            ShardLoad { shard: ShardId(index), records: tip.next, bytes: tip.bytes }
        };
        open.into_iter().map(load).collect()
    }

    pub(super) fn stats(&self) -> StreamStats {
        let mut stats = StreamStats::default();
        for shard in &self.shards {
            let tip = *shard.lock();
            stats.records += tip.next - tip.first;
            stats.bytes += tip.bytes - tip.before;
            stats.first_arrival = [stats.first_arrival, tip.first_arrival].into_iter().flatten().min();
            stats.last_arrival = stats.last_arrival.max(tip.first_arrival.map(|_| tip.last));
        }
        stats
    }
}
