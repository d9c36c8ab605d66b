//! The watermark from its definition, millisecond by millisecond, and aggregates from all rows.

use crate::streams::Millis;

use super::harness::{DELAY, IDLE, Row, key_text, text};

/// A row in the order of the log.
#[derive(Debug, Clone)]
pub(super) struct Judged<'a> {
    pub(super) row: &'a Row,
    /// The time by which it is windowed.
    pub(super) time: i64,
    /// How far time had come before it.
    pub(super) watermark: i64,
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

/// Returns every row in the order of the log, and the watermark at the end. `until` says when a row of a time is done
/// with. Rows whose value is 7 are filtered out behind the watermark.
pub(super) fn judged(
    log: &[Vec<Row>],
    end: Millis,
    by_event: bool,
    until: impl Fn(i64) -> i64,
) -> (Vec<Judged<'_>>, i64) {
    let mut rows: Vec<(Millis, usize, &Row)> = Vec::new();
    for (shard, records) in log.iter().enumerate() {
        rows.extend(records.iter().map(|row| (row.arrival, shard, row)));
    }
    rows.sort_by_key(|(arrival, shard, _)| (*arrival, *shard));
    let mut shards: Vec<Known> = vec![(None, None); log.len()];
    let (mut first, mut watermark, mut last_end) = (None, i64::MIN, None);
    let mut judged = Vec::new();
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
        last_end = last_end.max(Some(until(time)));
        if row.value != Some(7) {
            judged.push(Judged { row, time, watermark });
        }
        shards[shard].1 = shards[shard].1.max(Some(time));
        if by_event {
            watermark = at(arrival, (first, &shards), watermark, None);
        }
    }
    watermark = pass(end, &mut clock, (first, &shards), watermark, last_end);
    (judged, watermark)
}

/// Returns the columns of the usual query over values.
pub(super) fn aggregates(values: &[Option<i32>]) -> String {
    let known: Vec<i64> = values.iter().flatten().map(|value| i64::from(*value)).collect();
    let text = |value: Option<i64>| value.map_or("null".to_owned(), |value| value.to_string());
    let total: i64 = known.iter().sum();
    let some = |value: i64| (!known.is_empty()).then_some(value);
    format!(
        "\"n\":{},\"c\":{},\"s\":{},\"lo\":{},\"hi\":{},\"mean\":{}",
        values.len(),
        known.len(),
        text(some(total)),
        text(known.iter().min().copied()),
        text(known.iter().max().copied()),
        text(some(total / i64::try_from(known.len().max(1)).expect("small"))),
    )
}

/// Returns the row of the usual query for a window.
pub(super) fn window_line((start, end): (i64, i64), key: Option<u8>, values: &[Option<i32>]) -> String {
    format!(
        "{{\"k\":{},\"window_start\":\"{}\",\"window_end\":\"{}\",{}}}",
        key_text(key),
        text(start),
        text(end),
        aggregates(values)
    )
}

/// Returns the records of rows as late ones are shown.
pub(super) fn late(rows: &[Judged<'_>]) -> Vec<String> {
    let mut late: Vec<String> = rows.iter().map(|judged| judged.row.json()).collect();
    late.sort();
    late
}
