//! The steps of the way, one by one: reading a file, making records, appending and reading them.
//!
//! ```text
//! cargo bench --bench steps
//! ```

#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on has failed")]

use std::sync::Arc;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use pipe::document::Document;
use pipe::generate::{Records, Schedule};
use pipe::plan::Plan;
use pipe::spec::Spec;
use pipe::streams::local::{Durability, LocalLog};
use pipe::streams::{Appends, Capacity, ReadLimit, ShardId};

const TICKER: &str = include_str!("../pipelines/ticker.toml");
const BATCH: usize = 500;
const BLOCK: usize = 16_384;

fn main() {
    divan::main();
}

fn plan() -> Plan {
    let document = Document::new("ticker.toml", TICKER);
    let spec = Spec::read(&document).unwrap();
    let local = spec.targets.iter().find(|target| target.name == "local").unwrap();
    Plan::resolve(&document, &spec, local).unwrap()
}

fn records(count: usize) -> Appends {
    let plan = plan();
    let mut appends = Appends::new();
    Records::new(&plan.generators[0], &plan.streams[0], 0).unwrap().fill(&vec![0; count], &mut appends);
    appends
}

fn log() -> (tempfile::TempDir, Arc<LocalLog>) {
    let folder = tempfile::tempdir().unwrap();
    let log = LocalLog::open(folder.path(), Durability::Process).unwrap();
    log.create_stream("trades", Capacity::Provisioned(1)).unwrap();
    (folder, log)
}

#[divan::bench]
fn read_a_file_and_plan_it() -> Plan {
    plan()
}

#[divan::bench(args = [1, 2])]
fn make_records(bencher: Bencher<'_, '_>, threads: usize) {
    let plan = plan();
    let mut source = Records::new(&plan.generators[0], &plan.streams[0], 0).unwrap().threads(threads);
    let mut schedule = Schedule::new(&plan.generators[0], 0, 0);
    let (mut moments, mut appends) = (Vec::new(), Appends::new());
    bencher.counter(ItemsCount::new(BLOCK)).bench_local(|| {
        moments.clear();
        schedule.take(i64::MAX, BLOCK, &mut moments);
        appends.clear();
        source.fill(&moments, &mut appends);
        black_box(appends.len())
    });
}

#[divan::bench]
fn append_records(bencher: Bencher<'_, '_>) {
    let (_folder, log) = log();
    let records = records(BATCH);
    bencher.counter(ItemsCount::new(BATCH)).bench_local(|| log.append_records("trades", &records).unwrap());
}

#[divan::bench]
fn read_records(bencher: Bencher<'_, '_>) {
    let (_folder, log) = log();
    let batch = records(BATCH);
    for _ in 0..200 {
        log.append_records("trades", &batch).unwrap();
    }
    let limit = ReadLimit { records: 10_000, bytes: 10 << 20 };
    bencher.counter(ItemsCount::new(10_000_usize)).bench_local(|| {
        log.read_from("trades", ShardId(0), 0, limit)
            .unwrap()
            .blocks
            .iter()
            .map(|block| block.records().count())
            .sum::<usize>()
    });
}
