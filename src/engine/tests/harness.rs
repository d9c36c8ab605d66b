//! Logs of a few records, and a query over them, read in any way.

use bytes::Bytes;
use proptest::prelude::*;

use crate::document::Document;
use crate::plan::Plan;
use crate::streams::block::{Numbering, Sequences};
use crate::streams::{Block, Millis, RecordRef, ShardId};

use super::super::checkpoint;
use super::super::graph::Graph;
use super::super::json::write_row;
use super::super::moment_text;
use super::super::rows::Rows;
use super::super::status::Counters;

pub(super) const DELAY: i64 = 2_000;
pub(super) const IDLE: i64 = 10_000;
/// The size of a window, where nothing else is said.
pub(super) const SIZE: i64 = 5_000;

/// One record of a test's log. Times are milliseconds.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) arrival: Millis,
    pub(super) time: i64,
    pub(super) key: Option<u8>,
    pub(super) value: Option<i32>,
}

impl Row {
    pub(super) fn json(&self) -> String {
        let value = self.value.map_or("null".to_owned(), |value| value.to_string());
        format!("{{\"at\":\"{}\",\"k\":{},\"v\":{value}}}", text(self.time), key_text(self.key))
    }
}

/// Returns a moment as it stands in rows.
pub(super) fn text(millis: i64) -> String {
    moment_text(millis * 1000)
}

/// Returns a key as it stands in rows.
pub(super) fn key_text(key: Option<u8>) -> String {
    key.map_or("null".to_owned(), |key| format!("\"k{key}\""))
}

/// The plan of a file with the streams `in` and `other`, and a query `out`; `queries` are its keys, and more tables.
pub(super) fn plan(by_event: bool, queries: &str) -> Plan {
    let time = if by_event {
        format!("event_time = {{ column = \"at\", delay = \"{DELAY}ms\", idle = \"{IDLE}ms\" }}\n")
    } else {
        String::new()
    };
    let columns = "at = \"TIMESTAMP(3)\"\nk = \"VARCHAR(8)\"\nv = \"INTEGER\"\n";
    let stream = |name: &str| format!("[streams.{name}]\n{time}[streams.{name}.columns]\n{columns}");
    let text = format!(
        "[pipeline]\nname = \"t\"\n{}{}[streams.out]\n[queries.out]\n{queries}\n",
        stream("in"),
        if queries.contains("\"other\"") { stream("other") } else { String::new() },
    );
    let document = Document::new("t.toml", text);
    let plans = Plan::check(&document).unwrap_or_else(|findings| panic!("{queries}: {findings:?}"));
    plans.into_iter().next().expect("a target")
}

/// The plan of a query over a window, which is `{window}` in the file, and the column `k`.
pub(super) fn over(by_event: bool, window: &str, select: &[(&str, &str)], filter: Option<&str>) -> Plan {
    let filter = filter.map_or_else(String::new, |filter| format!("where = \"{filter}\"\n"));
    let select: Vec<String> = select.iter().map(|(name, text)| format!("{name} = \"{text}\"")).collect();
    let select = select.join(", ");
    plan(
        by_event,
        &format!("from = \"in\"\n{filter}window = {{ {window} }}\ngroup_by = [\"k\"]\nselect = {{ {select} }}"),
    )
}

/// The plan of a query over windows of [`SIZE`] and the column `k`.
pub(super) fn windows(by_event: bool, select: &[(&str, &str)], filter: Option<&str>) -> Plan {
    over(by_event, &format!("kind = \"tumbling\", size = \"{SIZE}ms\""), select, filter)
}

/// What the usual query selects.
pub(super) const SELECT: [(&str, &str); 6] =
    [("n", "COUNT(*)"), ("c", "COUNT(v)"), ("s", "SUM(v)"), ("lo", "MIN(v)"), ("hi", "MAX(v)"), ("mean", "AVG(v)")];

/// The usual query over a window.
pub(super) fn usual(by_event: bool, window: &str) -> Plan {
    over(by_event, window, &SELECT, Some("v IS NULL OR v <> 7"))
}

/// Builds the query over `shards` of the stream `in`, and `others` of the stream `other`.
pub(super) fn graph_over(plan: &Plan, shards: usize, others: usize) -> Graph {
    let mut graph = Graph::new(plan, &plan.queries[0]).expect("a legal query");
    for source in 0..graph.sources.len() {
        let count = if graph.sources[source].stream() == "in" { shards } else { others };
        (0u32..).take(count).for_each(|shard| graph.begin(source, ShardId(shard), &[]));
    }
    graph
}

pub(super) fn graph(plan: &Plan, shards: usize) -> Graph {
    graph_over(plan, shards, 0)
}

pub(super) fn block(rows: &[Row], shard: usize, first: u64) -> Block {
    let texts: Vec<String> = rows.iter().map(Row::json).collect();
    let records = texts.iter().map(|text| RecordRef { partition_key: "k", data: text.as_bytes() });
    let bytes = Block::encode(rows[0].arrival, records);
    let shard = u32::try_from(shard).expect("small");
    let sequences = Sequences::Counted { first, numbering: Numbering { created: 1, shard } };
    Block::decode(Bytes::from(bytes), sequences).expect("just encoded")
}

/// Output rows as JSON in their order, and the late records in the order of their bytes.
pub(super) type Answer = (Vec<String>, Vec<String>);

pub(super) fn lines(rows: &Rows) -> Vec<String> {
    let line = |row| {
        let mut out = Vec::new();
        write_row(&rows.batch, row, &mut out);
        String::from_utf8(out).expect("JSON is text")
    };
    (0..rows.len()).map(line).collect()
}

/// How a log is read: sizes of batches, restarts, and steps of the clock.
pub(super) type Way<'a> = (&'a [usize], &'a [bool], &'a [Millis]);

/// Reads everything at once.
pub(super) const AT_ONCE: Way<'static> = (&[usize::MAX], &[], &[]);

/// Feeds the log of the stream `in` to the query.
pub(super) fn run(log: &[Vec<Row>], end: Millis, plan: &Plan, way: Way<'_>) -> Answer {
    run_both((log, &[]), end, plan, way)
}

/// Feeds the logs of `in` and `other` to the query in batches of the sizes given (over and over), and restarts it where
/// told. The steps are how far the clock goes on between the looks at the log (over and over); none: straight to the end.
pub(super) fn run_both(
    (log, other): (&[Vec<Row>], &[Vec<Row>]),
    end: Millis,
    plan: &Plan,
    (batches, restarts, steps): Way<'_>,
) -> Answer {
    let mut steps = steps.iter().cycle();
    let mut clock = 100_000;
    let mut graph = graph_over(plan, log.len(), other.len());
    let all: Vec<&Vec<Row>> = log.iter().chain(other).collect();
    let numbers: Vec<usize> = (0..log.len()).chain(0..other.len()).collect();
    let mut fed = vec![0; all.len()];
    let (mut rows, mut late) = (Vec::new(), Vec::new());
    let mut sizes = batches.iter().cycle();
    let mut restarts = restarts.iter();
    let mut last = 0;
    loop {
        clock = steps.next().map_or(end, |step| end.min(clock + step));
        let reads = (0..all.len())
            .map(|shard| {
                if !graph.wanted()[shard] {
                    return None;
                }
                let there = all[shard].partition_point(|row| row.arrival < clock);
                let rest = &all[shard][fed[shard]..there.max(fed[shard])];
                let size = *sizes.next().expect("a cycle");
                let taken = &rest[..size.min(rest.len())];
                let mut blocks = Vec::new();
                for part in taken.chunk_by(|a, b| a.arrival == b.arrival) {
                    let first = u64::try_from(fed[shard]).expect("small");
                    blocks.push(block(part, numbers[shard], first));
                    fed[shard] += part.len();
                }
                Some((blocks, (taken.len() == rest.len()).then_some(clock)))
            })
            .collect();
        let (made, turn) = graph.turn(reads).expect("no failure");
        rows.extend(lines(&made));
        late.extend(turn.late.iter().map(|(stray, _)| String::from_utf8(stray.data.clone()).expect("JSON is text")));
        assert!(turn.bad.is_empty(), "{:?}", turn.bad);
        let done = clock == end && graph.is_idle() && fed.iter().zip(&all).all(|(fed, shard)| *fed == shard.len());
        last += usize::from(done);
        // One more turn after everything was fed: time comes to the end on every shard.
        if last == 2 {
            late.sort();
            return (rows, late);
        }
        if restarts.next() == Some(&true) {
            let mut counters = Counters::default();
            let saved = checkpoint::save(&mut graph, "f", &counters).expect("a state");
            graph = graph_over(plan, log.len(), other.len());
            let restored = checkpoint::restore(&mut graph, "f", &mut counters, &saved).expect("a state");
            assert_eq!(restored, checkpoint::Restored::Whole);
            let consumed = graph.shards().map(|(_, shard)| shard.consumed.clone()).collect::<Vec<_>>();
            for ((fed, number), consumed) in fed.iter_mut().zip(&numbers).zip(consumed) {
                let numbering = Numbering { created: 1, shard: u32::try_from(*number).expect("small") };
                let offset = consumed.map_or(0, |sequence| numbering.offset(&sequence).expect("ours") + 1);
                *fed = usize::try_from(offset).expect("small");
            }
        }
    }
}

/// A log's rows, whose times are the arrivals and something between `skew`.
pub(super) fn rows_with(skew: std::ops::Range<i64>) -> impl Strategy<Value = Vec<Row>> {
    let row =
        (0..3000_i64, skew, proptest::option::weighted(0.9, 0..4_u8), proptest::option::weighted(0.9, -20..20_i32));
    proptest::collection::vec((row, proptest::bool::weighted(0.05)), 0..60).prop_map(|steps| {
        let mut arrival = 100_000;
        steps
            .into_iter()
            .map(|((step, skew, key, value), pause)| {
                // Several records of one millisecond, mostly; now and then a pause longer than `idle`.
                arrival += if pause {
                    12_000
                } else if step < 1000 {
                    0
                } else {
                    step
                };
                Row { arrival, time: arrival + skew, key, value }
            })
            .collect()
    })
}

/// A log, and how it is read.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) log: Vec<Vec<Row>>,
    pub(super) by_event: bool,
    pub(super) end: Millis,
    batches: Vec<usize>,
    restarts: Vec<bool>,
    steps: Vec<Millis>,
}

impl Case {
    /// The ways in which the log is read.
    pub(super) fn ways(&self) -> [Way<'_>; 3] {
        [(&self.batches, &self.restarts, &self.steps), (&[usize::MAX], &[], &self.steps), AT_ONCE]
    }
}

/// Returns logs of up to three shards, with late records, and ways to read them.
pub(super) fn cases() -> impl Strategy<Value = Case> {
    cases_with(-9000..3000)
}

pub(super) fn cases_with(skew: std::ops::Range<i64>) -> impl Strategy<Value = Case> {
    let way = (
        proptest::collection::vec(1..40_usize, 1..10),
        proptest::collection::vec(any::<bool>(), 0..20),
        proptest::collection::vec(1..4000_i64, 0..6),
    );
    (proptest::collection::vec(rows_with(skew), 1..4), any::<bool>(), 0..30_000_i64, way).prop_map(
        |(log, by_event, after, (batches, restarts, steps))| {
            let last = log.iter().flatten().map(|row| row.arrival).max().unwrap_or(100_000);
            Case { log, by_event, end: last + 1 + after, batches, restarts, steps }
        },
    )
}
