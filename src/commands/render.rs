//! `pipe render`

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::plan::{EngineKind, Plan};
use crate::render::{Assembly, KINESIS_SQL_FOLDER, render, render_kinesis_sql};
use crate::ui::Ui;

use super::locate::{self, Loaded};

/// Write every artifact of a pipeline: `CloudFormation`, KDA SQL, Flink SQL
///
/// The same file gives the same bytes, always. Writes `<DIR>/<target>/…` for each target that has an artifact.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  pipe render --out target/rendered\n  pipe render balance --out out")]
pub(super) struct Args {
    /// A pipeline file or its bare name
    #[arg(value_name = "PIPELINE")]
    pipeline: Option<String>,

    /// Where to write them
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub(super) fn run(args: &Args, ui: &Ui) -> Result<(), Error> {
    let loaded = Loaded::open(&locate::file(args.pipeline.as_deref())?, ui)?;
    rendered(&loaded.plans(ui)?)?.iter().try_for_each(|(folder, assembly)| write(&args.out.join(folder), assembly, ui))
}

/// Renders a file for each of its targets; returns the folders of the artifacts with them.
pub(super) fn rendered(plans: &[Plan]) -> Result<Vec<(String, Assembly)>, Error> {
    let mut all = Vec::new();
    for plan in plans {
        all.push((plan.target.name.clone(), render(plan)?));
    }
    // No target of the file has to be of the dead service for its artifacts to be there.
    if let (Some(plan), false) = (plans.first(), plans.iter().any(|plan| plan.target.engine == EngineKind::KinesisSql))
    {
        all.push((KINESIS_SQL_FOLDER.to_owned(), render_kinesis_sql(plan)?));
    }
    Ok(all)
}

fn write(folder: &Path, assembly: &Assembly, ui: &Ui) -> Result<(), Error> {
    for artifact in assembly.artifacts() {
        fs::create_dir_all(folder).map_err(|source| Error::write(folder, source))?;
        let path = folder.join(artifact.path);
        fs::write(&path, &artifact.text).map_err(|source| Error::write(&path, source))?;
        ui.data(&path.display().to_string()).map_err(Error::stdout)?;
    }
    for omission in assembly.omissions() {
        ui.note(&format!("note: {} is left out: {}", folder.join(omission.path).display(), omission.reason));
    }
    Ok(())
}
