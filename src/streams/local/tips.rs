//! The ends of shards as they are written, so that a log that is opened need not look through its records.

use std::collections::BTreeMap;

use fjall::OwnedWriteBatch;
use serde::{Deserialize, Serialize};

use super::{
    read,
    shard::{Life, Tip},
    storage::{Storage, block_key, tip_key},
};
use crate::streams::{LogError, Millis};

/// A [`Tip`] as it is written.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    first: u64,
    stored: u64,
    before: u64,
    next: u64,
    last: Millis,
    bytes: u64,
    first_arrival: Option<Millis>,
}

/// Adds the end of a shard to a batch.
pub(super) fn write(storage: &Storage, batch: &mut OwnedWriteBatch, stream: u32, shard: u32, tip: Tip) {
    let Tip { first, stored, before, next, last, bytes, first_arrival, life: _ } = tip;
    let entry = Entry { first, stored, before, next, last, bytes, first_arrival };
    let entry = postcard::to_stdvec(&entry).expect("numbers are written");
    batch.insert(&storage.state, tip_key(stream, Some(shard)), entry);
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
        let entry: Entry = postcard::from_bytes(&value).map_err(|_| damaged())?;
        let Entry { first, stored, before, next, last, bytes, first_arrival } = entry;
        let life = Life::Open;
        tips.insert(shard, Tip { first, stored, before, next, last, bytes, first_arrival, life });
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
