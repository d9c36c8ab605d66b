//! What the README shows is so: its pipelines are without mistakes, and its commands run.
//!
//! A line of a `sh` block is a command; one that begins with `pipe` is run in a folder that has the project's pipelines.
//! A command that would run for ever is given `--for`.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use pipe::document::Document;
use pipe::plan::Plan;

use super::{files, pipe, root};

/// What is not run here, and why.
const LEFT_OUT: &[(&str, &str)] = &[
    ("cargo ", "it builds what is being tested"),
    ("tests/run", "it runs this test"),
    ("git clone ", "this is the clone"),
    ("cd ", "this is the folder"),
    ("python3 ", "it needs boto3: the endpoint has a test of its own"),
];

/// Commands that go on until they are stopped.
const ENDLESS: &[&str] = &["up", "tail", "kinesis"];

/// Returns the blocks of a language, as they stand between their fences.
fn blocks<'t>(text: &'t str, language: &str) -> Vec<&'t str> {
    let opening = format!("```{language}\n");
    text.split(opening.as_str()).skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

fn readme() -> String {
    fs::read_to_string(root().join("README.md")).unwrap()
}

#[test]
fn every_pipeline_of_the_readme_is_without_mistakes() {
    let text = readme();
    let pipelines = pipelines(&text);
    assert!(!pipelines.is_empty());
    for pipeline in pipelines {
        let document = Document::new("README.md", pipeline);
        Plan::check(&document).unwrap_or_else(|found| panic!("{}", document.draw(&found, false)));
    }
}

/// Returns the pipelines that are shown. A part of a file goes on from the last whole one of its section, or from the first of
/// all where its section has none before it.
fn pipelines(text: &str) -> Vec<String> {
    let is_whole = |block: &&str| block.contains("[pipeline]");
    let first = blocks(text, "toml").into_iter().find(is_whole).unwrap();
    let mut pipelines = Vec::new();
    for section in text.split("\n## ") {
        let mut whole = first;
        for block in blocks(section, "toml") {
            if is_whole(&block) {
                whole = block;
                pipelines.push(block.to_owned());
            } else {
                pipelines.push(format!("{whole}\n{block}"));
            }
        }
    }
    pipelines
}

/// What tests begin with.
const TESTS: &str = "[[tests]]";

#[test]
fn every_test_of_the_readme_passes() {
    let folder = tempfile::tempdir().unwrap();
    let text = readme();
    let tested = pipelines(&text).into_iter().filter(|pipeline| pipeline.contains(TESTS));
    let mut ran = 0;
    for pipeline in tested {
        fs::write(folder.path().join("pipeline.toml"), pipeline).unwrap();
        let output = pipe(folder.path()).args(["test", "-o", "table"]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        ran += 1;
    }
    assert!(ran > 0);
}

#[test]
fn every_command_of_the_readme_runs() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("pipelines")).unwrap();
    for path in files(&root().join("pipelines"), "toml") {
        fs::copy(&path, folder.path().join("pipelines").join(path.file_name().unwrap())).unwrap();
    }
    let text = readme();
    let lines: Vec<&str> = blocks(&text, "sh").into_iter().flat_map(str::lines).collect();
    let mut ran = 0;
    for line in lines {
        let command = line.split(" #").next().unwrap().trim();
        if command.is_empty() || LEFT_OUT.iter().any(|(beginning, _)| command.starts_with(beginning)) {
            continue;
        }
        let arguments: Vec<&str> = command.split_whitespace().collect();
        assert_eq!(arguments[0], "pipe", "a command that this test does not know: {line}");
        run(folder.path(), &arguments[1..], line);
        ran += 1;
    }
    assert!(ran > 0);
}

fn run(folder: &Path, arguments: &[&str], line: &str) {
    let mut command = pipe(folder);
    command.args(arguments).stdin(Stdio::null());
    let background = arguments.contains(&"-d");
    let ends = background || ["--for", "--records", "-n"].iter().any(|flag| arguments.contains(flag));
    if ENDLESS.contains(&arguments[0]) && !ends {
        command.args(["--for", "1s"]);
    }
    if background {
        // What runs in the background would keep a pipe open.
        let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
        assert!(status.success(), "{line}: {status}");
        return;
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
}
