//! `pipe test`, from outside.

use std::fmt::Write;

use serde_json::Value;

use super::harness::Place;
use crate::peers::flink::flink;

const PIPELINE: &str = r#"
[pipeline]
name = "shop"

[streams.orders]
shards = 4
partition_key = "who"
event_time = { column = "at", delay = "1s", idle = "10s" }
[streams.orders.columns]
at = "TIMESTAMP(3)"
who = "VARCHAR(8)"
price = { type = "DECIMAL(20, 2)", path = "$.money.price" }
weight = "DOUBLE"

[streams.sums]

[queries.large]                              # a view
from = "orders"
where = "price >= 10"

[queries.sums]
from = "large"
window = { kind = "tumbling", size = "1m" }
group_by = ["who"]
select = { n = "COUNT(*)", total = "SUM(price)", weight = "SUM(weight)" }
"#;

/// The steps of a test over [`PIPELINE`].
fn test(name: &str, steps: &str) -> String {
    format!("\n[[tests]]\nname = \"{name}\"\nsteps = [\n{steps}\n]\n")
}

const ORDERS: &str = r#"{ ingest = "orders", rows = [
    { at = "2026-01-01T00:00:01Z", who = "ann", price = 10, weight = 0.1 },
    { at = 2026-01-01T00:00:59.999, who = "ann", price = 123456789012345678.25, weight = 0.2 },
    { at = "2026-01-01T00:00:02Z", who = "ann", price = 9.99, weight = 5 },
    { at = "2026-01-01T00:00:03Z", who = "bob", price = 11.5 },
  ] },
  { expect = "sums", none = true },
  { advance = "10m" },"#;

/// Runs tests over [`PIPELINE`]; returns the exit code and what each has come to.
fn run(place: &Place, arguments: &[&str]) -> (Option<i32>, Vec<Value>) {
    let done = place.pipe(&[&["test", "-o", "json"], arguments].concat());
    (done.code(), done.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

fn outcomes(runs: &[Value]) -> Vec<&str> {
    runs.iter().map(|run| run["outcome"].as_str().unwrap()).collect()
}

#[test]
fn values_are_compared_by_what_they_mean() {
    let expect = r#"{ expect = "sums", columns = "all", rows = [
        { who = "bob", window_start = "2026-01-01T00:00:00", window_end = 2026-01-01T01:01:00+01:00, n = 1.0, total = 1.150e1 },
        { who = "ann", window_start = 2026-01-01, window_end = 2026-01-01T00:01:00Z, n = 2, total = "123456789012345688.25", weight = 0.3 },
    ] }"#;
    let place = Place::new(&(PIPELINE.to_owned() + &test("sums", &format!("{ORDERS}\n{expect}"))));
    let (code, runs) = run(&place, &[]);
    assert_eq!((code, outcomes(&runs)), (Some(0), vec!["passed"]), "{runs:?}");
    assert!(!place.has(".pipe"), "nothing is left behind");
}

#[test]
fn a_failure_names_the_place_the_row_and_what_differs() {
    let expect = r#"{ expect = "sums", rows = [
        { who = "ann", n = 2, weight = 0.30001 },
        { who = "eve", n = 7 },
    ], late = 1 }"#;
    let place = Place::new(&(PIPELINE.to_owned() + &test("wrong", &format!("{ORDERS}\n{expect}"))));
    let (code, runs) = run(&place, &["--junit", "report.xml"]);
    assert_eq!((code, outcomes(&runs)), (Some(1), vec!["failed"]));
    let checks = runs[0]["checks"].as_array().unwrap();
    assert_eq!((&checks[0]["outcome"], &checks[1]["outcome"]), (&"passed".into(), &"failed".into()));
    let failures = checks[1]["failures"].as_array().unwrap();
    let missing = failures[0]["missing"].as_array().unwrap();
    assert_eq!(missing[0]["differs"], serde_json::json!(["weight"]));
    assert_eq!(missing[0]["nearest"]["total"], "123456789012345688.25", "no digit is lost");
    assert_eq!(missing[1]["nearest"], Value::Null);
    assert_eq!(failures[0]["unexpected"][0]["who"], "bob");
    assert_eq!(failures[1]["problem"], "late records: 1 expected, 0 found");
    let line =
        place.read("pipeline.toml").lines().position(|line| line.contains("expect = \"sums\", rows")).unwrap() + 1;
    assert_eq!(checks[1]["line"], line);

    let done = place.pipe(&["test", "-o", "table"]);
    assert_eq!(done.code(), Some(1));
    assert!(done.stdout.contains(&format!("pipeline.toml:{line}: `sums` is not as expected")), "{}", done.stdout);
    let marked: Vec<&str> = done.stdout.lines().filter(|line| line.contains('≠')).collect();
    assert_eq!(marked.len(), 2, "{}", done.stdout);
    assert!(marked[0].contains("≠ 0.30001") && !marked[0].contains("≠ ann"), "{marked:?}");
    assert!(done.stderr.contains("1 of 1 tests failed"), "{}", done.stderr);
    let report = place.read("report.xml");
    assert!(report.contains("failures=\"1\"") && report.contains("<failure message=\"pipeline.toml:"), "{report}");
}

#[test]
fn what_is_late_or_bad_is_counted_and_taken_as_it_was() {
    let pipeline = PIPELINE.replace("from = \"large\"", "from = \"orders\"\nlate = \"too_late\"");
    // Nothing reads the view any more.
    let pipeline = pipeline.replace("[queries.large]", "[streams.too_late]\n[streams.large]\n[queries.large]");
    let steps = r#"
    { ingest = "orders", rows = [{ at = "2026-01-01T00:02:00Z", who = "ann", price = 10 }] },
    { advance = "10s" },
    { ingest = "orders", rows = [{ at = "2026-01-01T00:02:01Z", who = "ann", price = 10 }] },
    { ingest = "orders", rows = [{ at = "2026-01-01T00:00:59Z", who = "ann", price = 7 }], },
    { advance = "1ms" },                       # without a key they go to another shard, which then holds time back
    { ingest = "orders", raw = ["", "{", '{"at":"2026-01-01T00:02:02Z","money":{"price":"much"}}'] },
    { expect = "sums", late = 1, bad = 3 },
    { expect = "too_late", rows = [{ who = "ann", price = 7.00 }] },
    { expect = "sums", none = true, late = 0, bad = 0 },
    { advance = 2026-01-01T01:00:00Z },
    { expect = "sums", rows = [{ n = 2, total = 20 }] },"#;
    let place = Place::new(&(pipeline + &test("late", steps)));
    let (code, runs) = run(&place, &[]);
    assert_eq!((code, outcomes(&runs)), (Some(0), vec!["passed"]), "{runs:?}");
}

#[test]
fn records_come_from_files_and_tests_from_a_file_beside() {
    let place = Place::empty();
    place.write("pipelines/shop.toml", PIPELINE);
    place.write(
        "pipelines/rows.csv",
        "who,at,price\nann,2026-01-01 00:00:01,10\n\"a,b\",2026-01-01T00:00:02Z,\n,2026-01-01T00:00:03,12.5\n",
    );
    place.write("pipelines/raw.jsonl", "{\"who\":\"ann\",\"at\":\"2026-01-01T00:00:04\",\"money\":{\"price\":30}}\n\n");
    let steps = r#"{ ingest = "orders", file = "rows.csv" }, { ingest = "orders", file = "raw.jsonl" }, { advance = "10m" },
        { expect = "sums", rows = [{ who = "ann", n = 2, total = 40 }, { n = 1, total = 12.5 }] }"#;
    place.write("pipelines/shop.test.toml", &test("files", steps));
    for named in [&[][..], &["shop"], &["pipelines/shop.toml"], &["pipelines/shop.test.toml"]] {
        let (code, runs) = run(&place, named);
        assert_eq!((code, outcomes(&runs)), (Some(0), vec!["passed"]), "{named:?}: {runs:?}");
    }
    place.write("pipelines/rows.csv", "who,at,price\nann,soon,10\n");
    place.pipe(&["test"]).failed(78, &["shop.test.toml:5:29", "line 2, column `at`: expected a time"]);
    std::fs::remove_file(place.path().join("pipelines/raw.jsonl")).unwrap();
    place.pipe(&["check"]).failed(78, &["`raw.jsonl` cannot be taken", "`rows.csv`"]);
}

#[test]
fn without_a_test_there_is_no_success() {
    let place = Place::new(PIPELINE);
    place.pipe(&["test"]).failed(1, &["there are no tests", "[[tests]]"]);
    place.write("pipeline.toml", &(PIPELINE.to_owned() + &test("Some sums", r#"{ expect = "sums", none = true }"#)));
    place.pipe(&["test", "-k", "other"]).failed(1, &["no test has `other` in its name"]);
    let (code, runs) = run(&place, &["-k", "some S"]);
    assert_eq!((code, runs.len()), (Some(0), 1));
}

#[test]
fn a_thousand_tests_run_in_one_go() {
    let mut pipeline = PIPELINE.to_owned();
    for number in 0..1000 {
        let expect = r#"{ expect = "sums", rows = [{ who = "ann", n = 2 }, { who = "bob" }] }"#;
        write!(pipeline, "{}", test(&format!("test {number}"), &format!("{ORDERS}\n{expect}"))).unwrap();
    }
    let place = Place::new(&pipeline);
    let (code, runs) = run(&place, &[]);
    assert_eq!((code, runs.len()), (Some(0), 1000));
}

#[test]
fn the_same_tests_run_on_a_real_flink() {
    let Some(flink) = flink("the tests of pipelines on both engines") else { return };
    let rows = r#"{ expect = "sums", rows = [{ who = "ann", n = 2, weight = 0.3 }, { who = "bob", total = 11.5 }], late = 0 }"#;
    let wrong = r#"{ expect = "sums", rows = [{ who = "ann", n = 3 }, { who = "bob" }] }"#;
    let by_clock = r#"{ ingest = "orders", rows = [{ at = "2026-01-01T00:00:04", who = "ann", price = 10 }] },
        { advance = "1h" },
        { ingest = "orders", rows = [{ at = "2026-01-01T00:00:05", who = "ann", price = 10 }] },
        { expect = "sums", count = 1, rows = [{ n = 1 }], late = 1 }"#;
    let tests = [("right", ORDERS, rows), ("wrong", ORDERS, wrong), ("by the clock", "", by_clock)];
    let tests: String = tests.map(|(name, before, steps)| test(name, &format!("{before}\n{steps}"))).concat();
    let place = Place::new(&(PIPELINE.to_owned() + &tests));
    let (code, runs) = run(&place, &["--engine", "embedded,flink", "--gateway", &flink.gateway]);
    assert_eq!(code, Some(1));
    let of = |engine: &str| {
        runs.iter()
            .filter(|run| run["engine"] == engine)
            .map(|run| run["outcome"].as_str().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(of("embedded"), ["passed", "failed", "passed"], "{runs:?}");
    assert_eq!(of("flink"), ["passed", "failed", "not run"], "{runs:?}");
    let (code, runs) = run(&place, &["--engine", "embedded,flink", "--gateway", &flink.gateway, "-k", "by the clock"]);
    assert_eq!((code, outcomes(&runs)), (Some(0), vec!["passed", "not run"]), "another engine has answered: {runs:?}");
    let (code, _) = run(&place, &["--engine", "flink", "--gateway", &flink.gateway, "-k", "by the clock"]);
    assert_eq!(code, Some(1), "nothing was compared");
    place.pipe(&["test", "--engine", "flink", "--gateway", "http://127.0.0.1:1"]).failed(69, &["no Flink answers"]);
}

#[test]
fn what_came_is_accepted_with_comments_and_layout() {
    let expects = r#"{ expect = "sums", late = 3, rows = [                # of the first minute
        { who = "ann", n = 2, weight = 0.5 },     # two of them
        { who = "eve", n = 7, weight = 1.0 },
    ] },
  # Nothing else.
  { expect = "sums", rows = [{ who = "ann" }] },
  { ingest = "orders", rows = [{ at = 2026-01-01T00:10:30, who = "cy", price = 10 }] },
  { advance = "10m" },
  { expect = "sums", none = true },"#;
    let accepted = r#"{ expect = "sums", late = 0, rows = [                # of the first minute
        { who = "ann", n = 2, weight = 0.30000000000000004 },     # two of them
        { who = "bob", n = 1 },
    ] },
  # Nothing else.
  { expect = "sums", none = true },
  { ingest = "orders", rows = [{ at = 2026-01-01T00:10:30, who = "cy", price = 10 }] },
  { advance = "10m" },
  { expect = "sums", rows = [
    { who = "cy", window_start = 2026-01-01T00:10:00, window_end = 2026-01-01T00:11:00, n = 1, total = 10 },
  ] },"#;
    let other = test("another", &format!("{ORDERS}\n{{ expect = \"sums\", count = 2 }}"));
    let before = PIPELINE.to_owned() + &test("all", &format!("{ORDERS}\n{expects}")) + &other + "# the end\n";
    let place = Place::new(&before);
    let done = place.pipe(&["test", "--accept", "-k", "all"]);
    assert_eq!(done.code(), Some(0), "{done:?}");
    assert!(done.stderr.contains("written into pipeline.toml") && done.stderr.contains("1 test passed"), "{done:?}");
    let after = PIPELINE.to_owned() + &test("all", &format!("{ORDERS}\n{accepted}")) + &other + "# the end\n";
    pretty(&place.read("pipeline.toml"), &after);
    // What holds is not touched, and what another engine says is not taken.
    assert_eq!(place.pipe(&["test", "--accept"]).code(), Some(0));
    pretty(&place.read("pipeline.toml"), &after);
    place
        .pipe(&["test", "--accept", "--engine", "embedded,flink"])
        .failed(64, &["--accept and --mutate are for the embedded engine"]);

    // Of a test beside the pipeline file that one is changed; what TOML cannot say is told, and the test fails.
    let expects = r#"{ expect = "sums", columns = "all", rows = [{ who = "bob", n = 1, weight = 3, total = "11.5" }], count = 1 },
  { ingest = "orders", rows = [{ at = 2026-01-01T00:10:30, who = "cy", price = 10 }] },
  { advance = "10m" },
  { expect = "sums", rows = [{ weight = 4 }] },"#;
    let place = Place::new(PIPELINE);
    place.write("pipeline.test.toml", &test("beside", &format!("{ORDERS}\n{expects}")));
    let done = place.pipe(&["test", "--accept", "-o", "json"]);
    assert_eq!(done.code(), Some(1), "{done:?}");
    assert!(done.stderr.contains("not accepted: a row of nothing but NULL"), "{done:?}");
    assert_eq!(place.read("pipeline.toml"), PIPELINE);
    let accepted = r#"{ expect = "sums", columns = "all", rows = [{ who = "bob", n = 1, total = "11.5", window_start = 2026-01-01T00:00:00, window_end = 2026-01-01T00:01:00 }, { who = "ann", window_start = 2026-01-01T00:00:00, window_end = 2026-01-01T00:01:00, n = 2, total = "123456789012345688.25", weight = 0.30000000000000004 }], count = 2 },"#;
    let text = place.read("pipeline.test.toml");
    assert!(text.contains(accepted), "{text}");
}

fn pretty(found: &str, wanted: &str) {
    assert!(found == wanted, "found:\n{found}\nwanted:\n{wanted}");
}

#[test]
fn a_wrong_query_that_no_test_notices_is_named() {
    let weak = test("weak", &format!("{ORDERS}\n{{ expect = \"sums\", count = 2 }}"));
    let strong = test(
        "strong",
        &format!(
            "{ORDERS}\n{}",
            r#"{ expect = "sums", rows = [
        { who = "ann", n = 2, total = "123456789012345688.25", weight = 0.3, window_start = 2026-01-01T00:00:00, window_end = 2026-01-01T00:01:00 },
        { who = "bob", n = 1, total = 11.5 },
    ] },
    { ingest = "orders", rows = [{ at = 2026-01-01T00:10:30, who = "cy", price = 10 }, { at = 2026-01-01T00:11:20, who = "cy", price = 10 }] },
    { advance = "10m" },
    { expect = "sums", rows = [{ who = "cy", n = 1 }, { who = "cy", n = 1 }] }"#
        ),
    );
    let place = Place::new(&(PIPELINE.to_owned() + &weak));
    let done = place.pipe(&["test", "--mutate", "-o", "table"]);
    assert_eq!(done.code(), Some(1), "{done:?}");
    for mutant in ["`where` is left out", "`SUM(weight)` becomes `MAX(weight)`"] {
        assert!(done.stdout.lines().any(|line| line.starts_with("not noticed") && line.contains(mutant)), "{done:?}");
    }
    assert!(!done.stdout.contains("`who` is no group column"), "{done:?}");
    assert!(done.stderr.contains("mutants were noticed by no test"), "{done:?}");
    place.pipe(&["test", "--mutate", "--engine", "flink"]).failed(64, &["--accept and --mutate are for the embedded"]);

    let place = Place::new(&(PIPELINE.to_owned() + &weak));
    place.write("pipeline.test.toml", &strong);
    let (code, mutants) = run(&place, &["--mutate"]);
    assert_eq!(code, Some(0), "{mutants:?}");
    assert_eq!(place.pipe(&["test", "--mutate", "-k", "weak"]).code(), Some(1));
    let by = |name: &str| mutants.iter().filter(|mutant| mutant["noticed_by"] == name).count();
    assert!(by("weak") > 0 && by("strong") > 5, "{mutants:?}");
    // Tests that fail notice nothing.
    place.write("pipeline.test.toml", &strong.replace("n = 2", "n = 3"));
    place.pipe(&["test", "--mutate"]).failed(1, &["1 of 2 tests failed"]);
}

#[test]
fn a_generator_makes_the_records_of_a_test_by_its_clock() {
    let generator = r#"
[generators.orders]
rate = "100/s"
seed = 7
[generators.orders.fields]
at = { kind = "now" }
who = { kind = "choice", of = ["ann", "bob"] }
price = { kind = "uniform", min = 10, max = 20 }
weight = { kind = "constant", value = 0.5 }
"#;
    let steps = |seed: &str| {
        format!(
            r#"{{ ingest = "orders", generate = {{ records = 1200{seed}, over = "2m" }} }},
  {{ advance = "1m" }},
  {{ expect = "sums", count = 4 }},
  {{ ingest = "orders", generate = {{ records = 3 }} }},
  {{ advance = "10m" }},
  {{ expect = "sums", none = true }},"#
        )
    };
    let place = Place::new(&(PIPELINE.to_owned() + generator + &test("same", &steps(", seed = 7"))));
    // The last three come at one moment, for one or two people.
    let done = place.pipe(&["test", "--accept"]);
    assert_eq!(done.code(), Some(0), "{done:?}");
    let accepted = place.read("pipeline.toml");
    assert!(accepted.contains("window_start = 2026-01-01T00:03:00"), "{accepted}");
    // The same seed makes the same records, and so does that of the generator; another one does not.
    assert_eq!(place.pipe(&["test"]).code(), Some(0));
    place.write("pipeline.toml", &accepted.replace(", seed = 7", ""));
    assert_eq!(place.pipe(&["test"]).code(), Some(0));
    let strict = accepted
        .replace("count = 4", "rows = [{ who = \"ann\" }, { who = \"ann\" }, { who = \"bob\" }, { who = \"bob\" }]");
    place.write("pipeline.toml", &strict.replace("{ who = \"ann\" }, {", "{ who = \"ann\", total = 1 }, {"));
    assert_eq!(place.pipe(&["test", "--accept"]).code(), Some(0));
    let strict = place.read("pipeline.toml");
    assert!(!strict.contains("total = 1 "), "{strict}");
    assert_eq!(place.pipe(&["test"]).code(), Some(0));
    place.write("pipeline.toml", &strict.replace("seed = 7, over", "seed = 8, over"));
    assert_eq!(place.pipe(&["test"]).code(), Some(1));
}
