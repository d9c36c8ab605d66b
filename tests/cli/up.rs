//! `pipe up` and those who look at it: what a person sees, and how it ends.

use std::{
    collections::HashSet,
    net::TcpListener,
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::harness::{Background, Place, wait_for};

/// A generator and one-second windows.
pub(super) const PIPELINE: &str = r#"
[pipeline]
name = "probe"

[streams.events]
[streams.events.columns]
id = "BIGINT"
k = "VARCHAR(8)"
[generators.events]
rate = "500/s"
fields = { id = { kind = "sequence" }, k = { kind = "choice", of = ["a", "b"] } }

[streams.counts]
[queries.counts]
from = "events"
window = { kind = "tumbling", size = "1s" }
group_by = ["k"]
select = { n = "COUNT(*)", mean = "AVG(id)" }
"#;

fn counted(rows: &[Value]) -> u64 {
    rows.iter().map(|row| row["n"].as_u64().unwrap()).sum()
}

/// Asserts that no window is there twice.
fn assert_once(rows: &[Value]) {
    let mut seen = HashSet::new();
    assert!(rows.iter().all(|row| seen.insert((row["k"].to_string(), row["window_start"].to_string()))), "{rows:?}");
}

#[test]
fn rows_appear_and_after_ctrl_c_it_goes_on_where_it_was() {
    let place = Place::new(PIPELINE);
    let up = place.up(&[]);
    let said = up.running.said().1;
    assert!(said.contains(&format!("AWS_ENDPOINT_URL={}", up.client.url())), "{said}");
    wait_for("rows of two windows", || (up.running.rows().len() >= 4).then_some(()));
    let first = up.stop();
    assert!(first.stderr.contains("`pipe up pipeline.toml` goes on"), "{}", first.stderr);
    assert!(!place.has(".pipe/probe/run.json"));
    let before: Value = serde_json::from_str(&place.output(&["status", "-o", "json"])).unwrap();
    let records = |status: &Value| status["queries"][0]["counters"]["records"].as_u64().unwrap();
    assert_eq!(before["queries"][0]["counters"]["records"], before["streams"][2]["records"], "{before}");
    assert_eq!(before["running"], false);

    let up = place.up(&[]);
    assert!(records(&up.status()) >= records(&before));
    wait_for("more rows", || (up.running.rows().len() >= 4).then_some(()));
    up.stop();
    let up = place.up(&["--no-generator"]);
    let status = up.settle();
    up.stop();
    let rows = place.rows("counts");
    assert_once(&rows);
    assert_eq!(counted(&rows), records(&status));
    let ids: Vec<u64> = place.rows("events").iter().map(|record| record["id"].as_u64().unwrap()).collect();
    assert_eq!(ids, (0..records(&status)).collect::<Vec<_>>(), "the sequence goes on");
}

/// What a person waits for who tries `pipe` for the first time.
#[test]
fn the_first_window_of_the_demo_shows_within_fifteen_seconds() {
    let place = Place::empty();
    place.output(&["init"]);
    let begun = Instant::now();
    let up = place.up(&[]);
    wait_for("the first window", || (!up.running.rows().is_empty()).then_some(()));
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    up.stop();
}

#[test]
fn status_and_tail_work_from_another_process_and_at_rest() {
    let place = Place::new(PIPELINE);
    let up = place.up(&["-o", "csv"]);
    let live = place.output(&["tail", "-n", "3", "-o", "json"]);
    assert_eq!(live.lines().count(), 3);
    let status: Value = serde_json::from_str(&place.output(&["status", "-o", "json"])).unwrap();
    assert_eq!((&status["running"], &status["pid"]), (&true.into(), &up.running.id().into()));
    assert_eq!(status["generators"][0]["rate"], 500.0);
    let table = place.output(&["status", "-o", "table"]);
    assert!(table.starts_with(&format!("pipeline probe runs (process {}, endpoint ", up.running.id())), "{table}");
    assert!(table.contains("watermark") && table.contains("open windows"), "{table}");
    let records = place.output(&["tail", "--stream", "events", "--from", "earliest", "-n", "7", "-o", "json"]);
    let ids: Vec<Value> =
        records.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].clone()).collect();
    assert_eq!(ids, (0..7).map(Value::from).collect::<Vec<_>>());
    let done = up.stop();
    let mut lines = done.stdout.lines();
    assert_eq!(lines.next(), Some("k,window_start,window_end,n,mean"));
    assert!(lines.clone().count() >= 2 && lines.all(|line| line.split(',').count() == 5), "{}", done.stdout);

    let rows = place.rows("counts");
    let ago = place.output(&["tail", "--from", "-15m", "-o", "json"]);
    assert_eq!(ago.lines().count(), rows.len());
    assert_eq!(place.output(&["tail", "--from", "latest", "-o", "json"]), "");
    assert_eq!(place.output(&["tail", "--from", "2020-01-01T00:00:00Z"]).lines().count(), rows.len());
    assert_eq!(place.output(&["tail", "-n", "1"]).lines().count(), 1, "JSON where stdout is no terminal");
    let table = place.output(&["tail", "-o", "table", "-n", "2"]);
    assert!(table.contains("─") && table.contains("window_start"), "{table}");
    let csv = place.output(&["status", "-o", "csv"]);
    assert!(csv.starts_with("query,consumed,behind,watermark,") && csv.lines().count() == 2, "{csv}");
    let table = place.output(&["status", "-o", "table"]);
    assert!(table.starts_with("pipeline probe does not run; this is what it left"), "{table}");
    place.pipe(&["tail", "--stream", "count"]).failed(64, &["there is no stream `count`", "did you mean `counts`?"]);
    place.pipe(&["tail", "--from", "yesterday"]).failed(64, &["expected latest, earliest, -15m"]);
}

#[test]
fn it_ends_by_itself_after_a_time_or_a_number_of_records() {
    let place = Place::new(PIPELINE);
    let done = place.pipe(&["up", "--for", "1s"]);
    assert_eq!(done.code(), Some(0), "{done:?}");
    let before = place.rows("events").len();
    assert!((400..1000).contains(&before), "{before}");
    for run in 1..=2 {
        let done = place.pipe(&["up", "--records", "321"]);
        assert_eq!(done.code(), Some(0), "{done:?}");
        let status: Value = serde_json::from_str(&place.output(&["status", "-o", "json"])).unwrap();
        let records = before + run * 321;
        assert_eq!(status["queries"][0]["counters"]["records"], records);
        assert_eq!(place.rows("events").len(), records);
    }
    place.pipe(&["up", "--records", "5", "--no-generator"]).failed(64, &["cannot be used with"]);
}

#[test]
fn it_runs_in_the_background_until_down() {
    let place = Place::new(PIPELINE);
    // Short flags may stand together.
    let done = place.pipe(&["up", "-yd", "--records", "1000000"]);
    assert_eq!(done.code(), Some(0), "{done:?}");
    let pid = place.told().unwrap()["pid"].as_u64().unwrap();
    let background = Background(u32::try_from(pid).unwrap());
    assert!(done.stderr.contains(&format!("pipeline `probe` runs in the background (process {pid})")), "{done:?}");
    wait_for("rows in the log", || place.read(".pipe/probe/up.log").contains("\"window_start\"").then_some(()));
    place.pipe(&["up"]).failed(1, &["pipeline `probe` is running already", &pid.to_string(), "pipe down"]);
    place.pipe(&["up", "-d"]).failed(1, &["pipeline `probe` is running already", &pid.to_string()]);
    assert_eq!(place.output(&["tail", "-n", "1"]).lines().count(), 1);

    place.pipe(&["down"]).failed(1, &["needs a yes", "--yes"]);
    assert_eq!(place.told().unwrap()["pid"], pid, "nothing was stopped");
    let done = place.pipe(&["down", "--yes"]);
    assert_eq!(done.code(), Some(0), "{done:?}");
    assert!(done.stderr.contains("stopped pipeline `probe`"), "{done:?}");
    background.gone();
    assert!(!place.has(".pipe"));
    let again = place.pipe(&["down", "--yes"]);
    assert_eq!(again.code(), Some(0), "{again:?}");
    assert!(again.stderr.contains("nothing of it is left"), "{again:?}");
}

#[test]
fn a_background_start_that_fails_says_why() {
    let place = Place::new(PIPELINE);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    place.pipe(&["up", "-d", "--port", &port]).failed(69, &["did not start", "port", &port, "up.log"]);
}

#[test]
fn down_works_after_a_crash_and_by_name() {
    let place = Place::empty();
    place.write("pipelines/probe.toml", PIPELINE);
    place.write("pipelines/other.toml", &PIPELINE.replace("\"probe\"", "\"other\""));
    place.pipe(&["up"]).failed(64, &["not clear which pipeline", "probe.toml", "other.toml"]);
    place.up(&["probe"]).kill();
    assert!(place.has(".pipe/probe/run.json"));
    assert!(place.output(&["status", "probe", "-o", "table"]).contains("does not run"));
    // The only one that left something is meant, though its file is gone.
    std::fs::remove_file(place.path().join("pipelines/probe.toml")).unwrap();
    let done = place.pipe(&["down", "--yes", "probe"]);
    assert_eq!(done.code(), Some(0), "{done:?}");
    assert!(!place.has(".pipe"));
}

#[test]
fn a_port_that_is_taken_is_passed_over_or_refused() {
    let place = Place::new(PIPELINE);
    // Another test may have it just now, and would give it back too early; whoever has it for longer keeps it.
    let usual = || TcpListener::bind("127.0.0.1:4567").ok();
    let begun = Instant::now();
    let mut first = usual();
    while first.is_none() && begun.elapsed() < Duration::from_secs(20) {
        thread::sleep(Duration::from_millis(20));
        first = usual();
    }
    let up = place.up(&[]);
    assert_ne!(up.client.url(), "http://127.0.0.1:4567");
    up.stop();
    drop(first);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    place.pipe(&["up", "--port", &port]).failed(1, &["port", &port, "cannot be used", "--port"]);
}

#[test]
fn a_second_process_is_told_of_the_first() {
    let place = Place::new(PIPELINE);
    let up = place.up(&[]);
    let pid = format!("process {}", up.running.id());
    place.pipe(&["up"]).failed(1, &["pipeline `probe` is running already", &pid]);
    up.stop();
}

#[test]
fn those_who_look_at_the_same_records_at_rest_wait_for_each_other() {
    let place = Place::new(PIPELINE);
    place.output(&["up", "--records", "2000"]);
    let lookers: Vec<_> = (0..4)
        .flat_map(|_| [&["status"][..], &["tail", "--stream", "events", "-n", "1"], &["plan"]])
        .map(|arguments| place.start(arguments))
        .collect();
    let up = place.up(&[]);
    for looker in lookers {
        let done = looker.ended();
        assert_eq!(done.code(), Some(0), "{done:?}");
    }
    up.stop();
}

#[test]
fn down_waits_for_a_pipeline_that_has_just_begun() {
    let place = Place::new(PIPELINE);
    for _ in 0..5 {
        let up = place.start(&["up"]);
        wait_for("the log to be there", || place.has(".pipe/probe/log").then_some(()));
        let done = place.pipe(&["down", "--yes"]);
        assert_eq!(done.code(), Some(0), "{done:?}");
        assert!(!place.has(".pipe"));
        up.interrupt();
        up.ended();
    }
}

#[test]
fn a_changed_query_goes_on_and_says_what_it_lost() {
    // Windows so long that the last one is open still when the records are through, however slow the machine.
    let windows_of = |size: &str| PIPELINE.replace("\"1s\"", size);
    let place = Place::new(&windows_of("\"1h\""));
    place.output(&["up", "--records", "700"]);
    place.write("pipeline.toml", &windows_of("\"2h\""));
    let up = place.up(&["--no-generator"]);
    assert_eq!(up.settle()["queries"][0]["counters"]["records"], 700);
    let done = up.stop();
    assert!(done.stderr.contains("query `counts` has changed: what its open windows held is dropped"), "{done:?}");
    assert!(counted(&place.rows("counts")) < 700);
}

#[test]
fn a_stream_that_a_client_removed_is_made_anew() {
    let place = Place::new(PIPELINE);
    let up = place.up(&[]);
    wait_for("a row", || (!up.running.rows().is_empty()).then_some(()));
    up.client.delete("events");
    let done = up.running.ended();
    assert_eq!(done.code(), Some(1), "{done:?}");
    assert!(done.stderr.contains("there is no stream `events`"), "{done:?}");
    place.output(&["status"]);

    let before = counted(&place.rows("counts"));
    place.output(&["up", "--records", "1200"]);
    let up = place.up(&["--no-generator"]);
    assert_eq!(up.settle()["queries"][0]["counters"]["records"], 1200);
    up.stop();
    assert_eq!(counted(&place.rows("counts")), before + 1200);
}

#[test]
fn tail_ends_with_the_pipeline() {
    let place = Place::new(PIPELINE);
    let up = place.up(&[]);
    let tail = place.start(&["tail", "--stream", "events"]);
    wait_for("records", || (!tail.rows().is_empty()).then_some(()));
    up.stop();
    let done = tail.ended();
    assert_eq!(done.code(), Some(0), "{done:?}");
    assert!(done.stderr.contains("pipeline `probe` has stopped"), "{done:?}");
}

#[test]
fn ctrl_c_ends_tail() {
    let place = Place::new(PIPELINE);
    let up = place.up(&[]);
    let tail = place.start(&["tail", "--stream", "events"]);
    wait_for("records", || (!tail.rows().is_empty()).then_some(()));
    tail.interrupt();
    assert_eq!(tail.ended().code(), Some(130));
    up.stop();
}

#[test]
fn a_reader_that_leaves_is_a_clean_end() {
    use std::io::{BufRead, BufReader};
    use std::process::Stdio;

    let place = Place::new(PIPELINE);
    let done = place.pipe(&["up", "--records", "5000", "--for", "2s"]);
    assert_eq!(done.code(), Some(0), "{done:?}");
    for arguments in [&["tail", "--stream", "events", "--from", "earliest"][..], &["up"]] {
        let mut child = place.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let guard = Background(child.id());
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        drop(out);
        let output = child.wait_with_output().unwrap();
        guard.gone();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {errors}");
        assert!(line.ends_with("}\n") && !errors.contains("error"), "{line} {errors}");
    }
}
