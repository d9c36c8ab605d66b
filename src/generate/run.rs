//! A generator at work.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::plan::{Generator, Stream};
use crate::streams::Appends;
use crate::window::Micros;

use super::clock::Clock;
use super::schedule::CATCH_UP;
use super::{Delivery, GenerateError, Pacing, Schedule, Sink};

/// How often a batch is given at most, while they are taken in time: often enough that nobody sees the batches, seldom
/// enough that each is worth its commit.
const BATCH_EVERY: Duration = Duration::from_millis(10);
/// The most records and, by the size of those before, about the most bytes of one batch.
const BATCH_RECORDS: usize = 8192;
const BATCH_BYTES: usize = 4 * 1024 * 1024;
/// About how long one batch may take at the most: a stop waits for the one that has begun.
const BATCH_TIME: Duration = Duration::from_secs(1);

/// One run of a generator.
pub struct Run {
    delivery: Delivery,
    generator: Generator,
    skip: u64,
    pacing: Pacing,
    counter: Arc<AtomicU64>,
    batch: Appends,
    times: Vec<Micros>,
    /// The most records of the next batch.
    most: usize,
}

impl Run {
    /// Prepares a run behind the `skip` records of earlier ones (see [`super::Records::new`]).
    pub fn new(generator: &Generator, stream: &Stream, skip: u64) -> Result<Self, GenerateError> {
        Ok(Self {
            delivery: Delivery::new(generator, stream, skip)?,
            generator: generator.clone(),
            skip,
            pacing: Pacing::default(),
            counter: Arc::default(),
            batch: Appends::new(),
            times: Vec::new(),
            most: BATCH_RECORDS,
        })
    }

    /// Says how many records come, and when.
    #[must_use]
    pub fn pacing(mut self, pacing: Pacing) -> Self {
        self.pacing = pacing;
        self
    }

    /// Returns the number of records that were taken, as it grows.
    pub fn counter(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.counter)
    }

    /// Gives records to `sink` when they are due, or as fast as it takes them where that is slower, until `stop` turns true
    /// or is dropped, the limit is reached, or no record is due any more. Returns how many were made.
    ///
    /// A batch that has begun is waited for: every record that was taken is counted.
    pub async fn start(
        mut self,
        sink: impl Sink,
        clock: impl Fn() -> Micros + Send,
        mut stop: watch::Receiver<bool>,
    ) -> Result<u64, GenerateError> {
        let (clock, limit) = (Clock::new(clock, &self.pacing), self.pacing.records.unwrap_or(u64::MAX));
        let mut schedule = Schedule::new(&self.generator, clock.start, self.skip);
        let (mut made, mut moments, mut is_live, mut last) = (0, Vec::new(), false, Micros::MIN);
        while made < limit && !*stop.borrow_and_update() {
            let began = Instant::now();
            let now = clock.now();
            if is_live && now < last.saturating_sub(CATCH_UP) {
                schedule.restart(now);
            } else if is_live && self.pacing.speed.is_none() {
                schedule.catch_up(now);
            }
            last = now;
            let wanted = usize::try_from(limit - made).unwrap_or(usize::MAX).min(self.most);
            moments.clear();
            schedule.take(now.min(clock.end), wanted, &mut moments);
            let more = moments.last().copied().filter(|_| moments.len() == wanted);
            made += moments.len() as u64;
            self.give(&sink, &moments, more.unwrap_or(now), made).await?;
            if more.is_some() {
                // More may be due already. Other tasks get their turn all the same.
                tokio::task::yield_now().await;
                continue;
            }
            is_live = true;
            let Some(next) = schedule.next().filter(|next| *next <= clock.end) else { break };
            let next = self.delivery.next().map_or(next, |held| held.min(next));
            let rest = BATCH_EVERY.saturating_sub(began.elapsed());
            tokio::select! {
                changed = stop.changed() => if changed.is_err() { break },
                () = sleep(clock.until(next).max(rest)) => {}
            }
        }
        // What is held back still comes before the end.
        self.give(&sink, &[], Micros::MAX, made).await?;
        Ok(made)
    }

    /// Makes records for these moments, the last of the `made` ones of this run, gives those that come up to `until` as one
    /// batch, and counts them.
    async fn give(
        &mut self,
        sink: &impl Sink,
        moments: &[Micros],
        until: Micros,
        made: u64,
    ) -> Result<(), GenerateError> {
        let begun = Instant::now();
        self.batch.clear();
        self.times.clear();
        self.delivery.deliver(moments, until, &mut self.batch, &mut self.times);
        let count = self.batch.len();
        if count == 0 {
            return Ok(());
        }
        let made = self.skip + made;
        if count <= BATCH_RECORDS {
            sink.take(&self.batch, made).await?;
            self.counter.fetch_add(count as u64, Ordering::Relaxed);
        } else {
            // What was held back may be more than one batch.
            let mut part = Appends::new();
            for (index, record) in self.batch.iter().enumerate() {
                part.push(record.partition_key, record.data);
                if part.len() == BATCH_RECORDS || part.data_bytes() >= BATCH_BYTES || index + 1 == count {
                    sink.take(&part, made).await?;
                    self.counter.fetch_add(part.len() as u64, Ordering::Relaxed);
                    part.clear();
                }
            }
        }
        let fitting = BATCH_BYTES * count / self.batch.data_bytes().max(1);
        let millis = begun.elapsed().as_millis().max(1);
        let timely = count as u128 * BATCH_TIME.as_millis() / millis;
        self.most = BATCH_RECORDS.min(fitting).min(usize::try_from(timely).unwrap_or(usize::MAX)).max(1);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;

    use super::super::records::tests::ticker;
    use super::*;
    use crate::rate::Profile;
    use crate::spec::Faults;
    use crate::streams::LogError;

    /// Keeps what it takes, and after `stop_after` batches turns the stop signal.
    struct Kept {
        // Held only for a push: nothing awaits under it.
        batches: Mutex<Vec<Vec<String>>>,
        made: AtomicU64,
        stop: watch::Sender<bool>,
        stop_after: usize,
        fails: bool,
        /// How long a batch takes.
        takes: Duration,
    }

    #[async_trait]
    impl Sink for Arc<Kept> {
        async fn take(&self, records: &Appends, made: u64) -> Result<(), GenerateError> {
            if self.fails {
                let source = LogError::UnknownStream { stream: "trades".to_owned() };
                return Err(GenerateError::Append { stream: "trades".to_owned(), source });
            }
            sleep(self.takes).await;
            self.made.store(made, Ordering::Relaxed);
            let text = |data: &[u8]| String::from_utf8(data.to_vec()).expect("UTF-8");
            let mut batches = self.batches.lock().expect("a sound lock");
            batches.push(records.iter().map(|append| text(append.data)).collect());
            if batches.len() == self.stop_after {
                self.stop.send_replace(true);
            }
            Ok(())
        }
    }

    fn sink(stop_after: usize, fails: bool) -> (Arc<Kept>, watch::Receiver<bool>) {
        let (stop, stopped) = watch::channel(false);
        let (batches, made, takes) = (Mutex::default(), AtomicU64::new(0), Duration::ZERO);
        (Arc::new(Kept { batches, made, stop, stop_after, fails, takes }), stopped)
    }

    fn run(rate: f64) -> Run {
        let (mut generator, stream) = ticker();
        generator.rate = Profile::constant(rate);
        Run::new(&generator, &stream, 0).expect("a run")
    }

    /// A clock that begins with the test.
    fn wall() -> impl Fn() -> Micros + Send {
        let begun = Instant::now();
        move || Micros::try_from(begun.elapsed().as_micros()).expect("a short test")
    }

    fn batches_of(kept: &Kept) -> Vec<Vec<String>> {
        kept.batches.lock().expect("a sound lock").clone()
    }

    #[tokio::test]
    async fn a_past_is_caught_up_before_the_present_goes_on() {
        let (kept, stopped) = sink(usize::MAX, false);
        let hour = 3_600_000_000;
        let run =
            run(10.0).pacing(Pacing { start: Some(0), duration: Some(Duration::from_hours(1)), ..Pacing::default() });
        assert_eq!(run.start(Arc::clone(&kept), move || hour, stopped).await.expect("a run"), 36_000);
        let batches = batches_of(&kept);
        let time = |record: &String| record[14..37].to_owned();
        assert_eq!(
            batches.first().and_then(|batch| batch.first()).map(time).as_deref(),
            Some("1970-01-01T00:00:00.000")
        );
        assert_eq!(batches.last().and_then(|batch| batch.last()).map(time).as_deref(), Some("1970-01-01T00:59:59.900"));
    }

    #[tokio::test]
    async fn a_faster_time_brings_more_records() {
        let (kept, stopped) = sink(usize::MAX, false);
        let begun = Instant::now();
        let run = run(1.0).pacing(Pacing {
            speed: Some(36_000.0),
            duration: Some(Duration::from_hours(1)),
            ..Pacing::default()
        });
        assert_eq!(run.start(Arc::clone(&kept), wall(), stopped).await.expect("a run"), 3600);
        assert!(begun.elapsed() >= Duration::from_millis(90), "an hour is a tenth of a second");
    }

    #[tokio::test]
    async fn a_run_ends_with_its_limit() {
        let (kept, stopped) = sink(usize::MAX, false);
        let run = run(1e9).pacing(Pacing { records: Some(20_000), ..Pacing::default() });
        let counter = run.counter();
        assert_eq!(run.start(Arc::clone(&kept), wall(), stopped).await.expect("a run"), 20_000);
        assert_eq!(counter.load(Ordering::Relaxed), 20_000);
        let batches = batches_of(&kept);
        assert_eq!(batches.iter().map(Vec::len).sum::<usize>(), 20_000);
        assert!(batches.iter().all(|batch| batch.len() <= 8192));
    }

    #[tokio::test]
    async fn a_stopped_run_counted_what_was_acknowledged() {
        let (kept, stopped) = sink(3, false);
        let run = run(1e6);
        let counter = run.counter();
        let made = run.start(Arc::clone(&kept), wall(), stopped).await.expect("a run");
        let batches = batches_of(&kept);
        assert_eq!(batches.len(), 3);
        assert_eq!(batches.iter().map(Vec::len).sum::<usize>() as u64, made);
        assert_eq!(counter.load(Ordering::Relaxed), made);
    }

    #[tokio::test]
    async fn what_was_made_counts_what_was_dropped() {
        let (kept, stopped) = sink(usize::MAX, false);
        let (mut generator, stream) = ticker();
        generator.faults = Some(Faults { dropped: 0.5, ..Faults::default() });
        let pacing = Pacing { records: Some(1_000), start: Some(0), ..Pacing::default() };
        let run = Run::new(&generator, &stream, 500).expect("a run").pacing(pacing);
        let counter = run.counter();
        assert_eq!(run.start(Arc::clone(&kept), || Micros::MAX / 2, stopped).await.expect("a run"), 1_000);
        assert!((400..600).contains(&counter.load(Ordering::Relaxed)));
        assert_eq!(kept.made.load(Ordering::Relaxed), 1_500);
    }

    #[tokio::test]
    async fn a_slow_log_gets_batches_that_it_takes_in_a_second() {
        let (stop, stopped) = watch::channel(false);
        let takes = Duration::from_secs(2);
        let (batches, made) = (Mutex::default(), AtomicU64::new(0));
        let kept = Arc::new(Kept { batches, made, stop, stop_after: 2, fails: false, takes });
        run(1e9).start(Arc::clone(&kept), wall(), stopped).await.expect("a run");
        let lengths: Vec<usize> = batches_of(&kept).iter().map(Vec::len).collect();
        assert!(lengths[1] <= lengths[0] / 2, "what took two seconds is halved: {lengths:?}");
    }

    #[tokio::test]
    async fn a_run_without_anyone_to_stop_it_ends() {
        let (_, stopped) = watch::channel(false);
        let (kept, _) = sink(usize::MAX, false);
        assert_eq!(run(1.0).start(kept, wall(), stopped).await.expect("a run"), 1);
    }

    #[tokio::test]
    async fn a_log_that_fails_ends_the_run() {
        let (kept, stopped) = sink(usize::MAX, true);
        let error = run(1.0).start(kept, wall(), stopped).await.expect_err("an error");
        assert_eq!(error.to_string(), "generated records could not be appended to stream `trades`");
    }
}
