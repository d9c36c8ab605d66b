//! Every stack that can come out, as the checkers of AWS and others see it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use pipe::document::Document;
use pipe::plan::Plan;
use pipe::render::{CODE_STACK, TEMPLATE, code_bucket, render, render_kinesis_sql};
use serde_json::Value;

use super::artifacts::pin;
use super::{files, pipelines, root};
use crate::peers;

/// Where what is rendered has to be accepted: a region that has every service, and one that is not the first.
const REGIONS: [&str; 2] = ["us-east-1", "eu-central-1"];

/// Every template by a name: of the pipelines, of the files in `tests/stacks/` for each of their targets, and of the
/// bucket for code.
fn templates() -> Vec<(String, String)> {
    let mut found = vec![(CODE_STACK.to_owned(), code_bucket().unwrap())];
    for path in pipelines().into_iter().chain(files(&root().join("tests/stacks"), "toml")) {
        let stem = path.file_stem().unwrap().to_str().unwrap();
        let document = Document::new(stem, fs::read_to_string(&path).unwrap());
        let plans = Plan::check(&document).unwrap_or_else(|found| panic!("{}", document.draw(&found, false)));
        let mut assemblies: Vec<_> =
            plans.iter().map(|plan| (plan.target.name.clone(), render(plan).unwrap())).collect();
        assemblies.push(("kinesis-sql".to_owned(), render_kinesis_sql(&plans[0]).unwrap()));
        for (target, assembly) in assemblies {
            let text = assembly.text(TEMPLATE).map(str::to_owned);
            found.extend(text.map(|text| (format!("{stem}.{target}"), text)));
        }
    }
    found
}

/// Writes every template into a folder; returns how many there are.
fn written(folder: &Path) -> usize {
    let templates = templates();
    for (name, text) in &templates {
        fs::write(folder.join(format!("{name}.yaml")), text).unwrap();
    }
    assert!(templates.len() >= 12, "the variants are among them: {}", templates.len());
    templates.len()
}

fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat()
}

/// Runs where `PIPE_PEERS` names a Python virtual environment that has cfn-lint; `tests/run` makes one and names it.
#[test]
fn cfn_lint_passes_where_pipe_peers_names_its_environment() {
    let Some(venv) = peers::environment("cfn-lint on the templates") else { return };
    let folder = tempfile::tempdir().unwrap();
    written(folder.path());
    let mut command = Command::new(venv.join("bin/cfn-lint"));
    command.arg("--regions").args(REGIONS).arg("--template").args(files(folder.path(), "yaml"));
    // Its settings are looked for in the current folder, and there are none in this one: nothing is ignored.
    let output = command.current_dir(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
}

/// Runs where `PIPE_CHECKOV` names a Python virtual environment that has checkov; `tests/run` makes one and names it. What
/// is left out of its checks stands in the templates, each with its reason.
#[test]
fn checkov_passes_where_pipe_checkov_names_its_environment() {
    let Some(venv) = peers::checkov("checkov on the templates") else { return };
    let folder = tempfile::tempdir().unwrap();
    let written = written(folder.path());
    let mut command = Command::new(venv.join("bin/checkov"));
    command.args(["--skip-download", "--framework", "cloudformation", "--compact", "--output", "json"]);
    let output = command.arg("--directory").arg(folder.path()).current_dir(folder.path()).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", said(&output)));
    let found = |kind: &str| report["results"][kind].as_array().unwrap().clone();
    let failed: Vec<String> = found("failed_checks")
        .iter()
        .map(|check| {
            format!("{} {} {}: {}", check["file_path"], check["resource"], check["check_id"], check["check_name"])
        })
        .collect();
    assert!(output.status.success() && failed.is_empty(), "{}", failed.join("\n"));
    assert_eq!(report["summary"]["parsing_errors"], 0);
    let looked_at: BTreeSet<String> =
        found("passed_checks").iter().map(|check| check["file_path"].to_string()).collect();
    // Of streams, roles and applications it has no check that always applies, of log groups and buckets it has.
    assert!(looked_at.len() + 1 >= written, "it looked at {looked_at:?} of {written}");
    for check in found("skipped_checks") {
        assert!(check["check_result"]["suppress_comment"].as_str().is_some_and(|why| why.len() > 20), "{check}");
    }
}

#[test]
fn a_stack_with_all_that_a_target_may_say_is_pinned() {
    let (name, text) = templates().into_iter().find(|(name, _)| name == "targets.everything").unwrap();
    pin(&format!("{name}.template.yaml"), &text);
}

#[test]
fn what_stands_on_a_dashboard_is_in_its_stack() {
    let mut widgets = 0;
    for (name, text) in templates().into_iter().filter(|(name, _)| name != CODE_STACK) {
        let body = text.lines().find_map(|line| line.trim().strip_prefix("DashboardBody: ")).expect(&name);
        let body: Value = serde_json::from_str(body).unwrap();
        let body = body["Fn::Sub"].as_str().unwrap();
        let body: Value = serde_json::from_str(body).unwrap_or_else(|error| panic!("{name}: {error}\n{body}"));
        for widget in body["widgets"].as_array().unwrap() {
            widgets += 1;
            let shown = &widget["properties"][if widget["type"] == "alarm" { "alarms" } else { "metrics" }];
            assert!(!shown.as_array().unwrap().is_empty(), "{name}: {widget}");
        }
        let alarms = body["widgets"][0]["properties"]["alarms"].as_array().map_or(0, Vec::len);
        assert_eq!(alarms, text.matches("Type: AWS::CloudWatch::Alarm").count(), "{name}");
    }
    assert!(widgets > 50, "{widgets}");
}

#[test]
fn everything_that_takes_marks_has_them() {
    // What the service does not let carry any (cfn-lint's schemas have no `Tags` there).
    let bare = [
        "AWS::Logs::LogStream",
        "AWS::S3::BucketPolicy",
        "AWS::KinesisAnalyticsV2::ApplicationCloudWatchLoggingOption",
        "AWS::KinesisAnalytics::Application",
        "AWS::KinesisAnalytics::ApplicationOutput",
    ];
    for (name, text) in templates() {
        let resources = text.split_once("\nResources:\n").unwrap().1.split_once("\nOutputs:\n").unwrap().0;
        for resource in resources.split("\n\n") {
            // The SQL of an application may have empty lines in it.
            let Some((_, kind)) = resource.split_once("\n    Type: ") else { continue };
            let kind = kind.lines().next().unwrap();
            let marked = resource.contains("- Key: \"managed-by\"\n          Value: \"pipe\"");
            assert_eq!(marked, !bare.contains(&kind), "{name}: {resource}");
            assert_eq!(resource.contains("- Key: \"pipeline\""), marked && name != CODE_STACK, "{name}: {resource}");
        }
    }
}

#[test]
fn alarms_tell_the_topic_of_the_target() {
    let templates = templates();
    let text = |wanted: &str| &templates.iter().find(|(name, _)| name == wanted).unwrap().1;
    let told = |name: &str| text(name).matches("      AlarmActions:\n        - \"arn:").count();
    let alarms = |name: &str| text(name).matches("Type: AWS::CloudWatch::Alarm").count();
    assert_eq!(told("targets.everything"), alarms("targets.everything"));
    assert_eq!(
        alarms("targets.everything"),
        2 * 2 + 1 + 2 + 3,
        "streams, the reading of one, archives, the application"
    );
    assert_eq!(told("ticker.aws"), 0);
    assert_eq!(["targets.shards", "targets.quiet"].map(alarms), [2 * 2 + 1 + 1, 0], "only those that the target has");
}

#[test]
fn an_application_has_the_flink_the_metrics_and_the_grants_of_its_target() {
    let templates = templates();
    for (name, runtime, outage, describes) in [
        ("ticker.aws", "FLINK-1_20", "downtime", "kinesis:DescribeStreamSummary"),
        ("targets.connector_4", "FLINK-1_20", "downtime", "kinesis:DescribeStream"),
        ("targets.flink_2_2", "FLINK-2_2", "restartingTime", "kinesis:DescribeStreamSummary"),
        ("targets.everything", "FLINK-2_3", "restartingTime", "kinesis:DescribeStreamSummary"),
    ] {
        let text = &templates.iter().find(|(known, _)| known == name).unwrap().1;
        assert!(text.contains(&format!("RuntimeEnvironment: {runtime}\n")), "{name}");
        assert!(text.contains(&format!("MetricName: \"{outage}\"\n")), "{name}");
        let role = text.split_once("  ApplicationRole:\n").unwrap().1.split_once("  Application:\n").unwrap().0;
        let described: Vec<&str> = role.lines().filter(|line| line.contains("kinesis:Describe")).collect();
        assert_eq!(described, [format!("                  - \"{describes}\"")], "{name}");
    }
}

#[test]
fn a_stack_keeps_what_the_file_asks_it_to_keep() {
    let templates = templates();
    let text = |wanted: &str| &templates.iter().find(|(name, _)| name == wanted).unwrap().1;
    let stream = |name: &str| {
        let rest = text("targets.everything").split_once(&format!("      Name: \"{name}\"\n")).unwrap().1;
        rest.split_once("RetentionPeriodHours: ").unwrap().1.lines().next().unwrap()
    };
    assert_eq!(["trades", "averages"].map(stream), ["168", "8760"]);
    assert!(!text("targets.everything").contains("too_late"), "nothing writes it");
    let archived = |name: &str| text(name).matches("Type: AWS::KinesisFirehose::DeliveryStream\n").count();
    assert_eq!(["targets.everything", "targets.sql", "targets.shards"].map(archived), [2, 1, 0]);
    // What holds data stays; all else goes with the stack.
    for resource in text("targets.everything").split("\n\n") {
        let holds = ["AWS::S3::Bucket\n", "AWS::S3::BucketPolicy\n"].iter().any(|kind| resource.contains(kind));
        assert_eq!(resource.contains("DeletionPolicy: Retain"), holds, "{resource}");
    }
}
