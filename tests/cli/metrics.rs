//! What Prometheus reads of a running pipeline.

use std::process::Command;

use serde_json::{Value, json};

use super::harness::Place;
use super::up::PIPELINE;
use crate::peers;

#[test]
fn the_library_of_prometheus_reads_what_status_tells() {
    let Some(venv) = peers::environment("the library of Prometheus on the metrics") else { return };
    let place = Place::new(PIPELINE);
    let up = place.up(&["--no-generator"]);
    for id in 0..7 {
        let key = if id % 2 == 0 { "a" } else { "b" };
        up.client.put("events", key, json!({ "id": id, "k": key }).to_string().as_bytes()).unwrap();
    }
    up.client.put("events", "a", b"no json").unwrap();
    up.settle();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/metrics.py");
    let url = format!("{}/metrics", up.client.url());
    let read = Command::new(venv.join("bin/python")).args([script, &url]).output().unwrap();
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    let read: Value = serde_json::from_slice(&read.stdout).unwrap();
    let status = up.status();
    let value = |metric: &str, labels: &Value| {
        let samples = read[metric]["samples"].as_array().unwrap_or_else(|| panic!("{metric}: {read}"));
        samples.iter().find(|sample| &sample[1] == labels).map(|sample| sample[2].as_f64().unwrap())
    };
    let shard = json!({ "stream": "events", "shard": "shardId-000000000000" });
    assert_eq!(value("pipe_shard_records", &shard), Some(8.0));
    let counts = json!({ "query": "counts" });
    let told = |name: &str| status["queries"][0]["counters"][name].as_f64();
    for (metric, name) in
        [("records", "records"), ("rows", "rows"), ("windows", "windows"), ("late", "late"), ("bad", "bad")]
    {
        assert_eq!(value(&format!("pipe_query_{metric}"), &counts), told(name), "{metric}");
    }
    assert_eq!(told("bad"), Some(1.0));
    assert_eq!(read["pipe_query_rows"]["type"], "counter");
    assert_eq!(read["pipe_query_open_windows"]["type"], "gauge");
    let watermark = value("pipe_query_watermark_seconds", &counts).unwrap();
    #[expect(clippy::cast_precision_loss, reason = "seconds of our time")]
    let now = chrono::Utc::now().timestamp() as f64;
    assert!((now - watermark).abs() < 60.0, "{watermark}");
    up.stop();
}
