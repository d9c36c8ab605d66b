//! One shard of a stream elsewhere, read ahead by a task of its own.

use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until};

use crate::streams::{
    Backoff, Batch, Block, Child, Cursor, LogError, Millis, Position, ReadLimit, SequenceNumber, ShardId,
};

use super::News;
use super::afar::Afar;

/// How often a shard is read in whose stream more is left, and in one that is read to its end, for each of the sources
/// that read the stream: all of them together take four of the five reads of a shard that Kinesis allows in a second to
/// all consumers, and two while nothing new is there (Kinesis quotas, `GetRecords`).
const PAUSE: Duration = Duration::from_millis(250);
const PAUSE_AT_END: Duration = Duration::from_millis(500);
/// How long to wait behind a failure that passes: at first, and at the most.
const FIRST_RETRY: Duration = Duration::from_millis(250);
const LONGEST_RETRY: Duration = Duration::from_secs(5);
/// How many records one read asks for where nothing is known of their size yet.
const FIRST_RECORDS: usize = 1000;
/// The most records of one read (Kinesis API reference, `GetRecords`).
const MOST_RECORDS: usize = 10_000;
/// For how long Kinesis keeps every record at least (Kinesis quotas, retention): what was known to be complete a shorter
/// time ago has lost nothing.
const KEPT: Millis = 24 * 60 * 60 * 1000;

/// Where a shard is begun with.
#[derive(Debug, Clone)]
pub(super) enum Start {
    /// Its first record.
    First,
    /// Behind this record, which is the first of what the cursor reads, unless it is not kept any more.
    Behind(SequenceNumber, Cursor),
}

/// A shard as its task sees it.
pub(super) struct Lane {
    pub(super) afar: Afar,
    pub(super) stream: String,
    pub(super) shard: ShardId,
    /// Time before which everything is known: no record arrives earlier.
    pub(super) known_until: Millis,
    pub(super) version: watch::Sender<u64>,
    pub(super) hurry: watch::Receiver<Option<Instant>>,
}

/// A shard as the query sees it. Its task ends with it.
pub(super) struct Reader {
    fetched: mpsc::Receiver<Result<Fetched, LogError>>,
    task: JoinHandle<()>,
    /// When the last read was asked for that came to the end of the shard.
    ended_at: Option<Instant>,
    millis_behind: i64,
    /// The shards that go on, once it has been read to its end.
    children: Option<Vec<Child>>,
}

struct Fetched {
    batch: Batch,
    asked: Instant,
}

impl Reader {
    /// Begins to read. One batch waits to be taken at the most.
    pub(super) fn begin(lane: Lane, start: Start) -> Self {
        let (sender, fetched) = mpsc::channel(1);
        let task = tokio::spawn(lane.work(start, sender));
        Self { fetched, task, ended_at: None, millis_behind: 0, children: None }
    }

    /// Takes what there is. It is at its end where a read says so that was asked for at `since` or later.
    pub(super) fn take(&mut self, since: Option<Instant>) -> Result<News, LogError> {
        let mut news = News::default();
        match self.fetched.try_recv() {
            Ok(fetched) => {
                let Fetched { batch, asked } = fetched?;
                self.millis_behind = batch.millis_behind;
                self.ended_at = batch.complete_until.map(|_| asked);
                news.blocks = batch.blocks;
                news.complete_until = batch.complete_until;
                news.ended = batch.ended.is_some();
                self.children = batch.ended;
            }
            Err(mpsc::error::TryRecvError::Empty) => {}
            // Its task ended without a word, and there is nobody to read on.
            Err(mpsc::error::TryRecvError::Disconnected) => return Err(LogError::InvalidCursor),
        }
        news.millis_behind = self.millis_behind;
        news.at_end = news.ended || self.ended_at.is_some_and(|asked| since.is_none_or(|since| asked >= since));
        Ok(news)
    }

    /// Returns the shards that go on from it.
    pub(super) fn children(&self) -> &[Child] {
        self.children.as_deref().unwrap_or_default()
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Where the task of a shard is.
struct Place {
    cursor: Option<Cursor>,
    /// The last record that it has read, or is to begin behind.
    last: Option<SequenceNumber>,
    /// The record that comes first again, where it is kept still.
    again: Option<SequenceNumber>,
    /// What a record has on average.
    bytes: usize,
    records: usize,
}

impl Lane {
    async fn work(mut self, start: Start, sender: mpsc::Sender<Result<Fetched, LogError>>) {
        let mut place = Place { cursor: None, last: None, again: None, bytes: 0, records: 0 };
        if let Start::Behind(last, cursor) = start {
            place = Place { cursor: Some(cursor), last: Some(last.clone()), again: Some(last), ..place };
        }
        let _counted = self.afar.count();
        let mut retry = Backoff::new(FIRST_RETRY, LONGEST_RETRY);
        loop {
            // Nothing is read for which there is no room.
            let Ok(permit) = sender.reserve().await else { return };
            let asked = Instant::now();
            let pause = match self.fetch(&mut place).await {
                Ok(batch) => {
                    retry = Backoff::new(FIRST_RETRY, LONGEST_RETRY);
                    self.afar.troubles.clear(&self.stream, self.shard);
                    let (over, at_end) = (batch.ended.is_some(), batch.complete_until.is_some());
                    permit.send(Ok(Fetched { batch, asked }));
                    self.version.send_modify(|version| *version += 1);
                    if over {
                        // The query takes the last batch before it lets go.
                        sender.closed().await;
                        return;
                    }
                    self.afar.readers(&self.stream) * if at_end { PAUSE_AT_END } else { PAUSE }
                }
                // A place that was just made and is no longer good is as odd as an endpoint that fails, and passes as well.
                Err(error @ (LogError::Endpoint { retryable: true, .. } | LogError::InvalidCursor)) => {
                    drop(permit);
                    self.afar.troubles.note(&self.stream, self.shard, &error);
                    sleep(retry.next_pause()).await;
                    continue;
                }
                Err(error) => {
                    permit.send(Err(error));
                    self.version.send_modify(|version| *version += 1);
                    sender.closed().await;
                    return;
                }
            };
            let hurries = self.hurry.borrow_and_update().is_some();
            tokio::select! {
                () = sleep_until(asked + if hurries { PAUSE } else { pause }) => {}
                // One who has gone away waits for nothing.
                changed = self.hurry.changed() => if changed.is_err() { return },
            }
        }
    }

    async fn fetch(&self, place: &mut Place) -> Result<Batch, LogError> {
        let most = self.afar.ahead();
        let average = place.bytes.checked_div(place.records);
        let records = average.map_or(FIRST_RECORDS, |average| (most / average.max(1)).clamp(1, MOST_RECORDS));
        let limit = ReadLimit { records, bytes: most };
        let log = &self.afar.streams;
        let behind = |place: &Place| place.last.clone().map_or(Position::Earliest, Position::After);
        let cursor = if let Some(cursor) = place.cursor.take() {
            cursor
        } else {
            log.cursor(&self.stream, self.shard, &behind(place)).await?
        };
        let mut batch = match log.read(&self.stream, self.shard, &cursor, limit).await {
            // An iterator lives five minutes; the place of a record does not age.
            Err(LogError::InvalidCursor) => {
                let cursor = log.cursor(&self.stream, self.shard, &behind(place)).await?;
                log.read(&self.stream, self.shard, &cursor, limit).await?
            }
            Err(error) => {
                place.cursor = Some(cursor);
                return Err(error);
            }
            Ok(batch) => batch,
        };
        place.cursor = Some(batch.next.clone());
        if let Some(block) = batch.blocks.last().filter(|block| !block.is_empty()) {
            place.last = Some(block.sequence(block.len() - 1));
        }
        place.records += batch.blocks.iter().map(Block::len).sum::<usize>();
        place.bytes += batch.blocks.iter().map(Block::data_bytes).sum::<usize>();
        self.skip(place, &mut batch);
        for block in &mut batch.blocks {
            block.not_before(self.known_until);
        }
        Ok(batch)
    }

    /// Takes out the record behind which reading begins, and says what is lost where it is not there any more.
    fn skip(&self, place: &mut Place, batch: &mut Batch) {
        let Some(first) = batch.blocks.first().filter(|block| !block.is_empty()) else {
            let ended = batch.complete_until.is_some() || batch.ended.is_some();
            if ended && let Some(again) = place.again.take() {
                self.miss(&again, "all");
            }
            return;
        };
        let Some(again) = place.again.take() else { return };
        // What was put together into one record has one place.
        let known = (0..first.len()).take_while(|index| first.sequence(*index) == again).count();
        if known > 0 {
            let rest = batch.blocks.remove(0).cut(known, usize::MAX);
            if !rest.is_empty() {
                batch.blocks.insert(0, rest);
            }
        } else {
            self.miss(&again, "those");
        }
    }

    /// Notes that records may be lost behind one that is not kept any more.
    fn miss(&self, behind: &SequenceNumber, which: &str) {
        if self.known_until > crate::streams::now().saturating_sub(KEPT) {
            return;
        }
        self.afar.troubles.lose(format!(
            "{which} records of {} in stream {} behind {behind} that Kinesis does not keep any more are lost: it goes on with \
             the oldest that it keeps",
            self.shard, self.stream
        ));
    }
}
