//! `pipe up` where the streams are in Kinesis and the queries in this process.

use std::future::Future;
use std::sync::Arc;

use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use crate::deploy::local::Folder;
use crate::deploy::remote::{Account, Producers, RemoteError, Run, Store};
use crate::error::Error;
use crate::plan::Plan;
use crate::streams::Manners;
use crate::ui::Ui;

use super::attend::Shown;
use super::background;
use super::deployed::Options;
use super::show::{Progress, STATUS_PAUSE};
use super::site::Site;

/// Runs a plan until something ends that.
pub(super) async fn up(
    plan: &Arc<Plan>,
    options: &Options<'_>,
    mut stop: impl Future<Output = Error> + Unpin,
    ui: &Ui,
) -> Result<(), Error> {
    let site = tokio::select! {
        error = &mut stop => return Err(error),
        site = find(plan) => site?,
    };
    site.announce(plan, options, ui);
    site.warn(ui);
    site.agree(plan, options, ui)?;
    if options.detach {
        return background::detach(plan, false, ui).await;
    }
    let account = site.account.clone();
    let (mut run, mut shown) = begin(site, plan, options, &mut stop, ui).await?;
    let outcome = attend(plan, options, (&account, &mut run, &mut shown), stop).await;
    ui.clear_status();
    ui.note("stopping: processing what has come, and writing the rows");
    let stopped = run.stop().await;
    // What the last turns wrote is shown too.
    let rest = if matches!(outcome, Err(Error::BrokenPipe)) { Ok(()) } else { shown.poll().await };
    let left = stopped?;
    rest?;
    if left > 0 {
        ui.note(&format!("note: {left} bytes of rows are not in Kinesis yet; the next `pipe up` writes them"));
    }
    if !matches!(outcome, Err(Error::BrokenPipe)) {
        let up = format!("pipe up {} --target {}", options.path.display(), plan.target.name);
        let charges = if account.place().charges() { ", and AWS charges for the streams" } else { "" };
        ui.note(&format!("stopped; `{up}` goes on{charges}; `pipe down {}` removes what was made for it", plan.name));
    }
    outcome
}

async fn find(plan: &Plan) -> Result<Site, Error> {
    let account = Account::of(&plan.target).await?;
    Site::of(plan, account, None).await
}

/// Makes the streams that are missing, and sets the queries to work.
async fn begin<'a>(
    mut site: Site,
    plan: &Arc<Plan>,
    options: &Options<'_>,
    mut stop: impl Future<Output = Error> + Unpin,
    ui: &'a Ui,
) -> Result<(Run, Shown<'a>), Error> {
    let folder = Folder::of(&plan.name);
    // Before there is anything else: what is in the folder tells where the pipeline is.
    site.note(plan)?;
    let store = Store::open(&folder, options.durability).await?;
    let left = |_: &Error| {
        ui.note(&format!("what was made is noted, if anything: `pipe down {}` removes it", plan.name));
    };
    {
        let _lock = folder.lock()?.ok_or_else(|| RemoteError::Busy { pipeline: plan.name.clone() })?;
        site.make(plan, options.path, &mut stop, ui).await.inspect_err(left)?;
    }
    // Before the first row is written.
    let shown = Shown::open(plan, &site.account, ui).await.inspect_err(left)?;
    let opened = Run::open(plan, &site.account, store, &options.path.display().to_string()).await;
    let mut run = opened.map_err(Error::from).inspect_err(left)?;
    for query in run.status().queries {
        let counters = query.counters;
        ui.detail(&format!(
            "  resumes    {} behind {} records and {} windows",
            query.name, counters.records, counters.windows
        ));
    }
    ui.note(&format!("  data       {}", folder.path().display()));
    for note in run.notes() {
        ui.note(&format!("note: {note}"));
    }
    ui.note("Ctrl-C stops it");
    run.begin()?;
    Ok((run, shown))
}

/// Makes records and shows rows until something ends that.
async fn attend(
    plan: &Plan,
    options: &Options<'_>,
    (account, run, shown): (&Account, &mut Run, &mut Shown<'_>),
    stop: impl Future<Output = Error> + Unpin,
) -> Result<(), Error> {
    let mut producers =
        if options.generate { Producers::begin(plan, account, options.pacing)? } else { Producers::none(plan) };
    let ended = until_stopped(options, (run, shown), &mut producers, stop).await;
    let stopped = producers.stop().await;
    let noted = producers.note();
    ended.and(stopped.map_err(Error::from)).and(noted.map_err(Error::from))
}

async fn until_stopped(
    options: &Options<'_>,
    (run, shown): (&mut Run, &mut Shown<'_>),
    producers: &mut Producers,
    mut stop: impl Future<Output = Error> + Unpin,
) -> Result<(), Error> {
    let ui = shown.ui();
    let ends = options.duration.map(|duration| Instant::now() + duration);
    let mut rows_due = interval(Manners::ELSEWHERE.pause);
    let (here, remote) = STATUS_PAUSE;
    let mut status_due = interval(if ui.is_terminal() { here } else { remote });
    for due in [&mut rows_due, &mut status_due] {
        due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    }
    status_due.tick().await;
    let mut progress = Progress::of(run.status());
    loop {
        tokio::select! {
            error = &mut stop => return Err(error),
            () = sleep_until(ends.unwrap_or_else(Instant::now)), if ends.is_some() => return Ok(()),
            error = run.failed() => return Err(error.into()),
            done = producers.finished() => return Ok(done?),
            _ = rows_due.tick() => {
                producers.note()?;
                progress.tell_notes(&run.status(), ui);
                shown.poll().await?;
            }
            _ = status_due.tick() => progress.tell(run.status(), ui),
        }
    }
}
