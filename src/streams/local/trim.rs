//! Removing the oldest records of a shard.

use std::sync::atomic::Ordering;

use super::{LocalLog, storage::block_key};
use crate::streams::{LogError, ShardId};

/// How many bytes of data are removed before room is made at once and not by and by.
const LARGE_BYTES: u64 = 64 << 20;

impl LocalLog {
    /// Removes the records of a shard that lie before an offset, in whole blocks. The last block stays in any case: it
    /// tells where the shard is. Nobody reads in front of the offset meanwhile.
    pub fn trim(&self, stream: &str, shard: ShardId, before: u64) -> Result<(), LogError> {
        let stream = self.stream(stream)?;
        let tip = *stream.shard(shard)?.lock();
        let kept = before.min(tip.next.saturating_sub(1));
        if kept <= tip.stored {
            return Ok(());
        }
        let kept = self.kept_from(&stream, shard, kept)?;
        let mut batch = self.storage.batch();
        let old = block_key(stream.id, shard.0, tip.stored)..block_key(stream.id, shard.0, kept.first);
        for guard in self.storage.records.range(old) {
            batch.remove(&self.storage.records, guard.key().map_err(|error| self.storage.failure(error))?);
        }
        if batch.is_empty() {
            return Ok(());
        }
        self.storage.commit(batch)?;
        {
            let mut tip = stream.shard(shard)?.lock();
            tip.stored = kept.first;
            if kept.first > tip.first {
                (tip.first, tip.before, tip.first_arrival) = (kept.first, kept.before, Some(kept.arrival));
            }
        }
        let removed = kept.before.saturating_sub(tip.before);
        if self.trimmed.fetch_add(removed, Ordering::Relaxed) + removed < LARGE_BYTES {
            return Ok(());
        }
        self.trimmed.store(0, Ordering::Relaxed);
        self.storage.make_room()
    }

    /// Returns how many bytes of data a stream has been given in all, those that were removed since among them.
    pub fn bytes_given(&self, stream: &str) -> Result<u64, LogError> {
        Ok(self.stream(stream)?.shards.iter().map(|shard| shard.lock().bytes).sum())
    }
}
