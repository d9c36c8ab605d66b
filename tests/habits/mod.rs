//! What holds of the project as a whole: its messages, its help, its artifacts, its README, and how its parts may see
//! each other.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

mod artifacts;
mod expressions;
mod help;
mod invalid;
mod layers;
mod mutants;
mod pipelines;
mod readme;
mod registry;
mod stacks;
mod templates;

/// The folder of the project.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The `pipe` command as it was built, in a folder, without colour and without what the surroundings set.
fn pipe(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pipe"));
    command.current_dir(folder).env("NO_COLOR", "1").env("COLUMNS", "100").env_remove("AWS_ENDPOINT_URL");
    command
}

/// Every file below a folder whose name ends in an extension, sorted.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Every pipeline of the project, without the files that hold only tests.
fn pipelines() -> Vec<PathBuf> {
    files(&root().join("pipelines"), "toml").into_iter().filter(|path| !holds_only_tests(path)).collect()
}

fn holds_only_tests(path: &Path) -> bool {
    path.to_str().unwrap().ends_with(".test.toml")
}
