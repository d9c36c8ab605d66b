//! A generator at work.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::plan::{Generator, Stream};
use crate::streams::{Appends, Log};
use crate::window::Micros;

use super::{GenerateError, Pace, Records};

/// How often a batch is appended at most, while the log keeps up: often enough that nobody sees the batches, seldom
/// enough that each is worth its commit.
const BATCH_EVERY: Duration = Duration::from_millis(10);
/// The most records and, by the size of those before, about the most bytes of one batch.
const BATCH_RECORDS: u64 = 8192;
const BATCH_BYTES: usize = 4 * 1024 * 1024;
/// About how long one batch may take at the most: a stop waits for the one that has begun.
const BATCH_TIME: Duration = Duration::from_secs(1);

/// One run of a generator.
pub struct Run {
    stream: String,
    records: Records,
    pace: Pace,
    limit: u64,
    counter: Arc<AtomicU64>,
    batch: Appends,
    /// The most records of the next batch.
    most: u64,
}

impl Run {
    /// Prepares a run behind the `skip` records of earlier ones (see [`Records::new`]).
    pub fn new(generator: &Generator, stream: &Stream, skip: u64) -> Result<Self, GenerateError> {
        Ok(Self {
            stream: generator.stream.clone(),
            records: Records::new(generator, stream, skip)?,
            pace: Pace::new(generator.rate),
            limit: u64::MAX,
            counter: Arc::default(),
            batch: Appends::new(),
            most: BATCH_RECORDS,
        })
    }

    /// Ends the run with so many records.
    #[must_use]
    pub fn limit(mut self, records: u64) -> Self {
        self.limit = records;
        self
    }

    /// Returns the number of records that the log has acknowledged, as it grows.
    pub fn counter(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.counter)
    }

    /// Appends records at the generator's rate, or as fast as the log takes them where that is slower, until `stop`
    /// turns true or is dropped, or the limit is reached. Returns how many there were.
    ///
    /// An append that has begun is waited for: every record that reached the log was acknowledged and counted.
    pub async fn start(
        mut self,
        log: Arc<dyn Log>,
        clock: impl Fn() -> Micros + Send,
        mut stop: watch::Receiver<bool>,
    ) -> Result<u64, GenerateError> {
        let started = Instant::now();
        let mut made = 0;
        while made < self.limit && !*stop.borrow_and_update() {
            let began = Instant::now();
            let wanted = self.most.min(self.limit - made);
            let count = self.pace.take(began - started, wanted);
            if count > 0 {
                self.append(log.as_ref(), clock(), count).await?;
                made += count;
            }
            if count == wanted {
                // More may be due already. Other tasks get their turn all the same.
                tokio::task::yield_now().await;
                continue;
            }
            let due = self.pace.next().saturating_sub(started.elapsed());
            let rest = BATCH_EVERY.saturating_sub(began.elapsed());
            tokio::select! {
                changed = stop.changed() => if changed.is_err() { break },
                () = sleep(due.max(rest)) => {}
            }
        }
        Ok(made)
    }

    /// Appends the next records as one batch and counts them.
    async fn append(&mut self, log: &dyn Log, now: Micros, count: u64) -> Result<(), GenerateError> {
        let records = usize::try_from(count).expect("a batch is small");
        self.batch.clear();
        self.records.fill(now, records, &mut self.batch);
        let begun = Instant::now();
        let appended = log.append(&self.stream, &self.batch).await;
        appended.map_err(|source| GenerateError::Append { stream: self.stream.clone(), source })?;
        self.counter.fetch_add(count, Ordering::Relaxed);
        let fitting = BATCH_BYTES * records / self.batch.data_bytes().max(1);
        let millis = begun.elapsed().as_millis().max(1);
        let timely = u128::from(count) * BATCH_TIME.as_millis() / millis;
        self.most = BATCH_RECORDS.min(fitting as u64).min(u64::try_from(timely).unwrap_or(u64::MAX)).max(1);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;

    use super::super::records::tests::ticker;
    use super::*;
    use crate::streams::{
        Appended, Batch, Capacity, Cursor, LogError, Position, ReadLimit, SequenceNumber, Shard, ShardId,
        StreamDescription,
    };

    /// Keeps what is appended, and after `stop_after` appends turns the stop signal.
    struct Kept {
        // Held only for a push: nothing awaits under it.
        batches: Mutex<Vec<Vec<String>>>,
        stop: watch::Sender<bool>,
        stop_after: usize,
        fails: bool,
        /// How long an append takes.
        takes: Duration,
    }

    fn unknown<T>(stream: &str) -> Result<T, LogError> {
        Err(LogError::UnknownStream { stream: stream.to_owned() })
    }

    #[async_trait]
    impl Log for Kept {
        async fn create(&self, stream: &str, _: Capacity) -> Result<(), LogError> {
            unknown(stream)
        }
        async fn delete(&self, stream: &str) -> Result<(), LogError> {
            unknown(stream)
        }
        async fn describe(&self, stream: &str) -> Result<StreamDescription, LogError> {
            unknown(stream)
        }
        async fn shards(&self, stream: &str) -> Result<Vec<Shard>, LogError> {
            unknown(stream)
        }
        async fn list(&self) -> Result<Vec<String>, LogError> {
            Ok(Vec::new())
        }
        async fn append(&self, stream: &str, records: &Appends) -> Result<Vec<Appended>, LogError> {
            if self.fails {
                return unknown(stream);
            }
            sleep(self.takes).await;
            let text = |data: &[u8]| String::from_utf8(data.to_vec()).expect("UTF-8");
            let mut batches = self.batches.lock().expect("a sound lock");
            batches.push(records.iter().map(|append| text(append.data)).collect());
            if batches.len() == self.stop_after {
                self.stop.send_replace(true);
            }
            let place = || Appended { shard: ShardId(0), sequence: SequenceNumber::parse("0").expect("a number") };
            Ok(records.iter().map(|_| place()).collect())
        }
        async fn cursor(&self, stream: &str, _: ShardId, _: &Position) -> Result<Cursor, LogError> {
            unknown(stream)
        }
        async fn read(&self, stream: &str, _: ShardId, _: &Cursor, _: ReadLimit) -> Result<Batch, LogError> {
            unknown(stream)
        }
    }

    fn log(stop_after: usize, fails: bool) -> (Arc<Kept>, watch::Receiver<bool>) {
        let (stop, stopped) = watch::channel(false);
        (Arc::new(Kept { batches: Mutex::default(), stop, stop_after, fails, takes: Duration::ZERO }), stopped)
    }

    fn run(rate: f64) -> Run {
        let (mut generator, stream) = ticker();
        generator.rate = rate;
        Run::new(&generator, &stream, 0).expect("a run")
    }

    fn kept(log: &Kept) -> Vec<Vec<String>> {
        log.batches.lock().expect("a sound lock").clone()
    }

    #[tokio::test]
    async fn a_run_ends_with_its_limit() {
        let (log, stopped) = log(usize::MAX, false);
        let run = run(1e9).limit(20_000);
        let counter = run.counter();
        let target: Arc<dyn Log> = Arc::<Kept>::clone(&log);
        assert_eq!(run.start(target, || 0, stopped).await.expect("a run"), 20_000);
        assert_eq!(counter.load(Ordering::Relaxed), 20_000);
        let batches = kept(&log);
        assert_eq!(batches.iter().map(Vec::len).sum::<usize>(), 20_000);
        assert!(batches.iter().all(|batch| batch.len() <= 8192));
    }

    #[tokio::test]
    async fn a_stopped_run_counted_what_was_acknowledged() {
        let (log, stopped) = log(3, false);
        let run = run(1e6);
        let counter = run.counter();
        let target: Arc<dyn Log> = Arc::<Kept>::clone(&log);
        let made = run.start(target, || 0, stopped).await.expect("a run");
        let batches = kept(&log);
        assert_eq!(batches.len(), 3);
        assert_eq!(batches.iter().map(Vec::len).sum::<usize>() as u64, made);
        assert_eq!(counter.load(Ordering::Relaxed), made);
    }

    #[tokio::test]
    async fn a_slow_log_gets_batches_that_it_takes_in_a_second() {
        let (stop, stopped) = watch::channel(false);
        let takes = Duration::from_secs(2);
        let log = Arc::new(Kept { batches: Mutex::default(), stop, stop_after: 2, fails: false, takes });
        let target: Arc<dyn Log> = Arc::<Kept>::clone(&log);
        run(1e9).start(target, || 0, stopped).await.expect("a run");
        let lengths: Vec<usize> = kept(&log).iter().map(Vec::len).collect();
        assert!(lengths[1] <= lengths[0] / 2, "what took two seconds is halved: {lengths:?}");
    }

    #[tokio::test]
    async fn a_run_without_anyone_to_stop_it_ends() {
        let (_, stopped) = watch::channel(false);
        let (log, _) = log(usize::MAX, false);
        assert_eq!(run(1.0).start(log, || 0, stopped).await.expect("a run"), 1);
    }

    #[tokio::test]
    async fn a_log_that_fails_ends_the_run() {
        let (log, stopped) = log(usize::MAX, true);
        let error = run(1.0).start(log, || 0, stopped).await.expect_err("an error");
        assert_eq!(error.to_string(), "generated records could not be appended to stream `trades`");
    }
}
