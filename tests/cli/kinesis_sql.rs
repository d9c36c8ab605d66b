//! The target of a service that AWS has removed: refused there, and run where something still has it.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use serde_json::{Value, json};

use super::{
    client::Client,
    harness::{Done, Place},
};
use crate::peers;

const PIPELINE: &str = r#"
[pipeline]
name = "visits"

[streams.visits]
partition_key = "shop"
[streams.visits.columns]
shop = "VARCHAR(8)"

[streams.counts]

[queries.counts]
from = "visits"
window = { kind = "tumbling", size = "10s" }
group_by = ["shop"]
select = { visits = "COUNT(*)" }

[targets.old]
streams = "kinesis"
engine = "kinesis-sql"
region = "us-east-1"
"#;

/// Something that still has the service; it ends with this.
struct Kda {
    child: Child,
    client: Client,
    url: String,
}

impl Kda {
    fn start() -> Option<Self> {
        let python = peers::environment("Kinesis Data Analytics for SQL")?.join("bin/python");
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/kda.py");
        let mut child = Command::new(python).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut port = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
        let url = format!("http://127.0.0.1:{}", port.trim());
        Some(Self { child, client: Client::new(&url), url })
    }

    /// Returns what it was asked by operations of that name.
    fn asked(&self, operation: &str) -> Vec<Value> {
        let calls: Value = self.client.get("/calls").unwrap();
        let calls = calls.as_array().unwrap().iter().filter(|call| call[0] == operation);
        calls.map(|call| call[1].clone()).collect()
    }
}

impl Drop for Kda {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn pipe(place: &Place, arguments: &[&str]) -> Done {
    let mut command = place.command(arguments);
    command.env("AWS_ACCESS_KEY_ID", "any").env("AWS_SECRET_ACCESS_KEY", "any");
    command.env_remove("AWS_PROFILE").env_remove("AWS_ENDPOINT_URL");
    place.run(command)
}

#[test]
fn what_aws_has_removed_is_refused_before_anything_is_asked() {
    let place = Place::new(PIPELINE);
    pipe(&place, &["up", "--target", "old", "-d", "--yes"]).failed(
        69,
        &["removed Kinesis Data Analytics for SQL on 2026-01-27", "managed-flink", "--force", "endpoint_url"],
    );
    assert!(!place.has(".pipe"));
}

#[test]
fn an_application_starts_with_the_oldest_record_and_goes_on_where_it_stopped() {
    let Some(kda) = Kda::start() else { return };
    let place = Place::new(&format!("{PIPELINE}endpoint_url = \"{}\"\n", kda.url));
    let up = || {
        let done = pipe(&place, &["up", "--target", "old", "-d"]);
        assert_eq!(done.code(), Some(0), "{done:?}");
        done
    };
    assert!(up().stderr.contains("the application visits runs"));
    let position = |position: &str| {
        json!({ "ApplicationName": "visits", "InputConfigurations": [
            { "Id": "1.1", "InputStartingPositionConfiguration": { "InputStartingPosition": position } }] })
    };
    assert_eq!(kda.asked("StartApplication"), [position("TRIM_HORIZON")]);
    up();
    assert_eq!(kda.asked("StartApplication").len(), 1, "it runs already");
    // A changed query: it rests while it is changed, and goes on.
    place.write("pipeline.toml", &format!("{}endpoint_url = \"{}\"\n", PIPELINE.replace("10s", "20s"), kda.url));
    up();
    assert_eq!(kda.asked("StopApplication"), [json!({ "ApplicationName": "visits" })]);
    assert_eq!(kda.asked("StartApplication")[1], position("LAST_STOPPED_POINT"));
    let done = pipe(&place, &["down", "--yes"]);
    assert_eq!(done.code(), Some(0), "{done:?}");
    assert_eq!((kda.asked("StopApplication").len(), kda.asked("DeleteStack").len()), (2, 1));
    assert_eq!(pipe(&place, &["down", "--target", "old", "--yes"]).code(), Some(0));
}
