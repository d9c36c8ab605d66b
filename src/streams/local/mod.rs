//! The durable log on this machine.
//!
//! Owns a folder with one embedded database (fjall) and is the only process in it. Records lie in blocks under
//! `(stream id, shard, first offset)`; streams and small values of state lie beside them, so that one commit can write
//! all of it or nothing. May import nothing of this crate but the seam above it. Never loses what it acknowledged.

mod catalogue;

mod commit;
mod delete;
mod expire;
mod read;
mod reshard;
mod room;
mod seam;
mod shard;
mod stats;
mod storage;
#[cfg(test)]
mod tests;
mod tips;
mod trim;

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use bytes::Bytes;
use tokio::sync::{Notify, watch};

pub use commit::{Commit, Place, Placed};
pub use read::Records;
pub use reshard::ReshardError;
pub use shard::ListedShard;
pub use stats::{ShardLoad, StreamStats};

use super::{Append, Appends, Capacity, LogError, Millis, ShardId, StreamDescription};
use catalogue::Counter;
use room::Room;
use shard::Stream;
use storage::Storage;

/// What an acknowledged record survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// The end of this process in any way, `kill -9` among them: the records are with the operating system.
    Process,
    /// Loss of power: the records are on the disk.
    Power,
}

/// Streams in a folder of this machine.
///
/// The methods here block and are for threads; the [`Log`](super::Log) that it also is does the same for tasks.
pub struct LocalLog {
    storage: Storage,
    streams: RwLock<BTreeMap<String, Arc<Stream>>>,
    /// Held while a stream is made or removed, so that two of a name are not.
    counter: Mutex<Counter>,
    version: watch::Sender<u64>,
    room: Room,
}

impl LocalLog {
    /// Opens the folder and makes it where there is none.
    ///
    /// Fails with [`LogError::Locked`] where another process has it open, and with [`LogError::Format`] where another
    /// version of this program wrote it in a way that this one does not know.
    pub fn open(dir: &Path, durability: Durability) -> Result<Arc<Self>, LogError> {
        let storage = Storage::open(dir, durability)?;
        let counter = catalogue::counter(&storage)?;
        let mut streams = BTreeMap::new();
        for stream in catalogue::streams(&storage)? {
            streams.insert(stream.name.clone(), Arc::new(stream));
        }
        let room = Room::read(&storage)?;
        let (version, _) = watch::channel(0);
        Ok(Arc::new(Self { storage, streams: RwLock::new(streams), counter: Mutex::new(counter), version, room }))
    }

    /// Puts everything that is in memory into files, for the next opening to be quick. Nothing is lost without.
    pub fn settle(&self) -> Result<(), LogError> {
        self.storage.settle()
    }

    /// Makes a stream. Fails with [`LogError::StreamExists`] where the name is taken.
    pub fn create_stream(&self, name: &str, capacity: Capacity) -> Result<(), LogError> {
        self.create_stream_with(name, capacity, |_| Vec::new())
    }

    /// Makes a stream, and sets values of state in the same commit, which `state` makes when it is told when the stream is
    /// made.
    pub fn create_stream_with(
        &self,
        name: &str,
        capacity: Capacity,
        state: impl FnOnce(Millis) -> Vec<(String, Vec<u8>)>,
    ) -> Result<(), LogError> {
        let mut counter = self.counter.lock().unwrap_or_else(PoisonError::into_inner);
        if self.stream(name).is_ok() {
            return Err(LogError::StreamExists { stream: name.to_owned() });
        }
        let (next, stream) = catalogue::create(&self.storage, *counter, name, capacity, state)?;
        *counter = next;
        self.streams.write().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), Arc::new(stream));
        Ok(())
    }

    /// Describes one stream.
    pub fn describe_stream(&self, name: &str) -> Result<StreamDescription, LogError> {
        Ok(self.stream(name)?.describe())
    }

    /// Lists every shard of a stream by its index: those that take records, and closed ones.
    pub fn all_shards(&self, name: &str) -> Result<Vec<ListedShard>, LogError> {
        Ok(self.stream(name)?.all())
    }

    /// Returns the shards that would take records.
    pub fn routes(&self, name: &str, records: &Appends) -> Result<Vec<ShardId>, LogError> {
        let stream = self.stream(name)?;
        let route = |record: Append<'_>| ShardId(stream.route(record.partition_key, record.explicit_hash_key));
        Ok(records.iter().map(route).collect())
    }

    /// Returns when a stream was made; no other stream of this log was made at that time.
    pub fn created(&self, name: &str) -> Result<Millis, LogError> {
        Ok(self.stream(name)?.created)
    }

    /// Names all streams in alphabetical order.
    pub fn stream_names(&self) -> Vec<String> {
        self.streams.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    /// Returns the value of state that a commit wrote under the key.
    pub fn state(&self, key: &str) -> Result<Option<Bytes>, LogError> {
        self.storage.state(key)
    }

    /// Returns a counter that goes up with every commit: look at it, read, and wait for it to change.
    pub fn version(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    /// Returns what tells of every change to a shard: records, others that go on from it, and its end. Begin to wait, read, and
    /// then go on waiting.
    pub fn news(&self, stream: &str, shard: ShardId) -> Result<Arc<Notify>, LogError> {
        Ok(Arc::clone(&self.stream(stream)?.shard(shard)?.news))
    }

    fn all_streams(&self) -> Vec<Arc<Stream>> {
        self.streams.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    fn stream(&self, name: &str) -> Result<Arc<Stream>, LogError> {
        let streams = self.streams.read().unwrap_or_else(PoisonError::into_inner);
        streams.get(name).cloned().ok_or_else(|| LogError::UnknownStream { stream: name.to_owned() })
    }
}
