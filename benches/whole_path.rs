//! The whole path: JSON bytes in the log → windows in the output log, with the schema of the ticker pipeline and 100
//! keys. Prints records per second and the most memory that the process had. The window is that of the pipeline, or the
//! one given.
//!
//! ```text
//! cargo bench --bench whole_path -- [RECORDS] [WINDOW]
//! cargo bench --bench whole_path -- 'kind = "hopping", size = "60s", slide = "1s"'
//! ```

#![allow(clippy::print_stdout, reason = "a program that prints its figures")]
#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on has failed")]

use std::sync::Arc;
use std::time::Instant;

use pipe::document::Document;
use pipe::engine::Engine;
use pipe::generate::Records;
use pipe::plan::Plan;
use pipe::spec::Spec;
use pipe::streams::Appends;
use pipe::streams::local::{Durability, LocalLog};

/// How many records there are where the command line does not say.
const RECORDS: usize = 10_000_000;
/// The window of the pipeline.
const WINDOW: &str = "kind = \"tumbling\", size = \"10s\"";
/// How many records a producer sends at once: what `PutRecords` takes at the most.
const BATCH: usize = 500;
/// How many records there are in a second of event time: some 50 windows of ten seconds in 10 million records.
const PER_SECOND: usize = 20_000;
/// The event time of the first record: 2026-01-01T00:00:00Z in microseconds.
const START: i64 = 1_767_225_600_000_000;

fn main() {
    let records = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(RECORDS);
    let window = std::env::args().skip(1).find(|argument| argument.starts_with("kind"));
    let plan = plan(window.as_deref().unwrap_or(WINDOW));
    let folder = tempfile::tempdir().unwrap();
    let log = LocalLog::open(folder.path(), Durability::Process).unwrap();
    for stream in &plan.streams {
        log.create_stream(&stream.name, stream.capacity).unwrap();
    }
    log.create_stream(pipe::plan::ERROR_STREAM, pipe::streams::Capacity::Provisioned(1)).unwrap();

    let begun = Instant::now();
    fill(&plan, &log, records);
    let took = begun.elapsed().as_secs_f64();
    report("into the log", records, took);
    let bytes = log.stats("trades").unwrap().bytes;

    let begun = Instant::now();
    let mut engine = Engine::open(Arc::clone(&log), &plan, &plan.queries[0]).unwrap();
    engine.catch_up().unwrap();
    let took = begun.elapsed().as_secs_f64();
    report("log to windows in the output log", records, took);
    println!("{:.0} MB of JSON, {:.0} MB/s", mega(bytes), mega(bytes) / took);
    let status = engine.status().borrow().clone();
    println!("{} windows, {} rows", status.counters.windows, status.counters.rows);
    assert_eq!(status.counters.records, records as u64);
    println!("most memory: {} MB", most_memory());
}

/// The ticker pipeline with 100 tickers and a window.
fn plan(window: &str) -> Plan {
    let tickers: Vec<String> = (0..100).map(|index| format!("\"T{index:03}\"")).collect();
    let text = include_str!("../pipelines/ticker.toml")
        .replace("[\"AMZN\", \"AAPL\", \"MSFT\"], weights = [5, 3, 2]", &format!("[{}]", tickers.join(", ")))
        .replace(WINDOW, window);
    let document = Document::new("ticker.toml", text);
    let spec = Spec::read(&document).unwrap();
    let local = spec.targets.iter().find(|target| target.name == "local").unwrap();
    Plan::resolve(&document, &spec, local).unwrap()
}

fn fill(plan: &Plan, log: &LocalLog, records: usize) {
    let generator = &plan.generators[0];
    let mut source = Records::new(generator, plan.stream("trades").unwrap(), 0).unwrap();
    let mut batch = Appends::new();
    for made in (0..records).step_by(BATCH) {
        batch.clear();
        let now = START + i64::try_from(made * 1_000_000 / PER_SECOND).unwrap();
        source.fill(&vec![now; BATCH.min(records - made)], &mut batch);
        log.append_records("trades", &batch).unwrap();
    }
}

#[expect(clippy::cast_precision_loss, reason = "figures for reading")]
fn report(what: &str, records: usize, seconds: f64) {
    println!("{what}: {records} records in {seconds:.2} s, {:.0} records/s", records as f64 / seconds);
}

#[expect(clippy::cast_precision_loss, reason = "figures for reading")]
fn mega(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// The most resident memory of this process so far, in MB, as Linux counts it.
fn most_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
}
