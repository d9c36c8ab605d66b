//! `kill -9`, again and again, while records come in.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

use pipe::streams::now;
use serde_json::{Value, json};

use super::{
    client::Client,
    harness::{Place, Stored, wait_for},
};

const KILLS: usize = 20;
const GROUPS: u64 = 5;

/// Three ways in: the test's own records by their arrival and by their own time, and those of a generator.
const PIPELINE: &str = r#"
[pipeline]
name = "killed"

[streams.arrivals]
shards = 2
[streams.arrivals.columns]
id = "BIGINT NOT NULL"
k = "VARCHAR(8)"
at = "TIMESTAMP(3)"
[streams.by_arrival]
[queries.by_arrival]
from = "arrivals"
window = { kind = "tumbling", size = "1s" }
group_by = ["k"]
select = { n = "COUNT(*)", ids = "SUM(id)" }

[streams.events]
shards = 2
event_time = { column = "at", delay = "300ms", idle = "1s" }
[streams.events.columns]
id = "BIGINT NOT NULL"
k = "VARCHAR(8)"
at = "TIMESTAMP(3)"
[streams.by_event]
[streams.late]
[queries.by_event]
from = "events"
late = "late"
window = { kind = "tumbling", size = "1s" }
group_by = ["k"]
select = { n = "COUNT(*)", ids = "SUM(id)" }

[streams.ticks]
shards = 2
event_time = { column = "at", delay = "300ms", idle = "1s" }
[streams.ticks.columns]
id = "BIGINT NOT NULL"
k = "VARCHAR(8)"
at = "TIMESTAMP(3)"
[generators.ticks]
rate = "2000/s"
fields = { id = { kind = "sequence" }, k = { kind = "choice", of = ["0", "1", "2", "3", "4"] }, at = { kind = "now" } }
[streams.by_tick]
[streams.late_ticks]
[queries.by_tick]
from = "ticks"
late = "late_ticks"
window = { kind = "tumbling", size = "1s" }
group_by = ["k"]
select = { n = "COUNT(*)", ids = "SUM(id)" }
"#;

/// What the producer and the one who kills share.
#[derive(Default)]
struct Production {
    client: Mutex<Option<Client>>,
    done: AtomicBool,
    acknowledged: AtomicUsize,
}

/// Puts records with numbers of their own into a stream, wherever its endpoint is at the moment, each only once; returns
/// the numbers that were acknowledged.
fn produce(stream: &str, production: &Production) -> HashSet<u64> {
    let mut acknowledged = HashSet::new();
    let mut next = 0;
    let mut batch = 1;
    while !production.done.load(Ordering::Relaxed) {
        let Some(client) = production.client.lock().unwrap().clone() else {
            thread::yield_now();
            continue;
        };
        // Batches of all sizes, and every seventh record out of order.
        batch = batch % 40 + 1;
        let ids: Vec<u64> = (next..next + batch).collect();
        next += batch;
        let record = |id: &u64| {
            let time = now() - if id.is_multiple_of(7) { 1500 } else { 0 };
            let at = chrono::DateTime::from_timestamp_millis(time).unwrap().format("%Y-%m-%dT%H:%M:%S%.3f");
            let record = json!({ "id": id, "k": (id % GROUPS).to_string(), "at": at.to_string() });
            (id.to_string(), record.to_string().into_bytes())
        };
        let records: Vec<(String, Vec<u8>)> = ids.iter().map(record).collect();
        let Some(answers) = client.put_all(stream, &records) else { continue };
        let before = acknowledged.len();
        acknowledged.extend(ids.iter().zip(answers).filter(|(_, good)| *good).map(|(id, _)| *id));
        production.acknowledged.fetch_add(acknowledged.len() - before, Ordering::Relaxed);
    }
    acknowledged
}

#[test]
fn every_acknowledged_record_is_counted_once_through_twenty_kills() {
    // The pipeline of another test, or of another run of this one, may get the port of one that was killed, and must not
    // take its records: no other has streams of these names.
    let [arrivals_name, events_name] = ["arrivals", "events"].map(|name| format!("{name}{}", std::process::id()));
    let pipeline = PIPELINE
        .replace("streams.arrivals", &format!("streams.{arrivals_name}"))
        .replace("\"arrivals\"", &format!("\"{arrivals_name}\""))
        .replace("streams.events", &format!("streams.{events_name}"))
        .replace("\"events\"", &format!("\"{events_name}\""));
    let place = Place::new(&pipeline);
    let production = Production::default();
    let (arrivals, events) = thread::scope(|scope| {
        let arrivals = scope.spawn(|| produce(&arrivals_name, &production));
        let events = scope.spawn(|| produce(&events_name, &production));
        for kill in 0..KILLS {
            let up = place.up(&[]);
            *production.client.lock().unwrap() = Some(up.client.clone());
            // At once after the first records, after many, and after a window was written.
            let (wanted, rows) = (production.acknowledged.load(Ordering::Relaxed) + 1 + kill % 7 * 150, kill % 5 == 4);
            let counted =
                || up.status()["queries"].as_array().unwrap().iter().all(|query| query["counters"]["rows"] != 0);
            wait_for("records to be acknowledged", || {
                (production.acknowledged.load(Ordering::Relaxed) >= wanted && (!rows || counted())).then_some(())
            });
            up.kill();
        }
        let up = place.up(&[]);
        *production.client.lock().unwrap() = Some(up.client.clone());
        let wanted = production.acknowledged.load(Ordering::Relaxed) + 1000;
        wait_for("the last records", || (production.acknowledged.load(Ordering::Relaxed) >= wanted).then_some(()));
        production.done.store(true, Ordering::Relaxed);
        up.stop();
        (arrivals.join().unwrap(), events.join().unwrap())
    });
    let up = place.up(&["--no-generator"]);
    up.settle();
    up.stop();

    let put = place.stored("killed", &arrivals_name);
    assert_acknowledged(&put, &arrivals);
    assert_counted(&put, &place.rows("by_arrival"), &[]);
    let put = place.stored("killed", &events_name);
    assert_acknowledged(&put, &events);
    assert_counted(&put, &place.rows("by_event"), &place.stored("killed", "late"));
    let made = place.stored("killed", "ticks");
    let mut ids: Vec<u64> = made.iter().map(|record| id(record).0).collect();
    ids.sort_unstable();
    assert_eq!(ids, (0..made.len() as u64).collect::<Vec<_>>(), "the generator goes on where its stream ends");
    assert_counted(&made, &place.rows("by_tick"), &place.stored("killed", "late_ticks"));
    assert_eq!(place.stored("killed", "error_stream").len(), 0);
    assert_eq!(place.output(&["down", "--yes"]), "");
}

/// Returns the number and the group of a record.
fn id(record: &Stored) -> (u64, String) {
    let value: Value = serde_json::from_slice(&record.data).unwrap();
    (value["id"].as_u64().unwrap(), value["k"].as_str().unwrap().to_owned())
}

/// What was acknowledged lies in the stream, and nothing twice. What was put and not acknowledged may be there.
fn assert_acknowledged(stored: &[Stored], acknowledged: &HashSet<u64>) {
    let mut times: HashMap<u64, usize> = HashMap::new();
    for record in stored {
        *times.entry(id(record).0).or_default() += 1;
    }
    assert!(times.values().all(|times| *times == 1), "a record was put once and is there twice");
    let lost: Vec<&u64> = acknowledged.iter().filter(|id| !times.contains_key(id)).collect();
    assert!(lost.is_empty(), "{} acknowledged records are lost: {lost:?}", lost.len());
    assert!(acknowledged.len() > 1000);
}

/// The windows of each group hold each of its records once, but for the late ones, and no window is there twice.
fn assert_counted(stored: &[Stored], rows: &[Value], late: &[Stored]) {
    let mut expected: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for (id, group) in stored.iter().map(id) {
        let (count, sum) = expected.entry(group).or_default();
        (*count, *sum) = (*count + 1, *sum + id);
    }
    for (id, group) in late.iter().map(id) {
        let (count, sum) = expected.get_mut(&group).unwrap();
        (*count, *sum) = (*count - 1, *sum - id);
    }
    let mut found: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    let mut windows = HashSet::new();
    for row in rows {
        let group = row["k"].as_str().unwrap().to_owned();
        assert!(windows.insert((group.clone(), row["window_start"].to_string())), "a window is there twice: {row}");
        let (count, sum) = found.entry(group).or_default();
        (*count, *sum) = (*count + row["n"].as_u64().unwrap(), *sum + row["ids"].as_u64().unwrap());
    }
    assert_eq!(found, expected, "number and sum of the records of each group");
}
