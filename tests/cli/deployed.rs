//! `pipe up --target flink` on streams in Kinesis, which is another `pipe up` here, and a real Flink.

use std::{
    io::{Read, Write},
    net::TcpListener,
    process::Command,
    thread,
};

use pipe::streams::{
    Capacity, Log,
    kinesis::{Credentials, KinesisLog},
};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::flink::states;
use super::harness::{Done, Place, Running, Stored, Up, wait_for};
use crate::peers::flink::{Flink, flink};

/// What serves the Kinesis; its `trades` are there before the other pipeline comes.
const KINESIS: &str = r#"
[pipeline]
name = "kinesis"

[streams.trades]
partition_key = "ticker"
[streams.trades.columns]
ticker = "VARCHAR(8)"

[streams.seen]

[queries.seen]
from = "trades"
where = "ticker = 'NOBODY'"
"#;

const TRADES: &str = r#"
[pipeline]
name = "NAME"

[streams.trades]
partition_key = "ticker"
event_time = { column = "traded_at", delay = "1s", idle = "10s" }

[streams.trades.columns]
number    = "BIGINT"
traded_at = "TIMESTAMP(3)"
ticker    = "VARCHAR(8)"

[streams.counts]

[streams.too_late]

[generators.trades]
rate = "50/s"
[generators.trades.fields]
number    = { kind = "sequence" }
traded_at = { kind = "now" }
ticker    = { kind = "choice", of = ["AMZN", "AAPL"] }

[queries.counts]
from = "trades"
window = { kind = "tumbling", size = "2s" }
group_by = ["ticker"]
late = "too_late"
select = { trades = "COUNT(*)" }

[targets.flink]
streams = "kinesis"
"#;

/// A place whose pipeline goes into a Kinesis.
struct Elsewhere {
    place: Place,
    endpoint: String,
}

impl Elsewhere {
    fn new(pipeline: &str, endpoint: String) -> Self {
        Self { place: Place::new(pipeline), endpoint }
    }

    /// The environment says where Kinesis is, and Flink is to be told.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.place.command(arguments);
        command.env("AWS_ENDPOINT_URL_KINESIS", &self.endpoint).env("AWS_REGION", "us-east-1");
        command.env("AWS_ACCESS_KEY_ID", "any").env("AWS_SECRET_ACCESS_KEY", "any").env_remove("AWS_PROFILE");
        command
    }

    fn pipe(&self, arguments: &[&str]) -> Done {
        self.place.run(self.command(arguments))
    }

    fn output(&self, arguments: &[&str]) -> Value {
        let done = self.pipe(arguments);
        assert_eq!(done.code(), Some(0), "{arguments:?}: {done:?}");
        serde_json::from_str(&done.stdout).unwrap()
    }

    /// Starts `pipe up` and waits until it follows the job.
    fn up(&self, arguments: &[&str]) -> Running {
        let mut running = self.place.spawn(self.command(&[&["up", "--target", "flink"], arguments].concat()));
        wait_for("the job to be followed", || {
            assert!(!running.has_ended(), "`pipe up` has ended: {:?}", running.said());
            running.said().1.contains("Ctrl-C ends this command").then_some(())
        });
        running
    }

    fn note(&self, name: &str) -> String {
        self.place.read(&format!(".pipe/{name}/deployment.json"))
    }
}

/// The streams that another `pipe up` serves.
pub(super) struct Kinesis {
    pub(super) up: Up,
    log: KinesisLog,
    runtime: Runtime,
    place: Place,
}

impl Kinesis {
    pub(super) fn start() -> Self {
        let place = Place::new(KINESIS);
        let (up, runtime) = (place.up(&[]), Runtime::new().unwrap());
        let log = runtime.block_on(KinesisLog::connect(Some(&up.client.url()), "us-east-1", Credentials::Dummy));
        Self { up, log, runtime, place }
    }

    pub(super) fn url(&self) -> String {
        self.up.client.url()
    }

    /// Ends it, and returns what it kept.
    pub(super) fn stop(self) -> Kept {
        self.up.stop();
        Kept(self.place)
    }

    pub(super) fn make(&self, stream: &str) -> i64 {
        self.runtime.block_on(self.log.create(stream, Capacity::Provisioned(1))).unwrap();
        self.runtime.block_on(self.log.describe(stream)).unwrap().created
    }

    pub(super) fn streams(&self) -> Vec<String> {
        self.runtime.block_on(self.log.list()).unwrap()
    }
}

/// What was in the streams of a [`Kinesis`].
pub(super) struct Kept(Place);

impl Kept {
    /// Returns the records of a stream.
    pub(super) fn records(&self, stream: &str) -> Vec<Stored> {
        self.0.stored("kinesis", stream)
    }

    /// Returns the records of a stream as JSON.
    pub(super) fn rows(&self, stream: &str) -> Vec<Value> {
        self.records(stream).iter().map(|record| serde_json::from_slice(&record.data).unwrap()).collect()
    }
}

fn pipeline(name: &str, gateway: &str, connector: &str) -> String {
    TRADES.replace("NAME", name) + &format!("gateway = \"{gateway}\"\nconnector = \"{connector}\"\n")
}

fn on(name: &str, flink: &Flink) -> String {
    pipeline(name, &flink.gateway, flink.connector)
}

fn running(flink: &Flink, name: &str) -> usize {
    states(flink, name).iter().filter(|state| *state == "RUNNING").count()
}

/// Returns the sign of each thing that `pipe plan` lists.
pub(super) fn changes(outlook: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    outlook["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| (text(&change["name"]), text(&change["change"])))
        .collect()
}

pub(super) fn expected(changes: &[(&str, &str)]) -> Vec<(String, String)> {
    changes.iter().map(|(name, change)| ((*name).to_owned(), (*change).to_owned())).collect()
}

pub(super) const BASE: [&str; 3] = ["error_stream", "seen", "trades"];

#[test]
fn a_pipeline_in_kinesis_and_flink_goes_on_until_it_is_taken_down() {
    let Some(flink) = flink("a pipeline on streams in Kinesis") else { return };
    let kinesis = Kinesis::start();
    let there = Elsewhere::new(&on("afar", flink), kinesis.url());
    let plan = there.output(&["plan", "--target", "flink", "-o", "json"]);
    assert_eq!(changes(&plan), expected(&[("trades", "keep"), ("counts", "create"), ("afar", "create")]), "{plan}");
    assert!(plan["notes"].to_string().contains("too_late is not made"), "{plan}");
    assert_eq!(kinesis.streams(), BASE, "a plan makes nothing");

    let up = there.up(&[]);
    assert_eq!(states(flink, "afar"), ["RUNNING"]);
    assert_eq!(kinesis.streams(), ["counts", "error_stream", "seen", "trades"]);
    let row = wait_for("a row", || up.rows().into_iter().next());
    assert!(row["trades"].as_u64().unwrap() > 0 && row["window_end"].is_string(), "{row}");
    let tailed = there.output(&["tail", "-n", "1", "--from", "earliest", "-o", "json"]);
    assert_eq!(tailed, row, "the first one");

    let status = there.output(&["status", "-o", "json"]);
    let deployment = &status["deployment"];
    assert_eq!((&deployment["running"], &deployment["job"]["state"]), (&json!(true), &json!("RUNNING")), "{status}");
    let streams = json!([
        { "name": "trades", "shards": 1, "state": "ACTIVE", "made": false },
        { "name": "counts", "shards": 1, "state": "ACTIVE", "made": true },
    ]);
    assert_eq!(deployment["streams"], streams);
    let table = there.pipe(&["status", "-o", "table"]).stdout;
    assert!(table.contains("Flink job afar") && table.contains(": RUNNING") && table.contains("leaves it"), "{table}");

    let beside = there.pipe(&["up", "--target", "flink", "--for", "1s"]);
    assert_eq!(beside.code(), Some(0), "{beside:?}");
    assert!(beside.stderr.contains("none are made here"), "{beside:?}");
    up.interrupt();
    let done = up.ended();
    assert_eq!(done.code(), Some(130), "{done:?}");
    assert!(done.stderr.contains("the Flink job goes on;"), "nothing is charged for: {done:?}");
    assert_eq!(states(flink, "afar"), ["RUNNING"]);
    let plan = there.output(&["plan", "--target", "flink", "-o", "json"]);
    assert_eq!(changes(&plan), expected(&[("trades", "keep"), ("counts", "keep"), ("afar", "keep")]), "{plan}");

    // Once more: nothing is submitted, and the generator goes on behind what it has made.
    let again = there.pipe(&["up", "--target", "flink", "--for", "3s"]);
    assert_eq!(again.code(), Some(0), "{again:?}");
    assert!(again.stderr.contains("the Flink job runs already"), "{again:?}");
    assert_eq!(states(flink, "afar"), ["RUNNING"]);
    let all = there.pipe(&["tail", "--stream", "trades", "--from", "earliest", "--for", "3s", "-o", "json"]).stdout;
    let number = |line: &str| serde_json::from_str::<Value>(line).unwrap()["number"].as_u64().unwrap();
    let numbers: Vec<u64> = all.lines().map(number).collect();
    let mut once = numbers.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), numbers.len(), "no number comes twice");
    assert_eq!(once.last().unwrap() - once[0], once.len() as u64 - 1, "and none is left out");

    there.place.write("pipeline.toml", &on("afar", flink).replace("COUNT(*)", "MIN(number)"));
    there
        .pipe(&["up", "--target", "flink"])
        .failed(1, &["(job ", "the file says another job by now", "`pipe down afar`"]);
    let plan = there.output(&["plan", "--target", "flink", "-o", "json"]);
    assert_eq!(changes(&plan)[2], ("afar".to_owned(), "conflict".to_owned()), "{plan}");
    there.place.write("pipeline.toml", &(on("afar", flink) + "region = \"eu-west-1\"\n"));
    there
        .pipe(&["up", "--target", "flink"])
        .failed(1, &["afar` is in", "(us-east-1)", "(eu-west-1)", "`pipe down afar`"]);
    assert_eq!(states(flink, "afar"), ["RUNNING"]);

    there.pipe(&["down"]).failed(1, &["stream counts is removed", "stream trades stays", "--yes"]);
    let down = there.pipe(&["down", "--yes"]);
    assert_eq!(down.code(), Some(0), "{down:?}");
    for word in ["is cancelled", "removed stream counts", "left stream trades as it is"] {
        assert!(down.stderr.contains(word), "{word}: {down:?}");
    }
    assert_eq!(kinesis.streams(), BASE);
    wait_for("the job to be cancelled", || (states(flink, "afar") == ["CANCELED"]).then_some(()));
    assert!(!there.place.has(".pipe"));
    let down = there.pipe(&["down", "--yes"]);
    assert_eq!(down.code(), Some(0), "{down:?}");
    assert!(down.stderr.contains("nothing of it is left"), "{down:?}");
    assert!(down.stderr.contains("(trades, counts, too_late) is noted in the folder"), "{down:?}");
}

#[test]
fn streams_go_when_flink_is_gone_and_the_job_stays_noted() {
    let Some(flink) = flink("`pipe down` of a pipeline in Kinesis without its Flink") else { return };
    let kinesis = Kinesis::start();
    let there = Elsewhere::new(&on("cut-off", flink), kinesis.url());
    let up = there.pipe(&["up", "--target", "flink", "--detach"]);
    assert_eq!(up.code(), Some(0), "{up:?}");
    assert!(up.stderr.contains("generators work only while"), "{up:?}");
    assert_eq!(states(flink, "cut-off"), ["RUNNING"]);
    // Once it is over, the file may say another one.
    let note: Value = serde_json::from_str(&there.note("cut-off")).unwrap();
    let stop = format!("STOP JOB '{}'", note["job"]["id"].as_str().unwrap());
    kinesis.runtime.block_on(flink.run_sql(&[stop])).unwrap();
    wait_for("the job to be cancelled", || (states(flink, "cut-off") == ["CANCELED"]).then_some(()));
    there.place.write("pipeline.toml", &on("cut-off", flink).replace("COUNT(*)", "MIN(number)"));
    let up = there.pipe(&["up", "--target", "flink", "--detach"]);
    assert_eq!(up.code(), Some(0), "{up:?}");
    assert!(up.stderr.contains("writes the rows of an earlier job again"), "{up:?}");
    assert_eq!(running(flink, "cut-off"), 1);
    let file = ".pipe/cut-off/deployment.json";
    there.place.write(file, &there.note("cut-off").replace(&flink.gateway, "http://127.0.0.1:1"));
    let status = there.output(&["status", "-o", "json"]);
    assert!(status["deployment"]["job"]["state"].as_str().unwrap().contains("no Flink answers"), "{status}");
    let down = there.pipe(&["down", "--yes"]);
    down.failed(69, &["removed stream counts", "may still be there", "`pipe down cut-off` again", "no Flink answers"]);
    assert_eq!(kinesis.streams(), BASE, "what costs money is gone");
    let note: Value = serde_json::from_str(&there.note("cut-off")).unwrap();
    assert_eq!((&note["job"]["name"], &note["streams"]), (&json!("cut-off"), &json!([])));
    // As if it had been killed before it heard of its job.
    let mut note: Value =
        serde_json::from_str(&there.note("cut-off").replace("http://127.0.0.1:1", &flink.gateway)).unwrap();
    (note["job"], note["submitting"]) = (Value::Null, json!(true));
    there.place.write(file, &note.to_string());
    let down = there.pipe(&["down", "--yes"]);
    assert_eq!(down.code(), Some(0), "{down:?}");
    assert!(down.stderr.contains("is cancelled"), "{down:?}");
    // Without its streams it may fail before it is cancelled.
    let over = |state: &String| state == "CANCELED" || state == "FAILED";
    wait_for("both jobs to end", || states(flink, "cut-off").iter().all(over).then_some(()));
    assert!(!there.place.has(".pipe"));
}

#[test]
fn what_costs_money_is_asked_for() {
    let Some(flink) = flink("what is asked before streams are made") else { return };
    // Not a loopback name, but it leads there.
    let endpoint = nothing_there().replace("127.0.0.1", "0.0.0.0");
    let there = Elsewhere::new(&on("dear", flink), endpoint);
    let up = there.pipe(&["up", "--target", "flink"]);
    up.failed(
        1,
        &[
            "AWS charges for every shard",
            "to make 2 streams that cost money until they are removed needs a yes",
            "add --yes",
        ],
    );
    assert!(!there.place.has(".pipe"), "nothing was made");
    assert_eq!(states(flink, "dear"), [] as [&str; 0]);
}

/// Serves a Kinesis without a stream in it, for as long as this process lives.
pub(super) fn nothing_there() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = vec![0; 65_536];
            if stream.read(&mut request).is_ok_and(|read| read > 0) {
                let body = r#"{"__type":"ResourceNotFoundException","message":"none"}"#;
                let head = "HTTP/1.1 400 Bad Request\r\ncontent-type: application/x-amz-json-1.1\r\nconnection: close";
                write!(stream, "{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).unwrap();
            }
        }
    });
    format!("http://{address}")
}

#[test]
fn without_a_flink_nothing_is_made() {
    let kinesis = Kinesis::start();
    let there = Elsewhere::new(&pipeline("early", "http://127.0.0.1:1", "5.x"), kinesis.url());
    there.pipe(&["up", "--target", "flink"]).failed(69, &["no Flink answers at http://127.0.0.1:1"]);
    there.pipe(&["up", "--target", "flink", "--port", "4700"]).failed(64, &["--port", "in Kinesis"]);
    there.pipe(&["up", "--target", "flink", "-d", "--for", "1s"]).failed(64, &["--for", "leave them out"]);
    let plan = there.output(&["plan", "--target", "flink", "-o", "json"]);
    assert_eq!(changes(&plan), expected(&[("trades", "keep"), ("counts", "create"), ("early", "create")]), "{plan}");
    assert!(plan["notes"].to_string().contains("no Flink answers"), "{plan}");
    assert_eq!(kinesis.streams(), BASE);
    assert!(!there.place.has(".pipe"));
}

#[test]
fn down_removes_the_streams_that_were_made_and_no_other() {
    let kinesis = Kinesis::start();
    let there = Elsewhere::new(&pipeline("bygone", "http://127.0.0.1:1", "5.x"), kinesis.url());
    let (mine, other) = (kinesis.make("mine"), kinesis.make("other"));
    kinesis.make("odd");
    let note = json!({
        "pipeline": "bygone",
        "target": "flink",
        "place": { "region": "us-east-1", "endpoint": kinesis.url() },
        "gateway": "http://127.0.0.1:1",
        "streams": [
            { "name": "trades", "origin": "found" },
            { "name": "mine", "origin": { "made": mine } },
            { "name": "other", "origin": { "made": other - 100_000 } },
            { "name": "odd", "origin": "asked" },
            { "name": "gone", "origin": { "made": mine } },
        ],
        "job": null,
        "sql": "",
    });
    there.place.write(".pipe/bygone/deployment.json", &note.to_string());
    let status = there.output(&["status", "-o", "json"]);
    assert_eq!(status["deployment"]["streams"][4]["state"], "GONE", "{status}");
    let down = there.pipe(&["down", "--yes"]);
    assert_eq!(down.code(), Some(0), "{down:?}");
    for word in [
        "left stream trades",
        "removed stream mine",
        "left stream other as it is: it is another one",
        "delete-stream --stream-name odd`",
        "stream gone is gone already",
    ] {
        assert!(down.stderr.contains(word), "{word}: {down:?}");
    }
    assert_eq!(kinesis.streams(), ["error_stream", "odd", "other", "seen", "trades"]);
    assert!(!there.place.has(".pipe"));
}

#[test]
fn a_note_that_cannot_be_read_is_no_note_of_nothing() {
    let there = Elsewhere::new(&pipeline("torn", "http://127.0.0.1:1", "5.x"), "http://127.0.0.1:1".to_owned());
    there.place.write(".pipe/torn/deployment.json", "{\"pipeline\": \"torn\"");
    for command in [&["up", "--target", "flink"][..], &["down", "--yes"], &["status"], &["tail"]] {
        there
            .pipe(command)
            .failed(1, &["torn/deployment.json` is not to be understood", "mend it, or remove those by hand"]);
    }
    assert!(there.place.has(".pipe/torn/deployment.json"));
}
