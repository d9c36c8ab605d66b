//! Sliding windows: a frame for each row.

use proptest::prelude::*;

use crate::window::Frame;

use super::harness::{AT_ONCE, Answer, Case, Row, cases, key_text, over, run, text, usual};
use super::model::{Judged, aggregates, judged, late};

fn window(frame: Frame) -> String {
    match frame {
        Frame::Range(range) => format!("kind = \"sliding\", range = \"{range}ms\""),
        Frame::Rows(before) => format!("kind = \"sliding\", rows = {}", before + 1),
    }
}

/// Returns the rows that are answered in the end, in order, and those that are late.
fn answered(case: &Case) -> (Vec<Judged<'_>>, Vec<Judged<'_>>) {
    let (rows, watermark) = judged(&case.log, case.end, case.by_event, |time| time + 1);
    if !case.by_event {
        return (rows, Vec::new());
    }
    let (too_late, mut taken): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.time < row.watermark);
    taken.retain(|row| row.time < watermark);
    taken.sort_by_key(|row| row.time);
    (taken, too_late)
}

fn model(case: &Case, frame: Frame) -> Answer {
    let (rows, too_late) = answered(case);
    let line = |(index, own): (usize, &Judged<'_>)| {
        let is_peer = |other: &Judged<'_>| matches!(frame, Frame::Range(_)) && case.by_event && other.time == own.time;
        let seen: Vec<&Judged<'_>> = rows
            .iter()
            .enumerate()
            .filter(|(other, row)| *other <= index || is_peer(row))
            .map(|(_, row)| row)
            .filter(|row| row.row.key == own.row.key)
            .collect();
        let values: Vec<Option<i32>> = match frame {
            Frame::Range(range) => {
                let first = own.time - range;
                seen.iter().filter(|row| row.time >= first).map(|row| row.row.value).collect()
            }
            Frame::Rows(before) => {
                let count = usize::try_from(before).expect("few") + 1;
                seen[seen.len().saturating_sub(count)..].iter().map(|row| row.row.value).collect()
            }
        };
        let (key, time) = (key_text(own.row.key), text(own.time));
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
