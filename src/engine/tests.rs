//! The operator against a naive model that keeps every row, over random logs, batches and restarts.

use std::collections::BTreeMap;

use bytes::Bytes;
use proptest::prelude::*;

use crate::document::Document;
use crate::plan::Plan;
use crate::streams::block::{Numbering, Sequences};
use crate::streams::{Block, Millis, RecordRef};

mod kda;

use super::checkpoint;
use super::graph::Graph;
use super::json::write_row;
use super::rows::Rows;
use super::status::Counters;

const DELAY: i64 = 2_000;
const IDLE: i64 = 10_000;
const SIZE: i64 = 5_000;

/// One record of a test's log. Times are milliseconds.
#[derive(Debug, Clone)]
struct Row {
    arrival: Millis,
    time: i64,
    key: Option<u8>,
    value: Option<i32>,
}

impl Row {
    fn json(&self) -> String {
        let key = self.key.map_or("null".to_owned(), |key| format!("\"k{key}\""));
        let value = self.value.map_or("null".to_owned(), |value| value.to_string());
        let time = super::moment_text(self.time * 1000);
        format!("{{\"at\":\"{time}\",\"k\":{key},\"v\":{value}}}")
    }
}

/// The plan of a file with one stream `in` and one query `out` over it.
fn plan(by_event: bool, query: &str) -> Plan {
    let time = if by_event {
        format!("event_time = {{ column = \"at\", delay = \"{DELAY}ms\", idle = \"{IDLE}ms\" }}")
    } else {
        String::new()
    };
    let text = format!(
        "[pipeline]\nname = \"t\"\n[streams.in]\n{time}\n[streams.in.columns]\nat = \"TIMESTAMP(3)\"\nk = \"VARCHAR(8)\"\n\
         v = \"INTEGER\"\n[streams.out]\n[queries.out]\nfrom = \"in\"\n{query}\n"
    );
    let document = Document::new("t.toml", text);
    let plans = Plan::check(&document).unwrap_or_else(|findings| panic!("{query}: {findings:?}"));
    plans.into_iter().next().expect("a target")
}

/// The plan of a query over windows of [`SIZE`] and the column `k`.
fn windows(by_event: bool, select: &[(&str, &str)], filter: Option<&str>) -> Plan {
    let filter = filter.map_or_else(String::new, |filter| format!("where = \"{filter}\"\n"));
    let select: Vec<String> = select.iter().map(|(name, text)| format!("{name} = \"{text}\"")).collect();
    let window = format!("window = {{ kind = \"tumbling\", size = \"{SIZE}ms\" }}");
    plan(by_event, &format!("{filter}{window}\ngroup_by = [\"k\"]\nselect = {{ {} }}", select.join(", ")))
}

fn usual(by_event: bool) -> Plan {
    let select =
        [("n", "COUNT(*)"), ("c", "COUNT(v)"), ("s", "SUM(v)"), ("lo", "MIN(v)"), ("hi", "MAX(v)"), ("mean", "AVG(v)")];
    windows(by_event, &select, Some("v IS NULL OR v <> 7"))
}

fn graph(plan: &Plan, shards: usize) -> Graph {
    Graph::new(plan, &plan.queries[0], |_| shards).expect("a legal query")
}

fn block(rows: &[Row], shard: u32, first: u64) -> Block {
    let texts: Vec<String> = rows.iter().map(Row::json).collect();
    let records = texts.iter().map(|text| RecordRef { partition_key: "k", data: text.as_bytes() });
    let bytes = Block::encode(rows[0].arrival, records);
    let sequences = Sequences::Counted { first, numbering: Numbering { created: 1, shard } };
    Block::decode(Bytes::from(bytes), sequences).expect("just encoded")
}

/// Output rows as JSON, sorted, and the number of late rows.
type Answer = (Vec<String>, usize);

fn lines(rows: &Rows) -> Vec<String> {
    let line = |row| {
        let mut out = Vec::new();
        write_row(&rows.batch, row, &mut out);
        String::from_utf8(out).expect("JSON is text")
    };
    (0..rows.len()).map(line).collect()
}

/// How a log is read: sizes of batches, restarts, and steps of the clock.
type Way<'a> = (&'a [usize], &'a [bool], &'a [Millis]);

/// Feeds the log to the operator in batches of the sizes given (over and over), and restarts it where told.
/// `steps` are how far the clock goes on between the looks at the log (over and over); none: straight to the end.
fn run(log: &[Vec<Row>], end: Millis, plan: &Plan, (batches, restarts, steps): Way<'_>) -> Answer {
    let mut steps = steps.iter().cycle();
    let mut clock = 100_000;
    let mut graph = graph(plan, log.len());
    let mut fed = vec![0; log.len()];
    let (mut rows, mut late) = (Vec::new(), 0);
    let mut sizes = batches.iter().cycle();
    let mut restarts = restarts.iter();
    let mut last = 0;
    loop {
        clock = steps.next().map_or(end, |step| end.min(clock + step));
        let reads = (0..log.len())
            .map(|shard| {
                if !graph.wanted()[shard] {
                    return None;
                }
                let there = log[shard].partition_point(|row| row.arrival < clock);
                let rest = &log[shard][fed[shard]..there.max(fed[shard])];
                let size = *sizes.next().expect("a cycle");
                let taken = &rest[..size.min(rest.len())];
                let mut blocks = Vec::new();
                for part in taken.chunk_by(|a, b| a.arrival == b.arrival) {
                    let first = u64::try_from(fed[shard]).expect("small");
                    blocks.push(block(part, u32::try_from(shard).expect("small"), first));
                    fed[shard] += part.len();
                }
                Some((blocks, (taken.len() == rest.len()).then_some(clock)))
            })
            .collect();
        let (made, turn) = graph.turn(reads).expect("no failure");
        rows.extend(lines(&made));
        late += turn.late.len();
        assert!(turn.bad.is_empty());
        let done = clock == end && graph.is_idle() && fed.iter().zip(log).all(|(fed, shard)| *fed == shard.len());
        last += usize::from(done);
        // One more turn after everything was fed: time comes to the end on every shard.
        if last == 2 {
            rows.sort();
            return (rows, late);
        }
        if restarts.next() == Some(&true) {
            let mut counters = Counters::default();
            let saved = checkpoint::save(&mut graph, "f", &counters).expect("a state");
            graph = self::graph(plan, log.len());
            let restored = checkpoint::restore(&mut graph, "f", &mut counters, &saved).expect("a state");
            assert_eq!(restored, checkpoint::Restored::Whole);
            for (shard, fed) in fed.iter_mut().enumerate() {
                let numbering = Numbering { created: 1, shard: u32::try_from(shard).expect("small") };
                let consumed = graph.sources[0].shards[shard].consumed.as_ref();
                let offset = consumed.map_or(0, |sequence| numbering.offset(sequence).expect("ours") + 1);
                *fed = usize::try_from(offset).expect("small");
            }
        }
    }
}

/// What the model knows of one shard: its last arrival and its greatest time.
type Known = (Option<Millis>, Option<i64>);

/// The watermark at a moment, from the definitions: that of before, or what is known now, whichever is later.
fn at(now: Millis, (first, shards): (Option<Millis>, &[Known]), before: i64, open: Option<i64>) -> i64 {
    let Some(first) = first else { return before };
    let awake: Vec<&Known> = shards.iter().filter(|(last, _)| now - last.unwrap_or(first) < IDLE).collect();
    if awake.is_empty() {
        return open.map_or(before, |open| before.max((now - DELAY).min(open)));
    }
    match awake.iter().map(|(_, greatest)| *greatest).min() {
        Some(Some(slowest)) => before.max(slowest - DELAY),
        _ => before,
    }
}

/// The same question answered row by row from the definitions, millisecond by millisecond, keeping everything.
fn model(log: &[Vec<Row>], end: Millis, by_event: bool) -> Answer {
    let mut rows: Vec<(Millis, usize, &Row)> = Vec::new();
    for (shard, records) in log.iter().enumerate() {
        rows.extend(records.iter().map(|row| (row.arrival, shard, row)));
    }
    rows.sort_by_key(|(arrival, shard, _)| (*arrival, *shard));
    let mut shards: Vec<Known> = vec![(None, None); log.len()];
    let (mut first, mut watermark, mut last_end) = (None, i64::MIN, None);
    let mut counted: BTreeMap<(i64, Option<u8>), Vec<Option<i32>>> = BTreeMap::new();
    let mut late = 0;
    let mut clock = rows.first().map_or(end, |(arrival, ..)| *arrival);
    let open = |last_end: Option<i64>, watermark: i64| last_end.filter(|end| *end > watermark);
    let pass = |to: Millis, clock: &mut Millis, known: (Option<Millis>, &[Known]), mut watermark: i64, last_end| {
        if !by_event {
            return watermark.max(to);
        }
        while *clock <= to {
            watermark = at(*clock, known, watermark, open(last_end, watermark));
            *clock += 1;
        }
        *clock = to;
        watermark
    };
    for (arrival, shard, row) in rows {
        watermark = pass(arrival, &mut clock, (first, &shards), watermark, last_end);
        first = first.or(Some(arrival));
        shards[shard].0 = Some(arrival);
        if by_event {
            watermark = at(arrival, (first, &shards), watermark, open(last_end, watermark));
        }
        let time = if by_event { row.time } else { arrival };
        let start = time.div_euclid(SIZE) * SIZE;
        last_end = last_end.max(Some(start + SIZE));
        if row.value != Some(7) {
            if start + SIZE <= watermark {
                late += 1;
            } else {
                counted.entry((start, row.key)).or_default().push(row.value);
            }
        }
        shards[shard].1 = shards[shard].1.max(Some(time));
        if by_event {
            watermark = at(arrival, (first, &shards), watermark, None);
        }
    }
    watermark = pass(end, &mut clock, (first, &shards), watermark, last_end);
    let text = |value: Option<i64>| value.map_or("null".to_owned(), |value| value.to_string());
    let mut lines = Vec::new();
    for ((start, key), values) in counted {
        if start + SIZE > watermark {
            continue;
        }
        let known: Vec<i64> = values.iter().flatten().map(|value| i64::from(*value)).collect();
        let total: i64 = known.iter().sum();
        let some = |value: i64| (!known.is_empty()).then_some(value);
        lines.push(format!(
            "{{\"k\":{},\"window_start\":\"{}\",\"window_end\":\"{}\",\"n\":{},\"c\":{},\"s\":{},\"lo\":{},\"hi\":{},\"mean\":{}}}",
            key.map_or("null".to_owned(), |key| format!("\"k{key}\"")),
            super::moment_text(start * 1000),
            super::moment_text((start + SIZE) * 1000),
            values.len(),
            known.len(),
            text(some(total)),
            text(known.iter().min().copied()),
            text(known.iter().max().copied()),
            text(some(total / i64::try_from(known.len().max(1)).expect("small"))),
        ));
    }
    lines.sort();
    (lines, late)
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let row = (
        0..3000_i64,
        -9000..3000_i64,
        proptest::option::weighted(0.9, 0..4_u8),
        proptest::option::weighted(0.9, -20..20_i32),
    );
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

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn the_answer_is_the_models_however_it_is_read(
        log in proptest::collection::vec(rows(), 1..4),
        batches in proptest::collection::vec(1..40_usize, 1..10),
        restarts in proptest::collection::vec(any::<bool>(), 0..20),
        by_event in any::<bool>(),
        after in 0..30_000_i64,
        steps in proptest::collection::vec(1..4000_i64, 0..6),
    ) {
        let plan = usual(by_event);
        let last = log.iter().flatten().map(|row| row.arrival).max().unwrap_or(100_000);
        let end = last + 1 + after;
        let expected = model(&log, end, by_event);
        prop_assert_eq!(&run(&log, end, &plan, (&batches, &restarts, &steps)), &expected);
        prop_assert_eq!(&run(&log, end, &plan, (&[usize::MAX], &[], &steps)), &expected);
        prop_assert_eq!(&run(&log, end, &plan, (&[usize::MAX], &[], &[])), &expected);
    }
}

#[test]
fn rows_that_cannot_be_computed_are_diverted_and_the_others_count() {
    let select = [("q", "SUM(100 / v)"), ("r", "100 / (COUNT(*) - 2)"), ("big", "MAX(v + 2147483600)")];
    let mut graph = graph(&windows(false, &select, None), 1);
    let row = |key, value| Row { arrival: 1000, time: 0, key: Some(key), value: Some(value) };
    let rows = [row(1, 5), row(1, 0), row(1, 48), row(2, 1), row(2, 2), row(3, 10)];
    let (made, turn) = graph.turn(vec![Some((vec![block(&rows, 0, 0)], Some(5000)))]).expect("no failure of the whole");
    let reasons: Vec<&str> = turn.bad.iter().map(|(_, reason)| reason.as_str()).collect();
    assert_eq!(turn.bad.len(), 3, "{reasons:?}");
    assert!(reasons[0].contains("ivide by zero"), "{reasons:?}");
    assert!(reasons[1].contains("verflow"), "{reasons:?}");
    assert!(turn.bad[2].0.origin.is_none(), "two rows less two is nothing to divide by");
    assert_eq!(
        lines(&made),
        [
            r#"{"k":"k1","window_start":"1970-01-01T00:00:00.000","window_end":"1970-01-01T00:00:05.000","q":20,"r":-100,"big":2147483605}"#,
            r#"{"k":"k3","window_start":"1970-01-01T00:00:00.000","window_end":"1970-01-01T00:00:05.000","q":10,"r":-100,"big":2147483610}"#,
        ]
    );
}

#[test]
fn a_condition_guards_what_stands_behind_it() {
    let guarded = "(v <> 0 AND 10 / v > 1) OR (v = 0 OR 10 / v < -100)";
    let mut graph = graph(&windows(false, &[("n", "COUNT(*)")], Some(guarded)), 1);
    let row = |value| Row { arrival: 1000, time: 0, key: Some(1), value };
    let rows = [row(Some(0)), row(Some(5)), row(None), row(Some(100)), row(Some(1))];
    let (made, turn) = graph.turn(vec![Some((vec![block(&rows, 0, 0)], Some(5000)))]).expect("no failure of the whole");
    assert!(turn.bad.is_empty(), "{:?}", turn.bad);
    assert!(lines(&made)[0].contains("\"n\":3"), "{:?}", lines(&made));
}

#[test]
fn many_guards_in_a_row_cost_no_more_than_their_number() {
    let text = ["(10 / v > 3 OR v IS NULL)"; 40].join(" AND ");
    let mut graph = graph(&windows(false, &[("n", "COUNT(*)")], Some(&text)), 1);
    let row = |value| Row { arrival: 1000, time: 0, key: Some(1), value };
    let rows = [row(Some(1)), row(Some(2)), row(None), row(Some(5)), row(Some(0))];
    let (made, turn) = graph.turn(vec![Some((vec![block(&rows, 0, 0)], Some(5000)))]).expect("no failure of the whole");
    assert_eq!(turn.bad.len(), 1, "only the division by zero");
    assert!(lines(&made)[0].contains("\"n\":3"), "{:?}", lines(&made));
}
