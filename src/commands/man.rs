//! `pipe man`

use std::fs;
use std::path::PathBuf;

use clap::CommandFactory;
use clap_mangen::Man;

use crate::error::Error;
use crate::ui::Ui;

/// Write the manual page of `pipe`, or one for each command into a folder
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  pipe man | man -l -\n  pipe man --out ~/.local/share/man/man1")]
pub(super) struct Args {
    /// The folder; the page of `pipe` itself goes to stdout if not given
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(super) fn run(args: &Args, ui: &Ui) -> Result<(), Error> {
    let mut whole = super::Cli::command();
    whole.build();
    let Some(folder) = &args.out else {
        return ui.data(page(whole)?.trim_end()).map_err(Error::stdout);
    };
    fs::create_dir_all(folder).map_err(|source| Error::write(folder, source))?;
    let commands: Vec<clap::Command> =
        whole.get_subcommands().filter(|command| command.get_name() != "help").cloned().collect();
    for command in std::iter::once(whole).chain(commands) {
        let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
        let path = folder.join(format!("{name}.1"));
        fs::write(&path, page(command)?).map_err(|source| Error::write(&path, source))?;
        ui.data(&path.display().to_string()).map_err(Error::stdout)?;
    }
    Ok(())
}

fn page(command: clap::Command) -> Result<String, Error> {
    let mut page = Vec::new();
    Man::new(command).render(&mut page).map_err(Error::stdout)?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}
