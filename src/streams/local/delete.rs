//! Removing a stream: at once from the list, then its records.

use std::sync::PoisonError;

use fjall::Guard;

use super::{
    LocalLog, catalogue,
    shard::Life,
    storage::{Storage, block_key, state_key, tip_key},
};
use crate::streams::LogError;

/// Streams that are off the list and whose records may not be gone yet.
const DOOMED_PREFIX: &str = "doomed/";
/// How many blocks one batch removes.
const BATCH: usize = 4096;
/// From this many bytes of data on, room is made at once and not by and by.
const LARGE_BYTES: u64 = 16 << 20;

impl LocalLog {
    /// Removes a stream and its records. Fails with [`LogError::UnknownStream`] where there is none.
    ///
    /// A process that dies meanwhile leaves the rest to the next [`Self::open`].
    pub fn delete_stream(&self, name: &str) -> Result<(), LogError> {
        self.delete_stream_with(name, &[])
    }

    /// Removes a stream and its records, and values of state in the same commit.
    pub fn delete_stream_with(&self, name: &str, state: &[&str]) -> Result<(), LogError> {
        let making = self.counter.lock().unwrap_or_else(PoisonError::into_inner);
        let stream = self.stream(name)?;
        let bytes = self.stats(name)?.bytes;
        {
            // All shards, in their order: a commit that already has the stream in hand finds them closed.
            let mut tips: Vec<_> = stream.shards.iter().map(|shard| shard.lock()).collect();
            let mut batch = self.storage.batch();
            batch.remove(&self.storage.state, catalogue::stream_key(name));
            for key in state {
                batch.remove(&self.storage.state, state_key(key));
            }
            batch.insert(&self.storage.state, format!("{DOOMED_PREFIX}{}", stream.id), "");
            self.storage.commit(batch)?;
            for tip in &mut tips {
                tip.life = Life::Removed;
            }
        }
        self.streams.write().unwrap_or_else(PoisonError::into_inner).remove(name);
        // Another may be made while the records go.
        drop(making);
        self.version.send_modify(|version| *version += 1);
        sweep(&self.storage, stream.id)?;
        if bytes >= LARGE_BYTES { self.storage.make_room() } else { Ok(()) }
    }
}

/// Finishes removals that a process before this one began.
pub(super) fn resume(storage: &Storage) -> Result<(), LogError> {
    let doomed: Vec<_> = storage.state.prefix(DOOMED_PREFIX).map(Guard::key).collect();
    for key in doomed {
        let key = key.map_err(|error| storage.failure(error))?;
        let id = std::str::from_utf8(&key[DOOMED_PREFIX.len()..]).ok().and_then(|id| id.parse().ok());
        sweep(storage, id.ok_or_else(|| storage.format("a damaged list of removed streams"))?)?;
    }
    Ok(())
}

fn sweep(storage: &Storage, id: u32) -> Result<(), LogError> {
    let mut blocks = storage.records.range(block_key(id, 0, 0)..=block_key(id, u32::MAX, u64::MAX));
    loop {
        let mut batch = storage.batch();
        for guard in blocks.by_ref().take(BATCH) {
            batch.remove(&storage.records, guard.key().map_err(|error| storage.failure(error))?);
        }
        if batch.is_empty() {
            break;
        }
        storage.commit(batch)?;
    }
    let mut batch = storage.batch();
    for guard in storage.state.prefix(tip_key(id, None)) {
        batch.remove(&storage.state, guard.key().map_err(|error| storage.failure(error))?);
    }
    batch.remove(&storage.state, format!("{DOOMED_PREFIX}{id}"));
    storage.commit(batch)
}
