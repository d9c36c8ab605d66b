//! What a person sees of a pipeline that is at work elsewhere, and the records that are made for it meanwhile.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use crate::deploy::aws::Application;
use crate::deploy::flink::Submitted;
use crate::deploy::remote::{Account, Producers};
use crate::error::Error;
use crate::plan::Plan;
use crate::streams::{Follower, Log, Manners, Position};
use crate::ui::{Ui, count};

use super::deployed::Options;
use super::followed::{described, outputs};
use super::rows::Rows;
use super::show::{JOB_PAUSE, SILENCE, STATUS_PAUSE};

/// How often an application is asked how it stands: AWS throttles its control plane at a few calls a second.
const APPLICATION_PAUSE: Duration = Duration::from_secs(15);

/// A pipeline that is at work elsewhere, with somebody who looks.
pub(super) struct Attendance<'a> {
    pub(super) account: Account,
    pub(super) worker: Worker,
    pub(super) shown: Shown<'a>,
}

/// What runs its queries.
#[derive(Clone)]
pub(super) enum Worker {
    /// A job in somebody's Flink.
    Job(Submitted),
    /// An application on AWS.
    Application(Application),
}

impl Worker {
    /// Waits until it does not run any more, and returns that as the failure it is.
    async fn watch(&self) -> Error {
        match self {
            Self::Job(job) => job.watch(JOB_PAUSE).await.into(),
            Self::Application(application) => application.watch(APPLICATION_PAUSE).await.into(),
        }
    }
}

impl std::fmt::Display for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Job(job) => write!(f, "Flink job {}", job.name),
            Self::Application(application) => write!(f, "application {}", application.name),
        }
    }
}

/// The rows of a pipeline, as far as they have been shown.
pub(super) struct Shown<'a> {
    ui: &'a Ui,
    follower: Follower,
    rows: Vec<Rows<'a>>,
    /// How many there were, and when the last one came.
    count: usize,
    last: Instant,
}

impl<'a> Shown<'a> {
    /// Begins to follow the streams that queries write.
    pub(super) async fn open(plan: &Plan, account: &Account, ui: &'a Ui) -> Result<Self, Error> {
        let streams: Vec<(String, Vec<String>)> = outputs(plan).map(|stream| described(stream, Some(plan))).collect();
        let names: Vec<String> = streams.iter().map(|(name, _)| name.clone()).collect();
        let log = account.log() as Arc<dyn Log>;
        let follower = Follower::open(log, &names, &Position::Latest, Manners::ELSEWHERE).await?;
        let rows = Rows::of_streams(ui, &streams, Some(plan));
        Ok(Self { ui, follower, rows, count: 0, last: Instant::now() })
    }

    /// Returns where they are shown.
    pub(super) fn ui(&self) -> &'a Ui {
        self.ui
    }

    /// Shows the rows that are there.
    pub(super) async fn poll(&mut self) -> Result<(), Error> {
        loop {
            let (brought, at_end) = self.follower.poll().await?;
            let some = !brought.is_empty();
            for followed in brought {
                self.rows[followed.stream].write(&followed.records)?;
                self.count += followed.records.len();
                self.last = Instant::now();
            }
            // Where it was refused for now, it is not asked at once again.
            if at_end || !some {
                return Ok(());
            }
        }
    }
}

impl Attendance<'_> {
    /// Makes records and shows rows until something ends that. The job is left as it is.
    pub(super) async fn until_stopped(
        &mut self,
        plan: &Plan,
        options: &Options<'_>,
        stop: impl Future<Output = Error> + Unpin,
    ) -> Result<(), Error> {
        let mut producers = if options.generate {
            Producers::begin(plan, &self.account, options.pacing)?
        } else {
            Producers::none(plan)
        };
        let ends = options.duration.map(|duration| Instant::now() + duration);
        let shown = self.show(&mut producers, ends, stop).await;
        let stopped = producers.stop().await;
        let noted = producers.note();
        shown.and(stopped.map_err(Error::from)).and(noted.map_err(Error::from))
    }

    async fn show(
        &mut self,
        producers: &mut Producers,
        ends: Option<Instant>,
        mut stop: impl Future<Output = Error> + Unpin,
    ) -> Result<(), Error> {
        let worker = self.worker.clone();
        let mut failed = std::pin::pin!(worker.watch());
        let mut rows_due = interval(Manners::ELSEWHERE.pause);
        let (here, remote) = STATUS_PAUSE;
        let mut status_due = interval(if self.shown.ui.is_terminal() { here } else { remote });
        for due in [&mut rows_due, &mut status_due] {
            due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        }
        status_due.tick().await;
        let mut generated = false;
        loop {
            tokio::select! {
                error = &mut stop => return Err(error),
                () = sleep_until(ends.unwrap_or_else(Instant::now)), if ends.is_some() => return Ok(()),
                error = &mut failed => return Err(error),
                done = producers.finished(), if !generated => {
                    done?;
                    // Nobody here knows how far the job has come.
                    generated = true;
                    let silence = SILENCE.as_secs();
                    self.shown.ui.note(&format!("all records are made; this ends when no row has come for {silence} s"));
                    self.shown.last = Instant::now();
                }
                _ = rows_due.tick() => {
                    producers.note()?;
                    self.shown.poll().await?;
                }
                _ = status_due.tick() => self.status(producers),
            }
            if generated && self.shown.last.elapsed() >= SILENCE {
                return Ok(());
            }
        }
    }

    fn status(&self, producers: &Producers) {
        let made = count(usize::try_from(producers.made()).unwrap_or(usize::MAX), "record", "records");
        let rows = count(self.shown.count, "row", "rows");
        let line = format!("{made} made | {} runs, {rows} seen", self.worker);
        if self.shown.ui.is_terminal() {
            self.shown.ui.status(&line);
        } else {
            self.shown.ui.note(&line);
        }
    }
}
