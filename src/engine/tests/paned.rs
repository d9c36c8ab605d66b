//! Tumbling, hopping and cumulative windows.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::harness::{Answer, Case, Row, block, cases, graph, run, usual};
use super::model::{judged, late, window_line};

/// Windows made of panes, in milliseconds.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Tumbling(i64),
    Hopping { size: i64, slide: i64 },
    Cumulative { size: i64, step: i64 },
}

impl Kind {
    fn text(self) -> String {
        match self {
            Self::Tumbling(size) => format!("kind = \"tumbling\", size = \"{size}ms\""),
            Self::Hopping { size, slide } => {
                format!("kind = \"hopping\", size = \"{size}ms\", slide = \"{slide}ms\"")
            }
            Self::Cumulative { size, step } => {
                format!("kind = \"cumulative\", size = \"{size}ms\", step = \"{step}ms\"")
            }
        }
    }

    /// Returns every window that a moment lies in, by the definition.
    fn windows(self, moment: i64) -> Vec<(i64, i64)> {
        let aligned = |to: i64| moment.div_euclid(to) * to;
        match self {
            Self::Tumbling(size) => vec![(aligned(size), aligned(size) + size)],
            Self::Hopping { size, slide } => {
                let starts = (0..size / slide).map(|back| aligned(slide) - back * slide);
                starts.map(|start| (start, start + size)).collect()
            }
            Self::Cumulative { size, step } => {
                let start = aligned(size);
                (1..=size / step).map(|steps| (start, start + steps * step)).filter(|(_, end)| *end > moment).collect()
            }
        }
    }
}

/// Every row in every window of it that is not over.
fn model(case: &Case, kind: Kind) -> Answer {
    let last_end = |moment| kind.windows(moment).iter().map(|(_, end)| *end).max().expect("a window");
    let (rows, watermark) = judged(&case.log, case.end, case.by_event, last_end);
    let mut counted: BTreeMap<(i64, i64, Option<u8>), Vec<Option<i32>>> = BTreeMap::new();
    let mut too_late = Vec::new();
    for judged in rows {
        let mut windows = kind.windows(judged.time);
        windows.retain(|(_, end)| *end > judged.watermark);
        for (start, end) in &windows {
            counted.entry((*end, *start, judged.row.key)).or_default().push(judged.row.value);
        }
        if windows.is_empty() {
            too_late.push(judged);
        }
    }
    let over = counted.into_iter().filter(|((end, ..), _)| *end <= watermark);
    (over.map(|((end, start, key), values)| window_line((start, end), key, &values)).collect(), late(&too_late))
}

/// The open windows after rows at 1 s (`a`) and 6 s (`a`, `b`) have come, and the watermark is at 4 s.
fn closing(kind: Kind) -> Vec<(i64, i64, i64, usize)> {
    let mut graph = graph(&usual(true, &kind.text()), 1);
    let row = |time, key| Row { arrival: 100_000, time, key: Some(key), value: Some(1) };
    let rows = vec![row(1000, 0), row(6000, 0), row(6000, 1)];
    graph.turn(vec![Some((vec![block(&rows, 0, 0)], Some(100_001)))]).expect("no failure");
    assert_eq!(graph.watermark(), Some(4_000_000));
    let told = graph.closing().into_iter();
    told.map(|it| (it.closes / 1000, it.start / 1000, it.end / 1000, it.groups)).collect()
}

#[test]
fn it_is_told_which_windows_close_first() {
    assert_eq!(closing(Kind::Tumbling(5000)), [(5000, 0, 5000, 1), (10_000, 5000, 10_000, 2)]);
    // The pane from 0 s on is over, and kept for the windows that end at 6 s and 9 s.
    assert_eq!(
        closing(Kind::Hopping { size: 9000, slide: 3000 }),
        [(6000, -3000, 6000, 1), (9000, 0, 9000, 3), (12_000, 3000, 12_000, 2), (15_000, 6000, 15_000, 2)]
    );
    assert_eq!(
        closing(Kind::Cumulative { size: 12_000, step: 3000 }),
        [(6000, 0, 6000, 1), (9000, 0, 9000, 3), (12_000, 0, 12_000, 3)]
    );
}

fn check(case: &Case, kind: Kind) -> Result<(), TestCaseError> {
    let plan = usual(case.by_event, &kind.text());
    let expected = model(case, kind);
    for way in case.ways() {
        prop_assert_eq!(&run(&case.log, case.end, &plan, way), &expected, "{:?} {:?}", kind, way);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn tumbling_windows_are_the_models_however_they_are_read(case in cases()) {
        check(&case, Kind::Tumbling(5000))?;
    }

    #[test]
    fn hopping_windows_are_the_models_however_they_are_read(case in cases(), slides in 1..7_i64) {
        check(&case, Kind::Hopping { size: slides * 1500, slide: 1500 })?;
    }

    #[test]
    fn cumulative_windows_are_the_models_however_they_are_read(case in cases(), steps in 1..7_i64) {
        check(&case, Kind::Cumulative { size: steps * 1500, step: 1500 })?;
    }
}
