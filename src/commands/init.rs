//! `pipe init`

use std::path::PathBuf;

use clap::ValueEnum;

use crate::error::Error;
use crate::ui::Ui;

/// Write a first pipeline.toml that runs
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  pipe init\n  pipe init my-pipeline --from balance")]
pub(super) struct Args {
    /// Where to write it
    #[arg(value_name = "DIR", default_value = ".")]
    directory: PathBuf,

    /// Which pipeline to begin with
    #[arg(long, value_name = "EXAMPLE", default_value = "ticker")]
    from: Example,
}

/// The pipelines to begin with.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Example {
    /// Ten-second price statistics for each ticker, by event time
    Ticker,
    /// Three-minute balance statistics for each user, by arrival time
    Balance,
}

pub(super) fn run(args: &Args, ui: &Ui) -> Result<(), Error> {
    let text = match args.from {
        Example::Ticker => include_str!("../../pipelines/ticker.toml"),
        Example::Balance => include_str!("../../pipelines/balance.toml"),
    };
    let path = args.directory.join("pipeline.toml");
    if path.exists() {
        return Err(Error::Usage {
            message: format!("`{}` is there already", path.display()),
            hint: "name another folder, or move it away".to_owned(),
        });
    }
    std::fs::create_dir_all(&args.directory).map_err(|source| Error::write(&args.directory, source))?;
    std::fs::write(&path, text).map_err(|source| Error::write(&path, source))?;
    ui.note(&format!("wrote {}", path.display()));
    if args.directory.as_os_str() == "." {
        ui.note("`pipe up` runs it");
    } else {
        ui.note(&format!("`pipe up {}` runs it", path.display()));
    }
    Ok(())
}
