//! `pipe test --mutate`

use serde_json::json;

use crate::error::Error;
use crate::plan::Trial;
use crate::trial::{Embedded, Mutant, Status, in_order};
use crate::ui::{Format, Ui, count, csv_line};

use super::Suite;

/// Runs the tests over queries that are wrong in one way each.
pub(super) fn mutate(suites: &[Suite], ui: &Ui) -> Result<(), Error> {
    expect_passed(suites)?;
    if ui.format() == Format::Csv {
        let header = ["pipeline", "query", "mutant", "noticed_by"].map(str::to_owned);
        ui.data(&csv_line(&header)).map_err(Error::stdout)?;
    }
    let (mut survived, mut total) = (0, 0);
    // The tests of a pipeline may stand in two files, one behind the other.
    for suites in suites.chunk_by(|one, other| one.plan.name == other.plan.name && one.folder == other.folder) {
        let plan = &suites[0].plan;
        let mutants: Vec<Mutant> = Mutant::all(plan);
        in_order(
            &mutants,
            |mutant| noticed(mutant, suites),
            |mutant, noticed| {
                total += 1;
                survived += usize::from(noticed.is_none());
                ui.status(&format!("{total} mutants"));
                show(&plan.name, mutant, noticed, ui)
            },
        )?;
    }
    ui.clear_status();
    if survived > 0 {
        return Err(Error::Mutants { survived, total });
    }
    ui.note(&format!("{}: each is noticed by a test", count(total, "mutant", "mutants")));
    Ok(())
}

/// What fails already notices nothing.
fn expect_passed(suites: &[Suite]) -> Result<(), Error> {
    let (mut failed, mut total) = (0, 0);
    for suite in suites {
        let run = |trial: &Trial| Embedded::run(&suite.plan, &suite.folder, trial);
        in_order(&suite.source.trials, run, |_, outcome| {
            total += 1;
            failed += usize::from(outcome?.status() != Status::Passed);
            Ok::<(), Error>(())
        })?;
    }
    if failed > 0 { Err(Error::Tests { failed, total }) } else { Ok(()) }
}

/// Returns the name of the first test that notices a mutant.
fn noticed<'s>(mutant: &Mutant, suites: &'s [Suite]) -> Option<&'s str> {
    let plan = mutant.apply(&suites[0].plan);
    let mut trials = suites.iter().flat_map(|suite| suite.source.trials.iter().map(|trial| (&suite.folder, trial)));
    // A query that cannot even run is noticed.
    let notices =
        |run: Result<_, _>| run.map_or(true, |outcome: crate::trial::Outcome| outcome.status() == Status::Failed);
    trials.find(|(folder, trial)| notices(Embedded::run(&plan, folder, trial))).map(|(_, trial)| trial.name.as_str())
}

fn show(pipeline: &str, Mutant { query, what, .. }: &Mutant, noticed: Option<&str>, ui: &Ui) -> Result<(), Error> {
    let text = match ui.format() {
        Format::Json => {
            json!({ "pipeline": pipeline, "query": query, "mutant": what, "noticed_by": noticed }).to_string()
        }
        Format::Csv => csv_line(&[pipeline, query, what, noticed.unwrap_or_default()].map(str::to_owned)),
        // A person looks for what is missing.
        Format::Table if noticed.is_some() => return Ok(()),
        Format::Table => format!("not noticed  {pipeline}: {query}: {what}"),
    };
    ui.data(&text).map_err(Error::stdout)
}
