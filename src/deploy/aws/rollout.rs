//! From a plan to an application that runs, one step after the other. Every step looks first at how things stand, so that
//! a rollout that was broken off anywhere goes on when it is begun again.

use std::collections::BTreeMap;

use crate::infra::is_application;
use crate::plan::{EngineKind, Plan};
use crate::render;

use super::super::local::Folder;
use super::bucket::Bucket;
use super::change_set::{Action, ChangeSet, Template, Wanted};
use super::note::{Note, Version};
use super::progress::{Progress, Tell, waited};
use super::release::{LONG_TEMPLATE, Release, is_own};
use super::stack::{Found, Mark, Stack, failed};
use super::{Account, Application, AwsError, Obstacle};

/// The owner of what all pipelines share: no pipeline has such a name.
const EVERYBODY: &str = "all pipelines";

/// A release on its way into an account.
pub struct Rollout<'a> {
    account: &'a Account,
    release: &'a Release,
    folder: Folder,
    stack: Stack,
    application: Option<Application>,
    note: Note,
    /// Whether this folder had a note of it before.
    is_noted: bool,
    tell: Tell<'a>,
}

impl<'a> Rollout<'a> {
    /// Prepares one; nothing is asked or changed yet.
    pub fn new(plan: &Plan, account: &'a Account, release: &'a Release, tell: Tell<'a>) -> Result<Self, AwsError> {
        let folder = Folder::of(&plan.name);
        let noted = Note::of(&folder)?;
        let is_noted = noted.is_some();
        let before = noted.as_ref().and_then(|note| note.before.clone());
        let mut left = noted.as_ref().map_or_else(Vec::new, |note| note.left.clone());
        left.extend(noted.as_ref().and_then(|note| note.bucket.clone()));
        left.retain(|bucket| Some(bucket) != release.bucket.as_ref());
        let note = Note {
            target: plan.target.name.clone(),
            place: account.place.clone(),
            account: account.id.clone(),
            bucket: release.bucket.clone(),
            left,
            sql: release.engine == EngineKind::KinesisSql,
            before,
        };
        if let Some(noted) = noted {
            noted.expect(&plan.name, account)?;
        }
        Ok(Self {
            account,
            release,
            stack: Stack::of_pipeline(account, &plan.name),
            application: release.application(account),
            folder,
            note,
            is_noted,
            tell,
        })
    }

    /// Returns whether it was put to work from this folder before.
    pub fn is_noted(&self) -> bool {
        self.is_noted
    }

    /// Looks at the stack, and waits until it rests where something of it is going on.
    pub async fn look(&self) -> Result<Option<Found>, AwsError> {
        let found = self.stack.find().await?;
        match found {
            Some(moving) if moving.is_moving() => {
                (self.tell)(Progress::Step(format!(
                    "the stack {} is {}: waiting for that",
                    self.stack.name, moving.status
                )));
                let mark = self.stack.mark(&moving.id).await?;
                Ok(self.stack.settle(&moving.id, &mark, self.tell).await?.found)
            }
            found => Ok(found),
        }
    }

    /// Fails with [`AwsError::InTheWay`] where names that the stack is to have are taken: it would come to half of what it is
    /// to be, and go back.
    pub async fn expect_room(&self, found: Option<&Found>) -> Result<(), AwsError> {
        let obstacles = Obstacle::look(self.account, self.release, found).await?;
        if obstacles.is_empty() {
            return Ok(());
        }
        Err(AwsError::InTheWay { account: self.account.to_string(), obstacles })
    }

    /// Removes a stack that never came to be.
    pub async fn clean(&self, never: &Found) -> Result<(), AwsError> {
        (self.tell)(Progress::Step(format!("removing the stack {}, which is {}", self.stack.name, never.status)));
        let mark = self.stack.mark(&never.id).await?;
        self.stack.delete().await?;
        let settled = self.stack.settle(&never.id, &mark, self.tell).await?;
        settled.found.map_or(Ok(()), |found| Err(failed(&self.stack, found, settled.failure)))
    }

    /// Puts the code where the application finds it: makes the bucket where it is missing and the account's own.
    pub async fn store(&mut self) -> Result<(), AwsError> {
        let bucket = self.bucket();
        if let Some(bucket) = bucket.as_ref().filter(|_| !self.release.shared_bucket)
            && !bucket.exists().await?
        {
            return Err(AwsError::NoBucket { bucket: bucket.name.clone() });
        }
        self.folder.make()?;
        self.note.write(&self.folder)?;
        let Some(bucket) = bucket else { return Ok(()) };
        if self.release.shared_bucket {
            self.make_bucket(&bucket).await?;
        }
        let key = self.release.parameters.get(render::CODE_KEY).cloned().unwrap_or_default();
        if let Some(package) = self.release.package.as_ref()
            && !bucket.has(&key).await?
        {
            (self.tell)(Progress::Step(format!("packing the code with {}", package.jar().name())));
            let zip = waited(self.tell, "the connector", "being fetched", package.zip()).await?;
            let megabytes = zip.len().div_ceil(1 << 20);
            (self.tell)(Progress::Step(format!("uploading {megabytes} MiB to s3://{}/{key}", bucket.name)));
            waited(self.tell, "the code", "being uploaded", bucket.put(&key, zip)).await?;
        }
        for (key, path) in &self.release.tables {
            if !bucket.has(key).await? {
                (self.tell)(Progress::Step(format!("uploading {} to s3://{}/{key}", path.display(), bucket.name)));
                let bytes = std::fs::read(path).map_err(|source| AwsError::Io { path: path.clone(), source })?;
                waited(self.tell, "a table", "being uploaded", bucket.put(key, bytes)).await?;
            }
        }
        Ok(())
    }

    fn bucket(&self) -> Option<Bucket> {
        self.release.bucket.as_ref().map(|name| Bucket::new(self.account, name))
    }

    /// Makes the bucket that all pipelines of the account share, with a stack of its own. One that is there is used as it
    /// is: others may have changed it, and with reason.
    async fn make_bucket(&self, bucket: &Bucket) -> Result<(), AwsError> {
        let stack = Stack::new(self.account, render::CODE_STACK, EVERYBODY);
        let mut found = stack.find().await.map_err(|error| match error {
            AwsError::Foreign { stack, .. } => AwsError::ForeignCode { stack },
            error => error,
        })?;
        if let Some(moving) = found.as_ref().filter(|found| found.is_moving()) {
            found = stack.settle(&moving.id, &stack.mark(&moving.id).await?, self.tell).await?.found;
        }
        if bucket.exists().await? {
            return Ok(());
        }
        if let Some(never) = found.as_ref().filter(|found| found.never_was()) {
            stack.delete().await?;
            found = stack.settle(&never.id, &stack.mark(&never.id).await?, self.tell).await?.found;
        }
        (self.tell)(Progress::Step(format!("making the bucket {} for code", bucket.name)));
        let wanted = Wanted { template: Template::Text(render::code_bucket()?), parameters: BTreeMap::new() };
        self.become_wanted(&stack, &wanted, found.is_none_or(|found| found.is_only_proposed())).await
    }

    /// Asks for the change that makes the stack what it is to be; `None` where it is that already.
    pub async fn propose(&self, found: Option<&Found>) -> Result<Option<ChangeSet>, AwsError> {
        let new = found.is_none_or(Found::is_only_proposed);
        if let Some(found) = found.filter(|found| !new && !found.takes_change()) {
            return Err(AwsError::Stuck {
                stack: self.stack.name.clone(),
                status: found.status.clone(),
                reason: found.reason.clone(),
            });
        }
        let wanted = self.wanted(&self.release.template, &self.release.parameters).await?;
        let proposing = self.stack.propose(&wanted, new);
        waited(self.tell, &self.stack.name, "being compared", proposing).await
    }

    /// Takes a proposal back.
    pub async fn discard(&self, set: &ChangeSet) -> Result<(), AwsError> {
        self.stack.discard(set).await
    }

    /// Carries a change out. An application that it touches is stopped before, with a snapshot of what its windows hold, and
    /// the version that ran until then is noted.
    pub async fn change(&mut self, set: &ChangeSet, found: Option<&Found>) -> Result<(), AwsError> {
        let touched = set.changes.iter().any(|change| is_application(&change.kind) && change.action != Action::Create);
        let mark = self.stack.mark(&set.stack).await?;
        if let (true, Some(application), Some(found)) = (touched, &self.application, found) {
            if self.note.before.is_none() {
                let template = self.stack.template().await?;
                self.note.before = Some(Version { template, parameters: found.parameters.clone() });
                self.note.write(&self.folder)?;
            }
            (self.tell)(Progress::Step(format!(
                "stopping application {} with a snapshot of its windows",
                application.name
            )));
            application.rest(self.tell).await?;
        }
        let carried_out = match self.carry_out(&self.stack, set, &mark).await {
            Ok(true) => Ok(()),
            // It was this change if nothing is left to be changed.
            Ok(false) => match self.propose(self.stack.find().await?.as_ref()).await? {
                None => Ok(()),
                Some(left) => {
                    self.stack.discard(&left).await?;
                    Err(AwsError::Overtaken { stack: self.stack.name.clone() })
                }
            },
            Err(error) => Err(error),
        };
        let Err(error) = carried_out else { return Ok(()) };
        // What was stopped for it runs on as it was, where the stack is as it was.
        if let (true, Some(application), Ok(Some(found))) = (touched, &self.application, self.stack.find().await)
            && found.takes_change()
        {
            application.run(self.tell).await?;
            self.note.before = None;
            self.note.write(&self.folder)?;
            if found.status == "UPDATE_ROLLBACK_COMPLETE" {
                return Err(AwsError::RolledBack { source: Box::new(error) });
            }
        }
        Err(error)
    }

    /// Has a change carried out, and waits for it. Returns whether it was accepted: what happened may be another's change.
    async fn carry_out(&self, stack: &Stack, set: &ChangeSet, mark: &Mark) -> Result<bool, AwsError> {
        let accepted = stack.execute(set).await?;
        let settled = stack.settle(&set.stack, mark, self.tell).await?;
        match settled.found {
            Some(found) if matches!(found.status.as_str(), "CREATE_COMPLETE" | "UPDATE_COMPLETE") => Ok(accepted),
            Some(found) => Err(failed(stack, found, settled.failure)),
            None => Err(AwsError::Stuck { stack: stack.name.clone(), status: "gone".to_owned(), reason: None }),
        }
    }

    /// Makes a stack what is wanted, where it is not that already.
    async fn become_wanted(&self, stack: &Stack, wanted: &Wanted, new: bool) -> Result<(), AwsError> {
        let proposing = stack.propose(wanted, new);
        let Some(set) = waited(self.tell, &stack.name, "being compared", proposing).await? else { return Ok(()) };
        let mark = stack.mark(&set.stack).await?;
        self.carry_out(stack, &set, &mark).await.map(drop)
    }

    /// Starts the application and waits until it runs. Where a new version does not come to that, the one before is put back
    /// and runs on, and this fails with [`AwsError::RolledBack`].
    pub async fn run(&mut self) -> Result<(), AwsError> {
        let Some(application) = self.application.clone() else { return Ok(()) };
        let ran = application.run(self.tell).await;
        match (ran, self.note.before.take()) {
            (Ok(()), before) => {
                if before.is_some() {
                    self.note.write(&self.folder)?;
                }
                // The new version runs: what is left of old ones is no failure.
                if let Err(error) = self.tidy().await {
                    (self.tell)(Progress::Step(format!("old code stays in the bucket: {error}")));
                }
                Ok(())
            }
            (Err(error @ AwsError::NotRunning { .. }), Some(before)) => {
                (self.tell)(Progress::Step(format!("{error}; putting the version before back")));
                application.rest(self.tell).await?;
                self.put_back(&before).await?;
                application.run(self.tell).await?;
                self.note.write(&self.folder)?;
                Err(AwsError::RolledBack { source: Box::new(error) })
            }
            (Err(error), _) => Err(error),
        }
    }

    async fn put_back(&self, before: &Version) -> Result<(), AwsError> {
        let wanted = self.wanted(&before.template, &before.parameters).await?;
        self.become_wanted(&self.stack, &wanted, false).await
    }

    /// Removes the code of versions that nothing goes back to any more.
    async fn tidy(&mut self) -> Result<(), AwsError> {
        while let Some(name) = self.note.left.last() {
            let is_own = |key: &str| is_own(&self.release.name, key);
            let removed = Bucket::new(self.account, name).clear(&self.release.prefix(), is_own).await?;
            if removed > 0 {
                let what = format!("removed the code in {name}, which the file does not name any more");
                (self.tell)(Progress::Step(what));
            }
            self.note.left.pop();
            self.note.write(&self.folder)?;
        }
        let Some(bucket) = self.bucket() else { return Ok(()) };
        let key = self.release.parameters.get(render::CODE_KEY);
        let keep: Vec<&str> =
            key.into_iter().chain(self.release.tables.iter().map(|(key, _)| key)).map(String::as_str).collect();
        let goes = |key: &str| is_own(&self.release.name, key) && !keep.contains(&key);
        bucket.clear(&self.release.prefix(), goes).await.map(drop)
    }

    /// Puts a template where a call can take it from.
    async fn wanted(&self, template: &str, parameters: &BTreeMap<String, String>) -> Result<Wanted, AwsError> {
        let template = match self.bucket() {
            Some(bucket) if template.len() > Template::LONGEST => {
                let key = format!("{}{LONG_TEMPLATE}", self.release.prefix());
                bucket.put(&key, template.as_bytes().to_vec()).await?;
                Template::Url(bucket.url(&key))
            }
            _ => Template::Text(template.to_owned()),
        };
        Ok(Wanted { template, parameters: parameters.clone() })
    }
}
