//! `pipe up` where the streams are in Kinesis and the queries in Flink: what it puts to work goes on when it ends.

use std::future::Future;
use std::path::Path;
use std::time::Duration;

use crate::deploy::FlinkError;
use crate::deploy::flink::{Places, Prepared, Submitted};
use crate::deploy::local::Folder;
use crate::deploy::remote::{Account, Deployment, RemoteError};
use crate::error::Error;
use crate::generate::Pacing;
use crate::plan::{Plan, Source};
use crate::streams::local::Durability;
use crate::ui::Ui;

use super::attend::{Attendance, Shown, Worker};
use super::site::Site;
use super::submit::{folder_of, hand_over};

/// What the command line says of it.
#[derive(Clone, Copy)]
pub(super) struct Options<'a> {
    /// The pipeline file.
    pub(super) path: &'a Path,
    /// Whether to end as soon as it is at work.
    pub(super) detach: bool,
    /// Whether generators make records.
    pub(super) generate: bool,
    /// How many records each makes, and when.
    pub(super) pacing: Pacing,
    /// How long to stay.
    pub(super) duration: Option<Duration>,
    /// Whether everything is said yes to.
    pub(super) yes: bool,
    /// What an acknowledged record and a saved state survive, on this machine.
    pub(super) durability: Durability,
}

/// Puts a plan to work, and stays to make records and to show rows.
pub(super) async fn up(
    plan: &Plan,
    options: &Options<'_>,
    mut stop: impl Future<Output = Error> + Unpin,
    ui: &Ui,
) -> Result<(), Error> {
    let begun = tokio::select! {
        error = &mut stop => return Err(error),
        begun = Beginning::of(plan) => begun?,
    };
    begun.announce(plan, options, ui);
    begun.site.agree(plan, options, ui)?;
    let charges = if begun.site.account.place().charges() { ", and AWS charges for the streams" } else { "" };
    let mut attendance = begun.make(plan, options, &mut stop, ui).await?;
    let name = &plan.name;
    if options.detach {
        if !plan.generators.is_empty() && options.generate {
            ui.note("note: generators work only while `pipe up` does: without --detach it makes their records");
        }
        ui.note(&format!("`pipe tail {name}` follows it, `pipe down {name}` ends it and removes what was made for it"));
        return Ok(());
    }
    ui.note("Ctrl-C ends this command; the Flink job goes on");
    // Two that make the same records would make them twice.
    let producing = if options.generate { Folder::of(name).lock_producers()? } else { None };
    if options.generate && !plan.generators.is_empty() && producing.is_none() {
        ui.note("note: another `pipe up` makes the generators' records; none are made here");
    }
    let options = Options { generate: producing.is_some(), ..*options };
    let shown = attendance.until_stopped(plan, &options, &mut stop).await;
    ui.clear_status();
    if !matches!(shown, Err(Error::BrokenPipe)) {
        let goes = match shown {
            Err(Error::Interrupted) | Ok(()) => "the Flink job goes on",
            _ => "what was made stays",
        };
        ui.note(&format!("{goes}{charges}; `pipe down {name}` ends it and removes what was made for it"));
    }
    shown
}

/// What was found before anything is changed.
struct Beginning {
    site: Site,
    prepared: Prepared,
    /// The job that is at work already.
    job: Option<Submitted>,
}

impl Beginning {
    async fn of(plan: &Plan) -> Result<Self, Error> {
        let account = Account::of(&plan.target).await?;
        let prepared = Prepared::of(&account.fill(plan))?;
        let site = Site::of(plan, account, Some(prepared.gateway().address())).await?;
        let mut job = None;
        if let Some(noted) = &site.noted {
            job = noted.live_job().await?.cloned();
            if let Some(job) = job.as_ref().filter(|_| noted.sql != prepared.text()) {
                return Err(RemoteError::Changed { pipeline: plan.name.clone(), id: job.id.clone() }.into());
            }
        }
        if job.is_none() {
            // Nothing is made for a job that cannot be submitted.
            prepared.begin().await?.expect_none()?;
        }
        Ok(Self { site, prepared, job })
    }

    fn announce(&self, plan: &Plan, options: &Options<'_>, ui: &Ui) {
        self.site.announce(plan, options, ui);
        let address = self.prepared.gateway().address();
        ui.note(&format!("  flink      job {} through the SQL gateway at {address}", plan.name));
        self.site.warn(ui);
        let written = |name: &str| plan.stream(name).is_some_and(|stream| matches!(stream.source, Source::Query(_)));
        let mut there = self.site.shape.streams.iter().filter(|stream| stream.found.is_some());
        let ran = self.site.noted.as_ref().is_none_or(|noted| noted.job.is_some() || noted.submitting);
        if self.job.is_none() && ran && there.any(|stream| written(&stream.name)) {
            ui.note(
                "note: the job reads its streams from their beginning, and writes the rows of an earlier job again",
            );
        }
    }

    /// Makes what is missing. Nobody else does so, or removes it, at the same time.
    async fn make<'a>(
        mut self,
        plan: &Plan,
        options: &Options<'_>,
        mut stop: impl Future<Output = Error> + Unpin,
        ui: &'a Ui,
    ) -> Result<Attendance<'a>, Error> {
        let folder = Folder::of(&plan.name);
        let _lock = folder.lock()?.ok_or_else(|| RemoteError::Busy { pipeline: plan.name.clone() })?;
        let left = || ui.note(&format!("what was made is noted, if anything: `pipe down {}` removes it", plan.name));
        let made = self.site.make(plan, options.path, &mut stop, ui).await;
        let mut note = made.inspect_err(|_: &Error| left())?;
        let places = self.site.shape.places(&self.site.account, folder_of(options.path))?;
        let places = places.expect("a plan has streams, and all of them are there by now");
        // Before the job writes its first row.
        let shown = Shown::open(plan, &self.site.account, ui).await.inspect_err(|_| left())?;
        let job = match self.job.take() {
            Some(job) => {
                ui.note(&format!("the Flink job runs already (job {}); nothing is submitted", job.id));
                job
            }
            None => self.submit(&mut note, &places, &mut stop, ui).await.inspect_err(|_| left())?,
        };
        Ok(Attendance { account: self.site.account, worker: Worker::Job(job), shown })
    }

    async fn submit(
        &self,
        note: &mut Deployment,
        places: &Places,
        stop: impl Future<Output = Error> + Unpin,
        ui: &Ui,
    ) -> Result<Submitted, Error> {
        // Where nothing is heard of it any more, `pipe down` looks for it by its name.
        (note.job, note.submitting) = (None, true);
        note.write()?;
        let job = match hand_over(&self.prepared, places, stop, ui).await {
            Ok(job) => job,
            Err(error) => {
                // Whether one is left is known where Flink answers, and where the one that runs is another's.
                let live = Submitted::live(self.prepared.gateway().address(), &note.pipeline).await;
                if matches!(error, Error::Flink(FlinkError::Running { .. })) || live.is_ok_and(|live| live.is_empty()) {
                    note.submitting = false;
                    note.write()?;
                }
                return Err(error);
            }
        };
        note.job = Some(job.clone());
        note.submitting = false;
        self.prepared.text().clone_into(&mut note.sql);
        note.write()?;
        ui.note(&format!("the Flink job runs (job {}); it goes on when this process ends", job.id));
        Ok(job)
    }
}
