//! Sliding windows: a frame for each row.

use proptest::prelude::*;

use crate::window::Frame;

use super::harness::{AT_ONCE, Answer, Case, Row, cases, key_text, over, run, text, usual};
use super::model::{Judged, aggregates, judged, late};

/// A row that was answered: its time, when that was, its place in the log, and its value.
#[derive(Debug, Clone)]
struct Answered<'a> {
    row: Judged<'a>,
    /// How far time had come when it was answered, and whether it had waited for that.
    at: (i64, bool),
    number: usize,
}

impl Answered<'_> {
    fn order(&self) -> (i64, bool, usize) {
        (self.at.0, self.at.1, self.number)
    }
}

fn window(frame: Frame) -> String {
    match frame {
        Frame::Range(range) => format!("kind = \"sliding\", range = \"{range}ms\""),
        Frame::Rows(before) => format!("kind = \"sliding\", rows = {}", before + 1),
    }
}

/// Whether a row that was answered is forgotten when time has come to a moment.
fn is_forgotten(frame: Frame, last: i64, at: i64) -> bool {
    matches!(frame, Frame::Range(range) if last + range < at)
}

/// Returns the rows that are answered in the end, in order, and those that are late.
fn answered(case: &Case, frame: Frame) -> (Vec<Answered<'_>>, Vec<Judged<'_>>) {
    let (rows, watermark) = judged(&case.log, case.end, case.by_event, |time| time + 1);
    let mut taken: Vec<Answered<'_>> = Vec::new();
    let mut too_late = Vec::new();
    for (number, row) in rows.into_iter().enumerate() {
        if !case.by_event {
            taken.push(Answered { at: (i64::MIN, false), number, row });
            continue;
        }
        let before = taken.iter().filter(|other| other.row.row.key == row.row.key && other.row.time < row.watermark);
        let last = before.max_by_key(|other| other.order()).map(|other| other.row.time);
        let known = last.filter(|last| !is_forgotten(frame, *last, row.watermark));
        if row.time < row.watermark && known.is_some_and(|last| row.time <= last) {
            too_late.push(row);
        } else {
            let at = (row.time.max(row.watermark), row.time >= row.watermark);
            taken.push(Answered { row, at, number });
        }
    }
    taken.sort_by_key(Answered::order);
    if case.by_event {
        taken.retain(|answered| answered.row.time < watermark);
    }
    (taken, too_late)
}

fn model(case: &Case, frame: Frame) -> Answer {
    let (rows, too_late) = answered(case, frame);
    let line = |(index, own): (usize, &Answered<'_>)| {
        let is_peer = |other: &Answered<'_>| matches!(frame, Frame::Range(_)) && own.at.1 && other.at == own.at;
        let seen: Vec<&Answered<'_>> = rows
            .iter()
            .enumerate()
            .filter(|(other, answered)| *other <= index || is_peer(answered))
            .map(|(_, answered)| answered)
            .filter(|answered| answered.row.row.key == own.row.row.key)
            .collect();
        // What was forgotten on the way is gone.
        let mut kept: Vec<&Answered<'_>> = Vec::new();
        for answered in seen {
            if kept.last().is_some_and(|last| is_forgotten(frame, last.row.time, answered.at.0)) {
                kept.clear();
            }
            kept.push(answered);
        }
        let values: Vec<Option<i32>> = match frame {
            Frame::Range(range) => {
                let first = own.row.time - range;
                kept.iter().filter(|answered| answered.row.time >= first).map(|kept| kept.row.row.value).collect()
            }
            Frame::Rows(before) => {
                let count = usize::try_from(before).expect("few") + 1;
                kept[kept.len().saturating_sub(count)..].iter().map(|kept| kept.row.row.value).collect()
            }
        };
        let (key, time) = (key_text(own.row.row.key), text(own.row.time));
        format!("{{\"k\":{key},\"row_time\":\"{time}\",{}}}", aggregates(&values))
    };
    (rows.iter().enumerate().map(line).collect(), late(&too_late))
}

fn check(case: &Case, frame: Frame) -> Result<(), TestCaseError> {
    let plan = usual(case.by_event, &window(frame));
    let expected = model(case, frame);
    for way in case.ways() {
        prop_assert_eq!(&run(&case.log, case.end, &plan, way), &expected, "{:?} {:?}", frame, way);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn ranges_are_the_models_however_they_are_read(case in cases(), range in 1..6000_i64) {
        check(&case, Frame::Range(range))?;
    }

    #[test]
    fn numbers_of_rows_are_the_models_however_they_are_read(case in cases(), before in 0..6_u64) {
        check(&case, Frame::Rows(before))?;
    }
}

fn counts(by_event: bool, frame: Frame, rows: Vec<Row>) -> Vec<String> {
    let plan = over(by_event, &window(frame), &[("n", "COUNT(*)")], None);
    let (lines, late) = run(&[rows], 200_000, &plan, AT_ONCE);
    assert!(late.is_empty(), "{late:?}");
    lines.iter().map(|line| line.split("\"n\":").nth(1).expect("a count").trim_end_matches('}').to_owned()).collect()
}

/// KDA: the lower end counts, and of rows that arrive together each sees itself and those before it.
#[test]
fn frames_by_arrival_end_with_the_row_itself() {
    let row = |arrival| Row { arrival, time: 0, key: Some(1), value: None };
    let rows = [100_000, 100_000, 105_000, 110_000, 110_001].map(row).to_vec();
    assert_eq!(counts(false, Frame::Range(10_000), rows.clone()), ["1", "2", "3", "4", "3"]);
    assert_eq!(counts(false, Frame::Rows(1), rows), ["1", "2", "2", "2", "2"]);
}

/// Flink: rows of one time are in each other's frames of a range, and count one by one in frames of rows.
#[test]
fn frames_by_event_time_have_the_rows_of_one_time_together() {
    let row = |(arrival, time)| Row { arrival, time, key: Some(1), value: None };
    let times = [(100_000, 100_000), (100_000, 100_500), (100_000, 100_000), (100_001, 101_000), (110_000, 110_000)];
    let rows = times.map(row).to_vec();
    assert_eq!(counts(true, Frame::Range(1000), rows.clone()), ["2", "2", "3", "4", "1"]);
    assert_eq!(counts(true, Frame::Rows(2), rows), ["1", "2", "3", "3", "3"]);
}

#[test]
fn keys_whose_rows_are_in_no_frame_any_more_are_dropped() {
    let plan = over(false, &window(Frame::Range(1000)), &[("n", "COUNT(*)")], None);
    let mut graph = super::harness::graph(&plan, 1);
    for turn in 0..200_i64 {
        let rows: Vec<Row> = (0..100_u8)
            .map(|key| Row { arrival: 100_000 + turn * 5000, time: 0, key: Some(key), value: None })
            .collect();
        let first = u64::try_from(turn * 100).expect("small");
        let read = (vec![super::harness::block(&rows, 0, first)], Some(100_000 + turn * 5000 + 1));
        graph.turn(vec![Some(read)]).expect("no failure");
    }
    assert!(graph.open().groups < 10_000, "{:?}", graph.open());
}
