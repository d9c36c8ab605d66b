//! Session and stagger windows.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::harness::{AT_ONCE, Answer, Case, Row, cases, cases_with, over, run, usual};
use super::model::{judged, late, window_line};

/// A window of a key: its start, its end, and the values of its rows in the order of the log.
#[derive(Debug, Clone)]
struct Window(i64, i64, Vec<(usize, Option<i32>)>);

/// Puts a row into the windows of its key that are not over; returns whether it found one.
type Place = fn(&mut Vec<Window>, usize, (i64, i64, i64), Option<i32>) -> bool;

/// A row's own window, and all that touch or overlap it, are one.
fn session(open: &mut Vec<Window>, number: usize, (time, watermark, gap): (i64, i64, i64), value: Option<i32>) -> bool {
    let mut whole = Window(time, time + gap, vec![(number, value)]);
    let (own_start, own_end) = (whole.0, whole.1);
    let (touching, others): (Vec<Window>, Vec<Window>) =
        open.drain(..).partition(|other| own_start <= other.1 && own_end >= other.0);
    *open = others;
    for other in touching {
        whole.0 = whole.0.min(other.0);
        whole.1 = whole.1.max(other.1);
        whole.2.extend(other.2);
    }
    let in_time = whole.1 > watermark;
    if in_time {
        open.push(whole);
    }
    in_time
}

/// The first window that ends behind the row, else its own.
fn stagger(
    open: &mut Vec<Window>,
    number: usize,
    (time, watermark, size): (i64, i64, i64),
    value: Option<i32>,
) -> bool {
    open.sort_by_key(|window| window.1);
    if let Some(window) = open.iter_mut().find(|window| time < window.1) {
        window.2.push((number, value));
        return true;
    }
    let in_time = time + size > watermark;
    if in_time {
        open.push(Window(time, time + size, vec![(number, value)]));
    }
    in_time
}

fn model(case: &Case, length: i64, place: Place) -> Answer {
    let (rows, watermark) = judged(&case.log, case.end, case.by_event, |time| time + length);
    let mut open: BTreeMap<Option<u8>, Vec<Window>> = BTreeMap::new();
    let mut over: Vec<(Option<u8>, Window)> = Vec::new();
    let mut too_late = Vec::new();
    for (number, judged) in rows.into_iter().enumerate() {
        let key = judged.row.key;
        let own = open.entry(key).or_default();
        over.extend(own.extract_if(.., |window| window.1 <= judged.watermark).map(|window| (key, window)));
        if !place(own, number, (judged.time, judged.watermark, length), judged.row.value) {
            too_late.push(judged);
        }
    }
    for (key, own) in open {
        over.extend(own.into_iter().filter(|window| window.1 <= watermark).map(|window| (key, window)));
    }
    over.sort_by_key(|(key, window)| (window.1, window.0, *key));
    let line = |(key, mut window): (Option<u8>, Window)| {
        window.2.sort_unstable();
        let values: Vec<Option<i32>> = window.2.iter().map(|(_, value)| *value).collect();
        window_line((window.0, window.1), key, &values)
    };
    (over.into_iter().map(line).collect(), late(&too_late))
}

fn check(case: &Case, (window, length): (&str, i64), place: Place) -> Result<(), TestCaseError> {
    let plan = usual(case.by_event, window);
    let expected = model(case, length, place);
    for way in case.ways() {
        prop_assert_eq!(&run(&case.log, case.end, &plan, way), &expected, "{:?}", way);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn sessions_are_the_models_however_they_are_read(case in cases(), gap in 1..5_i64) {
        check(&case, (&format!("kind = \"session\", gap = \"{}ms\"", gap * 700), gap * 700), session)?;
    }

    #[test]
    fn sessions_of_rows_in_order_are_the_models(case in cases_with(-1..1), gap in 1..3000_i64) {
        check(&case, (&format!("kind = \"session\", gap = \"{gap}ms\""), gap), session)?;
    }

    #[test]
    fn stagger_windows_are_the_models_however_they_are_read(case in cases(), size in 1..5_i64) {
        check(&case, (&format!("kind = \"stagger\", size = \"{}ms\"", size * 1100), size * 1100), stagger)?;
    }
}

#[test]
fn rows_exactly_the_gap_apart_are_one_session() {
    let plan = over(true, "kind = \"session\", gap = \"10s\"", &[("n", "COUNT(*)")], None);
    let at = |time| Row { arrival: time, time, key: Some(1), value: None };
    let (lines, _) = run(&[vec![at(100_000), at(110_000), at(120_001)]], 150_000, &plan, AT_ONCE);
    assert_eq!(
        lines,
        [
            r#"{"k":"k1","window_start":"1970-01-01T00:01:40.000","window_end":"1970-01-01T00:02:00.000","n":2}"#,
            r#"{"k":"k1","window_start":"1970-01-01T00:02:00.001","window_end":"1970-01-01T00:02:10.001","n":1}"#,
        ]
    );
}

/// The developer guide's table for `WINDOWED BY STAGGER (PARTITION BY FLOOR(event_time TO MINUTE), …)`: four events, of
/// which three are of the minute 11:00 (here the key `k0`) and one is of 11:01 (`k1`).
#[test]
fn stagger_windows_by_arrival_are_those_of_kda() {
    let plan = over(false, "kind = \"stagger\", size = \"1m\"", &[("n", "COUNT(*)")], None);
    let eleven = 11 * 3_600_000;
    let event =
        |arrival: i64, minute| Row { arrival: eleven + arrival * 1000, time: 0, key: Some(minute), value: None };
    let rows = vec![event(20, 0), event(30, 0), event(65, 0), event(75, 1)];
    let (lines, _) = run(&[rows], eleven + 180_000, &plan, AT_ONCE);
    assert_eq!(
        lines,
        [
            r#"{"k":"k0","window_start":"1970-01-01T11:00:20.000","window_end":"1970-01-01T11:01:20.000","n":3}"#,
            r#"{"k":"k1","window_start":"1970-01-01T11:01:15.000","window_end":"1970-01-01T11:02:15.000","n":1}"#,
        ]
    );
}

#[test]
fn a_session_that_many_windows_grow_into_is_one() {
    let plan = over(true, "kind = \"session\", gap = \"1s\"", &[("n", "COUNT(*)"), ("s", "SUM(v)")], None);
    let row = |time, value| Row { arrival: 100_000, time, key: Some(1), value: Some(value) };
    // Each of the first rows has a session of its own; those behind them close the gaps one by one.
    let apart = (0..200).map(|index| row(100_000 + index * 2000, 1));
    let between = (0..199).map(|index| row(101_000 + index * 2000, 1000));
    let mut rows: Vec<Row> = Vec::new();
    // Time follows the greatest, so the last comes in another shard that holds it back.
    rows.extend(apart.chain(between));
    let slow = vec![Row { arrival: 99_000, time: 100_000, key: Some(2), value: Some(0) }];
    let (lines, late) = run(&[rows, slow], 10_000_000, &plan, AT_ONCE);
    assert!(late.is_empty(), "{late:?}");
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[1].ends_with("\"n\":399,\"s\":199200}"), "{lines:?}");
}
