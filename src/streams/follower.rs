//! Following streams of any log.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::{Backoff, Batch, Block, Cursor, Lineage, Log, LogError, Millis, Position, ReadLimit, ShardId, bear, now};

/// How a log is asked.
#[derive(Debug, Clone, Copy)]
pub struct Manners {
    /// How long to wait where every shard was read to its end.
    pub pause: Duration,
    /// How long to wait between two reads of one shard in any case.
    pace: Duration,
    /// How long failures are borne that pass.
    patience: Duration,
}

impl Manners {
    /// A log of `pipe`'s own: often enough that nobody sees the pauses, and what fails there does not pass.
    pub const HERE: Self = Self { pause: Duration::from_millis(250), pace: Duration::ZERO, patience: Duration::ZERO };

    /// Streams in somebody's account, where others may be reading too: once a second for each consumer (Kinesis developer
    /// guide), and while it catches up no more than the five reads a second that a shard has for all (Kinesis quotas).
    pub const ELSEWHERE: Self =
        Self { pause: Duration::from_secs(1), pace: Duration::from_millis(200), patience: Duration::from_mins(1) };
}

/// What one read of a shard brings at the most. Five of them a second are ten times what a shard takes (Kinesis quotas),
/// and the records of many shards fit into memory together.
const READ: ReadLimit = ReadLimit { records: 2000, bytes: 10 << 20 };
/// How many shards are asked at the same time.
const AT_ONCE: usize = 16;
/// How long a shard is left alone that refused a read. AWS refuses for up to five seconds after a large one (Kinesis API
/// reference, `GetRecords`).
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Streams that are followed through every reshard, the records of each key in their order.
pub struct Follower {
    log: Arc<dyn Log>,
    streams: Vec<Stream>,
    manners: Manners,
}

struct Stream {
    name: String,
    from: Position,
    lineage: Lineage,
    /// Those being read.
    shards: Vec<Shard>,
}

struct Shard {
    id: ShardId,
    /// Where to read on; made of the position below where it is not known.
    cursor: Option<Cursor>,
    /// Where to read on when the cursor is no longer good: an iterator lives five minutes, and this does not age.
    position: Position,
    /// Before when it is not read.
    due: Instant,
    failing: Option<Failing>,
    millis_behind: Millis,
    /// The moment before which nothing of it comes any more.
    reached: Millis,
}

struct Failing {
    since: Instant,
    backoff: Backoff,
}

/// Records of one stream in the order of their arrival.
pub struct Followed {
    /// The stream, by its index among those followed.
    pub stream: usize,
    /// Their data.
    pub records: Vec<Vec<u8>>,
    /// When each arrived, and its partition key.
    pub marks: Vec<(Millis, String)>,
}

impl Follower {
    /// Starts at a position of every stream.
    pub async fn open(
        log: Arc<dyn Log>,
        names: &[String],
        from: &Position,
        manners: Manners,
    ) -> Result<Self, LogError> {
        let mut streams = Vec::new();
        for name in names {
            let listed = bear(manners.patience, || log.shards(name)).await?;
            let mut lineage = Lineage::begin(&listed, from);
            let mut shards = Vec::new();
            for id in lineage.due() {
                // The latest is what it is now, not what it will be when the shard is read first.
                let cursor = bear(manners.patience, || log.cursor(name, id, from)).await?;
                let position = if *from == Position::Latest { Position::AtTime(now()) } else { from.clone() };
                shards.push(Shard { cursor: Some(cursor), ..Shard::new(id, position) });
            }
            streams.push(Stream { name: name.clone(), from: from.clone(), lineage, shards });
        }
        Ok(Self { log, streams, manners })
    }

    /// Brings what has come since the last time, and whether every shard was read to its end. Whoever gives up waiting for it
    /// does not follow on.
    pub async fn poll(&mut self) -> Result<(Vec<Followed>, bool), LogError> {
        let mut brought = Vec::new();
        let mut at_end = true;
        for (index, stream) in self.streams.iter_mut().enumerate() {
            let mut found: Vec<(Millis, ShardId, String, Vec<u8>)> = Vec::new();
            let mut ended = Vec::new();
            let mut reads = JoinSet::new();
            let mut unread = std::mem::take(&mut stream.shards).into_iter().peekable();
            loop {
                while let Some(mut shard) = unread.next_if(|_| reads.len() < AT_ONCE) {
                    let (log, name, manners) = (Arc::clone(&self.log), stream.name.clone(), self.manners);
                    reads.spawn(async move {
                        let batch = shard.read(log.as_ref(), &name, manners).await;
                        (shard, batch)
                    });
                }
                let Some(read) = reads.join_next().await else { break };
                let (mut shard, batch) = read.unwrap_or_else(|failed| resume_unwind(failed.into_panic()));
                let id = shard.id;
                if let Ok(Some(batch)) = &batch {
                    let last = batch.blocks.last().map(Block::arrival);
                    shard.reached = batch.complete_until.or(last).unwrap_or(shard.reached).max(shard.reached);
                }
                stream.shards.push(shard);
                // What the other shards brought is not thrown away where one fails for now.
                let Some(batch) = batch? else {
                    at_end = false;
                    continue;
                };
                at_end &= batch.complete_until.is_some();
                for block in &batch.blocks {
                    let (arrival, records) = (block.arrival(), block.records());
                    found.extend(
                        records.map(|record| (arrival, id, record.partition_key.to_owned(), record.data.to_vec())),
                    );
                }
                ended.extend(batch.ended.map(|children| (id, children)));
            }
            for (shard, children) in ended {
                stream.lineage.end(shard, &children);
                stream.shards.retain(|other| other.id != shard);
            }
            let begun = stream.lineage.due().into_iter().map(|id| Shard::new(id, stream.from.of_child()));
            stream.shards.extend(begun);
            found.sort_by_key(|(arrival, shard, ..)| (*arrival, *shard));
            if !found.is_empty() {
                let (marks, records) = found.into_iter().map(|(arrival, _, key, data)| ((arrival, key), data)).unzip();
                brought.push(Followed { stream: index, records, marks });
            }
        }
        Ok((brought, at_end))
    }

    /// Returns the moment before which nothing comes any more: records of all shards lie in the order of their arrival up to
    /// there.
    pub fn reached(&self) -> Millis {
        let shards = self.streams.iter().flat_map(|stream| &stream.shards);
        shards.map(|shard| shard.reached).min().unwrap_or(Millis::MAX)
    }

    /// Returns for how long the oldest record has been there that was not brought yet.
    pub fn behind(&self) -> Duration {
        let shards = self.streams.iter().flat_map(|stream| &stream.shards);
        let millis = shards.map(|shard| shard.millis_behind).max().unwrap_or_default();
        Duration::from_millis(u64::try_from(millis).unwrap_or_default())
    }
}

impl Shard {
    fn new(id: ShardId, position: Position) -> Self {
        Self { id, cursor: None, position, due: Instant::now(), failing: None, millis_behind: 0, reached: Millis::MIN }
    }

    /// Reads on; `None` where it is refused for now.
    async fn read(&mut self, log: &dyn Log, stream: &str, manners: Manners) -> Result<Option<Batch>, LogError> {
        if self.failing.is_some() && self.due > Instant::now() {
            return Ok(None);
        }
        sleep_until(self.due).await;
        let batch = match self.read_now(log, stream).await {
            Ok(batch) => batch,
            // A place that was just made and is no longer good is as odd, and passes as well.
            Err(LogError::Endpoint { retryable: true, .. } | LogError::InvalidCursor) if self.is_borne(manners) => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        self.failing = None;
        self.due = Instant::now() + manners.pace;
        self.cursor = Some(batch.next.clone());
        if let Some(block) = batch.blocks.last().filter(|block| !block.is_empty()) {
            self.position = Position::After(block.sequence(block.len() - 1));
        } else if let (Position::AtTime(begun), Some(time)) = (&self.position, batch.complete_until) {
            // A log is sure of itself only up to a moment ago, which may be before the beginning.
            self.position = Position::AtTime(time.max(*begun));
        }
        self.millis_behind = batch.millis_behind;
        Ok(Some(batch))
    }

    async fn read_now(&mut self, log: &dyn Log, stream: &str) -> Result<Batch, LogError> {
        if let Some(cursor) = &self.cursor {
            match log.read(stream, self.id, cursor, READ).await {
                Err(LogError::InvalidCursor) => {}
                other => return other,
            }
        }
        let cursor = log.cursor(stream, self.id, &self.position).await?;
        let batch = log.read(stream, self.id, &cursor, READ).await;
        self.cursor = Some(cursor);
        batch
    }

    /// Notes a failure that passes, and returns whether it is borne.
    fn is_borne(&mut self, manners: Manners) -> bool {
        let new = || Failing { since: Instant::now(), backoff: Backoff::new(FIRST_PAUSE, LONGEST_PAUSE) };
        let failing = self.failing.get_or_insert_with(new);
        self.due = Instant::now() + failing.backoff.next_pause();
        failing.since.elapsed() < manners.patience
    }
}
