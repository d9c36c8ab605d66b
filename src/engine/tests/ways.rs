//! However a log is read, the answer is the same to the last digit: for aggregates that go by order or by rounding, and
//! for windows over windows of every kind.

use proptest::prelude::*;

use super::harness::{AT_ONCE, cases, over, plan, run};

const WINDOWS: [&str; 7] = [
    "kind = \"tumbling\", size = \"3s\"",
    "kind = \"hopping\", size = \"6s\", slide = \"1500ms\"",
    "kind = \"cumulative\", size = \"6s\", step = \"1500ms\"",
    "kind = \"session\", gap = \"1200ms\"",
    "kind = \"stagger\", size = \"2s\"",
    "kind = \"sliding\", range = \"3s\"",
    "kind = \"sliding\", rows = 4",
];

const SELECT: [(&str, &str); 8] = [
    ("third", "SUM(CAST(v AS DOUBLE) / 3)"),
    ("mean", "AVG(CAST(v AS DOUBLE) / 7)"),
    ("first", "FIRST_VALUE(v)"),
    ("last", "LAST_VALUE(v)"),
    ("distinct", "COUNT(DISTINCT v)"),
    ("spread", "STDDEV_POP(v)"),
    ("low", "MIN(v)"),
    ("n", "COUNT(*)"),
];

/// Table functions of KDA: what they answer goes by the order of the rows of several shards.
const FUNCTIONS: [&str; 4] = [
    "GROUP_RANK(CURSOR(SELECT STREAM * FROM input), 'v', 'answer', 'asc', 'desc', 0, 0)",
    "GROUP_RANK(CURSOR(SELECT STREAM * FROM input), 'k', 'answer', 'desc', 'asc', 0, 1)",
    "HOTSPOTS(CURSOR(SELECT STREAM \"v\", \"k\" FROM input), 100, 1.5, 2)",
    "RANDOM_CUT_FOREST(CURSOR(SELECT STREAM \"v\", \"k\" FROM input), 10, 10)",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn every_way_gives_the_same(case in cases(), window in 0..WINDOWS.len()) {
        let plan = over(case.by_event, WINDOWS[window], &SELECT, None);
        let expected = run(&case.log, case.end, &plan, AT_ONCE);
        for way in case.ways() {
            prop_assert_eq!(&run(&case.log, case.end, &plan, way), &expected, "{} {:?}", WINDOWS[window], way);
        }
    }

    #[test]
    fn every_way_gives_the_same_of_windows_over_windows(
        case in cases(),
        inner in 0..WINDOWS.len(),
        outer in 0..WINDOWS.len(),
    ) {
        let queries = format!(
            "from = \"inner\"\nwindow = {{ {} }}\ngroup_by = [\"k\"]\n\
             select = {{ n = \"SUM(n)\", rows = \"COUNT(*)\", first = \"FIRST_VALUE(n)\", last = \"LAST_VALUE(n)\" }}\n\
             [queries.inner]\nfrom = \"in\"\nwindow = {{ {} }}\ngroup_by = [\"k\"]\nselect = {{ n = \"COUNT(*)\" }}",
            WINDOWS[outer], WINDOWS[inner],
        );
        let plan = plan(case.by_event, &queries);
        let expected = run(&case.log, case.end, &plan, AT_ONCE);
        for way in case.ways() {
            let found = run(&case.log, case.end, &plan, way);
            prop_assert_eq!(&found, &expected, "{} over {} {:?}", WINDOWS[outer], WINDOWS[inner], way);
        }
    }

    #[test]
    fn every_way_gives_the_same_of_table_functions(case in cases(), function in 0..FUNCTIONS.len()) {
        let (column, answer) = [("\"answer\"", "INTEGER"), ("HOTSPOTS_RESULT", "VARCHAR(4096)"), ("ANOMALY_SCORE", "DOUBLE")]
            [function.saturating_sub(1)];
        let sql = format!(
            "CREATE STREAM answers (k VARCHAR(8), v INTEGER, answer {answer});
             CREATE PUMP p AS INSERT INTO answers
             SELECT STREAM \"k\", \"v\", {column} FROM TABLE({});",
            FUNCTIONS[function],
        );
        let application = "dialect = \"kda\"\ninputs = { INPUT = \"in\" }\noutputs = { ANSWERS = \"out\" }";
        let plan = plan(false, &format!("{application}\nsql = '''{sql}'''"));
        let expected = run(&case.log, case.end, &plan, AT_ONCE);
        for way in case.ways() {
            prop_assert_eq!(&run(&case.log, case.end, &plan, way), &expected, "{} {:?}", FUNCTIONS[function], way);
        }
    }
}
