//! Records of the log on this machine.

use std::sync::Arc;

use tokio::sync::watch;

use crate::streams::local::LocalLog;
use crate::streams::{Block, LogError, Millis, Position, ReadLimit, ShardId};

use super::super::graph::Graph;
use super::{Feed, News};

/// How much one turn reads of a shard: large enough that a batch pays, small enough that two of them fit a core's cache.
pub(in super::super) const TURN: ReadLimit = ReadLimit { records: 32 * 1024, bytes: 8 << 20 };

/// The shards of local streams, each from an offset on.
pub(in super::super) struct LocalFeed {
    log: Arc<LocalLog>,
    /// Of every source: its stream, and the offset of the next record of each shard.
    sources: Vec<(String, Vec<u64>)>,
}

impl LocalFeed {
    /// Begins with every shard of the query's streams behind what has been consumed of it; `None` where that was another
    /// stream: the one that the query read before, or one that was removed.
    pub(in super::super) fn begin(log: &Arc<LocalLog>, graph: &mut Graph) -> Result<Option<Self>, LogError> {
        let mut sources = Vec::with_capacity(graph.sources.len());
        for number in 0..graph.sources.len() {
            let stream = graph.sources[number].stream().to_owned();
            let shards = log.describe_stream(&stream)?.shards;
            for shard in &shards {
                graph.begin(number, shard.id, &[]);
            }
            let offset = |shard: &super::super::source::Shard| {
                let position = shard.consumed.clone().map_or(Position::Earliest, Position::After);
                log.offset_of(&stream, shard.id, &position)
            };
            match graph.sources[number].shards.iter().map(offset).collect::<Result<Vec<u64>, LogError>>() {
                Err(LogError::InvalidSequence { .. } | LogError::UnknownShard { .. }) => return Ok(None),
                offsets => {
                    let offsets = offsets?;
                    sources.push((stream, offsets));
                }
            }
        }
        Ok(Some(Self { log: Arc::clone(log), sources }))
    }

    /// Takes the streams to where a query was in time: windows up to there are closed, so that no record may arrive before,
    /// even if the clock was set back since.
    pub(in super::super) fn not_before(&self, time: Millis) -> Result<(), LogError> {
        self.sources.iter().try_for_each(|(stream, _)| self.log.not_before(stream, time))
    }

    /// Returns how long ago the first record arrived that has not been read.
    pub(in super::super) fn millis_behind(&self) -> Result<i64, LogError> {
        let mut behind = 0;
        for (stream, offsets) in &self.sources {
            for (shard, offset) in (0..).map(ShardId).zip(offsets) {
                let next = self.log.read_from(stream, shard, *offset, ReadLimit { records: 1, bytes: 1 })?;
                let arrival = next.blocks.first().map(Block::arrival);
                behind = behind.max(arrival.map_or(0, |arrival| crate::streams::now().saturating_sub(arrival)));
            }
        }
        Ok(behind)
    }
}

impl Feed for LocalFeed {
    fn read(&mut self, source: usize, shard: ShardId) -> Result<News, LogError> {
        let (stream, offsets) = &mut self.sources[source];
        // Shards of a local stream are numbered from 0.
        let offset = &mut offsets[shard.0 as usize];
        let records = self.log.read_from(stream, shard, *offset, TURN)?;
        *offset = records.next;
        Ok(News {
            blocks: records.blocks,
            complete_until: records.complete_until,
            millis_behind: records.millis_behind,
            at_end: records.complete_until.is_some(),
            ended: false,
        })
    }

    fn version(&self) -> watch::Receiver<u64> {
        self.log.version()
    }
}
