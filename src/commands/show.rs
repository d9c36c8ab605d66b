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
use crate::streams::{Log, Position};
use crate::ui::Ui;

use super::check::count;
use super::follow::{Follower, Manners};
use super::rows::Rows;
use super::tail::{described, outputs};

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
    last: (Instant, RunStatus),
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
        let last = (Instant::now(), run.status());
        Ok(Self { ui, follower, names, rows, last, shown: Instant::now() })
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
        let (then, before) = &self.last;
        let now = run.status();
        let seconds = then.elapsed().as_secs_f64();
        // What a job elsewhere has consumed is not known here; what came in is.
        let consumed = |status: &RunStatus| match status.job {
            None => status.queries.iter().map(|query| query.counters.records).sum::<u64>(),
            Some(_) => self.held(status, false),
        };
        #[expect(clippy::cast_precision_loss, reason = "a rate for reading")]
        let rate = (consumed(&now) - consumed(before)) as f64 / seconds.max(0.001);
        for query in &now.queries {
            let told = before.queries.iter().find(|known| known.name == query.name);
            for note in query.notes.iter().filter(|note| told.is_none_or(|told| !told.notes.contains(note))) {
                self.ui.note(&format!("note: query `{}`: {note}", query.name));
            }
        }
        let mut line = format!("in {rate:.0}/s");
        if let Some(job) = &now.job {
            let rows = count(usize::try_from(self.held(&now, true)).unwrap_or(usize::MAX), "row", "rows");
            line += &format!(" | Flink job {} runs, {rows} written", job.name);
        }
        for query in &now.queries {
            let watermark = query.watermark.map_or("none yet".to_owned(), moment_text);
            let name = if now.queries.len() > 1 { format!("{}: ", query.name) } else { String::new() };
            line += &format!(
                " | {name}watermark {watermark}, {}, late {}, bad {}",
                count(query.open_windows, "open window", "open windows"),
                query.counters.late,
                query.counters.bad
            );
        }
        if self.ui.is_terminal() {
            self.ui.status(&line);
        } else {
            self.ui.note(&line);
        }
        self.last = (Instant::now(), now);
    }

    /// Returns how many records the streams hold that queries write, or all the others.
    fn held(&self, status: &RunStatus, written: bool) -> u64 {
        let held = status.streams.iter().filter(|stream| self.names.contains(&stream.name) == written);
        held.map(|stream| stream.records).sum()
    }
}
