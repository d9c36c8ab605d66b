//! Records that cannot be read, and records that come too late, among good ones.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;

use super::harness::Place;

const PIPELINE: &str = r#"
[pipeline]
name = "bad"

[streams.events]
[streams.events.columns]
k = "VARCHAR(8) NOT NULL"
v = "INTEGER"

[streams.counts]
[queries.counts]
from = "events"
window = { kind = "tumbling", size = "1s" }
group_by = ["k"]
select = { n = "COUNT(*)", total = "SUM(10 / v)" }
"#;

#[test]
fn bad_records_go_to_the_error_stream_and_stop_nothing() {
    let place = Place::new(PIPELINE);
    let up = place.up(&[]);
    let garbage = vec![b'\x9f'; 300 * 1024];
    let large = [b"{\"k\":\"a\",\"v\":1,\"x\":\"".as_slice(), &vec![b'x'; 300 * 1024]].concat();
    let bad: Vec<(&[u8], &str)> = vec![
        (b"not json", "cannot be read"),
        (b"", "cannot be read"),
        (b"[1]", "cannot be read"),
        (br#"{"k":"a","v":"#, "cannot be read"),
        (br#"{"k":"a","v":"twelve"}"#, "twelve"),
        (br#"{"k":"a","v":99999999999}"#, "99999999999"),
        (br#"{"v":1}"#, "$.k"),
        (br#"{"k":null,"v":1}"#, "$.k"),
        (br#"{"k":"a","v":0}"#, "zero"),
        (b"{\"k\":\"\xff\",\"v\":1}", "not UTF-8 from byte 6"),
        (&garbage, "not UTF-8 from byte 0"),
        (&large, "cannot be read"),
    ];
    let good = br#"{"k":"a","v":5}"#;
    let mut records: Vec<(String, Vec<u8>)> = vec![("k".to_owned(), good.to_vec())];
    for (data, _) in &bad {
        records.extend([("k".to_owned(), data.to_vec()), ("k".to_owned(), good.to_vec())]);
    }
    assert_eq!(up.client.put_all("events", &records), Some(vec![true; records.len()]));
    let status = up.settle();
    let query = &status["queries"][0];
    assert_eq!(query["counters"]["bad"], bad.len());
    assert_eq!(query["bad"].as_array().unwrap().len(), 5, "the last few are kept as samples");
    up.stop();
    assert!(place.output(&["status", "-o", "table"]).contains("12"));

    let rows = place.rows("counts");
    let sum = |column: &str| rows.iter().map(|row| row[column].as_u64().unwrap()).sum::<u64>();
    assert_eq!((sum("n"), sum("total")), (bad.len() as u64 + 1, 2 * (bad.len() as u64 + 1)));
    let stored = place.stored("bad", "events");
    let errors = place.rows("error_stream");
    assert_eq!(errors.len(), bad.len());
    for (index, (error, (data, reason))) in errors.iter().zip(&bad).enumerate() {
        let columns: Vec<&String> = error.as_object().unwrap().keys().collect();
        let expected =
            "ERROR_TIME ERROR_LEVEL ERROR_NAME MESSAGE DATA_ROWTIME DATA_ROW PUMP_NAME SHARD_ID SEQUENCE_NUMBER RAW";
        assert_eq!(columns, expected.split(' ').collect::<Vec<_>>());
        let text = |column: &str| error[column].as_str().unwrap();
        assert!(text("MESSAGE").contains(reason), "{} {reason}", text("MESSAGE"));
        assert_eq!((text("ERROR_LEVEL"), text("ERROR_NAME")), ("ERROR", "RecordNotRead"));
        assert_eq!((text("PUMP_NAME"), text("SHARD_ID")), ("counts", stored[0].shard.to_string().as_str()));
        assert_eq!(&STANDARD.decode(text("RAW")).unwrap(), data, "the whole record is kept");
        // KDA's VARCHAR(49152), two letters for a byte.
        let shown = text("DATA_ROW");
        assert_eq!(shown.len(), (2 * data.len()).min(49_152));
        let is_byte =
            |(index, byte): (usize, &u8)| u8::from_str_radix(&shown[2 * index..2 * index + 2], 16) == Ok(*byte);
        assert!(data.iter().take(shown.len() / 2).enumerate().all(is_byte), "{shown}");
        let record = &stored[2 * index + 1];
        assert_eq!((text("SEQUENCE_NUMBER"), &record.data), (record.sequence.as_str(), &data.to_vec()));
        let arrival = chrono::DateTime::from_timestamp_millis(record.arrival).unwrap();
        assert_eq!(text("DATA_ROWTIME"), arrival.format("%Y-%m-%dT%H:%M:%S%.3f").to_string());
        assert!(text("ERROR_TIME") >= text("DATA_ROWTIME"));
    }
}

#[test]
fn late_records_go_to_their_stream_as_they_were() {
    let pipeline = PIPELINE
        .replace(
            "[streams.events.columns]",
            "event_time = { column = \"at\", idle = \"1h\" }\n[streams.events.columns]\nat = \"TIMESTAMP(3)\"",
        )
        .replace("[streams.counts]", "[streams.too_late]\n[streams.counts]")
        .replace("from = \"events\"", "from = \"events\"\nlate = \"too_late\"");
    let place = Place::new(&pipeline);
    let up = place.up(&[]);
    let late = r#"{ "extra": [1.50, null],  "v": 1, "k": "ü", "at": "2026-02-02T10:00:01" }"#;
    let records = [
        r#"{"at":"2026-02-02T10:00:05","k":"a","v":1}"#,
        late,
        // Without a time a record is not late but bad.
        r#"{"k":"a","v":1}"#,
    ];
    for record in records {
        up.client.put("events", "the key", record.as_bytes()).unwrap();
    }
    let status = super::harness::wait_for("the records to be consumed", || {
        let status = up.status();
        (status["queries"][0]["counters"]["records"] == 3).then_some(status)
    });
    let counters = &status["queries"][0]["counters"];
    assert_eq!((&counters["late"], &counters["bad"]), (&Value::from(1), &Value::from(1)));
    let sample = &status["queries"][0]["late"][0];
    assert_eq!(sample["reason"], "its window was over: time 2026-02-02T10:00:01.000");
    up.stop();
    let stored = place.stored("bad", "too_late");
    let found: Vec<(&str, &[u8])> =
        stored.iter().map(|record| (record.partition_key.as_str(), &record.data[..])).collect();
    assert_eq!(found, [("the key", late.as_bytes())]);
}
