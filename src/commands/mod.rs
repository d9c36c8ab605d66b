//! The command line: one file per command.
//!
//! Owns what people type and what they are told. May import everything. Never does the work itself.

mod agree;
mod aligned;
mod attend;
mod background;
mod browser;
mod check;
mod completions;
mod condition;
mod counted;
mod deployed;
mod doctor;
mod down;
mod elsewhere;
mod followed;
mod generate;
mod graph;
mod import;
mod init;
mod kinesis;
mod locate;
mod man;
mod on_aws;
mod output;
mod over_kinesis;
mod pacing;
mod plan;
mod progress;
mod record;
mod render;
mod replay;
mod rows;
mod sample;
mod series;
mod show;
mod site;
mod status;
mod stop_signal;
mod submit;
mod tail;
mod test;
mod top;
mod up;
mod view;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::error::Error;
use crate::ui::{Color, Ui};

use output::Output;

/// Turns one pipeline.toml into a real-time analytics pipeline: on this machine at once, on AWS or Apache Flink when it
/// has to be big.
#[derive(Debug, Parser)]
#[command(name = "pipe", version, max_term_width = 100, after_help = AFTER_HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,

    /// How data is written; a table on a terminal and JSON elsewhere if not given
    #[arg(short, long, global = true, help_heading = EVERYWHERE, value_name = "FORMAT")]
    output: Option<Output>,

    /// When to use colour
    #[arg(long, global = true, help_heading = EVERYWHERE, value_name = "WHEN", default_value = "auto")]
    color: Color,

    /// Say nothing but data and errors
    #[arg(short, long, global = true, help_heading = EVERYWHERE, conflicts_with = "verbose")]
    quiet: bool,

    /// Say more
    #[arg(short, long, global = true, help_heading = EVERYWHERE)]
    verbose: bool,
}

/// What stands over the options that every command has.
const EVERYWHERE: &str = "Options of every command";

const AFTER_HELP: &str = concat!(
    "PIPELINE is a file, or a bare name that means pipelines/NAME.toml. Without one it is ./pipeline.toml, else the only ",
    "file in pipelines/, else (for tail, status and down) the only one running.\n\n",
    "Data goes to stdout, everything else to stderr. Exit codes: 0 done, 1 failed, 2 `plan --detailed-exitcode` sees ",
    "changes, 64 usage, 69 target unavailable, 77 permission, 78 bad pipeline file, 130 interrupted after a clean stop.",
);

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Args),
    Import(import::Args),
    Check(check::Args),
    Plan(plan::Args),
    Render(render::Args),
    Graph(graph::Args),
    Up(up::Args),
    Generate(generate::Args),
    Kinesis(kinesis::Args),
    Tail(tail::Args),
    Record(record::Args),
    Replay(replay::Args),
    Status(status::Args),
    Top(top::Args),
    View(view::Args),
    Test(test::Args),
    Down(down::Args),
    Doctor(doctor::Args),
    Completions(completions::Args),
    Man(man::Args),
}

/// Runs the command line of this process.
pub(crate) fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // A closed stdout or stderr leaves nobody to tell.
            drop(error.print());
            return ExitCode::from(if error.use_stderr() { 64 } else { 0 });
        }
    };
    let ui = Ui::new(cli.output.and_then(Output::format), cli.color, cli.quiet, cli.verbose);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            ui.error(&format!("error: the process could not be set up: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let result = runtime.block_on(run(cli.command, cli.output, &ui));
    ui.clear_status();
    runtime.shutdown_background();
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell(&ui, &error);
            ExitCode::from(error.exit_code())
        }
    }
}

impl Command {
    /// Returns how its data can be written.
    fn outputs(&self) -> Vec<Output> {
        match self {
            Self::Plan(_) => [Output::USUAL, &[Output::Markdown]].concat(),
            Self::Top(_) => vec![Output::Table],
            Self::Graph(_) => vec![Output::Mermaid, Output::Dot, Output::Svg, Output::Json],
            _ => Output::USUAL.to_vec(),
        }
    }
}

async fn run(command: Command, output: Option<Output>, ui: &Ui) -> Result<(), Error> {
    let outputs = command.outputs();
    if let Some(output) = output.filter(|output| !outputs.contains(output)) {
        let words: Vec<String> = outputs.iter().map(|output| format!("`-o {}`", output.word())).collect();
        let (last, others) = words.split_last().expect("every command has some");
        return Err(Error::Usage {
            message: format!("this command does not write `-o {}`", output.word()),
            hint: if others.is_empty() {
                format!("use {last} here")
            } else {
                format!("use {} or {last} here", others.join(", "))
            },
        });
    }
    match command {
        Command::Init(args) => Box::pin(init::run(&args, ui)).await,
        Command::Import(args) => import::run(&args, ui).await,
        Command::Check(args) => check::run(&args, ui),
        Command::Plan(args) => plan::run(&args, output == Some(Output::Markdown), ui).await,
        Command::Render(args) => render::run(&args, ui),
        Command::Graph(args) => graph::run(&args, output, ui).await,
        Command::Up(args) => up::run(&args, ui).await,
        Command::Generate(args) => generate::run(&args, ui).await,
        Command::Kinesis(args) => Box::pin(kinesis::run(&args, ui)).await,
        Command::Tail(args) => Box::pin(tail::run(&args, output, ui)).await,
        Command::Record(args) => record::run(&args, ui).await,
        Command::Replay(args) => replay::run(&args, ui).await,
        Command::Status(args) => status::run(&args, ui).await,
        Command::View(args) => Box::pin(view::run(&args, ui)).await,
        Command::Top(args) => Box::pin(top::run(&args, ui)).await,
        Command::Test(args) => test::run(&args, ui).await,
        Command::Down(args) => down::run(&args, ui).await,
        Command::Doctor(args) => Box::pin(doctor::run(&args, ui)).await,
        Command::Completions(args) => completions::run(&args, ui),
        Command::Man(args) => man::run(&args, ui),
    }
}

fn tell(ui: &Ui, error: &Error) {
    if error.is_silent() {
        return;
    }
    match error {
        // Drawn already, each with its own `error:`.
        Error::File { drawn } | Error::Unfinished { drawn } => ui.error(drawn),
        _ => ui.error(&format!("error: {}", error.full())),
    }
    if let Some(hint) = error.hint() {
        ui.error(&format!("help: {hint}"));
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_makes_sense() {
        Cli::command().debug_assert();
    }
}
