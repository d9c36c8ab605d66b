//! `pipe up --target flink`: boto3 → the endpoint → the official connector in a real Flink → the endpoint → `pipe tail`.

use std::{
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::harness::{Place, wait_for};
use crate::peers;
use crate::peers::flink::{Flink, flink};
use crate::peers::ministack::KEY;
use crate::suite::equality::{Numbers, assert_same_rows, embedded, plan};

/// A shard is not given up while its reader has not begun: the other one's watermark would make its rows late.
pub(super) const TRADES: &str = r#"
[pipeline]
name = "NAME"

[streams.trades]
shards = 2
partition_key = "ticker"
event_time = { column = "traded_at", delay = "1s", idle = "5m" }

[streams.trades.columns]
traded_at = "TIMESTAMP(3)"
ticker    = "VARCHAR(8)"
price     = { type = "DOUBLE", path = "$.quote.price" }
volume    = "INTEGER"

[streams.averages]

[queries.averages]
from = "trades"
where = "volume > 0"
window = { kind = "tumbling", size = "5s" }
group_by = ["ticker"]
[queries.averages.select]
trades    = "COUNT(*)"
low       = "MIN(price)"
avg_price = "AVG(price)"
volume    = "SUM(volume)"

[targets.flink]
"#;

fn pipeline(name: &str, flink: &Flink) -> String {
    let target = format!("gateway = \"{}\"\nconnector = \"{}\"\n", flink.gateway, flink.connector);
    TRADES.replace("NAME", name) + &target
}

fn trade(at: i64, ticker: &str, volume: u64) -> String {
    let at = pipe::engine::moment_text(at * 1000);
    format!(r#"{{"traded_at":"{at}","ticker":"{ticker}","quote":{{"price":{volume}.25}},"volume":{volume}}}"#)
}

/// The first moment of the trades: 2026-02-02T10:15:30Z.
const START: i64 = 1_770_027_330_000;

/// A trade each 60 ms, none of them late, and behind them what makes both shards' last windows close on Flink, where
/// silence does not: trades that the query leaves out, of enough tickers.
pub(super) fn trades(count: i64) -> Vec<String> {
    let mut numbers = Numbers::seed(11);
    let mut records: Vec<String> = (0..count)
        .map(|index| {
            let at = START + index * 60 - i64::try_from(numbers.below(900)).unwrap();
            let ticker = ["AMZN", "AAPL", "MSFT"][usize::try_from(numbers.below(3)).unwrap()];
            trade(at, ticker, 1 + numbers.below(999))
        })
        .collect();
    records.extend((0..32).map(|index| trade(START + count * 60 + 60_000, &format!("END{index}"), 0)));
    records
}

/// Returns the states of the jobs of a name.
pub(super) fn states(flink: &Flink, name: &str) -> Vec<String> {
    let overview = flink.cluster("/jobs/overview");
    let jobs = overview["jobs"].as_array().unwrap().iter().filter(|job| job["name"] == name);
    jobs.map(|job| job["state"].as_str().unwrap().to_owned()).collect()
}

pub(super) fn put(venv: &Path, place: &Place, endpoint: &str, records: &[String]) {
    place.write("trades.jsonl", &records.join("\n"));
    let mut command = Command::new(venv.join("bin/python"));
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/put_lines.py"));
    command.args(["trades", "trades.jsonl", "ticker"]).current_dir(place.path()).env("AWS_ENDPOINT_URL", endpoint);
    command.envs(KEY).env_remove("AWS_SESSION_TOKEN");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

pub(super) fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn records_of_boto3_come_back_through_flink_as_the_rows_of_the_embedded_engine() {
    let Some(flink) = flink("the whole way through Flink") else { return };
    let Some(venv) = peers::environment("the whole way through Flink, from boto3") else { return };
    let (place, records) = (Place::new(&pipeline("whole-way", flink)), trades(1000));
    let plan = plan(&pipeline("whole-way", flink));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let ours = runtime.block_on(embedded(&plan, "averages", "trades", &records));
    assert!(ours.len() >= 30, "{}", ours.len());

    let up = place.up(&["--target", "flink"]);
    let endpoint = place.told().unwrap()["endpoint"].as_str().unwrap().to_owned();
    put(&venv, &place, &endpoint, &records);
    let count = ours.len().to_string();
    let theirs = lines(&place.output(&["tail", "--from", "earliest", "-n", &count, "-o", "json"]));
    assert_same_rows(&plan, "averages", &ours, &theirs);

    let status: Value = serde_json::from_str(&place.output(&["status", "-o", "json"])).unwrap();
    assert_eq!((&status["job"]["name"], &status["job"]["state"]), (&"whole-way".into(), &"RUNNING".into()), "{status}");
    let table = place.output(&["status", "-o", "table"]);
    assert!(table.contains("Flink job whole-way") && table.contains(": RUNNING"), "{table}");

    let done = up.stop();
    assert_eq!(lines(&done.stdout).len(), ours.len(), "no row came twice: {done:?}");
    wait_for("the job to be cancelled", || (states(flink, "whole-way") == ["CANCELED"]).then_some(()));
    assert_eq!(place.stored("whole-way", "averages").len(), ours.len());
}

#[test]
fn what_a_killed_process_left_in_flink_goes_with_down() {
    let Some(flink) = flink("`pipe down` with a job in Flink") else { return };
    let place = Place::new(&pipeline("left-over", flink));
    let up = place.up(&["--target", "flink"]);
    assert_eq!(states(flink, "left-over"), ["RUNNING"]);
    let again = Place::new(&pipeline("left-over", flink)).pipe(&["up", "--target", "flink", "--for", "1s"]);
    again.failed(1, &["the Flink job `left-over` runs already", "`pipe down` ends it"]);
    up.kill();
    let done = place.pipe(&["down", "--yes"]);
    assert_eq!(done.code(), Some(0), "{done:?}");
    // Without its streams it may fail before it is cancelled.
    let ended = |states: Vec<String>| states == ["CANCELED"] || states == ["FAILED"];
    wait_for("the job to end", || ended(states(flink, "left-over")).then_some(()));
    assert!(!place.has(".pipe"));
    assert_eq!(place.pipe(&["down", "--yes"]).code(), Some(0), "absent is success");
}

#[test]
fn a_gateway_that_is_not_there_is_said_and_nothing_runs() {
    let place = Place::new(&(TRADES.replace("NAME", "nowhere") + "gateway = \"http://127.0.0.1:1\"\n"));
    let begun = Instant::now();
    place.pipe(&["up", "--target", "flink"]).failed(69, &["no Flink answers at http://127.0.0.1:1", "[targets.flink]"]);
    assert!(!place.has(".pipe"), "nothing was begun");
    assert!(begun.elapsed() < Duration::from_secs(20));
    assert_eq!(place.told(), None);
}

/// Records in CSV, well formed or not, through the connector: its format reads one row of each.
#[test]
fn rows_in_csv_go_through_flink() {
    let Some(flink) = flink("rows in CSV through Flink") else { return };
    let target = format!("[targets.flink]\ngateway = \"{}\"\nconnector = \"{}\"\n", flink.gateway, flink.connector);
    let place = Place::new(&format!("{CSV}{target}"));
    let up = place.up(&["--target", "flink"]);
    for record in RECORDS {
        up.client.put("orders", "k", record.as_bytes()).unwrap();
    }
    let count = ROWS.len().to_string();
    let shown = place.output(&["tail", "--from", "earliest", "-n", &count, "-o", "csv"]);
    up.stop();
    assert_eq!(shown.lines().skip(1).collect::<Vec<_>>(), ROWS);
}

const CSV: &str = r#"
[pipeline]
name = "csv-way"

[streams.orders]
format = "csv"
delimiter = ";"

[streams.orders.columns]
id = "INTEGER"
at = "TIMESTAMP(3)"
name = "VARCHAR(8)"

[streams.output]
format = "csv"

[queries.output]
from = "orders"
"#;

/// What Flink reads of the records: the first row of each; those that it cannot tell are gone. What is missing is NULL, and
/// an empty value too many is none.
const ROWS: &[&str] = &[
    "1,2026-02-02T10:00:00.5,\"a;\"\"b\"",
    "2,,",
    "3,,",
    "4,,x",
    "6,2026-02-02T10:00:00,",
    "8,,x",
    ",,x",
    "11,,\"x\"\"y\"",
    "12,,\" \"\"x\"\"\"",
    ",,",
    "15,, x ",
    ",,",
    "16,,12345678",
    ",,",
];

const RECORDS: &[&str] = &[
    "1;2026-02-02 10:00:00.5;\"a;\"\"b\"",
    "2;;\r\n",
    "3;;\"\"",
    "4;;x\n5;;y",
    "6;2026-02-02T10:00:00",
    "7;;x;y",
    "8;;x;",
    "nine;soon;x",
    "10;;\"x\"y",
    "11;;x\"y",
    "12;; \"x\"",
    "\n13;;x",
    "14;;\"x",
    " 15 ;; x ",
    "\n",
    "16;;12345678901",
    "last;;",
];
