//! Mutants of every query that the project has.

use std::{
    fs,
    path::{Path, PathBuf},
};

use pipe::plan::{Action, Step, Trial};
use pipe::trial::{Embedded, Mutant};

use crate::suite::equality::{cases::pipeline, plan};

/// 2026-01-01T00:00:00Z, in milliseconds.
const START: i64 = 1_767_225_600_000;

#[test]
fn every_mutant_can_be_run() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["tests/golden", "tests/equality", "pipelines"];
    let files = folders.iter().flat_map(|folder| fs::read_dir(root.join(folder)).unwrap());
    let files: Vec<PathBuf> = files.map(|entry| entry.unwrap().path()).collect();
    let is_pipeline = |path: &&PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.ends_with(".toml") && !name.ends_with(".test.toml") && name != "input.toml"
    };
    let steps = vec![Step { line: 1, action: Action::Advance(START + 1) }];
    let trial = Trial { name: "nothing comes".to_owned(), line: 1, start: START, steps };
    let (mut count, mut failed) = (0, Vec::new());
    for path in files.iter().filter(is_pipeline) {
        let text = fs::read_to_string(path).unwrap();
        let is_case = path.parent().unwrap().ends_with("equality");
        let plan = plan(&if is_case { pipeline(&text) } else { text.replace("\"table.csv", "\"lookup.table.csv") });
        for mutant in Mutant::all(&plan) {
            count += 1;
            if let Err(error) = Embedded::run(&mutant.apply(&plan), path.parent().unwrap(), &trial) {
                failed.push(format!("{}: {}: {}: {error}", path.display(), mutant.query, mutant.what));
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert!(count > 300, "{count}");
}
