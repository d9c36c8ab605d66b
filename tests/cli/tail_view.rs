//! `pipe tail` as a person looks at it: a table that goes on, a chart, a footer, and why nothing comes.

use serde_json::json;

use super::harness::{Place, Up, wait_for};
use super::terminal::Terminal;
use super::up::PIPELINE;

/// Windows by event time, whose late rows have a stream.
const LATE: &str = r#"
[pipeline]
name = "late"

[streams.events]
event_time = { column = "t", delay = "0s", idle = "1h" }
columns = { t = "TIMESTAMP(3)", k = "VARCHAR(8)", v = { type = "DOUBLE", path = "$.in.v" } }

[streams.too_late]
[streams.sums]
[queries.sums]
from = "events"
late = "too_late"
window = { kind = "tumbling", size = "1s" }
group_by = ["k"]
select = { n = "COUNT(*)", mean = "AVG(v)" }
"#;

fn put(up: &Up, second: u32, k: &str, v: f64) {
    let record =
        json!({ "t": format!("2026-01-01T00:{:02}:{:02}", second / 60, second % 60), "k": k, "in": { "v": v } });
    up.client.put("events", k, record.to_string().as_bytes()).unwrap();
}

/// Puts three windows of two keys, and one row that comes too late.
fn put_all(up: &Up) {
    for second in 0..3 {
        put(up, second, "b", f64::from(second) * 100.5);
        put(up, second, "a", 1.25);
    }
    put(up, 10, "b", 0.0);
    put(up, 1, "a", 9.0);
    wait_for("the rows", || {
        let counters = up.status()["queries"][0]["counters"].clone();
        (counters["rows"] == 6 && counters["late"] == 1).then_some(())
    });
}

#[test]
fn a_table_goes_on_with_windows_first_and_numbers_lined_up() {
    let place = Place::new(LATE);
    let up = place.up(&[]);
    put_all(&up);
    let tail =
        |more: &[&str]| place.output(&[&["tail", "--from", "earliest", "-n", "6", "-o", "table"], more].concat());
    insta::assert_snapshot!(tail(&[]), @r##"
        window_start             window_end               k  n    mean
        ──────────────────────────────────────────────────────────────
        2026-01-01T00:00:00.000  2026-01-01T00:00:01.000  a  1    1.25
        2026-01-01T00:00:00.000  2026-01-01T00:00:01.000  b  1    0.0
        2026-01-01T00:00:01.000  2026-01-01T00:00:02.000  a  1    1.25
        2026-01-01T00:00:01.000  2026-01-01T00:00:02.000  b  1  100.5
        2026-01-01T00:00:02.000  2026-01-01T00:00:03.000  a  1    1.25
        2026-01-01T00:00:02.000  2026-01-01T00:00:03.000  b  1  201.0
        "##);
    let by = tail(&["--by", "k"]);
    let keys: Vec<&str> = by.lines().skip(2).map(|line| line.split_whitespace().nth(2).unwrap()).collect();
    assert_eq!(keys, ["a", "b", "a", "b", "a", "b"], "{by}");
    // What came too late is marked.
    let late = place.output(&["tail", "--stream", "too_late", "--from", "earliest", "-n", "1", "-o", "table"]);
    assert!(late.lines().last().unwrap().starts_with("late  "), "{late}");
    up.stop();
}

#[test]
fn a_chart_has_a_line_for_each_key() {
    let place = Place::new(LATE);
    let up = place.up(&[]);
    put_all(&up);
    let chart = |more: &[&str]| place.output(&[&["tail", "--from", "earliest", "-n", "6"], more].concat());
    let drawn = chart(&["--chart", "mean"]);
    let lines: Vec<Vec<&str>> = drawn.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["mean"]);
    assert_eq!(lines[1], ["a", "▄▄▄", "1.2500", "(1.2500", "to", "1.2500)"]);
    assert_eq!(lines[2], ["b", "▁▄█", "201.0000", "(0.0000", "to", "201.0000)"]);
    let by = chart(&["--chart", "n", "--by", "k", "--where", "k = 'a'", "--for", "2s"]);
    assert_eq!(by.lines().nth(1).unwrap().split_whitespace().next(), Some("a"), "{by}");
    // A column whose path is not its name, in the records of a producer.
    let nested =
        place.output(&["tail", "--stream", "events", "--from", "earliest", "-n", "7", "--chart", "v", "--by", "k"]);
    assert!(nested.lines().nth(1).unwrap().starts_with("a  "), "{nested}");
    place.pipe(&["tail", "--chart", "meen"]).failed(64, &["--chart: there is no column `meen`", "did you mean `mean`"]);
    place.pipe(&["tail", "--chart", "n", "-o", "csv"]).failed(64, &["neither JSON nor CSV"]);
    place.pipe(&["tail", "--by", "kk"]).failed(64, &["--by: there is no column `kk`", "did you mean `k`"]);
    up.stop();
}

#[test]
fn it_says_why_nothing_comes() {
    let place = Place::new(LATE);
    let up = place.up(&[]);
    let tail = place.start(&["tail"]);
    let said = wait_for("the reason", || Some(tail.said().1).filter(|said| said.contains("query sums")));
    assert!(said.contains("nothing has come for "), "{said}");
    assert!(
        said.contains("stream events: no record has come into it, and it has no generator; point a producer at"),
        "{said}"
    );
    // It says so once, and again when rows came and stopped.
    put_all(&up);
    wait_for("rows", || (tail.rows().len() >= 6).then_some(()));
    let said =
        wait_for("another reason", || Some(tail.said().1).filter(|said| said.matches("nothing has come").count() > 1));
    assert!(said.contains("query sums: 1 row came when its window was over"), "{said}");
    tail.interrupt();
    assert_eq!(tail.ended().code(), Some(130));
    up.stop();
}

#[test]
fn a_terminal_has_a_footer_below_the_rows_or_the_chart() {
    let place = Place::new(PIPELINE);
    let up = place.up(&[]);
    let tail = Terminal::start(place.command(&["tail"]), (140, 30));
    let text = tail.wait("rows and a footer", |text| text.contains("window_start") && text.contains("next close in "));
    assert!(text.contains("in ") && text.contains("/s | watermark ") && text.contains("late 0, bad 0"), "{text}");
    drop(tail);
    let chart = Terminal::start(place.command(&["tail", "--chart", "n", "--by", "k"]), (140, 30));
    // Its lines are as wide as the terminal, and one text there.
    chart.wait("a chart and a footer", |text| {
        let lines = ["n  ", " a  ", " b  "].iter().all(|line| text.contains(line));
        lines && text.contains('█') && text.contains("next close in ")
    });
    drop(chart);
    up.stop();
}
