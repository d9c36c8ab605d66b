//! `pipe init`, `check` and `plan`, and the exit codes of what cannot be done.

use serde_json::Value;

use super::{
    harness::{Place, wait_for},
    up::PIPELINE,
};

#[test]
fn what_init_writes_runs() {
    let place = Place::empty();
    let done = place.pipe(&["init"]);
    assert_eq!((done.code(), done.stdout.as_str()), (Some(0), ""), "{done:?}");
    assert!(done.stderr.contains("pipeline.toml"), "{done:?}");
    place.pipe(&["init"]).failed(64, &["pipeline.toml` is there already"]);
    let done = place.pipe(&["init", "new/folder", "--from", "balance"]);
    assert_eq!(done.code(), Some(0), "{done:?}");
    assert!(place.read("new/folder/pipeline.toml").contains("KinesisInputData"));
    place.pipe(&["init", "--from", "nothing"]).failed(64, &["possible values"]);
    let up = place.up(&[]);
    wait_for("records", || (up.status()["queries"][0]["counters"]["records"] != 0).then_some(()));
    up.stop();
}

#[test]
fn mistakes_have_their_exit_codes() {
    let place = Place::empty();
    for command in ["check", "plan", "up", "tail", "status"] {
        place.pipe(&[command]).failed(64, &["there is no pipeline file here", "pipe init"]);
    }
    assert_eq!(place.pipe(&["down"]).code(), Some(0), "nothing to remove is removed");
    place.pipe(&["update"]).failed(64, &["unrecognized subcommand"]);
    place.pipe(&["up", "--for", "soon"]).failed(64, &["invalid value 'soon'"]);
    place.pipe(&["up", "missing"]).failed(64, &["there is no pipeline file `pipelines/missing.toml`"]);
    place.write("pipeline.toml", &PIPELINE.replace("COUNT(*)", "COUNTER(*)").replace("[\"k\"]", "[\"kk\"]"));
    for command in ["check", "plan", "up"] {
        place.pipe(&[command]).failed(78, &["pipeline.toml:", "COUNTER", "`kk`"]);
    }
    assert!(!place.has(".pipe"), "nothing was begun");
    place.write("pipeline.toml", PIPELINE);
    let done = place.pipe(&["check"]);
    assert_eq!(done.code(), Some(0), "{done:?}");
    place.pipe(&["up", "--target", "moon"]).failed(64, &["there is no target `moon`"]);
    place.pipe(&["tail"]).failed(69, &["has no records here", "pipe up probe"]);
    assert!(!place.has(".pipe"), "nothing was begun");
}

#[test]
fn a_plan_says_whether_there_is_something_to_change() {
    let place = Place::new(PIPELINE);
    let done = place.pipe(&["plan", "--detailed-exitcode", "-o", "json"]);
    assert_eq!(done.code(), Some(2), "{done:?}");
    let outlook: Value = serde_json::from_str(&done.stdout).unwrap();
    let changes = |outlook: &Value| -> Vec<Value> {
        outlook["changes"].as_array().unwrap().iter().map(|change| change["change"].clone()).collect()
    };
    assert_eq!(changes(&outlook), ["create"; 4]);
    assert!(!place.has(".pipe"), "a plan writes nothing");
    place.output(&["plan"]);
    place.output(&["up", "--records", "1"]);
    let at_rest = place.pipe(&["plan", "--detailed-exitcode", "-o", "json"]);
    assert_eq!(at_rest.code(), Some(0), "{at_rest:?}");
    let up = place.up(&[]);
    let running = place.pipe(&["plan", "--detailed-exitcode", "-o", "json"]);
    assert_eq!(running.stdout, at_rest.stdout);
    up.stop();
    assert_eq!(changes(&serde_json::from_str(&at_rest.stdout).unwrap()), ["keep"; 4]);
    place.write("pipeline.toml", &PIPELINE.replace("[streams.counts]", "[streams.counts]\nshards = 3"));
    let done = place.pipe(&["plan", "--detailed-exitcode", "-o", "json"]);
    assert_eq!(done.code(), Some(2), "{done:?}");
    place.pipe(&["up"]).failed(1, &["stream `counts` has 1 shards, and the file says 3", "pipe down"]);
}

/// Every query and every construct, for the targets that a file has without a word of its own too.
#[test]
fn what_targets_cannot_run_is_told_of_each_query() {
    let place = Place::new(
        r#"
[pipeline]
name = "p"

[streams.input]
event_time = { column = "at" }
[streams.input.columns]
at = "TIMESTAMP(3)"
k = "VARCHAR(8)"
v = "INTEGER"

[streams.one]
[queries.one]
from = "input"
window = { kind = "stagger", size = "10s" }
group_by = ["k"]
select = { n = "COUNT(*)" }

[streams.two]
[queries.two]
from = "input"
window = { kind = "hopping", size = "10s", slide = "5s" }
group_by = ["k"]
select = { first = "FIRST_VALUE(v)", mid = "PERCENTILE(v, 0.5)" }
"#,
    );
    let done = place.pipe(&["check"]);
    assert_eq!(done.code(), Some(0), "{done:?}");
    let told: Vec<&str> = done.stderr.lines().filter(|line| line.contains("cannot run it")).collect();
    assert_eq!(told.len(), 3, "{done:?}");
    let of_both = "note: targets `aws` and `flink` cannot run it: query ";
    assert!(told.iter().all(|line| line.starts_with(of_both)), "{done:?}");
    for (query, what) in [("one", "stagger"), ("two", "FIRST_VALUE"), ("two", "PERCENTILE")] {
        let named = |line: &&&str| line.contains(&format!("`{query}`")) && line.contains(what);
        assert!(told.iter().find(named).is_some(), "{query} {what}: {done:?}");
    }
}
