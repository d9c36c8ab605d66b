//! Records of streams elsewhere, whose shards come and go.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::streams::{Child, Lineage, LogError, Millis, Position, ShardId, bear};

use super::super::graph::Graph;
use super::afar::Afar;
use super::reader::{Lane, Reader, Start};
use super::{Feed, News, Succession, lineage};

/// How long a query that stops goes on reading what comes: others may write for as long as they like.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long failures are borne that pass, before the query begins; later they are borne for as long as they last.
const OUTAGE: Duration = Duration::from_mins(1);

/// The shards of streams elsewhere.
pub(in super::super) struct RemoteFeed {
    afar: Afar,
    sources: Vec<Source>,
    known_until: Millis,
    version: watch::Sender<u64>,
    /// Since when the query is to stop.
    hurry: watch::Sender<Option<Instant>>,
}

/// One stream as one source reads it.
struct Source {
    stream: String,
    lineage: Lineage,
    /// What every shard goes on from that is known.
    parents: BTreeMap<ShardId, Vec<ShardId>>,
    readers: BTreeMap<ShardId, Reader>,
}

impl RemoteFeed {
    /// Begins with the shards of the query's streams behind what has been consumed of them; `None` where that was another
    /// stream of that name.
    pub(in super::super) async fn begin(afar: &Afar, graph: &mut Graph) -> Result<Option<Self>, LogError> {
        let (version, hurry) = (watch::Sender::new(0), watch::Sender::new(None));
        let known_until = graph.time.watermark.position();
        let mut this = Self { afar: afar.clone(), sources: Vec::new(), known_until, version, hurry };
        for number in 0..graph.sources.len() {
            if !this.add(number, graph).await? {
                return Ok(None);
            }
        }
        Ok(Some(this))
    }

    /// Begins with a source; returns whether its stream is the one that was read before.
    async fn add(&mut self, number: usize, graph: &mut Graph) -> Result<bool, LogError> {
        let stream = graph.sources[number].stream().to_owned();
        let streams = Arc::clone(&self.afar.streams);
        let listed = bear(OUTAGE, || streams.shards(&stream)).await?;
        let saved = &graph.sources[number].shards;
        let lineage = lineage(&listed, saved);
        let parents = listed.iter().map(|shard| (shard.id, shard.parents.clone())).collect();
        let mut source = Source { stream, lineage, parents, readers: BTreeMap::new() };
        let mut gone = Vec::new();
        for shard in saved.iter().filter(|shard| !shard.stands_aside()) {
            let start = match &shard.consumed {
                None => Start::First,
                Some(last) => {
                    let position = Position::At(last.clone());
                    match bear(OUTAGE, || streams.cursor(&source.stream, shard.id, &position)).await {
                        Err(LogError::InvalidSequence { .. }) => return Ok(false),
                        Err(LogError::UnknownShard { .. }) => {
                            gone.push(shard.id);
                            continue;
                        }
                        cursor => Start::Behind(last.clone(), cursor?),
                    }
                }
            };
            if listed.iter().any(|listed| listed.id == shard.id) {
                source.readers.insert(shard.id, self.reader(&source.stream, shard.id, start));
            } else {
                gone.push(shard.id);
            }
        }
        for shard in gone {
            self.afar.troubles.lose(format!(
                "{shard} of stream {} is gone with every record that had not been read: the shards that go on from it are \
                 read from their beginning",
                source.stream
            ));
            graph.end(number, shard);
        }
        self.sources.push(source);
        for (shard, parents) in self.due(number) {
            graph.begin(number, shard, &parents);
        }
        Ok(true)
    }

    /// Begins with the shards of a source that wait for no other any more; returns each with what it goes on from.
    fn due(&mut self, number: usize) -> Vec<(ShardId, Vec<ShardId>)> {
        let due = self.sources[number].lineage.due();
        let mut begun = Vec::with_capacity(due.len());
        for shard in due {
            let reader = self.reader(&self.sources[number].stream, shard, Start::First);
            let source = &mut self.sources[number];
            source.readers.insert(shard, reader);
            begun.push((shard, source.parents.get(&shard).cloned().unwrap_or_default()));
        }
        begun
    }

    fn reader(&self, stream: &str, shard: ShardId, start: Start) -> Reader {
        let lane = Lane {
            afar: self.afar.clone(),
            stream: stream.to_owned(),
            shard,
            known_until: self.known_until,
            version: self.version.clone(),
            hurry: self.hurry.subscribe(),
        };
        Reader::begin(lane, start)
    }
}

impl Feed for RemoteFeed {
    fn read(&mut self, source: usize, shard: ShardId) -> Result<News, LogError> {
        let since = *self.hurry.borrow();
        let reader = self.sources[source].readers.get_mut(&shard);
        // One that is gone has been told to be over.
        reader.map_or_else(|| Ok(News { at_end: true, ..News::default() }), |reader| reader.take(since))
    }

    fn version(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    fn succeed(&mut self, source: usize, over: &[ShardId]) -> Result<Succession, LogError> {
        let of = &mut self.sources[source];
        for shard in over {
            let reader = of.readers.remove(shard);
            let children: &[Child] = reader.as_ref().map_or(&[], Reader::children);
            of.parents.extend(children.iter().map(|child| (child.id, child.parents.clone())));
            of.lineage.end(*shard, children);
        }
        let begun = self.due(source);
        Ok(Succession { begun, waited_for: self.sources[source].lineage.waited_for() })
    }

    fn hurry(&mut self) -> Option<Duration> {
        self.hurry.send_replace(Some(Instant::now()));
        Some(PATIENCE)
    }

    fn troubles(&self) -> Vec<String> {
        let streams: Vec<&str> = self.sources.iter().map(|source| source.stream.as_str()).collect();
        self.afar.troubles.told(&streams)
    }
}
