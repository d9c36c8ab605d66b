//! Every artifact of every pipeline, whole.

use std::path::Path;

use pipe::document::Document;
use pipe::plan::Plan;
use pipe::render::{Assembly, CODE_STACK, KINESIS_SQL_FOLDER, TEMPLATE, code_bucket, render, render_kinesis_sql};

use super::{holds_only_tests, pipelines};

/// Returns the artifacts of a pipeline by the folder that `pipe render` gives them.
fn assemblies(path: &Path) -> Vec<(String, Assembly)> {
    let document = Document::new("pipeline.toml", std::fs::read_to_string(path).unwrap());
    let plans = Plan::check(&document).unwrap_or_else(|found| panic!("{}", document.draw(&found, false)));
    let mut assemblies: Vec<(String, Assembly)> =
        plans.iter().map(|plan| (plan.target.name.clone(), render(plan).unwrap())).collect();
    assemblies.push((KINESIS_SQL_FOLDER.to_owned(), render_kinesis_sql(&plans[0]).unwrap()));
    assemblies
}

fn stem(path: &Path) -> &str {
    path.file_stem().unwrap().to_str().unwrap()
}

/// Pins a text under a name.
pub(super) fn pin(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("artifacts");
    settings.set_prepend_module_to_snapshot(false);
    settings.remove_snapshot_suffix();
    settings.remove_input_file();
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

#[test]
fn every_artifact_of_every_pipeline_is_pinned() {
    insta::glob!("../../pipelines", "*.toml", |path| {
        if holds_only_tests(path) {
            return;
        }
        for (target, assembly) in assemblies(path) {
            for artifact in assembly.artifacts() {
                pin(&format!("{}.{target}.{}", stem(path), artifact.path), &artifact.text);
            }
            let left_out: Vec<&str> = assembly.omissions().iter().map(|omission| omission.path).collect();
            assert!(left_out.is_empty(), "{} has everything for {target}: {left_out:?}", stem(path));
        }
    });
}

#[test]
fn the_bucket_of_packaged_applications_is_pinned() {
    pin(&format!("{CODE_STACK}.template.yaml"), &code_bucket().unwrap());
}

#[test]
fn rendering_twice_gives_the_same_bytes() {
    for path in pipelines() {
        assert_eq!(assemblies(&path), assemblies(&path));
    }
}

#[test]
fn no_permission_is_for_everything() {
    let mut statements = 0;
    for (name, text) in templates() {
        let mut list = None;
        for line in text.lines() {
            let indent = line.len() - line.trim_start().len();
            let trimmed = line.trim_start().trim_start_matches("- ");
            let begins = ["Action:", "Resource:"].iter().find_map(|key| trimmed.strip_prefix(key));
            let value = match (begins, list) {
                (Some(rest), _) => {
                    statements += 1;
                    list = Some(indent);
                    rest
                }
                (None, Some(outer)) if indent > outer || line.trim_start().starts_with('-') => trimmed,
                _ => {
                    list = None;
                    continue;
                }
            };
            let value = value.trim().trim_matches(['"', '\'']);
            assert!(!value.contains('*'), "{name}: {line}");
        }
    }
    assert!(statements > 0, "the templates have statements");
}

fn templates() -> Vec<(String, String)> {
    let mut templates = Vec::new();
    for path in pipelines() {
        for (target, assembly) in assemblies(&path) {
            if let Some(text) = assembly.text(TEMPLATE) {
                templates.push((format!("{}.{target}.yaml", stem(&path)), text.to_owned()));
            }
        }
    }
    templates
}
