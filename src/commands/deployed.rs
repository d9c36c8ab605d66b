//! `pipe up` where the streams are in Kinesis: what it puts to work goes on when it ends.

use std::future::Future;
use std::path::Path;
use std::time::Duration;

use crate::deploy::FlinkError;
use crate::deploy::flink::{Places, Prepared, Submitted};
use crate::deploy::local::Folder;
use crate::deploy::remote::{Account, Deployment, Origin, RemoteError, Shape};
use crate::error::Error;
use crate::plan::{Plan, Source};
use crate::streams::Capacity;
use crate::ui::Ui;

use super::attend::{Attendance, Shown, Worker};
use super::check::count;
use super::submit::{folder_of, hand_over};

/// What the command line says of it.
#[derive(Clone, Copy)]
pub(super) struct Options<'a> {
    /// The pipeline file.
    pub(super) path: &'a Path,
    /// Whether to end as soon as it is at work.
    pub(super) detach: bool,
    /// Whether generators make records, and how many at the most.
    pub(super) generate: bool,
    pub(super) records: Option<u64>,
    /// How long to stay.
    pub(super) duration: Option<Duration>,
    /// Whether everything is said yes to.
    pub(super) yes: bool,
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
    begun.agree(plan, options, ui)?;
    let charges = if begun.account.place().charges() { ", and AWS charges for the streams" } else { "" };
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
    account: Account,
    prepared: Prepared,
    shape: Shape,
    /// The note, where there was one.
    noted: Option<Deployment>,
    /// The job that is at work already.
    job: Option<Submitted>,
}

impl Beginning {
    async fn of(plan: &Plan) -> Result<Self, Error> {
        let account = Account::of(&plan.target).await?;
        let prepared = Prepared::of(&account.fill(plan))?;
        let noted = Deployment::of(&Folder::of(&plan.name))?;
        let mut job = None;
        if let Some(noted) = &noted {
            noted.expect_place(account.place(), prepared.gateway().address())?;
            noted.expect_account(&account).await?;
            job = noted.live_job().await?.cloned();
            if let Some(job) = job.as_ref().filter(|_| noted.sql != prepared.text()) {
                return Err(RemoteError::Changed { pipeline: plan.name.clone(), id: job.id.clone() }.into());
            }
        }
        if job.is_none() {
            // Nothing is made for a job that cannot be submitted.
            prepared.begin().await?.expect_none()?;
        }
        let shape = Shape::of(plan, &account).await?;
        Ok(Self { account, prepared, shape, noted, job })
    }

    fn announce(&self, plan: &Plan, options: &Options<'_>, ui: &Ui) {
        let purpose = plan.description.as_ref().map_or_else(String::new, |text| format!(": {text}"));
        ui.note(&format!("pipeline {}{purpose}", plan.name));
        for stream in &self.shape.streams {
            let wanted = capacity_text(stream.capacity);
            let state = match &stream.found {
                Some(found) if found.is_going() => "is being deleted",
                Some(_) => "is there",
                None => "is to be made",
            };
            let (name, others) =
                (&stream.name, stream.other_shards().map(|shards| count(shards as usize, "shard", "shards")));
            ui.note(&format!("  stream     {name} ({}, {state})", others.as_ref().unwrap_or(&wanted)));
            if let Some(shards) = others {
                ui.note(&format!(
                    "note: stream `{name}` has {shards}, and the file says {wanted}: it is used as it is; `aws kinesis \
                     update-shard-count` changes it"
                ));
            }
        }
        for generator in plan.generators.iter().filter(|_| options.generate && !options.detach) {
            ui.note(&format!("  generator  {} ({} records/s)", generator.stream, generator.rate));
        }
        for query in &plan.queries {
            ui.note(&format!("  query      {} ({})", query.name, query.summary));
        }
        ui.note(&format!("  streams    {}", self.account.place()));
        let address = self.prepared.gateway().address();
        ui.note(&format!("  flink      job {} through the SQL gateway at {address}", plan.name));
        if self.account.place().charges() {
            ui.note(
                "note: AWS charges for every shard by the hour, or for a stream on demand by the hour and the gigabyte, \
                 and for what is put and read, until the stream is removed",
            );
        }
        let written = |name: &str| plan.stream(name).is_some_and(|stream| matches!(stream.source, Source::Query(_)));
        let mut there = self.shape.streams.iter().filter(|stream| stream.found.is_some());
        let ran = self.noted.as_ref().is_none_or(|noted| noted.job.is_some() || noted.submitting);
        if self.job.is_none() && ran && there.any(|stream| written(&stream.name)) {
            ui.note(
                "note: the job reads its streams from their beginning, and writes the rows of an earlier job again",
            );
        }
    }

    /// Asks before anything is made that costs money, and before made-up records go to where others' may be.
    fn agree(&self, plan: &Plan, options: &Options<'_>, ui: &Ui) -> Result<(), Error> {
        if options.yes || !self.account.place().charges() {
            return Ok(());
        }
        let missing = self.shape.missing().count();
        let noted = |name: &str| {
            self.noted
                .iter()
                .flat_map(|noted| &noted.streams)
                .any(|noted| noted.name == name && noted.origin != Origin::Found)
        };
        let fed: Vec<&str> = plan
            .generators
            .iter()
            .filter(|_| options.generate && !options.detach)
            .map(|generator| generator.stream.as_str())
            .filter(|name| !noted(name) && self.shape.missing().all(|stream| stream.name != *name))
            .collect();
        let mut reasons = Vec::new();
        if missing > 0 {
            reasons
                .push(format!("make {} that cost money until they are removed", count(missing, "stream", "streams")));
        }
        if !fed.is_empty() {
            reasons.push(format!("put generated records into {}, which was there before", fed.join(" and ")));
        }
        if reasons.is_empty() {
            return Ok(());
        }
        let reasons = reasons.join(", and ");
        match ui.confirm(&format!("{reasons}?")) {
            None => Err(Error::Unconfirmed { question: format!("to {reasons}") }),
            Some(false) => Err(Error::Declined),
            Some(true) => Ok(()),
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
        let busy = || RemoteError::Busy { pipeline: plan.name.clone() };
        let _lock = folder.lock()?.ok_or_else(busy)?;
        if Deployment::of(&folder)? != self.noted {
            return Err(busy().into());
        }
        folder.note_file(&options.path.display().to_string())?;
        let gateway = self.prepared.gateway().address();
        let new = || Deployment::new(&plan.name, &plan.target.name, self.account.place(), gateway);
        let mut note = self.noted.take().unwrap_or_else(new);
        plan.target.name.clone_into(&mut note.target);
        let left = || ui.note(&format!("what was made is noted, if anything: `pipe down {}` removes it", plan.name));

        let missing: Vec<String> = self.shape.missing().map(|stream| stream.name.clone()).collect();
        if !missing.is_empty() {
            ui.note(&format!("making {} in {}", missing.join(", "), self.account.place()));
        }
        self.shape.make(&self.account, &mut note, &mut stop).await.inspect_err(|_: &Error| left())?;
        let places = self.shape.places(&self.account, folder_of(options.path))?;
        let places = places.expect("a plan has streams, and all of them are there by now");
        // Before the job writes its first row.
        let shown = Shown::open(plan, &self.account, ui).await.inspect_err(|_| left())?;
        let job = match self.job.take() {
            Some(job) => {
                ui.note(&format!("the Flink job runs already (job {}); nothing is submitted", job.id));
                job
            }
            None => self.submit(&mut note, &places, &mut stop, ui).await.inspect_err(|_| left())?,
        };
        Ok(Attendance { account: self.account, worker: Worker::Job(job), shown })
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
                let live = Submitted::live(&note.gateway, &note.pipeline).await;
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

pub(super) fn capacity_text(capacity: Capacity) -> String {
    match capacity {
        Capacity::Provisioned(shards) => count(shards as usize, "shard", "shards"),
        Capacity::OnDemand => "on demand".to_owned(),
    }
}
