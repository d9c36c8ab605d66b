//! `pipe test --accept`

use std::path::Path;

use crate::document::Document;
use crate::error::Error;
use crate::plan::{Action, Expectation};
use crate::spec::{ActionSpec, ExpectSpec, Spec, TestSpec};
use crate::trial::{Acceptance, Edit, Embedded, edited};
use crate::ui::{Ui, count};

use super::Suite;

/// Writes what came into every test that expects something else.
pub(super) fn accept(suites: &[Suite], ui: &Ui) -> Result<(), Error> {
    for suite in suites {
        let edits = edits(suite, ui)?;
        if edits.is_empty() {
            continue;
        }
        let changes = count(edits.len(), "change", "changes");
        let source = &suite.source;
        let document = source.document.clone().with_text(edited(source.document.text(), edits));
        expect_readable(&document, source.path.as_path(), ui)?;
        write(&source.path, document.text()).map_err(|error| Error::write(&source.path, error))?;
        ui.note(&format!("{changes} written into {}", document.name()));
    }
    Ok(())
}

/// Returns the changes to one file.
fn edits(suite: &Suite, ui: &Ui) -> Result<Vec<Edit>, Error> {
    let mut edits = Vec::new();
    for (spec, trial) in suite.source.tests.iter().zip(&suite.source.trials) {
        let outcome = Embedded::run(&suite.plan, &suite.folder, trial)?;
        let specs = spec.steps.iter().filter_map(|step| match &step.action {
            ActionSpec::Expect(expect) => Some(expect),
            _ => None,
        });
        let expectations = trial.steps.iter().filter_map(|step| match &step.action {
            Action::Expect(expectation) => Some(expectation),
            _ => None,
        });
        let expects: Vec<(&ExpectSpec, &Expectation)> = specs.zip(expectations).collect();
        for (check, (spec, expectation)) in outcome.checks.iter().zip(expects) {
            let Some(seen) = &check.seen else { continue };
            let text = suite.source.document.text();
            match (Acceptance { text, spec, wanted: expectation.rows.as_deref(), seen }).edits() {
                Ok(more) => edits.extend(more),
                Err(reason) => ui.note(&format!("{}:{}: not accepted: {reason}", suite.file(), check.line)),
            }
        }
    }
    Ok(edits)
}

/// Expects a file to be read as before: nothing else is written.
fn expect_readable(document: &Document, path: &Path, ui: &Ui) -> Result<(), Error> {
    let is_beside = path.to_string_lossy().ends_with(super::TEST_EXTENSION);
    let read = if is_beside { TestSpec::read_all(document).map(drop) } else { Spec::read(document).map(drop) };
    read.map_err(|found| Error::File { drawn: document.draw(&found, ui.color()) })
}

/// Writes a file in one step: whoever is interrupted has the old one or the new one.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    // A link stays one.
    let path = path.canonicalize()?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let beside = path.with_file_name(name);
    std::fs::write(&beside, text)?;
    std::fs::set_permissions(&beside, std::fs::metadata(&path)?.permissions())?;
    std::fs::rename(&beside, &path)
}
