//! Every case of `tests/equality/`: a pipeline's queries over streams that all cases share, run on both engines.
//!
//! A job over files ends, and closes what is open; the embedded engine waits for more. So both get records behind all
//! others, a day later, in every shard: they close every window of the records before. Rows that lie that late are left
//! out of the comparison.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use pipe::engine::Engine;
use pipe::generate::Records;
use pipe::plan::{ERROR_STREAM, Plan};
use pipe::sql::SqlType;
use pipe::streams::Appends;
use pipe::streams::local::{Durability, LocalLog};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::{Numbers, difference, plan, rows};
use crate::peers::flink::{Flink, Version, of_version};

/// How many records each stream has, without those behind all others.
const RECORDS: usize = 10_000;
/// When the first record happens: 2026-01-01T00:00:00Z in milliseconds.
const START: u64 = 1_767_225_600_000;
/// How far apart records are at the most.
const STEP: u64 = 120;
/// How long behind the first record the last ones happen, and from where on rows are left out, in milliseconds.
const END: u64 = 2 * 86_400_000;
const HORIZON: &str = "2026-01-02T12";
/// So many last records that each shard has some.
const LAST: usize = 64;
/// How many jobs run at a time.
const JOBS: usize = 2;
/// The fewest rows by which a case says anything.
const FEWEST: usize = 20;

/// A stream of the suite.
struct Input {
    name: &'static str,
    shards: u32,
    delay: &'static str,
    /// How far back the time of a record goes at the most, in milliseconds: further than `delay` where some are late.
    disorder: u64,
    /// The moments that all its records happen at are so many milliseconds apart; one less for every fourth of them.
    grid: u64,
    /// The digits of its moments.
    digits: &'static str,
    /// What the file says of how its records are written.
    format: &'static str,
}

const CSV: &str = "format = \"csv\"\ndelimiter = \"|\"\n";

const INPUTS: &[Input] = &[
    Input { name: "trades", shards: 1, delay: "2s", disorder: 2_000, grid: 1, digits: "3", format: "" },
    Input { name: "spread", shards: 3, delay: "2s", disorder: 2_000, grid: 1, digits: "3", format: "" },
    Input { name: "quotes", shards: 2, delay: "1s", disorder: 1_000, grid: 1, digits: "3", format: "" },
    // A watermark behind every row makes the same rows late as long as they are read in one order: from one shard.
    Input { name: "tardy", shards: 1, delay: "1s", disorder: 5_000, grid: 1, digits: "3", format: "" },
    Input { name: "edges", shards: 1, delay: "2s", disorder: 1_000, grid: 500, digits: "3", format: "" },
    Input { name: "micros", shards: 1, delay: "2s", disorder: 2_000, grid: 1, digits: "6", format: "" },
    Input { name: "lines", shards: 2, delay: "2s", disorder: 2_000, grid: 1, digits: "3", format: CSV },
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/equality")
}

/// Puts the streams that a case reads before it.
pub(crate) fn pipeline(case: &str) -> String {
    let shared = fs::read_to_string(folder().join("input.toml")).unwrap();
    let mut text = "[pipeline]\nname = \"equality\"\n\n".to_owned();
    for (seed, input) in INPUTS.iter().enumerate().filter(|(_, input)| case.contains(&format!("\"{}\"", input.name))) {
        let Input { name, shards, delay, digits, format, .. } = input;
        text += &format!(
            "[streams.{name}]\nshards = {shards}\npartition_key = \"account\"\n\
             event_time = {{ column = \"at\", delay = \"{delay}\", idle = \"1h\" }}\n{format}\n"
        );
        // The values of a row in CSV lie nowhere else than where their columns stand.
        let shared = if format.is_empty() { shared.clone() } else { shared.replace(", path = \"$.quote.price\"", "") };
        text += &shared
            .replace("trades", name)
            .replace("at = \"TIMESTAMP(3)\"", &format!("at = \"TIMESTAMP({digits})\""))
            .replace("seed = 7", &format!("seed = {}", 7 + seed));
    }
    text + case
}

/// Makes the records of a stream.
fn records(plan: &Plan, input: &Input) -> Appends {
    let mut source = Records::new(plan.generator(input.name).unwrap(), plan.stream(input.name).unwrap(), 0).unwrap();
    let mut numbers = Numbers::seed(input.disorder + u64::from(input.shards));
    let mut all = Appends::new();
    let mut now = START + input.disorder;
    let micros = |at: u64, numbers: &mut Numbers| i64::try_from(at * 1000 + numbers.below(1000)).unwrap();
    for _ in 0..RECORDS {
        now += numbers.below(STEP);
        let mut at = now - numbers.below(input.disorder + 1);
        if input.grid > 1 {
            at -= at % input.grid;
            at -= u64::from(numbers.below(4) == 0);
        }
        source.fill(&[micros(at, &mut numbers)], &mut all);
    }
    let mut last = Appends::new();
    source.fill(&[micros(START + END, &mut numbers); LAST], &mut last);
    for (index, record) in last.iter().enumerate() {
        all.push(&format!("last-{index}"), record.data);
    }
    all
}

/// Runs every query that writes on the embedded engine; returns the rows of each stream.
fn embedded(plan: &Plan, inputs: &[(&str, Appends)]) -> BTreeMap<String, Vec<Value>> {
    let data = TempDir::new().unwrap();
    let log = LocalLog::open(data.path(), Durability::Process).unwrap();
    for stream in &plan.streams {
        log.create_stream(&stream.name, stream.capacity).unwrap();
    }
    log.create_stream(ERROR_STREAM, pipe::streams::Capacity::Provisioned(1)).unwrap();
    for (stream, records) in inputs {
        log.append_records(stream, records).unwrap();
    }
    let mut found = BTreeMap::new();
    for (query, stream) in plan.outputs() {
        let mut engine = Engine::open(Arc::clone(&log), plan, query).unwrap();
        engine.read_tables(&folder()).unwrap();
        engine.catch_up().unwrap();
        found.insert(stream.to_owned(), rows(&log, plan.stream(stream).unwrap()));
    }
    let count = pipe::streams::ReadLimit { records: usize::MAX, bytes: usize::MAX };
    for shard in log.describe_stream(ERROR_STREAM).unwrap().shards {
        let blocks = log.read_from(ERROR_STREAM, shard.id, 0, count).unwrap().blocks;
        assert_eq!(blocks.len(), 0, "every record can be read, and every row computed");
    }
    found
}

/// Leaves out the rows that lie behind all others.
fn before_the_end(plan: &Plan, stream: &str, rows: &[Value]) -> Vec<Value> {
    let columns = &plan.stream(stream).unwrap().columns;
    let moments: Vec<&str> = columns
        .iter()
        .filter(|column| matches!(column.sql_type, SqlType::Timestamp(_)))
        .map(|column| column.name.as_str())
        .collect();
    let lies_before = |row: &&Value| moments.iter().all(|name| row[*name].as_str().is_none_or(|at| at < HORIZON));
    rows.iter().filter(lies_before).cloned().collect()
}

/// Runs a case on both engines; returns how they differ.
async fn run(flink: &'static Flink, text: String) -> Result<usize, String> {
    let plan = plan(&pipeline(&text));
    let inputs: Vec<(&str, Appends)> = INPUTS
        .iter()
        .filter(|input| plan.stream(input.name).is_some())
        .map(|input| (input.name, records(&plan, input)))
        .collect();
    let texts: Vec<(&str, Vec<String>)> = inputs
        .iter()
        .map(|(name, records)| {
            (*name, records.iter().map(|record| String::from_utf8(record.data.to_vec()).unwrap()).collect())
        })
        .collect();
    let lent: Vec<(&str, &[String])> = texts.iter().map(|(name, records)| (*name, records.as_slice())).collect();
    let theirs = flink.run_job(&plan, &lent).await.map_err(|error| error.to_string())?;
    let ours = tokio::task::block_in_place(|| embedded(&plan, &inputs));
    let mut count = 0;
    for (_, stream) in plan.outputs() {
        let [ours, theirs] = [&ours, &theirs].map(|found| before_the_end(&plan, stream, &found[stream]));
        count += ours.len();
        if let Some(difference) = difference(&plan, stream, &ours, &theirs) {
            return Err(difference);
        }
    }
    if count < FEWEST { Err(format!("only {count} rows, which say nothing")) } else { Ok(count) }
}

/// How a case says that it is for Flink 2.x alone.
const FOR_2: &str = "connector = \"6.x\"";

/// One after the other: each has the machine for itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_case_has_the_same_rows_on_every_engine() {
    let mut compared: Option<usize> = None;
    for version in [Version::V1_20, Version::V2_2] {
        let what = format!("the equality suite: rows of the embedded engine and of Flink {}", version.name());
        let Some(flink) = of_version(version, &what) else { continue };
        let overview = flink.cluster("/overview");
        assert!(overview["flink-version"].as_str().unwrap().starts_with(version.name()), "{overview}");
        compared = Some(compared.unwrap_or(0) + assert_same_on(flink, version).await);
    }
    assert_ne!(compared, Some(0), "no case has that name");
}

#[expect(clippy::print_stdout, reason = "how many rows each case compared, for whoever asks")]
async fn assert_same_on(flink: &'static Flink, version: Version) -> usize {
    let wanted = std::env::var("PIPE_EQUALITY").unwrap_or_default();
    let mut paths: Vec<PathBuf> = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "toml") && !path.ends_with("input.toml"));
    paths.sort();
    let slots = Arc::new(Semaphore::new(JOBS));
    let mut running = JoinSet::new();
    for path in paths {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(path).unwrap();
        // What only Flink 2.x has is asked of no other.
        if !name.contains(&wanted) || (version == Version::V1_20 && text.contains(FOR_2)) {
            continue;
        }
        let slots = Arc::clone(&slots);
        running.spawn(async move {
            let _slot = slots.acquire().await.unwrap();
            let begun = std::time::Instant::now();
            // A case that panics is one that differs.
            let found = tokio::spawn(tokio::time::timeout(Duration::from_mins(2), run(flink, text))).await;
            let found = match found {
                Ok(Ok(found)) => found,
                Ok(Err(_)) => Err("it takes too long".to_owned()),
                Err(panic) => Err(panic.to_string()),
            };
            (name, begun.elapsed(), found)
        });
    }
    let mut failures = Vec::new();
    let mut count = 0;
    while let Some(finished) = running.join_next().await {
        let (name, took, found) = finished.unwrap();
        count += 1;
        match found {
            Ok(rows) => println!("{name} on Flink {}: {rows} rows, {:.1} s", version.name(), took.as_secs_f64()),
            Err(difference) => failures.push(format!("{name}: {difference}")),
        }
    }
    failures.sort();
    let differing = failures.len();
    assert!(
        failures.is_empty(),
        "{differing} of {count} cases differ on Flink {}\n\n{}",
        version.name(),
        failures.join("\n\n")
    );
    assert!(count >= 60 || !wanted.is_empty(), "{count} cases");
    count
}
