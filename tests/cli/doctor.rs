//! `pipe doctor`: what is there and what is not, each with what to do.

use std::net::TcpListener;

use serde_json::Value;

use super::harness::Place;
use super::up::PIPELINE;

fn checks(stdout: &str) -> Vec<(String, String, Value)> {
    let read = |line: &str| {
        let check: Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| check[key].as_str().unwrap().to_owned();
        (text("name"), text("outcome"), check)
    };
    stdout.lines().map(read).collect()
}

fn outcome(checks: &[(String, String, Value)], name: &str) -> String {
    checks.iter().find(|check| check.0 == name).unwrap_or_else(|| panic!("{name}: {checks:?}")).1.clone()
}

#[test]
fn this_machine_is_looked_at_without_a_change() {
    let place = Place::new(PIPELINE);
    let found = checks(&place.output(&["doctor", "-o", "json"]));
    for name in ["pipeline", "folder", "files"] {
        assert_eq!(outcome(&found, name), "good", "{found:?}");
    }
    assert!(["good", "odd"].contains(&outcome(&found, "disk").as_str()));
    assert!(!place.has(".pipe"));
    // Whoever has the port, it is said, and is no failure.
    let taken = TcpListener::bind("127.0.0.1:4567");
    let found = checks(&place.output(&["doctor", "-o", "json"]));
    assert!(["good", "odd"].contains(&outcome(&found, "port").as_str()), "{found:?}");
    drop(taken);
    let table = place.output(&["doctor", "-o", "table"]);
    assert!(table.contains("pipeline.toml is understood: pipeline probe, target local"), "{table}");
}

#[test]
fn mistakes_and_missing_files_are_told() {
    let place = Place::empty();
    let found = checks(&place.output(&["doctor", "-o", "json"]));
    assert_eq!(outcome(&found, "pipeline"), "odd");
    place.write("pipeline.toml", &PIPELINE.replace("AVG(id)", "AVG(idd)").replace("tumbling", "tumblng"));
    let done = place.pipe(&["doctor", "-o", "json"]);
    assert_eq!(done.code(), Some(1), "{done:?}");
    assert!(done.stderr.contains("1 of 5 things that a pipeline needs are not as they should be"), "{done:?}");
    let found = checks(&done.stdout);
    let (_, outcome, check) = &found[0];
    assert_eq!((outcome.as_str(), check["what"].as_str().unwrap()), ("bad", "pipeline.toml has 2 mistakes"));
    assert!(check["todo"].as_str().unwrap().contains("pipe check"));
}

#[test]
fn a_target_is_asked_for_what_it_gives() {
    let emulator = Place::empty();
    let kinesis = emulator.start(&["kinesis", "--port", "0"]);
    let said = super::harness::wait_for("the address", || {
        let said = kinesis.said();
        let all = format!("{}{}", said.0, said.1);
        let begin = all.find("http://127.0.0.1:")?;
        let port = all[begin + 17..].split(|letter: char| !letter.is_ascii_digit()).next()?;
        Some(format!("http://127.0.0.1:{port}"))
    });
    let place = Place::over_kinesis(PIPELINE, &said);
    let found = checks(&place.output(&["doctor", "--target", "lean", "-o", "json"]));
    for name in ["kinesis", "quota", "clock"] {
        assert_eq!(outcome(&found, name), "good", "{found:?}");
    }
    drop(kinesis);
    // Nobody answers any more.
    let done = place.pipe(&["doctor", "--target", "lean", "-o", "json"]);
    assert_eq!(done.code(), Some(1), "{done:?}");
    assert_eq!(outcome(&checks(&done.stdout), "kinesis"), "bad", "{done:?}");
    let done = place.pipe(&["doctor", "--target", "flink", "-o", "json"]);
    let gateway = checks(&done.stdout).into_iter().find(|check| check.0 == "gateway").unwrap();
    assert!(gateway.1 == "bad" && gateway.2["todo"].is_string(), "{gateway:?}");
}
