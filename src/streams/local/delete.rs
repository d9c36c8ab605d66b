//! Removing a stream: at once from the list, and its records by and by.

use std::sync::PoisonError;

use fjall::Guard;

use super::{
    LocalLog, catalogue,
    shard::Life,
    storage::{block_key, state_key, tip_key},
};
use crate::streams::LogError;

/// Streams that are off the list and whose records are not gone yet, each with their bytes of data.
const DOOMED_PREFIX: &str = "doomed/";

impl LocalLog {
    /// Removes a stream. Fails with [`LogError::UnknownStream`] where there is none.
    ///
    /// Its records are on the disk until they are [tended](Self::tend) to, by this process or another.
    pub fn delete_stream(&self, name: &str) -> Result<(), LogError> {
        self.delete_stream_with(name, &[])
    }

    /// Removes a stream, and values of state in the same commit.
    pub fn delete_stream_with(&self, name: &str, state: &[&str]) -> Result<(), LogError> {
        let _making = self.counter.lock().unwrap_or_else(PoisonError::into_inner);
        let stream = self.stream(name)?;
        let bytes = stream.stats().bytes;
        // All shards, in their order: a commit that already has the stream in hand finds them removed.
        let mut tips: Vec<_> = stream.shards.iter().map(|shard| shard.lock()).collect();
        let mut batch = self.storage.batch();
        batch.remove(&self.storage.state, catalogue::stream_key(name));
        for key in state {
            batch.remove(&self.storage.state, state_key(key));
        }
        batch.insert(&self.storage.state, format!("{DOOMED_PREFIX}{}", stream.id), catalogue::json(&bytes));
        self.storage.commit(batch)?;
        for tip in &mut tips {
            tip.life = Life::Removed;
        }
        drop(tips);
        self.streams.write().unwrap_or_else(PoisonError::into_inner).remove(name);
        for shard in &stream.shards {
            shard.news.notify_waiters();
        }
        self.version.send_modify(|version| *version += 1);
        Ok(())
    }

    /// Removes the records of streams that are off the list.
    pub(super) fn sweep(&self) -> Result<(), LogError> {
        let doomed: Vec<_> = self.storage.state.prefix(DOOMED_PREFIX).map(Guard::into_inner).collect();
        for doomed in doomed {
            let (key, bytes) = doomed.map_err(|error| self.storage.failure(error))?;
            let id = std::str::from_utf8(&key).ok().and_then(|key| key.strip_prefix(DOOMED_PREFIX)?.parse().ok());
            let id: u32 = id.ok_or_else(|| self.storage.format("a damaged list of removed streams"))?;
            let bytes = serde_json::from_slice(&bytes).unwrap_or_default();
            self.storage.remove_blocks(block_key(id, 0, 0)..=block_key(id, u32::MAX, u64::MAX))?;
            let mut batch = self.storage.batch();
            for guard in self.storage.state.prefix(tip_key(id, None)) {
                batch.remove(&self.storage.state, guard.key().map_err(|error| self.storage.failure(error))?);
            }
            batch.remove(&self.storage.state, key);
            self.room.owe_stream(&self.storage, &mut batch, bytes);
            self.storage.commit(batch)?;
        }
        Ok(())
    }
}
