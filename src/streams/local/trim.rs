//! Removing the oldest records of a shard.

use std::sync::{Arc, atomic::Ordering};

use super::{LocalLog, shard::Stream, storage::block_key, tips};
use crate::streams::{LogError, ShardId};

/// How many bytes of data are removed before room is made at once and not by and by.
const LARGE_BYTES: u64 = 64 << 20;
/// How many blocks one batch removes.
const BATCH: usize = 4096;

impl LocalLog {
    /// Removes the records of a shard that lie before an offset, in whole blocks. The last block stays in any case.
    /// Whoever reads in front of the offset meanwhile goes on behind it.
    pub fn trim(&self, stream: &str, shard: ShardId, before: u64) -> Result<(), LogError> {
        self.trim_stream(&self.stream(stream)?, shard, before)
    }

    /// Does so in a stream at hand, which may have been removed since.
    pub(super) fn trim_stream(&self, stream: &Arc<Stream>, shard: ShardId, before: u64) -> Result<(), LogError> {
        let local = stream.shard(shard)?;
        let tip = *local.lock();
        let kept = before.min(tip.next.saturating_sub(1));
        if kept <= tip.stored {
            return Ok(());
        }
        let kept = self.kept_from(stream, shard, kept)?;
        {
            // First nobody reads them any more, then they go.
            let mut tip = local.lock();
            if kept.first > tip.first {
                (tip.first, tip.before, tip.first_arrival) = (kept.first, kept.before, Some(kept.arrival));
                let mut batch = self.storage.batch();
                tips::write(&self.storage, &mut batch, stream.id, shard.0, *tip);
                self.storage.commit(batch)?;
            }
        }
        let mut old = self
            .storage
            .records
            .range(block_key(stream.id, shard.0, tip.stored)..block_key(stream.id, shard.0, kept.first));
        loop {
            let mut batch = self.storage.batch();
            for guard in old.by_ref().take(BATCH) {
                batch.remove(&self.storage.records, guard.key().map_err(|error| self.storage.failure(error))?);
            }
            if batch.is_empty() {
                break;
            }
            self.storage.commit(batch)?;
        }
        // Nothing is dropped that somebody still looks through.
        drop(old);
        local.lock().stored = kept.first;
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
