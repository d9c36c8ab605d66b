//! The operator against a naive model that keeps every row, over random logs, batches and restarts.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;

use crate::plan::{Column, Query, Source, Stream, Time};
use crate::sql::{Scope, SqlType, read_filter, read_select};
use crate::streams::block::{Numbering, Sequences};
use crate::streams::{Block, Capacity, Millis, RecordRef};
use crate::window::{Tumbling, Window};

use super::checkpoint;
use super::json::write_row;
use super::operator::{Turn, WindowedQuery};
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

fn stream(by_event: bool) -> Stream {
    let column =
        |name: &str, sql_type| Column { name: name.into(), sql_type, not_null: false, path: vec![name.into()] };
    let time = if by_event {
        let millis = |millis: i64| Duration::from_millis(millis.unsigned_abs());
        Time::Event { column: 0, delay: millis(DELAY), idle: millis(IDLE) }
    } else {
        Time::Arrival
    };
    Stream {
        name: "in".to_owned(),
        capacity: Capacity::Provisioned(1),
        columns: vec![
            column("at", SqlType::Timestamp(3)),
            column("k", SqlType::Varchar(8)),
            column("v", SqlType::Integer),
        ],
        partition_key: None,
        time,
        source: Source::Producers,
    }
}

fn query(select: &[(&str, &str)], filter: Option<&str>, stream: &Stream) -> Query {
    let columns: Vec<(String, SqlType)> =
        stream.columns.iter().map(|column| (column.name.clone(), column.sql_type)).collect();
    let scope = Scope { columns: &columns };
    let mut aggregates = Vec::new();
    let select = select
        .iter()
        .map(|(name, text)| {
            let reading = read_select(text, scope, &["k".to_owned()], aggregates.clone()).expect("legal");
            aggregates = reading.aggregates;
            ((*name).to_owned(), reading.expr)
        })
        .collect();
    let window = Tumbling::new(Duration::from_millis(SIZE.unsigned_abs())).expect("a size");
    Query {
        name: "out".to_owned(),
        from: "in".to_owned(),
        filter: filter.map(|text| read_filter(text, scope).expect("legal")),
        window: Arc::new(window) as Arc<dyn Window>,
        group_by: vec![1],
        aggregates,
        select,
        late: None,
    }
}

fn usual(stream: &Stream) -> Query {
    let select =
        [("n", "COUNT(*)"), ("c", "COUNT(v)"), ("s", "SUM(v)"), ("lo", "MIN(v)"), ("hi", "MAX(v)"), ("mean", "AVG(v)")];
    query(&select, Some("v IS NULL OR v <> 7"), stream)
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

fn lines(turn: &Turn) -> Vec<String> {
    let mut lines = Vec::new();
    for batch in &turn.closed.rows {
        for row in 0..batch.num_rows() {
            let mut out = Vec::new();
            write_row(batch, row, &mut out);
            lines.push(String::from_utf8(out).expect("JSON is text"));
        }
    }
    lines
}

/// How a log is read: sizes of batches, restarts, and steps of the clock.
type Way<'a> = (&'a [usize], &'a [bool], &'a [Millis]);

/// Feeds the log to the operator in batches of the sizes given (over and over), and restarts it where told.
/// `steps` are how far the clock goes on between the looks at the log (over and over); none: straight to the end.
fn run(log: &[Vec<Row>], end: Millis, stream: &Stream, query: &Query, (batches, restarts, steps): Way<'_>) -> Answer {
    let mut steps = steps.iter().cycle();
    let mut clock = 100_000;
    let mut windowed = WindowedQuery::new(query, stream, log.len()).expect("a legal query");
    let mut fed = vec![0; log.len()];
    let (mut rows, mut late) = (Vec::new(), 0);
    let mut sizes = batches.iter().cycle();
    let mut restarts = restarts.iter();
    let mut last = 0;
    loop {
        clock = steps.next().map_or(end, |step| end.min(clock + step));
        let reads = (0..log.len())
            .map(|shard| {
                if !windowed.wants(shard) {
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
        let turn = windowed.turn(reads).expect("no failure");
        rows.extend(lines(&turn));
        late += turn.late.len();
        assert!(turn.bad.is_empty());
        let done = clock == end && windowed.is_idle() && fed.iter().zip(log).all(|(fed, shard)| *fed == shard.len());
        last += usize::from(done);
        // One more turn after everything was fed: time comes to the end on every shard.
        if last == 2 {
            rows.sort();
            return (rows, late);
        }
        if restarts.next() == Some(&true) {
            let mut counters = Counters::default();
            let saved = checkpoint::save(&mut windowed, "f", &counters).expect("a state");
            windowed = WindowedQuery::new(query, stream, log.len()).expect("a legal query");
            let restored = checkpoint::restore(&mut windowed, "f", &mut counters, &saved).expect("a state");
            assert_eq!(restored, checkpoint::Restored::Whole);
            for (shard, fed) in fed.iter_mut().enumerate() {
                let numbering = Numbering { created: 1, shard: u32::try_from(shard).expect("small") };
                let consumed = windowed.shards[shard].consumed.as_ref();
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
        if row.value != Some(7) {
            let start = time.div_euclid(SIZE) * SIZE;
            if start + SIZE <= watermark {
                late += 1;
            } else {
                last_end = last_end.max(Some(start + SIZE));
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
        let stream = stream(by_event);
        let query = usual(&stream);
        let last = log.iter().flatten().map(|row| row.arrival).max().unwrap_or(100_000);
        let end = last + 1 + after;
        let expected = model(&log, end, by_event);
        prop_assert_eq!(&run(&log, end, &stream, &query, (&batches, &restarts, &steps)), &expected);
        prop_assert_eq!(&run(&log, end, &stream, &query, (&[usize::MAX], &[], &steps)), &expected);
        prop_assert_eq!(&run(&log, end, &stream, &query, (&[usize::MAX], &[], &[])), &expected);
    }
}

#[test]
fn rows_that_cannot_be_computed_are_diverted_and_the_others_count() {
    let stream = stream(false);
    let query =
        query(&[("q", "SUM(100 / v)"), ("r", "100 / (COUNT(*) - 2)"), ("big", "MAX(v + 2147483600)")], None, &stream);
    let mut windowed = WindowedQuery::new(&query, &stream, 1).expect("a legal query");
    let row = |key, value| Row { arrival: 1000, time: 0, key: Some(key), value: Some(value) };
    let rows = [row(1, 5), row(1, 0), row(1, 48), row(2, 1), row(2, 2), row(3, 10)];
    let turn = windowed.turn(vec![Some((vec![block(&rows, 0, 0)], Some(5000)))]).expect("no failure of the whole");
    let reasons: Vec<&str> = turn.bad.iter().map(|bad| bad.reason.as_str()).collect();
    assert_eq!(turn.bad.len(), 2, "{reasons:?}");
    assert!(reasons[0].contains("ivide by zero"), "{reasons:?}");
    assert!(reasons[1].contains("verflow"), "{reasons:?}");
    assert_eq!(turn.closed.failed.len(), 1, "two rows less two is nothing to divide by");
    assert_eq!(
        lines(&turn),
        [
            r#"{"k":"k1","window_start":"1970-01-01T00:00:00.000","window_end":"1970-01-01T00:00:05.000","q":20,"r":-100,"big":2147483605}"#,
            r#"{"k":"k3","window_start":"1970-01-01T00:00:00.000","window_end":"1970-01-01T00:00:05.000","q":10,"r":-100,"big":2147483610}"#,
        ]
    );
}

#[test]
fn a_condition_guards_what_stands_behind_it() {
    let stream = stream(false);
    let query = query(&[("n", "COUNT(*)")], Some("(v <> 0 AND 10 / v > 1) OR (v = 0 OR 10 / v < -100)"), &stream);
    let mut windowed = WindowedQuery::new(&query, &stream, 1).expect("a legal query");
    let row = |value| Row { arrival: 1000, time: 0, key: Some(1), value };
    let rows = [row(Some(0)), row(Some(5)), row(None), row(Some(100)), row(Some(1))];
    let turn = windowed.turn(vec![Some((vec![block(&rows, 0, 0)], Some(5000)))]).expect("no failure of the whole");
    assert!(turn.bad.is_empty(), "{:?}", turn.bad);
    assert!(lines(&turn)[0].contains("\"n\":3"), "{:?}", lines(&turn));
}

#[test]
fn many_guards_in_a_row_cost_no_more_than_their_number() {
    let stream = stream(false);
    let text = ["(10 / v > 3 OR v IS NULL)"; 40].join(" AND ");
    let query = query(&[("n", "COUNT(*)")], Some(&text), &stream);
    let mut windowed = WindowedQuery::new(&query, &stream, 1).expect("a legal query");
    let row = |value| Row { arrival: 1000, time: 0, key: Some(1), value };
    let rows = [row(Some(1)), row(Some(2)), row(None), row(Some(5)), row(Some(0))];
    let turn = windowed.turn(vec![Some((vec![block(&rows, 0, 0)], Some(5000)))]).expect("no failure of the whole");
    assert_eq!(turn.bad.len(), 1, "only the division by zero");
    assert!(lines(&turn)[0].contains("\"n\":3"), "{:?}", lines(&turn));
}
