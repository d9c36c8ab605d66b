//! `pipe check`

use std::collections::{BTreeMap, BTreeSet};

use crate::error::Error;
use crate::plan::Plan;
use crate::render::render;
use crate::ui::{Ui, count};

use super::locate::{self, Loaded};

/// Find every mistake in pipeline files, without touching anything
///
/// Reads the files named, or ./pipeline.toml and all of pipelines/, and the tables that they name, and shows each mistake
/// with its place and what to do.
/// Needs no network.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  pipe check\n  pipe check pipelines/ticker.toml")]
pub(super) struct Args {
    /// Pipeline files; all of them if none is named
    #[arg(value_name = "PIPELINE")]
    pipelines: Vec<String>,
}

pub(super) fn run(args: &Args, ui: &Ui) -> Result<(), Error> {
    let mut drawn = Vec::new();
    for path in locate::files(&args.pipelines)? {
        let loaded = match Loaded::open(&path, ui) {
            Ok(loaded) => loaded,
            Err(Error::File { drawn: mistakes }) => {
                drawn.push(mistakes);
                continue;
            }
            Err(other) => return Err(other),
        };
        loaded.warn(ui);
        let plans = loaded.plans(ui).and_then(|plans| {
            loaded.check_tables(&plans[0], false, ui)?;
            loaded.trials(&path, &plans[0], ui)?;
            Ok(plans)
        });
        match plans {
            Ok(plans) => {
                let plan = &plans[0];
                ui.note(&format!(
                    "{}: ok, {} and {}",
                    path.display(),
                    count(plan.streams.len(), "stream", "streams"),
                    count(plan.queries.len(), "query", "queries"),
                ));
                tell_what_targets_lack(&plans, ui)?;
            }
            Err(Error::File { drawn: mistakes }) => drawn.push(mistakes),
            Err(other) => return Err(other),
        }
    }
    if drawn.is_empty() { Ok(()) } else { Err(Error::File { drawn: drawn.join("\n\n") }) }
}

/// Says what targets cannot run of these queries; those that every file has are among them.
fn tell_what_targets_lack(plans: &[Plan], ui: &Ui) -> Result<(), Error> {
    let mut lacking: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for plan in plans.iter().filter(|plan| !plan.queries.is_empty()) {
        let assembly = render(plan)?;
        for omission in assembly.omissions() {
            lacking.entry(omission.reason.clone()).or_default().insert(&plan.target.name);
        }
    }
    for (reason, targets) in lacking {
        let names: Vec<String> = targets.iter().map(|name| format!("`{name}`")).collect();
        let noun = if names.len() == 1 { "target" } else { "targets" };
        ui.note(&format!("note: {noun} {} cannot run it: {reason}", names.join(" and ")));
    }
    Ok(())
}
