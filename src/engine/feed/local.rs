//! Records of the log on this machine.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::watch;

use crate::streams::local::LocalLog;
use crate::streams::{Block, Child, Lineage, LogError, Millis, Position, ReadLimit, Shard, ShardId};

use super::super::graph::Graph;
use super::{Feed, News, Succession, lineage};

/// How much one turn reads of a shard: large enough that a batch pays, small enough that two of them fit a core's cache.
pub(in super::super) const TURN: ReadLimit = ReadLimit { records: 32 * 1024, bytes: 8 << 20 };

/// The shards of local streams, each from an offset on.
pub(in super::super) struct LocalFeed {
    log: Arc<LocalLog>,
    sources: Vec<Source>,
}

/// One stream as one source reads it.
struct Source {
    stream: String,
    lineage: Lineage,
    /// The offset of the next record of each shard that is being read.
    offsets: BTreeMap<ShardId, u64>,
    /// What goes on from shards that have been read to their end.
    children: BTreeMap<ShardId, Vec<Child>>,
}

impl Source {
    /// Begins with the shards that wait for no other any more; returns each with what it goes on from.
    fn due(&mut self, log: &LocalLog) -> Result<Vec<(ShardId, Vec<ShardId>)>, LogError> {
        let due = self.lineage.due();
        if due.is_empty() {
            return Ok(Vec::new());
        }
        let listed: Vec<Shard> = log.all_shards(&self.stream)?.into_iter().map(|listed| listed.shard).collect();
        let mut begun = Vec::with_capacity(due.len());
        for shard in due {
            self.offsets.insert(shard, log.offset_of(&self.stream, shard, &Position::Earliest)?);
            let parents = listed.iter().find(|listed| listed.id == shard).map(|listed| listed.parents.clone());
            begun.push((shard, parents.unwrap_or_default()));
        }
        Ok(begun)
    }
}

impl LocalFeed {
    /// Begins with every shard of the query's streams behind what has been consumed of it; `None` where that was another
    /// stream: the one that the query read before, or one that was removed.
    pub(in super::super) fn begin(log: &Arc<LocalLog>, graph: &mut Graph) -> Result<Option<Self>, LogError> {
        let mut sources = Vec::with_capacity(graph.sources.len());
        for number in 0..graph.sources.len() {
            let stream = graph.sources[number].stream().to_owned();
            let listed: Vec<Shard> = log.all_shards(&stream)?.into_iter().map(|listed| listed.shard).collect();
            let saved = &graph.sources[number].shards;
            let lineage = lineage(&listed, saved);
            let offset = |shard: &super::super::source::Shard| {
                let position = shard.consumed.clone().map_or(Position::Earliest, Position::After);
                Ok((shard.id, log.offset_of(&stream, shard.id, &position)?))
            };
            let reading = saved.iter().filter(|shard| !shard.stands_aside());
            let offsets = match reading.map(offset).collect::<Result<BTreeMap<ShardId, u64>, LogError>>() {
                Err(LogError::InvalidSequence { .. } | LogError::UnknownShard { .. }) => return Ok(None),
                offsets => offsets?,
            };
            let mut source = Source { stream, lineage, offsets, children: BTreeMap::new() };
            for (shard, parents) in source.due(log)? {
                graph.begin(number, shard, &parents);
            }
            sources.push(source);
        }
        Ok(Some(Self { log: Arc::clone(log), sources }))
    }

    /// Takes the streams to where a query was in time: windows up to there are closed, so that no record may arrive before,
    /// even if the clock was set back since.
    pub(in super::super) fn not_before(&self, time: Millis) -> Result<(), LogError> {
        self.sources.iter().try_for_each(|source| self.log.not_before(&source.stream, time))
    }

    /// Returns how long ago the first record arrived that has not been read.
    pub(in super::super) fn millis_behind(&self) -> Result<i64, LogError> {
        let mut behind = 0;
        for Source { stream, offsets, .. } in &self.sources {
            for (shard, offset) in offsets {
                let next = self.log.read_from(stream, *shard, *offset, ReadLimit { records: 1, bytes: 1 })?;
                let arrival = next.blocks.first().map(Block::arrival);
                behind = behind.max(arrival.map_or(0, |arrival| crate::streams::now().saturating_sub(arrival)));
            }
        }
        Ok(behind)
    }
}

impl Feed for LocalFeed {
    fn read(&mut self, source: usize, shard: ShardId) -> Result<News, LogError> {
        let source = &mut self.sources[source];
        let Some(offset) = source.offsets.get_mut(&shard) else {
            return Ok(News { at_end: true, ..News::default() });
        };
        let records = self.log.read_from(&source.stream, shard, *offset, TURN)?;
        *offset = records.next;
        let ended = records.ended.is_some();
        if let Some(children) = records.ended {
            source.children.insert(shard, children);
        }
        Ok(News {
            blocks: records.blocks,
            complete_until: records.complete_until,
            millis_behind: records.millis_behind,
            at_end: ended || records.complete_until.is_some(),
            ended,
        })
    }

    fn succeed(&mut self, source: usize, over: &[ShardId]) -> Result<Succession, LogError> {
        let source = &mut self.sources[source];
        for shard in over {
            source.offsets.remove(shard);
            source.lineage.end(*shard, &source.children.remove(shard).unwrap_or_default());
        }
        Ok(Succession { begun: source.due(&self.log)?, waited_for: source.lineage.waited_for() })
    }

    fn version(&self) -> watch::Receiver<u64> {
        self.log.version()
    }
}
