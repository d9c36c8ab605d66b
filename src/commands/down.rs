//! `pipe down`

use crate::deploy::local::{self, Contact, Folder};
use crate::error::Error;
use crate::ui::Ui;

use super::locate;

/// Stop a pipeline and remove all of it, its records too
///
/// It works whatever state the pipeline is in, after a crash too, and where there is nothing left to remove that is
/// success. It asks first, because records are deleted.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  pipe down\n  pipe down ticker --yes")]
pub(super) struct Args {
    /// A pipeline file, or the name of a pipeline
    #[arg(value_name = "PIPELINE")]
    pipeline: Option<String>,

    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

pub(super) async fn run(args: &Args, ui: &Ui) -> Result<(), Error> {
    // A file that cannot be read is no reason to leave its pipeline running: the name of the file will do.
    let name = match locate::name(args.pipeline.as_deref(), ui).await {
        Ok((name, _)) => name,
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
    if !folder.path().exists() {
        ui.note(&format!("pipeline `{name}` does not run here, and nothing of it is left"));
        return Ok(());
    }
    if !args.yes {
        let question = format!("stop pipeline `{name}` and remove its streams with their records?");
        match ui.confirm(&question) {
            None => return Err(Error::Unconfirmed { question: format!("removing pipeline `{name}` and its records") }),
            Some(false) => return Err(Error::Declined),
            Some(true) => {}
        }
    }
    ui.detail(&format!("removing {}", folder.path().display()));
    // Its process ends the job, unless that ended without a word.
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
    if local::remove(&folder).await? {
        ui.note(&format!("stopped pipeline `{name}`"));
    }
    ui.note(&format!("removed {}; nothing of pipeline `{name}` is left on this machine", folder.path().display()));
    Ok(())
}

/// The pipeline that has a folder and the name of the file.
fn folder_of_file(pipeline: &str) -> Option<String> {
    let name = std::path::Path::new(pipeline).file_stem()?.to_str()?;
    Folder::all().iter().any(|folder| folder.pipeline() == name).then(|| name.to_owned())
}
