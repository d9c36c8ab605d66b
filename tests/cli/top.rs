//! `pipe top`: the real picture on a real terminal.

use super::harness::{Place, wait_for};
use super::terminal::Terminal;
use super::up::PIPELINE;

/// A second query beside that of the usual pipeline.
const SECOND: &str = r#"
[streams.totals]
[queries.totals]
from = "events"
window = { kind = "tumbling", size = "1s" }
select = { all = "COUNT(*)", last = "MAX(id)" }
"#;

#[test]
fn keys_choose_what_is_shown_and_sizes_change() {
    let place = Place::new(&format!("{PIPELINE}{SECOND}"));
    let up = place.up(&[]);
    wait_for("rows", || (!up.running.rows().is_empty()).then_some(()));
    let mut top = Terminal::start(place.command(&["top"]), (80, 24));
    let text = top.wait("the whole picture", |text| {
        text.contains("open window")
            && text.contains("/s ")
            && text.contains('%')
            && text.contains("last rows of counts")
    });
    assert!(text.starts_with("pipe top  probe  runs (process "), "{text}");
    assert!(
        text.contains("query counts (1 of 2)") && text.contains("→ [counts] ─") && text.contains("⚙ events "),
        "{text}"
    );
    top.wait("rows and a chart", |text| text.contains(" n ") && text.contains("⣿ a") && text.contains("• b"));
    // The next query, and its other column.
    top.press("\t");
    top.wait("the second query", |text| text.contains("query totals (2 of 2)") && text.contains(" all "));
    top.press("\x1b[C");
    top.wait("the other column", |text| text.contains(" last ─"));
    top.press("\x1b[Z");
    top.wait("the first query again", |text| text.contains("query counts (1 of 2)"));
    top.press(" ");
    top.wait("a halt", |text| text.contains("  halted  "));
    top.press(" ");
    // A small terminal, and a large one.
    top.resize((44, 14));
    top.wait("a small picture", |text| {
        text.contains("query counts") && text.lines().all(|line| line.chars().count() <= 44)
    });
    top.resize((132, 43));
    top.wait("a large picture", |text| {
        text.lines().count() == 43 && text.lines().any(|line| line.chars().count() > 100)
    });
    // It stays when the pipeline ends, and says so.
    up.stop();
    top.wait("the end to be told", |text| text.contains("does not answer: it may have stopped"));
    top.press("q");
    assert_eq!(top.ended(), Some(0));
}

#[test]
fn one_picture_can_be_had_as_text() {
    let place = Place::new(PIPELINE);
    let up = place.up(&[]);
    let text = place.output(&["top", "--once", "--query", "counts", "--chart", "mean"]);
    assert_eq!(text.lines().count(), 24, "{text}");
    assert!(text.contains("query counts") && text.contains(" mean ") && text.contains("[counts]"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    place.pipe(&["top"]).failed(64, &["stdout is none", "pipe top --once"]);
    place.pipe(&["top", "--once", "--query", "count"]).failed(64, &["no query `count`", "did you mean `counts`"]);
    place.pipe(&["top", "--once", "--chart", "k"]).failed(64, &["`k` is no column of `counts`", "mean"]);
    up.stop();
    place.pipe(&["top", "--once"]).failed(69, &["does not run", "pipe up -d"]);
}
