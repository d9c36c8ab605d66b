//! Following streams of any log.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::streams::{Batch, Cursor, Log, LogError, Millis, Position, ReadLimit, SequenceNumber, ShardId};

/// How often a stream is asked: Kinesis allows five reads a second per shard, for all consumers together.
pub(super) const PAUSE: Duration = Duration::from_millis(250);

/// How often a stream is asked in somebody's account, where others may be reading too (Kinesis developer guide: once a
/// second for each consumer).
pub(super) const ELSEWHERE: Duration = Duration::from_secs(1);
/// How long an endpoint elsewhere may refuse for reasons that pass.
pub(super) const OUTAGE: Duration = Duration::from_mins(1);

/// What one read of a shard brings at the most (Kinesis API, `GetRecords`).
const READ: ReadLimit = ReadLimit { records: 10_000, bytes: 10 << 20 };

/// Streams that are followed.
pub(super) struct Follower {
    log: Arc<dyn Log>,
    streams: Vec<Vec<Shard>>,
    names: Vec<String>,
    /// How long failures of a shard are borne that pass.
    patience: Duration,
}

struct Shard {
    id: ShardId,
    cursor: Cursor,
    from: Position,
    last: Option<SequenceNumber>,
    /// Since when it fails, where it does.
    failing: Option<Instant>,
}

/// Records of one stream in the order of their arrival.
pub(super) struct Followed {
    /// The stream, by its index among those followed.
    pub(super) stream: usize,
    /// Their data.
    pub(super) records: Vec<Vec<u8>>,
}

impl Follower {
    /// Starts at a position of every shard.
    pub(super) async fn open(log: Arc<dyn Log>, names: &[String], from: &Position) -> Result<Self, Error> {
        let mut streams = Vec::new();
        for name in names {
            let mut shards = Vec::new();
            for shard in log.describe(name).await?.shards {
                let cursor = log.cursor(name, shard.id, from).await?;
                shards.push(Shard { id: shard.id, cursor, from: from.clone(), last: None, failing: None });
            }
            streams.push(shards);
        }
        Ok(Self { log, streams, names: names.to_vec(), patience: Duration::ZERO })
    }

    /// Bears failures that pass, for so long.
    pub(super) fn patient(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Brings what has come since the last time, and whether every shard was read to its end.
    pub(super) async fn poll(&mut self) -> Result<(Vec<Followed>, bool), Error> {
        let mut brought = Vec::new();
        let mut at_end = true;
        for (index, (shards, name)) in self.streams.iter_mut().zip(&self.names).enumerate() {
            let mut found: Vec<(Millis, ShardId, Vec<u8>)> = Vec::new();
            for shard in shards {
                let batch = match shard.read(self.log.as_ref(), name).await {
                    // What the other shards brought is not thrown away for it.
                    Err(Error::Log(LogError::Endpoint { retryable: true, .. }))
                        if shard.failing.get_or_insert_with(Instant::now).elapsed() < self.patience =>
                    {
                        at_end = false;
                        continue;
                    }
                    other => other?,
                };
                shard.failing = None;
                at_end &= batch.complete_until.is_some();
                for block in &batch.blocks {
                    found.extend(block.records().map(|record| (block.arrival(), shard.id, record.data.to_vec())));
                }
            }
            found.sort_by_key(|(arrival, shard, _)| (*arrival, *shard));
            if !found.is_empty() {
                let records = found.into_iter().map(|(.., data)| data).collect();
                brought.push(Followed { stream: index, records });
            }
        }
        Ok((brought, at_end))
    }
}

impl Shard {
    async fn read(&mut self, log: &dyn Log, stream: &str) -> Result<Batch, Error> {
        let batch = match log.read(stream, self.id, &self.cursor, READ).await {
            Err(LogError::InvalidCursor) => {
                // An iterator lives five minutes; the place of the last record does not age.
                let position = self.last.clone().map_or(self.from.clone(), Position::After);
                self.cursor = log.cursor(stream, self.id, &position).await?;
                log.read(stream, self.id, &self.cursor, READ).await?
            }
            other => other?,
        };
        self.cursor = batch.next.clone();
        if let Some(block) = batch.blocks.last().filter(|block| !block.is_empty()) {
            self.last = Some(block.sequence(block.len() - 1));
        }
        Ok(batch)
    }
}
