//! `pipe down`

mod aws;

use crate::deploy::FlinkError;
use crate::deploy::aws::Note;
use crate::deploy::flink::Submitted;
use crate::deploy::local::{self, Contact, Folder, Stopped};
use crate::deploy::remote::{Deployment, Fate, NotedStream, Origin, RemoteError};
use crate::error::Error;
use crate::plan::{EngineKind, Plan, StreamsKind};
use crate::ui::Ui;

use super::agree::agree;
use super::locate::{self, Loaded};
use super::on_aws::{self, OnAws};

/// Stop a pipeline and remove all of it, its records too
///
/// It works whatever state the pipeline is in, after a crash too, and where there is nothing left to remove that is
/// success. Of streams in Kinesis it removes those that `pipe up` made, and none that was there before; on AWS the
/// application is stopped and goes with its stack, its streams and its code. It asks first, because records are deleted.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  pipe down\n  pipe down ticker --yes\n  pipe down ticker --target aws")]
pub(super) struct Args {
    /// A pipeline file, or the name of a pipeline
    #[arg(value_name = "PIPELINE")]
    pipeline: Option<String>,

    /// What is on this target on AWS, whoever put it there; not given, it is all that was put to work from this folder
    #[arg(long, value_name = "TARGET")]
    target: Option<String>,

    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

pub(super) async fn run(args: &Args, ui: &Ui) -> Result<(), Error> {
    if let Some(target) = &args.target {
        return remove_from_aws(&on_aws::plan(args.pipeline.as_deref(), target, ui)?, args, ui).await;
    }
    // A file that cannot be read is no reason to leave its pipeline running: the name of the file will do.
    let name = match locate::name(args.pipeline.as_deref(), ui).await {
        Ok((name, loaded)) => {
            if !Folder::of(&name).path().exists() {
                ui.note(&format!("pipeline `{name}` does not run here, and nothing of it is left"));
                locate::tell_others(&name, ui);
                if let Some(loaded) = &loaded {
                    tell_elsewhere(loaded, ui);
                }
                return Ok(());
            }
            name
        }
        Err(Error::Usage { .. }) if args.pipeline.is_none() && Folder::all().is_empty() => {
            ui.note("nothing runs here, and nothing is left");
            return Ok(());
        }
        Err(Error::File { drawn }) => match args.pipeline.as_deref().and_then(folder_of_file) {
            Some(name) => name,
            None => return Err(Error::File { drawn }),
        },
        Err(error) => return Err(error),
    };
    let folder = Folder::of(&name);
    let noted = Deployment::of(&folder)?;
    let stack = match Note::of(&folder)? {
        Some(note) => Some(OnAws::of_note(&name, &note).await?),
        None => None,
    };
    if !args.yes {
        if let Some(noted) = &noted {
            announce(noted, ui);
        }
        if let Some(stack) = &stack {
            stack.announce(ui);
        }
        confirm(&name, ui)?;
    }
    ui.detail(&format!("removing {}", folder.path().display()));
    let _lock = folder.lock()?.ok_or_else(|| RemoteError::Busy { pipeline: name.clone() })?;
    if let Some(stack) = stack {
        stack.remove(ui).await?;
    }
    // It may have become another one until the person said yes.
    if let Some(elsewhere) = Deployment::of(&folder)? {
        // A process of this machine writes to the streams that are about to go.
        let stopped = if elsewhere.is_run_here() { Some(local::stop(&folder).await?) } else { None };
        remove_elsewhere(elsewhere, ui).await?;
        if let Some(stopped) = stopped {
            return remove(stopped, &folder, ui);
        }
    }
    // A process that runs ends its job itself. Where it ended without a word the job goes first: what is known of it goes
    // with the folder.
    let forgotten = if Contact::find(&folder).await?.is_none() { folder.job() } else { None };
    if let Some(job) = forgotten {
        match job.stop().await {
            Ok(true) => ui.note(&format!("cancelled the Flink job {}", job.id)),
            Ok(false) => {}
            Err(error) => {
                ui.note(&format!(
                    "the Flink job {} may still be there, so nothing is removed: `pipe down` again when Flink answers",
                    job.id
                ));
                return Err(error.into());
            }
        }
    }
    remove(local::stop(&folder).await?, &folder, ui)
}

/// Removes what is left on this machine.
fn remove(stopped: Stopped, folder: &Folder, ui: &Ui) -> Result<(), Error> {
    let name = folder.pipeline();
    if stopped.ran() {
        ui.note(&format!("stopped pipeline `{name}`"));
    }
    stopped.remove()?;
    ui.note(&format!("removed {}; nothing of pipeline `{name}` is left on this machine", folder.path().display()));
    Ok(())
}

/// Removes what a target has on AWS. What the pipeline has on this machine stays.
async fn remove_from_aws(plan: &Plan, args: &Args, ui: &Ui) -> Result<(), Error> {
    let stack = OnAws::of_plan(plan).await?;
    if !args.yes {
        stack.announce(ui);
        confirm(&plan.name, ui)?;
    }
    let folder = Folder::of(&plan.name);
    let busy = || RemoteError::Busy { pipeline: plan.name.clone() };
    let _lock = if folder.path().exists() { Some(folder.lock()?.ok_or_else(busy)?) } else { None };
    stack.remove(ui).await?;
    stack.tell_elsewhere(ui);
    Ok(())
}

fn confirm(name: &str, ui: &Ui) -> Result<(), Error> {
    agree(&format!("stop pipeline `{name}` and remove its streams with their records"), ui)
}

/// Says where else the file could have been put to work: nothing here tells of it.
fn tell_elsewhere(loaded: &Loaded, ui: &Ui) {
    // A file that makes no plan was not put to work as it is.
    let plans = loaded.plans(ui).unwrap_or_default();
    for plan in plans.iter().filter(|plan| plan.target.declared && plan.target.engine.is_on_aws()) {
        let target = &plan.target.name;
        ui.note(&format!(
            "note: what `pipe up --target {target}` makes on AWS is noted in the folder in which it is run: where that was \
             another one, `pipe down {} --target {target}` removes it from here too",
            loaded.file_name()
        ));
    }
    let elsewhere = |plan: &&Plan| {
        let target = &plan.target;
        let engine = matches!(target.engine, EngineKind::Flink | EngineKind::Embedded);
        target.declared && engine && target.streams == StreamsKind::Kinesis
    };
    for plan in plans.iter().filter(elsewhere) {
        let names: Vec<&str> = plan.streams.iter().map(|stream| stream.name.as_str()).collect();
        ui.note(&format!(
            "note: what `pipe up --target {}` makes in Kinesis ({}) is noted in the folder in which it is run: where that \
             was another one, `pipe down` there removes it",
            plan.target.name,
            names.join(", ")
        ));
    }
}

/// Says what is elsewhere, and what of it goes.
fn announce(elsewhere: &Deployment, ui: &Ui) {
    if let Some(job) = &elsewhere.job {
        ui.note(&format!("  the Flink job {} ({}) is cancelled", job.name, job.id));
    }
    if elsewhere.submitting {
        ui.note(&format!(
            "  a Flink job {} is cancelled, if there is one: nothing was heard of it",
            elsewhere.pipeline
        ));
    }
    for NotedStream { name, origin, .. } in &elsewhere.streams {
        ui.note(&match origin {
            Origin::Made(_) => format!("  stream {name} is removed from {}", elsewhere.place),
            Origin::Found => format!("  stream {name} stays: it was there before"),
            Origin::Asked => format!("  stream {name} stays, if it is there: its making broke off"),
        });
    }
}

/// Ends the job that is elsewhere, and removes the streams that were made for it. The streams cost money and go in any
/// case; while a job may be left, the note of it stays.
async fn remove_elsewhere(mut elsewhere: Deployment, ui: &Ui) -> Result<(), Error> {
    let stopped = match &elsewhere.job {
        Some(job) => job.stop().await.map(|there| {
            ui.note(&format!("the Flink job {} {}", job.id, if there { "is cancelled" } else { "was over already" }));
        }),
        None if elsewhere.submitting => stop_by_name(&elsewhere, ui).await,
        None => Ok(()),
    };
    let again = format!("`pipe down {}` again", elsewhere.pipeline);
    let mut failed = None;
    for (name, fate) in elsewhere.remove_streams().await? {
        ui.note(&match fate {
            Ok(Fate::Removed) => format!("removed stream {name} from {}", elsewhere.place),
            Ok(Fate::Gone) => format!("stream {name} is gone already, as far as these AWS credentials see"),
            Ok(Fate::Before) => format!("left stream {name} as it is: it was there before"),
            Ok(Fate::Another) => format!("left stream {name} as it is: it is another one than was made for the pipeline"),
            Ok(Fate::Unknown) => format!(
                "left stream {name} as it is, for its making broke off and it may be another's: `aws kinesis delete-stream \
                 --stream-name {name}` removes it"
            ),
            Err(error) => {
                let text = format!("stream {name} may still be in {} and cost money: {again}", elsewhere.place);
                failed.get_or_insert(error);
                text
            }
        });
    }
    if stopped.is_err() {
        let job = elsewhere.job.as_ref().map_or(&elsewhere.pipeline, |job| &job.id);
        ui.note(&format!("the Flink job {job} may still be there: {again} when Flink answers"));
    }
    match failed {
        Some(error) => Err(error.into()),
        None => Ok(stopped?),
    }
}

/// Ends a job that was on its way into Flink when nothing was heard of it any more.
async fn stop_by_name(elsewhere: &Deployment, ui: &Ui) -> Result<(), FlinkError> {
    let Some(gateway) = &elsewhere.gateway else { return Ok(()) };
    for job in Submitted::live(gateway, &elsewhere.pipeline).await? {
        job.stop().await?;
        ui.note(&format!("the Flink job {} is cancelled", job.id));
    }
    Ok(())
}

/// The pipeline that has a folder and the name of the file.
fn folder_of_file(pipeline: &str) -> Option<String> {
    let name = std::path::Path::new(pipeline).file_stem()?.to_str()?;
    Folder::all().iter().any(|folder| folder.pipeline() == name).then(|| name.to_owned())
}
