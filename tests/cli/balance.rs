//! The tutorial application fed by plain boto3 programs that know nothing of `pipe`.

use std::{
    collections::BTreeMap,
    path::Path,
    process::{Command, Stdio},
};

use super::harness::Place;
use crate::peers;

/// `pipelines/balance.toml` as it is, but for its windows of three minutes, which a test would have to wait for.
fn pipeline() -> String {
    let text = include_str!("../../pipelines/balance.toml");
    let quick = text.replace("size = \"3m\"", "size = \"2s\"");
    assert_ne!(quick, text);
    quick
}

/// Runs a program of `tests/peers` where `PIPE_PEERS` names a Python virtual environment that has boto3; `tests/run` makes
/// one and names it.
fn feed(program: &str) {
    let Some(venv) = peers::environment(&format!("{program} against the balance pipeline")) else { return };
    let place = Place::new(&pipeline());
    let up = place.up(&["--no-generator"]);
    let output = Command::new(venv.join("bin/python"))
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers").join(program))
        .env("AWS_ENDPOINT_URL", up.client.url())
        .envs([("AWS_ACCESS_KEY_ID", "any"), ("AWS_SECRET_ACCESS_KEY", "any"), ("AWS_DEFAULT_REGION", "us-east-1")])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let sent: BTreeMap<String, (u64, i64, i64)> = serde_json::from_slice(&output.stdout).unwrap();
    up.settle();
    up.stop();
    let mut found: BTreeMap<String, (u64, i64, i64)> = BTreeMap::new();
    for row in place.rows("KinesisOutputData") {
        let [count, low, high, mean] =
            ["User_Counter", "Min_Balance", "Max_Balance", "Avg_Balance"].map(|c| row[c].as_i64().unwrap());
        assert!(low <= mean && mean <= high, "{row}");
        let user = found.entry(row["userName"].as_str().unwrap().to_owned()).or_insert((0, low, high));
        *user = (user.0 + count.unsigned_abs(), user.1.min(low), user.2.max(high));
    }
    assert_eq!(found, sent, "count, least and greatest balance of each user");
    assert_eq!(found.values().map(|user| user.0).sum::<u64>(), 2000);
    assert_eq!(place.rows("error_stream").len(), 0);
}

#[test]
fn two_thousand_records_of_put_record_are_counted() {
    feed("balance_put_record.py");
}

#[test]
fn two_thousand_records_of_put_records_are_counted() {
    feed("balance_put_records.py");
}
