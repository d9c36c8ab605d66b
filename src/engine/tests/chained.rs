//! Queries over the rows of queries, and over several streams.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::plan::Plan;

use super::super::checkpoint::{self, Restored};
use super::super::graph::Graph;
use super::super::status::Counters;
use super::harness::{Row, cases, plan, rows_with, run, run_both};
use super::model::{judged, late, window_line};

const INNER: i64 = 2000;
const OUTER: i64 = 6000;

#[test]
fn a_query_between_may_be_called_otherwise_without_loss() {
    let called = |name: &str| {
        let text = format!(
            "from = \"{name}\"\nwindow = {{ kind = \"tumbling\", size = \"{OUTER}ms\" }}\nselect = {{ n = \"SUM(n)\" }}\n\
             [queries.{name}]\nfrom = \"in\"\nwindow = {{ kind = \"tumbling\", size = \"{INNER}ms\" }}\n\
             select = {{ n = \"COUNT(*)\" }}"
        );
        plan(false, &text)
    };
    let (before, after) = (called("inner"), called("within"));
    let query = |plan: &Plan| plan.queries.iter().position(|query| query.name == "out").expect("the query");
    let asked = |plan: &Plan| checkpoint::fingerprint(plan, &plan.queries[query(plan)]);
    assert_eq!(asked(&before), asked(&after));
    let built = |plan: &Plan| Graph::new(plan, &plan.queries[query(plan)]).expect("a legal query");
    let mut counters = Counters::default();
    let saved = checkpoint::save(&mut built(&before), &asked(&before), &counters).expect("a state");
    let restored = checkpoint::restore(&mut built(&after), &asked(&after), &mut counters, &saved).expect("a state");
    assert_eq!(restored, Restored::Whole);
}

fn aligned(moment: i64, to: i64) -> i64 {
    moment.div_euclid(to) * to
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn windows_over_windows_are_the_models(case in cases()) {
        let queries = format!(
            "from = \"inner\"\nwindow = {{ kind = \"tumbling\", size = \"{OUTER}ms\" }}\ngroup_by = [\"k\"]\n\
             select = {{ n = \"SUM(n)\", windows = \"COUNT(*)\" }}\n\
             [queries.inner]\nfrom = \"in\"\nwhere = \"v IS NULL OR v <> 7\"\n\
             window = {{ kind = \"tumbling\", size = \"{INNER}ms\" }}\ngroup_by = [\"k\"]\n\
             select = {{ n = \"COUNT(*)\" }}"
        );
        let plan = plan(case.by_event, &queries);
        let (rows, watermark) = judged(&case.log, case.end, case.by_event, |time| aligned(time, OUTER) + OUTER);
        let mut inner: BTreeMap<(i64, Option<u8>), i64> = BTreeMap::new();
        let mut too_late = Vec::new();
        for row in rows {
            let start = aligned(row.time, INNER);
            if start + INNER <= row.watermark {
                too_late.push(row);
            } else {
                *inner.entry((start, row.row.key)).or_default() += 1;
            }
        }
        let mut outer: BTreeMap<(i64, Option<u8>), (i64, i64)> = BTreeMap::new();
        for ((start, key), count) in inner {
            let (total, windows) = outer.entry((aligned(start, OUTER), key)).or_default();
            *total += count;
            *windows += 1;
        }
        let over = outer.into_iter().filter(|((start, _), _)| start + OUTER <= watermark);
        let lines: Vec<String> = over
            .map(|((start, key), (n, windows))| {
                let line = window_line((start, start + OUTER), key, &[]);
                let head = line.split("\"n\"").next().expect("columns").to_owned();
                format!("{head}\"n\":{n},\"windows\":{windows}}}")
            })
            .collect();
        let expected = (lines, late(&too_late));
        for way in case.ways() {
            prop_assert_eq!(&run(&case.log, case.end, &plan, way), &expected, "{:?}", way);
        }
    }

    #[test]
    fn streams_read_as_one_are_the_models(
        case in cases(),
        other in proptest::collection::vec(rows_with(-9000..3000), 1..3),
    ) {
        let select = super::harness::SELECT.map(|(name, text)| format!("{name} = \"{text}\"")).join(", ");
        let queries = format!(
            "from = [\"in\", \"other\"]\nwhere = \"v IS NULL OR v <> 7\"\n\
             window = {{ kind = \"tumbling\", size = \"{INNER}ms\" }}\ngroup_by = [\"k\"]\nselect = {{ {select} }}"
        );
        let plan = plan(case.by_event, &queries);
        let last = other.iter().flatten().map(|row| row.arrival).max().unwrap_or(0);
        let end = case.end.max(last + 1);
        // Time goes on in a query as a whole: the shards of all its streams count alike.
        let whole: Vec<Vec<Row>> = case.log.iter().chain(&other).cloned().collect();
        let (rows, watermark) = judged(&whole, end, case.by_event, |time| aligned(time, INNER) + INNER);
        let mut counted: BTreeMap<(i64, Option<u8>), Vec<Option<i32>>> = BTreeMap::new();
        let mut too_late = Vec::new();
        for row in rows {
            let start = aligned(row.time, INNER);
            if start + INNER <= row.watermark {
                too_late.push(row);
            } else {
                counted.entry((start, row.row.key)).or_default().push(row.row.value);
            }
        }
        let over = counted.into_iter().filter(|((start, _), _)| start + INNER <= watermark);
        let lines: Vec<String> =
            over.map(|((start, key), values)| window_line((start, start + INNER), key, &values)).collect();
        let expected = (lines, late(&too_late));
        for way in case.ways() {
            prop_assert_eq!(&run_both((&case.log, &other), end, &plan, way), &expected, "{:?}", way);
        }
    }
}
