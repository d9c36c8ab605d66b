//! Every kind of something is in its table: a file that is not would do nothing.
//!
//! The kinds of field have this test beside their table.

use std::collections::BTreeSet;
use std::fs;

use super::{pipe, pipelines, root};

/// Returns the stems of the files of a folder of `src/` that hold a text.
fn holding(folder: &str, text: &str) -> BTreeSet<String> {
    let mut stems = BTreeSet::new();
    for entry in fs::read_dir(root().join("src").join(folder)).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() && fs::read_to_string(&path).unwrap().contains(text) {
            stems.insert(path.file_stem().unwrap().to_str().unwrap().to_owned());
        }
    }
    stems
}

#[test]
fn every_kind_of_window_is_in_the_table() {
    let listed: BTreeSet<String> = pipe::window::KINDS.iter().map(|kind| kind.name.to_owned()).collect();
    assert_eq!(holding("window", "\npub(super) const KIND: Kind"), listed);
}

#[test]
fn every_command_is_in_the_help() {
    let help = pipe(root()).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let (_, commands) = help.split_once("Commands:\n").unwrap();
    let (commands, _) = commands.split_once("\n\n").unwrap();
    // A line that begins further in goes on with what the one before it says.
    let first = commands.lines().filter_map(|line| line.strip_prefix("  ").filter(|line| !line.starts_with(' ')));
    let names = first.filter_map(|line| line.split_whitespace().next());
    let listed: BTreeSet<String> = names.filter(|name| *name != "help").map(str::to_owned).collect();
    assert_eq!(holding("commands", "\npub(super) struct Args"), listed);
}

#[test]
fn every_operation_of_the_kinesis_api_is_in_the_table() {
    let mut files = BTreeSet::new();
    for file in fs::read_dir(root().join("src/kinesis_api")).unwrap() {
        let path = file.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let module = path.file_stem().unwrap().to_str().unwrap();
        let names = text.lines().filter_map(|line| line.strip_prefix("pub(super) const ")?.split_once(": Operation "));
        files.extend(names.map(|(name, _)| format!("{module}::{name}")));
    }
    let table = fs::read_to_string(root().join("src/kinesis_api/mod.rs")).unwrap();
    let (_, table) = table.split_once("const OPERATIONS: &[Operation] = &[").unwrap();
    let lines = table.split_once("];").unwrap().0.lines().map(|line| line.trim().trim_end_matches(','));
    let listed: BTreeSet<String> = lines.filter(|line| !line.is_empty()).map(str::to_owned).collect();
    assert!(listed.len() > 30, "{listed:?}");
    assert_eq!(files, listed);
}

#[test]
fn every_pipeline_can_be_begun_with() {
    let examples: BTreeSet<String> =
        pipelines().iter().map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    let help = pipe(root()).args(["init", "--help"]).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    for example in examples {
        assert!(help.contains(&format!("- {example}")), "`pipe init --from {example}` is not possible");
    }
}
