//! `pipe doctor`

mod check;
mod here;
mod there;

use std::path::PathBuf;

use crate::error::Error;
use crate::plan::{EngineKind, Plan, StreamsKind};
use crate::ui::{Color, Format, Ui, count, csv_line, table};

use super::locate::{self, Loaded};
use check::{Check, Outcome};

/// Look whether this machine, and a target, have what a pipeline needs, and say what to do where they have not
///
/// Looks at the pipeline file, the folder and its disk, files that may be open, and the port of the endpoint; with --target
/// also at credentials and region, whether Kinesis answers and how many shards it still gives, the clock, the connector's jar,
/// and Flink's SQL gateway. Changes nothing.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  pipe doctor\n  pipe doctor ticker --target aws\n  pipe doctor --target flink -o json"
)]
pub(super) struct Args {
    /// A pipeline file or its bare name
    #[arg(value_name = "PIPELINE")]
    pipeline: Option<String>,

    /// What else is looked at: what this target needs
    #[arg(long, value_name = "TARGET", default_value = "local")]
    target: String,
}

pub(super) async fn run(args: &Args, ui: &Ui) -> Result<(), Error> {
    let (of_file, found) = file(args, ui)?;
    let mut checks = vec![of_file];
    checks.extend(here::look().await);
    if let Some((path, plan)) = &found {
        if plan.target.streams == StreamsKind::Kinesis {
            checks.extend(there::look(plan, path).await);
        }
        if plan.target.engine == EngineKind::Flink {
            checks.push(there::gateway(plan).await);
        }
    }
    show(&checks, ui).map_err(Error::stdout)?;
    let bad = checks.iter().filter(|check| check.outcome == Outcome::Bad).count();
    if bad > 0 { Err(Error::Unwell { bad, all: checks.len() }) } else { Ok(()) }
}

/// A pipeline file without a mistake, and what it means for the target.
type Found = (PathBuf, Plan);

/// Looks at the pipeline file, where there is one.
fn file(args: &Args, ui: &Ui) -> Result<(Check, Option<Found>), Error> {
    let path = match locate::file(args.pipeline.as_deref()) {
        Ok(path) => path,
        Err(error) if args.pipeline.is_none() && args.target == "local" => {
            let check = Check::odd("pipeline", error.to_string(), "`pipe init` writes a first one");
            return Ok((check, None));
        }
        Err(error) => return Err(error),
    };
    let quiet = Ui::new(None, Color::Never, true, false);
    let loaded = match Loaded::open(&path, &quiet) {
        Ok(loaded) => loaded,
        Err(Error::File { drawn }) => {
            let mistakes = drawn.matches("error:").count();
            let what = format!("{} has {}", path.display(), count(mistakes, "mistake", "mistakes"));
            return Ok((Check::bad("pipeline", what, "`pipe check` shows each with its place"), None));
        }
        Err(error) => return Err(error),
    };
    let plan = loaded.plan(&args.target, ui)?;
    let what = format!("{} is understood: pipeline {}, target {}", path.display(), plan.name, plan.target.name);
    Ok((Check::good("pipeline", what), Some((path, plan))))
}

fn show(checks: &[Check], ui: &Ui) -> std::io::Result<()> {
    let header = ["", "checked", "found", "to do"].map(str::to_owned);
    let row = |check: &Check| {
        let todo = check.todo.clone().unwrap_or_default();
        vec![check.outcome.word().to_owned(), check.name.to_owned(), check.what.clone(), todo]
    };
    match ui.format() {
        Format::Json => checks.iter().try_for_each(|check| ui.data(&serde_json::to_string(check)?)),
        Format::Csv => {
            let rows = std::iter::once(["outcome", "checked", "found", "to do"].map(str::to_owned).to_vec());
            rows.chain(checks.iter().map(row)).try_for_each(|row| ui.data(&csv_line(&row)))
        }
        Format::Table => ui.data(&table(&header, &checks.iter().map(row).collect::<Vec<_>>())),
    }
}
