//! The same rows on both engines: those of the embedded one, and those of a real Flink that runs the rendered SQL over
//! the same records.

pub(crate) mod cases;

use std::{fmt::Write as _, sync::Arc, time::Duration};

use pipe::document::Document;
use pipe::engine::Engine;
use pipe::plan::{ERROR_STREAM, Plan, Stream};
use pipe::spec::Spec;
use pipe::sql::SqlType;
use pipe::streams::local::{Durability, LocalLog};
use pipe::streams::{Appends, Capacity, ReadLimit};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::watch;

/// How far two doubles may be apart, relative to their size: sums in another order differ in their last digits.
const TOLERANCE: f64 = 1e-9;

/// Resolves a pipeline for the target `flink`.
pub(crate) fn plan(text: &str) -> Plan {
    let document = Document::new("pipeline.toml", text.to_owned());
    let spec = Spec::read(&document).unwrap_or_else(|found| panic!("{}", document.draw(&found, false)));
    let target = spec.targets.iter().find(|target| target.name == "flink").unwrap();
    Plan::resolve(&document, &spec, target).unwrap_or_else(|found| panic!("{}", document.draw(&found, false)))
}

/// Runs a query of a plan on the embedded engine over records of its stream, until every window is closed; returns its
/// rows. All records go to one shard, so that they are read in their order.
pub(crate) async fn embedded(plan: &Plan, query: &str, stream: &str, records: &[String]) -> Vec<Value> {
    let folder = TempDir::new().unwrap();
    let log = LocalLog::open(folder.path(), Durability::Process).unwrap();
    for stream in &plan.streams {
        log.create_stream(&stream.name, Capacity::Provisioned(1)).unwrap();
    }
    log.create_stream(ERROR_STREAM, Capacity::Provisioned(1)).unwrap();
    let mut appends = Appends::new();
    for record in records {
        appends.push("key", record.as_bytes());
    }
    log.append_records(stream, &appends).unwrap();
    let query = plan.queries.iter().find(|found| found.name == query).unwrap();
    let engine = Engine::open(Arc::clone(&log), plan, query).unwrap();
    let mut status = engine.status();
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn(engine.run(stopped));
    let count = records.len() as u64;
    let done = status.wait_for(|status| status.counters.records == count && status.open_windows == 0);
    tokio::time::timeout(Duration::from_mins(1), done).await.expect("every window closes").unwrap();
    stop.send_replace(true);
    running.await.unwrap().unwrap();
    rows(&log, plan.stream(&query.name).unwrap())
}

fn rows(log: &LocalLog, stream: &Stream) -> Vec<Value> {
    let all = ReadLimit { records: usize::MAX, bytes: usize::MAX };
    let mut rows = Vec::new();
    for shard in log.describe_stream(&stream.name).unwrap().shards {
        for block in log.read_from(&stream.name, shard.id, 0, all).unwrap().blocks {
            let found = block.records().flat_map(|record| stream.json_rows(record.data));
            rows.extend(found.map(|row| serde_json::from_slice::<Value>(&row).unwrap()));
        }
    }
    rows
}

/// Asserts that both engines gave the same rows, in whatever order.
#[track_caller]
pub(crate) fn assert_same_rows(plan: &Plan, query: &str, embedded: &[Value], flink: &[Value]) {
    let difference = difference(plan, query, embedded, flink);
    assert!(difference.is_none(), "{}", difference.unwrap_or_default());
}

/// Tells in what the rows of both engines differ, in whatever order they are.
pub(crate) fn difference(plan: &Plan, stream: &str, embedded: &[Value], flink: &[Value]) -> Option<String> {
    let columns: Vec<(&str, SqlType)> =
        plan.stream(stream).unwrap().columns.iter().map(|column| (column.name.as_str(), column.sql_type)).collect();
    let [embedded, flink] = [embedded, flink].map(|rows| {
        let mut rows: Vec<Vec<Cell>> = rows.iter().map(|row| cells(row, &columns)).collect();
        // Doubles last: what differs in a last digit only does not change places.
        rows.sort_by_cached_key(|row| (key(row, false), key(row, true)));
        rows
    });
    let differing = embedded.iter().zip(&flink).filter(|(one, other)| !same(one, other));
    let mut text = String::new();
    for (one, other) in differing.take(5) {
        writeln!(text, "embedded {one:?}\nflink    {other:?}").unwrap();
    }
    let same = text.is_empty() && embedded.len() == flink.len();
    (!same).then(|| {
        format!("stream {stream}: {} rows of the embedded engine, {} of Flink\n{text}", embedded.len(), flink.len())
    })
}

/// A value, whatever its spelling.
#[derive(Debug, PartialEq)]
enum Cell {
    Null,
    Exact(String),
    Double(f64),
}

fn cells(row: &Value, columns: &[(&str, SqlType)]) -> Vec<Cell> {
    assert_eq!(row.as_object().map(serde_json::Map::len), Some(columns.len()), "{row} has the columns {columns:?}");
    columns.iter().map(|(name, sql_type)| cell(&row[name], *sql_type)).collect()
}

fn cell(value: &Value, sql_type: SqlType) -> Cell {
    match (value, sql_type) {
        (Value::Null, _) => Cell::Null,
        (Value::Number(number), SqlType::Double | SqlType::Real) => Cell::Double(number.as_f64().unwrap()),
        (Value::String(text), SqlType::Timestamp(_)) => {
            // Flink writes no seconds' fraction where it is zero.
            let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
            let fraction = fraction.trim_end_matches(['0', 'Z']);
            Cell::Exact(format!("{}.{fraction}", whole.trim_end_matches('Z').replace(' ', "T")))
        }
        // Zeros behind the point are no digits of a number.
        (Value::Number(number), SqlType::Decimal { .. }) => {
            let text = number.to_string();
            let plain = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
            Cell::Exact(plain.to_owned())
        }
        (value, _) => Cell::Exact(value.to_string()),
    }
}

fn key(row: &[Cell], doubles: bool) -> String {
    let parts = row.iter().map(|cell| match cell {
        Cell::Double(number) => {
            if doubles {
                format!("{number:+.6e}")
            } else {
                String::new()
            }
        }
        Cell::Exact(text) => text.clone(),
        Cell::Null => "NULL".to_owned(),
    });
    parts.collect::<Vec<_>>().join("\u{1}")
}

fn same(one: &[Cell], other: &[Cell]) -> bool {
    one.iter().zip(other).all(|pair| match pair {
        (Cell::Double(one), Cell::Double(other)) => (one - other).abs() <= TOLERANCE * one.abs().max(other.abs()),
        (one, other) => one == other,
    })
}

/// Numbers that look random and are the same in every run (Knuth's MMIX generator).
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn seed(seed: u64) -> Self {
        Self(seed)
    }

    /// Returns a number below another one.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}
