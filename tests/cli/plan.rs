//! `pipe plan`: what it lists, what streams need and what a month costs, in every form.

use std::process::Command;

use serde_json::{Value, json};

use super::harness::{Done, Place};
use super::up::PIPELINE;

/// A pipeline whose key has a favourite: AMZN comes in half of all records.
const TICKER: &str = include_str!("../../pipelines/ticker.toml");

/// Where nothing answers.
const NOWHERE: &str = "http://127.0.0.1:9";

/// Runs `pipe plan` in an account that does not answer.
fn plan(place: &Place, arguments: &[&str]) -> Done {
    place.run(unanswered(place, arguments))
}

fn unanswered(place: &Place, arguments: &[&str]) -> Command {
    let mut command = place.command(&[&["plan"], arguments].concat());
    command.env("AWS_ENDPOINT_URL", NOWHERE).env("AWS_REGION", "us-east-1").env("AWS_MAX_ATTEMPTS", "1");
    command.env("AWS_ACCESS_KEY_ID", "any").env("AWS_SECRET_ACCESS_KEY", "any").env_remove("AWS_PROFILE");
    command
}

fn output(place: &Place, arguments: &[&str]) -> String {
    let done = plan(place, arguments);
    assert_eq!(done.code(), Some(0), "{arguments:?}: {done:?}");
    done.stdout
}

fn outlook(place: &Place, arguments: &[&str]) -> Value {
    serde_json::from_str(&output(place, &[arguments, &["-o", "json"]].concat())).unwrap()
}

/// What a network says of nobody there is its own matter.
fn snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("plan");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.add_filter("everything is listed as new: [^\"\n]*", "everything is listed as new: [why]");
    settings.bind(|| insta::assert_snapshot!(name, text));
}

fn notes(outlook: &Value) -> String {
    outlook["notes"].to_string()
}

#[test]
fn a_plan_for_aws_has_one_meaning_in_every_form() {
    let place = Place::new(TICKER);
    for (name, arguments) in [
        ("table", &["-o", "table"][..]),
        ("full", &["-o", "table", "--full"]),
        ("summary", &["-o", "table", "--summary"]),
        ("markdown", &["-o", "markdown"]),
        ("markdown_full", &["-o", "markdown", "--full"]),
        ("markdown_summary", &["-o", "markdown", "--summary"]),
        ("csv", &["-o", "csv"]),
    ] {
        snapshot(name, &output(&place, &[&["--target", "aws"], arguments].concat()));
    }
    let json = outlook(&place, &["--target", "aws"]);
    snapshot("json", &serde_json::to_string_pretty(&json).unwrap());
    assert!(notes(&json).contains("nothing could be compared"), "{json}");
    assert_eq!(outlook(&place, &["--target", "aws", "--full"]), json, "a program is given everything");
    let summary = outlook(&place, &["--target", "aws", "--summary"]);
    let members: Vec<&String> = summary.as_object().unwrap().keys().collect();
    assert_eq!(members, ["version", "pipeline", "target", "summary", "cost", "not_compared"]);
    assert_eq!(summary["cost"]["total"], json["cost"]["total"]);
    assert!(!place.has(".pipe"), "a plan writes nothing");
}

#[test]
fn what_stays_is_counted_and_shown_when_asked_for() {
    let place = Place::new(PIPELINE);
    place.output(&["up", "--records", "1"]);
    let brief = place.output(&["plan", "-o", "table"]);
    assert!(brief.contains("\n4 unchanged\n") && !brief.contains("error_stream"), "{brief}");
    let full = place.output(&["plan", "-o", "table", "--full"]);
    assert!(full.contains("= ") && full.contains("error_stream") && !full.contains("4 unchanged"), "{full}");
    let summary = place.output(&["plan", "-o", "table", "--summary"]);
    assert_eq!(summary, "pipeline probe on local: = 4 unchanged\ncost: nothing: all of it is on this machine\n");
    place.write("pipeline.toml", &PIPELINE.replace("AVG(id)", "MAX(id)"));
    let changed = place.output(&["plan", "-o", "table"]);
    for words in ["~  query  counts", "because it asks something else", "state: what its open windows hold is dropped"]
    {
        let squeezed = changed.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(squeezed.contains(&words.split_whitespace().collect::<Vec<_>>().join(" ")), "{words}: {changed}");
    }
    let changed: Value = serde_json::from_str(&place.output(&["plan", "-o", "json"])).unwrap();
    assert_eq!(changed["summary"]["update"], 1, "{changed}");
    assert_eq!(changed["changes"][3]["state"], "what its open windows hold is dropped");
}

#[test]
fn a_key_that_no_shard_takes_is_named() {
    let hot = TICKER.replace("200/s", "3400/s").replace("shards = 2", "shards = 4");
    let place = Place::new(&hot);
    let json: Value = serde_json::from_str(&place.output(&["plan", "-o", "json"])).unwrap();
    let fed = &json["capacity"]["streams"][0];
    assert_eq!((&fed["shards_needed"], &fed["hot_key"]["key"]), (&Value::Null, &json!("AMZN")), "{fed}");
    assert!(notes(&json).contains("no number of shards helps stream trades: key AMZN alone is 1.7 times"), "{json}");
    // Less of it: each key fits by itself, and as many shards as there are keys do not keep them apart.
    let even = TICKER
        .replace("200/s", "2800/s")
        .replace("weights = [5, 3, 2]", "weights = [1, 1, 1]")
        .replace("AMZN", "META")
        .replace("AAPL", "NFLX")
        .replace("MSFT", "ORCL");
    let with = |shards: u64| {
        place.write("pipeline.toml", &even.replace("shards = 2", &format!("shards = {shards}")));
        serde_json::from_str::<Value>(&place.output(&["plan", "-o", "json"])).unwrap()
    };
    let json = with(3);
    let fed = &json["capacity"]["streams"][0];
    let needed = fed["shards_needed"].as_u64().unwrap();
    assert!(needed > 3 && fed["hottest_load"].as_f64().unwrap() > 1.0, "{json}");
    assert!(notes(&json).contains(&format!("with {needed} instead of 3 each stays within its limits")), "{json}");
    let json = with(needed);
    assert!(json["capacity"]["streams"][0]["hottest_load"].as_f64().unwrap() <= 1.0, "{json}");
    assert_eq!(notes(&json), "[]", "{json}");
}

#[test]
fn a_record_that_kinesis_refuses_is_told_of() {
    let value = "x".repeat(60_000);
    let each = |entry: &str| (0..20).map(|index| entry.replace('#', &index.to_string())).collect::<String>();
    let columns = each("c# = \"VARCHAR(65535)\"\n");
    let fields = each(&format!("c# = {{ kind = \"choice\", of = [\"{value}\"] }}\n"));
    let place = Place::new(&format!(
        "[pipeline]\nname = \"large\"\n[streams.s]\nshards = \"on-demand\"\n[streams.s.columns]\n{columns}\
         [generators.s]\nrate = \"1/s\"\n[generators.s.fields]\n{fields}"
    ));
    let json: Value = serde_json::from_str(&place.output(&["plan", "-o", "json"])).unwrap();
    assert!(notes(&json).contains("and Kinesis takes 1048576: they are refused"), "{json}");
    let fed = &json["capacity"]["streams"][0];
    assert!(fed["largest_record"].as_u64().unwrap() > 1_200_000, "{json}");
    assert_eq!(
        (&fed["put_units_per_record"], &fed["shards"], &fed["shards_needed"]),
        (&json!(47.0), &Value::Null, &json!(2))
    );
    // Several pipelines at once: each by itself.
    place.write("pipelines/probe.toml", PIPELINE);
    let table = place.output(&["plan", "-o", "table"]);
    assert_eq!(table.matches("pipeline ").count(), 2, "{table}");
    let csv = place.output(&["plan", "-o", "csv"]);
    assert_eq!(csv.matches("pipeline,target").count(), 1, "{csv}");
}

#[test]
fn what_costs_something_unknown_is_said_so() {
    let place = Place::new(&without_generator());
    let json = outlook(&place, &["--target", "aws"]);
    assert_eq!(json["cost"]["complete"], false, "{json}");
    let lines = json["cost"]["lines"].as_array().unwrap();
    let units = |of: &str| lines.iter().find(|line| line["what"] == "PUT payload units" && line["of"] == of).unwrap();
    for of in ["stream trades", "stream averages"] {
        assert_eq!(units(of)["usd"], Value::Null, "{json}");
    }
    assert!(units("stream trades")["unknown"].as_str().unwrap().contains("no generator"));
    // What follows from the file is known all the same: 3 shards, 3 KPUs with that of AWS, their storage, alarms and a
    // dashboard.
    let known = |what: &str| -> f64 {
        let lines = lines.iter().filter(|line| line["what"] == what);
        lines.map(|line| line["usd"]["high"].as_f64().unwrap()).sum()
    };
    assert!((known("shard-hours") - 32.85).abs() < 1e-9 && (known("KPU-hours") - 240.9).abs() < 1e-9, "{json}");
    assert!(
        (known("alarms") - 0.1 * alarms(&place)).abs() < 1e-9 && (known("dashboards") - 3.0).abs() < 1e-9,
        "{json}"
    );
    let text = output(&place, &["--target", "aws", "-o", "table"]);
    assert!(text.contains("2 parts of which that is not known"), "{text}");

    for (region, why) in [("eu-west-3", "the built-in table has no prices of eu-west-3"), ("us-east-2", "`kpu_hour`")] {
        let mut command = unanswered(&place, &["--target", "aws", "-o", "table"]);
        command.env("AWS_REGION", region);
        let done = place.run(command);
        assert!(done.code() == Some(0) && done.stdout.contains(why), "{region}: {done:?}");
    }
}

/// Returns how many alarms the stack has that would be deployed.
fn alarms(place: &Place) -> f64 {
    place.output(&["render", "--out", "out"]);
    let alarms = place.read("out/aws/template.yaml").matches("Type: AWS::CloudWatch::Alarm\n").count();
    assert!(alarms > 0);
    f64::from(u32::try_from(alarms).unwrap())
}

#[test]
fn what_is_kept_longer_costs_more() {
    let kept = |retention: &str, archive: &str| {
        let kept = TICKER.replace("shards = 2", &format!("retention = \"{retention}\"\nshards = 2"));
        let place = Place::new(&format!("{kept}\n[targets.aws]\narchive = [{archive}]\n"));
        let json = outlook(&place, &["--target", "aws"]);
        let lines = json["cost"]["lines"].as_array().unwrap();
        let of = |line: &&Value| line["of"].as_str().unwrap().contains("stream trades");
        let lines: Vec<(String, f64)> = lines
            .iter()
            .filter(of)
            .map(|line| (line["what"].as_str().unwrap().to_owned(), line["usd"]["high"].as_f64().unwrap()))
            .collect();
        (lines, json["capacity"]["streams"][0]["readers"].as_u64().unwrap())
    };
    let costs = |lines: &[(&str, f64)]| lines.iter().map(|(what, usd)| ((*what).to_owned(), *usd)).collect::<Vec<_>>();
    let day = costs(&[("shard-hours", 21.9), ("PUT payload units", 7.36)]);
    assert_eq!(kept("24h", ""), (day.clone(), 1));
    let week = [day.clone(), costs(&[("retention up to a week", 29.2)])].concat();
    assert_eq!(kept("7d", ""), (week.clone(), 1));
    let month = [week, costs(&[("retention beyond a week", 0.82)])].concat();
    assert_eq!(kept("30d", ""), (month, 1));
    // 525.6 million records of 5 KB at 0.029 a gigabyte, and those of 97 bytes at 0.023.
    let archived = [day, costs(&[("archived by Firehose", 72.68), ("objects in S3", 1.09)])].concat();
    assert_eq!(kept("24h", "\"trades\""), (archived, 2));
}

/// The ticker without what makes its records.
fn without_generator() -> String {
    let (before, rest) = TICKER.split_once("[generators.trades]").unwrap();
    let (_, after) = rest.split_once("[queries.averages]").unwrap();
    format!("{before}[queries.averages]{after}")
}

const PRICES: &str = r#"
[assumed]
log_gb      = { low = 0, high = 0, why = "none" }
snapshot_gb = { low = 0, high = 0, why = "none" }
code_gb     = { low = 0, high = 0, why = "none" }
uploads     = { low = 0, high = 0, why = "none" }
credentials = { low = 0, high = 0, why = "none" }

[regions.us-east-1]
shard_hour = { usd = 1, as_of = 2026-01-31, source = "a contract" }
"#;

#[test]
fn prices_of_ones_own_take_the_place_of_the_others() {
    let place = Place::new(TICKER);
    place.write("mine.toml", PRICES);
    let json = outlook(&place, &["--target", "aws", "--prices", "mine.toml"]);
    assert_eq!((&json["cost"]["declared"], &json["cost"]["prices"]), (&json!(2190.0), &json!("mine.toml")), "{json}");
    assert_eq!(json["cost"]["complete"], false, "nothing else has a price there");
    place.write("pipeline.toml", &format!("{TICKER}\n[targets.aws]\nprices = \"mine.toml\"\n"));
    assert_eq!(outlook(&place, &["--target", "aws"])["cost"], json["cost"]);
    let wrong = PRICES.replace("shard_hour", "shard_hours").replace("usd = 1,", "usd = -1,");
    place.write("mine.toml", &wrong);
    plan(&place, &["--target", "aws"])
        .failed(78, &["mine.toml:10", "no key `shard_hours`", "did you mean `shard_hour`"]);
    plan(&place, &["--prices", "none.toml"]).failed(1, &["none.toml", "could not be read"]);
}

#[test]
fn without_an_account_it_says_so_and_goes_on() {
    let place = Place::new(&format!("{TICKER}\n[targets.aws]\nregion = \"us-east-1\"\n"));
    let mut command = place.command(&["plan", "--target", "aws", "-o", "json"]);
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_ENDPOINT_URL"] {
        command.env_remove(name);
    }
    command.env("AWS_EC2_METADATA_DISABLED", "true").env("HOME", place.path());
    let done = place.run(command);
    assert_eq!(done.code(), Some(0), "{done:?}");
    let json: Value = serde_json::from_str(&done.stdout).unwrap();
    assert!(notes(&json).contains("nothing could be compared"), "{json}");
    assert!(json["changes"].as_array().unwrap().iter().all(|change| change["change"] == "create"), "{json}");
    assert!(json["cost"]["declared"].as_f64().unwrap() > 0.0, "{json}");
}

#[test]
fn only_a_plan_is_written_as_markdown() {
    let place = Place::new(PIPELINE);
    for command in [&["check"][..], &["status"], &["up", "--for", "1s"]] {
        place
            .pipe(&[command, &["-o", "markdown"]].concat())
            .failed(64, &["this command does not write `-o markdown`", "`-o table`, `-o json` or `-o csv`"]);
    }
    assert!(!place.has(".pipe"), "nothing was begun");
    place.pipe(&["plan", "--summary", "--full"]).failed(64, &["cannot be used with"]);
}
