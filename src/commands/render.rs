//! `pipe render`

use std::fs;
use std::path::PathBuf;

use crate::error::Error;
use crate::render::render;
use crate::ui::Ui;

use super::locate::{self, Loaded};

/// Write every artifact of a pipeline: CloudFormation, KDA SQL, Flink SQL
///
/// The same file gives the same bytes, always. Writes <DIR>/<target>/… for each target that has an artifact.
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
    let plan = loaded.plan("local", ui)?;
    let assembly = render(&plan)?;
    for file in assembly.artifacts() {
        let path = args.out.join(file.path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|source| Error::write(folder, source))?;
        }
        fs::write(&path, &file.text).map_err(|source| Error::write(&path, source))?;
        ui.data(&path.display().to_string()).map_err(Error::stdout)?;
    }
    for omission in assembly.omissions() {
        ui.note(&format!("note: {} is left out: {}", omission.path, omission.reason));
    }
    Ok(())
}
