//! `pipe completions`

use clap::CommandFactory;
use clap_complete::Shell;

use crate::error::Error;
use crate::ui::Ui;

/// Write what lets a shell complete the commands and options of `pipe`
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  pipe completions bash > ~/.local/share/bash-completion/completions/pipe\n  pipe completions zsh > ~/.zfunc/_pipe\n  pipe completions fish > ~/.config/fish/completions/pipe.fish"
)]
pub(super) struct Args {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

pub(super) fn run(args: &Args, ui: &Ui) -> Result<(), Error> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut super::Cli::command(), "pipe", &mut script);
    ui.data(String::from_utf8_lossy(&script).trim_end()).map_err(Error::stdout)
}
