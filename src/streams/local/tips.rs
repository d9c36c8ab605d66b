//! The ends of shards as they are written, so that a log that is opened need not look through its records.

use std::collections::BTreeMap;

use fjall::OwnedWriteBatch;

use super::{
    read,
    shard::Tip,
    storage::{Storage, block_key, tip_key},
};
use crate::streams::LogError;

/// Adds the end of a shard to a batch.
pub(super) fn write(storage: &Storage, batch: &mut OwnedWriteBatch, stream: u32, shard: u32, tip: Tip) {
    let tip = postcard::to_stdvec(&tip).expect("numbers are written");
    batch.insert(&storage.state, tip_key(stream, Some(shard)), tip);
}

/// Adds the removal of the end of a shard to a batch.
pub(super) fn remove(storage: &Storage, batch: &mut OwnedWriteBatch, stream: u32, shard: u32) {
    batch.remove(&storage.state, tip_key(stream, Some(shard)));
}

/// Reads the ends of the shards of a stream; a shard that was never given a record has none.
pub(super) fn read(storage: &Storage, stream: u32) -> Result<BTreeMap<u32, Tip>, LogError> {
    let prefix = tip_key(stream, None);
    let mut tips = BTreeMap::new();
    for guard in storage.state.prefix(&prefix) {
        let (key, value) = guard.into_inner().map_err(|error| storage.failure(error))?;
        let damaged = || storage.format("a damaged end of a shard");
        let shard = key[prefix.len()..].try_into().map(u32::from_be_bytes).map_err(|_| damaged())?;
        tips.insert(shard, postcard::from_bytes(&value).map_err(|_| damaged())?);
    }
    Ok(tips)
}

/// Adds the ends of all shards to a batch, as the blocks of a folder show them that was written without.
pub(super) fn take_from_blocks(storage: &Storage, batch: &mut OwnedWriteBatch) -> Result<(), LogError> {
    let mut from = (0, 0);
    while let Some(guard) = storage.records.range(block_key(from.0, from.1, 0)..).next() {
        let key = guard.key().map_err(|error| storage.failure(error))?;
        let damaged = || storage.format("a damaged key");
        let part = |at: usize| Some(u32::from_be_bytes(key.get(at..at + 4)?.try_into().ok()?));
        let (stream, shard) = part(0).zip(part(4)).ok_or_else(damaged)?;
        write(storage, batch, stream, shard, read::tip(storage, stream, shard)?);
        match shard.checked_add(1) {
            Some(next) => from = (stream, next),
            None => break,
        }
    }
    Ok(())
}
