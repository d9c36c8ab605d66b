//! Golden cases: `tests/golden/NAME.toml` over the records of `NAME.in.jsonl` (or `.csv`) writes the rows of `NAME.out.jsonl`, however
//! often it is killed on the way. What is late goes to `NAME.late.jsonl`. The records of `NAME.other.jsonl`, where there
//! are some, go to a second stream, `other`: those of both come in the order of their `at`. `NAME.table.csv` lies beside the
//! pipeline file as `table.csv`. The numbers are worked out by hand.

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
};

use super::deployed::Kinesis;
use super::harness::{Place, Up, wait_for};

/// How a case is run.
#[derive(Clone, Copy)]
enum Way {
    /// All records in one request.
    Straight,
    /// Killed behind each record, at once or when it has been processed.
    Killed,
}

/// Behind how many records it is killed where its streams are in Kinesis, which takes longer to begin with.
const KILLED_OVER_KINESIS: usize = 4;

#[test]
fn cases_run_straight() {
    run_all(Way::Straight);
}

#[test]
fn cases_killed_behind_each_record_give_the_same() {
    run_all(Way::Killed);
}

#[test]
fn cases_over_kinesis_give_the_same() {
    each(|case| over_kinesis(case, Way::Straight));
}

#[test]
fn cases_over_kinesis_killed_on_the_way_give_the_same() {
    each(|case| over_kinesis(case, Way::Killed));
}

fn run_all(way: Way) {
    each(|case| run(case, way));
}

fn each(run: impl Fn(&Path) + Copy + Send + Sync) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let cases: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|it| it == "toml")).collect();
    assert!(cases.len() >= 14);
    thread::scope(|scope| {
        for case in &cases {
            let name = case.file_stem().unwrap().to_str().unwrap().to_owned();
            thread::Builder::new().name(name).spawn_scoped(scope, move || run(case)).unwrap();
        }
    });
}

fn run(case: &Path, way: Way) {
    let part = |part: &str| fs::read_to_string(case.with_extension(part));
    let place = Place::new(&part("toml").unwrap());
    if let Ok(table) = part("table.csv") {
        place.write("table.csv", &table);
    }
    let input = part("in.jsonl").or_else(|_| part("in.csv")).unwrap();
    let other = part("other.jsonl").unwrap_or_default();
    let records = records(&input, &other);
    let mut up = place.up(&[]);
    match way {
        Way::Straight => {
            for run in records.chunk_by(|one, next| one.0 == next.0) {
                let of_one: Vec<(String, Vec<u8>)> =
                    run.iter().map(|(_, data)| ("key".to_owned(), data.as_bytes().to_vec())).collect();
                assert_eq!(up.client.put_all(run[0].0, &of_one), Some(vec![true; of_one.len()]));
            }
        }
        Way::Killed => {
            let closed_by_clock = case.file_stem().unwrap() == "idle";
            for (index, (stream, record)) in records.iter().enumerate() {
                up.client.put(stream, "key", record.as_bytes()).unwrap();
                // Where silence counts, a restart that takes long would be another case.
                if closed_by_clock && index + 1 < records.len() {
                    continue;
                }
                if index % 2 == 1 {
                    consumed(&up, index + 1);
                }
                up.kill();
                up = place.up(&[]);
            }
        }
    }
    consumed(&up, records.len());
    let expected = part("out.jsonl").unwrap();
    wait_for("the rows", || (up.status()["queries"][0]["counters"]["rows"] == expected.lines().count()).then_some(()));
    up.stop();
    let shown = place.output(&["tail", "--from", "earliest", "-o", "json"]);
    assert_eq!(shown, expected);
    if let Ok(late) = part("late.jsonl") {
        let found = place.output(&["tail", "--stream", "too_late", "--from", "earliest", "-o", "json"]);
        assert_eq!(lines(&found), lines(&late));
    }
    assert_eq!(place.rows("error_stream").len(), 0);
}

/// Runs a case whose streams another `pipe up` serves. Its rows may come in another order where their keys differ, and
/// again where it was killed.
fn over_kinesis(case: &Path, way: Way) {
    let part = |part: &str| fs::read_to_string(case.with_extension(part));
    let kinesis = Kinesis::start();
    let place = Place::over_kinesis(&part("toml").unwrap(), &kinesis.url());
    if let Ok(table) = part("table.csv") {
        place.write("table.csv", &table);
    }
    let input = part("in.jsonl").or_else(|_| part("in.csv")).unwrap();
    let other = part("other.jsonl").unwrap_or_default();
    let records = records(&input, &other);
    let up_again = || place.up(&["--target", "lean"]);
    let mut up = up_again();
    let closed_by_clock = case.file_stem().unwrap() == "idle";
    for (index, (stream, record)) in records.iter().enumerate() {
        kinesis.up.client.put(stream, "key", record.as_bytes()).unwrap();
        if matches!(way, Way::Killed) && !closed_by_clock && index % KILLED_OVER_KINESIS == 1 {
            if index % (2 * KILLED_OVER_KINESIS) == 1 {
                consumed(&up, index + 1);
            }
            up.kill();
            up = up_again();
        }
    }
    consumed(&up, records.len());
    let expected = part("out.jsonl").unwrap();
    wait_for("the rows", || (up.status()["queries"][0]["counters"]["rows"] == expected.lines().count()).then_some(()));
    up.stop();
    let sorted = |mut rows: Vec<String>| {
        rows.sort();
        if matches!(way, Way::Killed) {
            rows.dedup();
        }
        rows
    };
    let found = |stream: &str| {
        let tail = ["tail", "--stream", stream, "--from", "earliest", "--for", "2s", "-o", "json"];
        sorted(lines(&place.output(&tail)).iter().map(serde_json::Value::to_string).collect())
    };
    let wanted = |text: &str| sorted(lines(text).iter().map(serde_json::Value::to_string).collect());
    assert_eq!(found("output"), wanted(&expected), "{}", case.display());
    if let Ok(late) = part("late.jsonl") {
        assert_eq!(found("too_late"), wanted(&late), "{}", case.display());
    }
    assert_eq!(found("error_stream"), [""; 0]);
}

/// Returns the records of both streams in the order in which they come.
fn records<'t>(input: &'t str, other: &'t str) -> Vec<(&'static str, &'t str)> {
    let of = |stream, text: &'t str| text.lines().map(move |line| (stream, line));
    let mut records: Vec<(&str, &str)> = of("input", input).chain(of("other", other)).collect();
    if !other.is_empty() {
        let at =
            |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["at"].as_str().unwrap().to_owned();
        records.sort_by_cached_key(|(stream, line)| (at(line), *stream));
    }
    records
}

fn consumed(up: &Up, records: usize) {
    wait_for("the records to be consumed", || {
        (up.status()["queries"][0]["counters"]["records"] == records).then_some(())
    });
}

fn lines(text: &str) -> Vec<serde_json::Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
