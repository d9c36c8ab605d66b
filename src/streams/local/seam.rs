//! The local log as a [`Log`].
//!
//! A cursor is the next offset in decimal, and never expires. A call of the database takes microseconds, so tasks make
//! it where they are; those that wait for a disk let the other tasks of their thread move on.

use async_trait::async_trait;
use tokio::runtime::{Handle, RuntimeFlavor};

use super::LocalLog;
use crate::streams::{
    Appended, Appends, Batch, Capacity, Cursor, Log, LogError, Position, ReadLimit, Shard, ShardId, StreamDescription,
};

#[async_trait]
impl Log for LocalLog {
    async fn create(&self, stream: &str, capacity: Capacity) -> Result<(), LogError> {
        blocking(|| self.create_stream(stream, capacity))
    }

    async fn delete(&self, stream: &str) -> Result<(), LogError> {
        blocking(|| self.delete_stream(stream))
    }

    async fn describe(&self, stream: &str) -> Result<StreamDescription, LogError> {
        self.describe_stream(stream)
    }

    async fn shards(&self, stream: &str) -> Result<Vec<Shard>, LogError> {
        Ok(self.all_shards(stream)?.into_iter().map(|listed| listed.shard).collect())
    }

    async fn list(&self) -> Result<Vec<String>, LogError> {
        Ok(self.stream_names())
    }

    async fn append(&self, stream: &str, records: &Appends) -> Result<Vec<Appended>, LogError> {
        let placed = blocking(|| self.append_records(stream, records))?;
        Ok(placed.appended().collect())
    }

    async fn cursor(&self, stream: &str, shard: ShardId, position: &Position) -> Result<Cursor, LogError> {
        Ok(Cursor(self.offset_of(stream, shard, position)?.to_string()))
    }

    async fn read(&self, stream: &str, shard: ShardId, cursor: &Cursor, limit: ReadLimit) -> Result<Batch, LogError> {
        let offset = cursor.0.parse().map_err(|_| LogError::InvalidCursor)?;
        let records = self.read_from(stream, shard, offset, limit)?;
        Ok(Batch {
            blocks: records.blocks,
            next: Cursor(records.next.to_string()),
            complete_until: records.complete_until,
            ended: records.ended,
            millis_behind: records.millis_behind,
        })
    }
}

/// Calls what may wait for a disk; the thread's other tasks go on elsewhere, where there is an elsewhere.
fn blocking<T>(call: impl FnOnce() -> T) -> T {
    let many = Handle::try_current().is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::MultiThread);
    if many { tokio::task::block_in_place(call) } else { call() }
}
