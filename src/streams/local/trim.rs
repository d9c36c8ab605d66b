//! Removing the oldest records of a shard.

use std::sync::Arc;

use super::{
    LocalLog,
    shard::{Life, Stream},
    storage::block_key,
    tips,
};
use crate::streams::{LogError, ShardId};

impl LocalLog {
    /// Removes the records of a shard that lie before an offset, in whole blocks. The last block stays in any case.
    /// Whoever reads in front of the offset meanwhile goes on behind it. Their room is given back by [`Self::tend`].
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
        let mut removed = 0;
        {
            // First nobody reads them any more, then they go.
            let mut tip = local.lock();
            if tip.life == Life::Removed {
                return Ok(());
            }
            if kept.first > tip.first {
                removed = kept.before.saturating_sub(tip.before);
                (tip.first, tip.before, tip.first_arrival) = (kept.first, kept.before, Some(kept.arrival));
                let mut batch = self.storage.batch();
                tips::write(&self.storage, &mut batch, stream.id, shard.0, *tip);
                self.storage.commit(batch)?;
            }
        }
        self.storage
            .remove_blocks(block_key(stream.id, shard.0, tip.stored)..block_key(stream.id, shard.0, kept.first))?;
        local.lock().stored = kept.first;
        // Only now: room that is made before they are gone is none.
        let mut batch = self.storage.batch();
        self.room.owe(&self.storage, &mut batch, removed);
        self.storage.commit(batch)
    }

    /// Returns how many bytes of data a stream has been given in all, those that were removed since among them.
    pub fn bytes_given(&self, stream: &str) -> Result<u64, LogError> {
        Ok(self.stream(stream)?.shards.iter().map(|shard| shard.lock().bytes).sum())
    }
}
