//! Where a pipeline is to be that has its streams in Kinesis: what is said of them, asked, and made.

use std::future::Future;
use std::path::Path;

use crate::deploy::local::Folder;
use crate::deploy::remote::{Account, Deployment, Origin, RemoteError, Shape};
use crate::error::Error;
use crate::plan::Plan;
use crate::streams::Capacity;
use crate::ui::{Ui, count};

use super::agree::agree;
use super::deployed::Options;

/// What was found before anything is changed.
pub(super) struct Site {
    pub(super) account: Account,
    pub(super) shape: Shape,
    /// The note, where there was one.
    pub(super) noted: Option<Deployment>,
    /// The address of the Flink that is to run the queries; none where a process of this machine is.
    gateway: Option<String>,
}

impl Site {
    /// Looks at the streams of a plan. Fails where the pipeline is somewhere else already.
    pub(super) async fn of(plan: &Plan, account: Account, gateway: Option<&str>) -> Result<Self, Error> {
        let folder = Folder::of(&plan.name);
        let noted = Deployment::of(&folder)?;
        match &noted {
            Some(noted) => {
                noted.expect_place(account.place(), gateway)?;
                noted.expect_account(&account).await?;
            }
            // What is in the folder then is what a query made of records of this machine.
            None if gateway.is_none() => Deployment::expect_no_records(&folder, account.place())?,
            None => {}
        }
        let shape = Shape::of(plan, &account).await?;
        Ok(Self { account, shape, noted, gateway: gateway.map(str::to_owned) })
    }

    /// Says what is there, what is to be made, and what else belongs to the pipeline.
    pub(super) fn announce(&self, plan: &Plan, options: &Options<'_>, ui: &Ui) {
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
        for generator in plan.generators.iter().filter(|_| self.makes_records(options)) {
            ui.note(&format!("  generator  {} ({})", generator.stream, generator.rate));
        }
        for query in &plan.queries {
            ui.note(&format!("  query      {} ({})", query.name, query.summary));
        }
        ui.note(&format!("  streams    {}", self.account.place()));
    }

    /// Returns whether generators make records for it: a process in the background makes them too, a Flink does not.
    fn makes_records(&self, options: &Options<'_>) -> bool {
        options.generate && (self.gateway.is_none() || !options.detach)
    }

    /// Says what costs money.
    pub(super) fn warn(&self, ui: &Ui) {
        if self.account.place().charges() {
            ui.note(
                "note: AWS charges for every shard by the hour, or for a stream on demand by the hour and the gigabyte, \
                 and for what is put and read, until the stream is removed",
            );
        }
    }

    /// Asks before anything is made that costs money, and before made-up records go to where others' may be.
    pub(super) fn agree(&self, plan: &Plan, options: &Options<'_>, ui: &Ui) -> Result<(), Error> {
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
            .filter(|_| self.makes_records(options))
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
        agree(&reasons.join(", and "), ui)
    }

    /// Notes where the pipeline is to be, where that is not known yet.
    pub(super) fn note(&mut self, plan: &Plan) -> Result<(), Error> {
        if self.noted.is_none() {
            Folder::of(&plan.name).make()?;
            let note = self.blank(plan);
            note.write()?;
            self.noted = Some(note);
        }
        Ok(())
    }

    fn blank(&self, plan: &Plan) -> Deployment {
        Deployment::new(&plan.name, &plan.target.name, self.account.place(), self.gateway.as_deref())
    }

    /// Makes the streams that are missing, and returns the note of everything. Who calls it has the folder.
    pub(super) async fn make(
        &mut self,
        plan: &Plan,
        path: &Path,
        stop: impl Future<Output = Error> + Unpin,
        ui: &Ui,
    ) -> Result<Deployment, Error> {
        let folder = Folder::of(&plan.name);
        if Deployment::of(&folder)? != self.noted {
            return Err(RemoteError::Busy { pipeline: plan.name.clone() }.into());
        }
        folder.note_file(&path.display().to_string())?;
        let mut note = self.noted.take().unwrap_or_else(|| self.blank(plan));
        plan.target.name.clone_into(&mut note.target);
        let missing: Vec<String> = self.shape.missing().map(|stream| stream.name.clone()).collect();
        if !missing.is_empty() {
            ui.note(&format!("making {} in {}", missing.join(", "), self.account.place()));
        }
        self.shape.make(&self.account, &mut note, stop).await?;
        Ok(note)
    }
}

pub(super) fn capacity_text(capacity: Capacity) -> String {
    match capacity {
        Capacity::Provisioned(shards) => count(shards as usize, "shard", "shards"),
        Capacity::OnDemand => "on demand".to_owned(),
    }
}
