//! `pipe up` on AWS: a stack, its application, and the records that are made for it.

use std::future::Future;

use crate::deploy::aws::{Account, Action, ChangeSet, Release, Rollout, State};
use crate::deploy::local::Folder;
use crate::deploy::{AwsError, remote};
use crate::error::Error;
use crate::infra::STREAM;
use crate::plan::{EngineKind, Plan};
use crate::ui::{Ui, count};

use super::super::agree::agree;
use super::super::attend::{Attendance, Shown, Worker};
use super::super::deployed::Options;
use super::super::plan::change;
use super::super::progress::Teller;
use super::super::site::capacity_text;
use super::super::submit::folder_of;

/// Puts a plan to work on AWS, and stays to make records and to show rows.
pub(super) async fn up(
    plan: &Plan,
    options: &Options<'_>,
    force: bool,
    mut stop: impl Future<Output = Error> + Unpin,
    ui: &Ui,
) -> Result<(), Error> {
    let name = &plan.name;
    let options = &Options { generate: options.generate && !plan.generators.is_empty(), ..*options };
    expect_service(plan, force).await?;
    let account = tokio::select! {
        error = &mut stop => return Err(error),
        account = Account::of(&plan.target, true) => account?,
    };
    let folder = Folder::of(name);
    folder.make()?;
    let lock = folder.lock()?.ok_or_else(|| AwsError::Busy { pipeline: name.clone() })?;
    folder.note_file(&options.path.display().to_string())?;
    let release = Release::of(plan, &account, std::path::Path::new(&folder_of(options.path)))?;
    announce(plan, &account, options, ui);
    let teller = Teller::new(ui);
    let tell = |progress| teller.tell(progress);
    let mut rollout = Rollout::new(plan, &account, &release, &tell)?;
    let rolled_out = tokio::select! {
        error = &mut stop => Err(error),
        rolled_out = roll_out(&mut rollout, &account, &release, options, ui) => rolled_out,
    };
    ui.clear_status();
    if let Err(error) = rolled_out {
        if matches!(error, Error::Interrupted) {
            ui.note(&format!(
                "broken off; a change that AWS has begun goes on. `pipe up {0} --target {1}` goes on with it, `pipe down {0} \
                 --target {1}` removes it",
                options.path.display(),
                plan.target.name
            ));
        }
        return Err(error);
    }
    let Some(application) = release.application(&account) else {
        ui.note("the streams are there; no application reads them");
        return Ok(());
    };
    ui.note(&format!("the application {} runs", application.name));
    let goes_on =
        format!("`pipe down {} --target {}` ends it and removes everything", options.path.display(), plan.target.name);
    if options.detach {
        if !plan.generators.is_empty() && options.generate {
            ui.note("note: generators work only while `pipe up` does: without --detach it makes their records");
        }
        ui.note(&goes_on);
        return Ok(());
    }
    drop(lock);
    let streams = remote::Account::of(&plan.target).await?;
    let shown = Shown::open(plan, &streams, ui).await?;
    ui.note("Ctrl-C ends this command; the application goes on");
    let producing = if options.generate { folder.lock_producers()? } else { None };
    if options.generate && !plan.generators.is_empty() && producing.is_none() {
        ui.note("note: another `pipe up` makes the generators' records; none are made here");
    }
    let options = Options { generate: producing.is_some(), ..*options };
    let mut attendance = Attendance { account: streams, worker: Worker::Application(application), shown };
    let attended = attendance.until_stopped(plan, &options, &mut stop).await;
    ui.clear_status();
    if matches!(attended, Ok(()) | Err(Error::Interrupted)) {
        let charges = if account.place.charges() { ", and AWS charges for it" } else { "" };
        ui.note(&format!("the application goes on{charges}; {goes_on}"));
    }
    attended
}

/// Refuses what AWS has not any more, unless somebody serves it or knows better.
async fn expect_service(plan: &Plan, force: bool) -> Result<(), Error> {
    if plan.target.engine != EngineKind::KinesisSql || force || !Account::is_aws(&plan.target).await {
        return Ok(());
    }
    Err(Error::Unavailable {
        message: "AWS removed Kinesis Data Analytics for SQL on 2026-01-27: no application of it can be made"
            .to_owned(),
        hint: "`engine = \"managed-flink\"` runs the same query on AWS; --force tries all the same, and so does an \
               `endpoint_url` of something that still has the service"
            .to_owned(),
    })
}

fn announce(plan: &Plan, account: &Account, options: &Options<'_>, ui: &Ui) {
    let purpose = plan.description.as_ref().map_or_else(String::new, |text| format!(": {text}"));
    ui.note(&format!("pipeline {}{purpose}", plan.name));
    for stream in plan.kept_streams() {
        ui.note(&format!("  stream     {} ({})", stream.name, capacity_text(stream.capacity)));
    }
    for generator in plan.generators.iter().filter(|_| options.generate && !options.detach) {
        ui.note(&format!("  generator  {} ({})", generator.stream, generator.rate));
    }
    for query in &plan.queries {
        ui.note(&format!("  query      {} ({})", query.name, query.summary));
    }
    ui.note(&format!("  aws        {account}"));
}

/// Takes the account from whatever is there to a release that runs.
async fn roll_out(
    rollout: &mut Rollout<'_>,
    account: &Account,
    release: &Release,
    options: &Options<'_>,
    ui: &Ui,
) -> Result<(), Error> {
    let mut found = rollout.look().await?;
    if let Some(never) = found.as_ref().filter(|found| found.never_was()) {
        if !options.yes {
            agree(&format!("remove the stack {}, which was never whole ({})", release.name, never.status), ui)?;
        }
        rollout.clean(never).await?;
        found = None;
    }
    rollout.expect_room(found.as_ref()).await?;
    let there = found.as_ref().is_some_and(|found| !found.is_only_proposed());
    // What is there already can be compared before anything is done; of what is not, everything is new.
    let proposed = if there { rollout.propose(found.as_ref()).await? } else { None };
    let state = match release.application(account) {
        Some(application) if proposed.is_some() => application.state().await?,
        _ => None,
    };
    if let Err(error) = consent(proposed.as_ref(), (there, state.as_ref()), account, release, options, ui) {
        if let Some(set) = &proposed {
            rollout.discard(set).await?;
        }
        return Err(error);
    }
    if there && !rollout.is_noted() && options.generate && !options.detach {
        let what = format!(
            "put generated records into the streams of the stack {}, which was put to work from another folder and may have \
             others in them",
            release.name
        );
        if account.place.charges() && !options.yes {
            agree(&what, ui)?;
        } else {
            ui.note(&format!("note: this is to {what}"));
        }
    }
    rollout.store().await?;
    let proposed = if there { proposed } else { rollout.propose(found.as_ref()).await? };
    match &proposed {
        Some(set) => rollout.change(set, found.as_ref()).await?,
        None => ui.note(&format!("the stack {} is as the file says", release.name)),
    }
    Ok(rollout.run().await?)
}

/// Tells what changes, and asks where that costs money or records.
fn consent(
    proposed: Option<&ChangeSet>,
    (there, state): (bool, Option<&State>),
    account: &Account,
    release: &Release,
    options: &Options<'_>,
    ui: &Ui,
) -> Result<(), Error> {
    let asks = account.place.charges() && !options.yes;
    if !there {
        let what = format!("make the stack {} and an application that cost money until they are removed", release.name);
        return if asks { agree(&what, ui) } else { Ok(()) };
    }
    let Some(set) = proposed else { return Ok(()) };
    for delta in &set.changes {
        let change = change(delta, state);
        let said: Vec<&str> = [change.detail.as_str()]
            .into_iter()
            .chain(change.reasons.iter().map(String::as_str))
            .chain(change.state.as_deref())
            .filter(|text| !text.is_empty())
            .collect();
        let said = if said.is_empty() { String::new() } else { format!(": {}", said.join("; ")) };
        ui.note(&format!("  {:<4} {} {}{said}", change.kind.sign(), change.name, change.what));
    }
    let lost = set
        .changes
        .iter()
        .filter(|change| change.kind == STREAM)
        .any(|change| matches!(change.action, Action::Replace | Action::MaybeReplace | Action::Remove));
    if lost && !options.yes {
        return agree(&format!("change the stack {}, which removes a stream with its records", release.name), ui);
    }
    let what = format!("change {} of the stack {}", count(set.changes.len(), "resource", "resources"), release.name);
    if asks { agree(&what, ui) } else { Ok(()) }
}
