//! Giving the room of what was removed back to the system.

use std::sync::atomic::{AtomicU64, Ordering};

use fjall::OwnedWriteBatch;

use super::{LocalLog, catalogue, storage::Storage};
use crate::streams::LogError;

/// How many bytes of data are removed before room is made for them.
const LARGE_BYTES: u64 = 64 << 20;
/// Nor is it made before they are that part of what is kept: small blocks are written anew when it is, whosever they are, so a
/// byte is on average written anew once for each time that all which is kept has been removed, times this.
const PART: u64 = 16;
/// What was removed is worth it in any case.
const AT_ONCE: u64 = u64::MAX;
const OWED_KEY: &str = "room-owed";

/// How many bytes of data were removed since room was made.
#[derive(Debug)]
pub(super) struct Room {
    owed: AtomicU64,
}

impl Room {
    /// Reads what a process before this one has left.
    pub(super) fn read(storage: &Storage) -> Result<Self, LogError> {
        Ok(Self { owed: AtomicU64::new(catalogue::value(storage, OWED_KEY)?.unwrap_or_default()) })
    }

    /// Adds bytes that a batch removes, or one before it.
    pub(super) fn owe(&self, storage: &Storage, batch: &mut OwnedWriteBatch, bytes: u64) {
        batch.insert(&storage.state, OWED_KEY, catalogue::json(&self.add(bytes)));
    }

    /// Adds bytes and returns how many there are then.
    fn add(&self, bytes: u64) -> u64 {
        let add = |owed: u64| Some(owed.saturating_add(bytes));
        let before = self.owed.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
        before.unwrap_or_else(|owed| owed).saturating_add(bytes)
    }

    /// Adds those of a stream that a batch removes.
    pub(super) fn owe_stream(&self, storage: &Storage, batch: &mut OwnedWriteBatch, bytes: u64) {
        // Who removes a stream looks for the room.
        self.owe(storage, batch, if bytes >= LARGE_BYTES { AT_ONCE } else { bytes });
    }
}

impl LocalLog {
    /// Does what removals leave to be done: the records of streams that are off the list go, and the room of all that went is
    /// given back where that is worth its while. Takes long where there is much to do; nothing waits for it.
    pub fn tend(&self) -> Result<(), LogError> {
        self.sweep()?;
        let owed = self.room.owed.load(Ordering::Relaxed);
        if owed < LARGE_BYTES || owed != AT_ONCE && owed < self.kept() / PART {
            return Ok(());
        }
        let paid = self.room.owed.swap(0, Ordering::Relaxed);
        if let Err(error) = self.storage.make_room() {
            self.room.add(paid);
            return Err(error);
        }
        let mut batch = self.storage.batch();
        // With what has been removed meanwhile.
        self.room.owe(&self.storage, &mut batch, 0);
        self.storage.commit(batch)
    }

    /// Returns the bytes of data in all streams.
    fn kept(&self) -> u64 {
        self.all_streams().iter().map(|stream| stream.stats().bytes).sum()
    }
}
