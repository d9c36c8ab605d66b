//! What a person sees while a pipeline runs, and what ends it.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use crate::deploy::flink::Submitted;
use crate::deploy::local::{Run, RunStatus};
use crate::engine::moment_text;
use crate::error::Error;
use crate::plan::Plan;
use crate::streams::{Follower, Log, Manners, Position};
use crate::ui::{Ui, count};

use super::followed::{described, outputs};
use super::rows::Rows;

/// How often the status line changes on a terminal, and elsewhere.
pub(super) const STATUS_PAUSE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// How often a job elsewhere is asked whether it still runs.
pub(super) const JOB_PAUSE: Duration = Duration::from_secs(2);
/// After how long without a row a job elsewhere has worked through what generators made: its connector may take half of
/// that until it reads a stream for the first time.
pub(super) const SILENCE: Duration = Duration::from_secs(30);

/// What a person sees while a pipeline runs.
pub(super) struct Show<'a> {
    ui: &'a Ui,
    follower: Follower,
    names: Vec<String>,
    rows: Vec<Rows<'a>>,
    progress: Progress,
    /// When a row was shown last.
    shown: Instant,
}

/// What ends a pipeline's run.
pub(super) struct Until<S> {
    /// The person's word.
    pub(super) stop: S,
    /// The moment that the command line says.
    pub(super) ends: Option<Instant>,
    /// The end of the job that runs the queries elsewhere.
    pub(super) job: Option<Submitted>,
}

impl<'a> Show<'a> {
    /// Begins to follow the streams that queries write.
    pub(super) async fn open(ui: &'a Ui, plan: &Plan, run: &Run) -> Result<Self, Error> {
        let streams: Vec<(String, Vec<String>)> = outputs(plan).map(|stream| described(stream, Some(plan))).collect();
        let names: Vec<String> = streams.iter().map(|(name, _)| name.clone()).collect();
        let follower = Follower::open(run.log() as Arc<dyn Log>, &names, &Position::Latest, Manners::HERE).await?;
        let rows = Rows::of_streams(ui, &streams, Some(plan));
        Ok(Self { ui, follower, names, rows, progress: Progress::of(run.status()), shown: Instant::now() })
    }

    /// Shows rows until something ends the run.
    pub(super) async fn until_stopped<S: Future<Output = Error> + Unpin>(
        &mut self,
        run: &mut Run,
        until: &mut Until<S>,
    ) -> Result<(), Error> {
        let ends = until.ends;
        let ended = async {
            match ends {
                Some(ends) => sleep_until(ends).await,
                None => std::future::pending().await,
            }
        };
        let job = until.job.clone();
        let elsewhere = job.is_some();
        let failed = async {
            match job {
                Some(job) => job.watch(JOB_PAUSE).await,
                None => std::future::pending().await,
            }
        };
        let (mut ended, mut failed) = (std::pin::pin!(ended), std::pin::pin!(failed));
        let mut rows_due = interval(Manners::HERE.pause);
        let (here, remote) = STATUS_PAUSE;
        let mut status_due = interval(if self.ui.is_terminal() { here } else { remote });
        status_due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        status_due.tick().await;
        let mut generated = false;
        loop {
            tokio::select! {
                error = &mut until.stop => return Err(error),
                () = &mut ended => return Ok(()),
                error = &mut failed => return Err(error.into()),
                done = run.generated(), if !generated => {
                    done?;
                    if !elsewhere {
                        return Ok(());
                    }
                    // Nobody here knows how far the job has come.
                    generated = true;
                    self.shown = Instant::now();
                }
                _ = rows_due.tick() => self.poll().await?,
                _ = status_due.tick() => self.status(run),
            }
            if generated && self.shown.elapsed() >= SILENCE {
                return Ok(());
            }
        }
    }

    /// Shows the rows that are there.
    pub(super) async fn poll(&mut self) -> Result<(), Error> {
        loop {
            let (brought, at_end) = self.follower.poll().await?;
            for followed in brought {
                self.rows[followed.stream].write(&followed.records)?;
                self.shown = Instant::now();
            }
            if at_end {
                return Ok(());
            }
        }
    }

    fn status(&mut self, run: &Run) {
        let now = run.status();
        let Some(job) = &now.job else {
            self.progress.tell(now, self.ui);
            return;
        };
        // What a job elsewhere has consumed is not known here; what came in is.
        let rate = self.progress.rate(&now, |status| self.held(status, false));
        let rows = count(usize::try_from(self.held(&now, true)).unwrap_or(usize::MAX), "row", "rows");
        say(&format!("in {rate:.0}/s | Flink job {} runs, {rows} written", job.name), self.ui);
        self.progress = Progress::of(now);
    }

    /// Returns how many records the streams hold that queries write, or all the others.
    fn held(&self, status: &RunStatus, written: bool) -> u64 {
        let held = status.streams.iter().filter(|stream| self.names.contains(&stream.name) == written);
        held.map(|stream| stream.records).sum()
    }
}

/// How the queries of this process stood when that was told last.
pub(super) struct Progress {
    when: Instant,
    status: RunStatus,
    /// What was told that a person should know.
    told: Vec<(String, String)>,
}

impl Progress {
    /// Begins to tell.
    pub(super) fn of(status: RunStatus) -> Self {
        Self { when: Instant::now(), status, told: Vec::new() }
    }

    /// Tells how they stand now, in one line.
    pub(super) fn tell(&mut self, now: RunStatus, ui: &Ui) {
        self.tell_notes(&now, ui);
        say(&self.line(now), ui);
    }

    /// Returns how they stand now, in one line.
    pub(super) fn line(&mut self, now: RunStatus) -> String {
        let consumed = |status: &RunStatus| status.queries.iter().map(|query| query.counters.records).sum::<u64>();
        let mut line = format!("in {:.0}/s", self.rate(&now, consumed));
        for query in &now.queries {
            let watermark = query.watermark.map_or("none yet".to_owned(), moment_text);
            let name = if now.queries.len() > 1 { format!("{}: ", query.name) } else { String::new() };
            let left =
                query.closing.first().zip(query.watermark).map(|(window, at)| window.closes.saturating_sub(at).max(0));
            let closes = left.map_or_else(String::new, |left| format!(" (next close in {} s)", left / 1_000_000));
            line += &format!(
                " | {name}watermark {watermark}, {}{closes}, late {}, bad {}",
                count(query.open_windows, "open window", "open windows"),
                query.counters.late,
                query.counters.bad
            );
        }
        (self.when, self.status) = (Instant::now(), now);
        line
    }

    /// Tells what a person should know, where that is new.
    pub(super) fn tell_notes(&mut self, now: &RunStatus, ui: &Ui) {
        let of_queries = now
            .queries
            .iter()
            .flat_map(|query| query.notes.iter().map(|note| (format!("query `{}`: ", query.name), note.clone())));
        let waiting = now.waiting.as_ref().and_then(|waiting| waiting.reason.clone());
        let notes: Vec<(String, String)> = of_queries.chain(waiting.map(|reason| (String::new(), reason))).collect();
        for (of, note) in notes.iter().filter(|note| !self.told.contains(note)) {
            ui.note(&format!("note: {of}{note}"));
        }
        self.told = notes;
    }

    fn rate(&self, now: &RunStatus, count: impl Fn(&RunStatus) -> u64) -> f64 {
        let seconds = self.when.elapsed().as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a rate for reading")]
        let more = count(now).saturating_sub(count(&self.status)) as f64;
        more / seconds.max(0.001)
    }
}

fn say(line: &str, ui: &Ui) {
    if ui.is_terminal() {
        ui.status(line);
    } else {
        ui.note(line);
    }
}
