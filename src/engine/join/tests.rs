//! The join against a naive model that keeps every row, over random rows, batches and restarts.

use std::sync::Arc;

use arrow::array::{Int32Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use proptest::prelude::*;

use crate::plan::{Join, JoinKind};
use crate::sql::{Expr, ExprKind, Operator as Sign, SqlType};

use super::super::json::write_row;
use super::super::operator::{Operator, Turn};
use super::super::outlook::MILLI;
use super::super::rows::{Flow, Rows};
use super::super::state::{StateReader, StateWriter};
use super::Pairing;

/// One row of either side. Times are milliseconds.
#[derive(Debug, Clone)]
struct Row {
    side: usize,
    key: Option<u8>,
    value: i32,
    time: i64,
    arrival: i64,
    watermark: i64,
}

/// How the turns are cut: how many rows each has, and whether the operator is started anew behind it.
type Way<'a> = &'a [(usize, bool)];

fn schema(prefix: &str, value: DataType) -> Vec<Field> {
    vec![Field::new(format!("{prefix}k"), DataType::Utf8, true), Field::new(format!("{prefix}v"), value, true)]
}

/// The schemas of the two sides, and of the pairs. The values differ in type, so that sides cannot be mistaken.
fn schemas() -> [SchemaRef; 3] {
    let (left, right) = (schema("l", DataType::Int32), schema("r", DataType::Int64));
    let both = [left.clone(), right.clone()].concat();
    [left, right, both].map(|fields| Arc::new(Schema::new(fields)))
}

fn operator(join: &Join) -> Pairing {
    let [left, right, both] = schemas();
    Pairing::new(join, &[&left, &right], &both, vec![0, 0]).expect("a legal join")
}

fn rows(rows: &[&Row], side: usize) -> Rows {
    let rows: Vec<&Row> = rows.iter().copied().filter(|row| row.side == side).collect();
    let keys: StringArray = rows.iter().map(|row| row.key.map(|key| format!("k{key}"))).collect();
    let values = rows.iter().map(|row| row.value);
    let batch = if side == 0 {
        RecordBatch::try_new(
            Arc::clone(&schemas()[0]),
            vec![Arc::new(keys), Arc::new(Int32Array::from_iter_values(values))],
        )
    } else {
        let values = Int64Array::from_iter_values(values.map(i64::from));
        RecordBatch::try_new(Arc::clone(&schemas()[1]), vec![Arc::new(keys), Arc::new(values)])
    };
    Rows {
        batch: batch.expect("a batch"),
        times: rows.iter().map(|row| row.time * MILLI).collect(),
        arrivals: rows.iter().map(|row| row.arrival).collect(),
        watermarks: rows.iter().map(|row| row.watermark * MILLI).collect(),
        origin: None,
    }
}

/// Feeds the rows in turns of the sizes given (over and over); returns each row made with its time, sorted.
fn run(join: &Join, log: &[Row], end: i64, way: Way<'_>) -> Vec<String> {
    let mut operator = operator(join);
    let mut made: Vec<String> = Vec::new();
    let mut rest = log;
    let mut turns = way.iter().cycle();
    let mut before = i64::MIN;
    let mut watermark_of_last_row = i64::MIN;
    loop {
        let (size, restart) = turns.next().expect("a cycle");
        let (taken, left) = rest.split_at((*size).min(rest.len()));
        rest = left;
        let watermark = rest.first().map_or(end, |next| next.watermark) * MILLI;
        let taken: Vec<&Row> = taken.iter().collect();
        let flows = [0, 1].map(|side| Flow { lanes: vec![rows(&taken, side)], watermark });
        let flow = operator.push(flows.into(), &mut Turn::default()).expect("no failure");
        for lane in &flow.lanes {
            for row in 0..lane.len() {
                let mut line = Vec::new();
                write_row(&lane.batch, row, &mut line);
                made.push(format!("{} at {}", String::from_utf8(line).expect("JSON is text"), lane.times[row]));
                assert!(lane.watermarks[row] >= watermark_of_last_row, "rows come as time lets them");
                watermark_of_last_row = lane.watermarks[row];
                let late = log.iter().any(|row| row.time < row.watermark);
                assert!(late || lane.times[row] >= before, "a row came behind the watermark");
                assert!(late || lane.times[row] >= lane.watermarks[row], "a row came behind its own watermark");
            }
        }
        assert!(flow.watermark >= before);
        before = flow.watermark;
        if rest.is_empty() {
            made.sort();
            return made;
        }
        if *restart {
            let mut state = StateWriter::default();
            operator.save(&mut state).expect("a state");
            let (header, bytes) = state.finish();
            operator = self::operator(join);
            operator.restore(&mut StateReader::new(header, &bytes)).expect("a state");
        }
    }
}

/// The same from the definition.
fn model(join: &Join, log: &[Row], end: i64) -> Vec<String> {
    let reach = |row: &Row| if row.side == 0 { join.after } else { join.before } / MILLI;
    // A row meets what comes until a millisecond behind its last partner's time.
    let last = |row: &Row| row.time + reach(row) + 1;
    let mut matched = vec![false; log.len()];
    let mut made = Vec::new();
    let line = |left: Option<&Row>, right: Option<&Row>| {
        let text = |row: Option<&Row>| {
            let key = row.and_then(|row| row.key).map_or("null".to_owned(), |key| format!("\"k{key}\""));
            (key, row.map_or("null".to_owned(), |row| row.value.to_string()))
        };
        let times: Vec<i64> = [left, right].into_iter().flatten().map(|row| row.time).collect();
        let time = if join.later { times.iter().max() } else { times.first() }.expect("a row");
        let ((left_key, left), (right_key, right)) = (text(left), text(right));
        format!("{{\"lk\":{left_key},\"lv\":{left},\"rk\":{right_key},\"rv\":{right}}} at {}", time * MILLI)
    };
    for (index, new) in log.iter().enumerate() {
        for (other, old) in log[..index].iter().enumerate() {
            let (left, right) = if new.side == 0 { (new, old) } else { (old, new) };
            let within = left.time - join.before / MILLI <= right.time && right.time <= left.time + join.after / MILLI;
            let holds = join.filter.is_none() || left.value < right.value;
            let equal = new.key.is_some() && new.key == old.key;
            if new.side != old.side && equal && within && holds && last(old) >= new.watermark {
                made.push(line(Some(left), Some(right)));
                matched[index] = true;
                matched[other] = true;
            }
        }
    }
    for (row, matched) in log.iter().zip(matched) {
        let wanted = match join.kind {
            JoinKind::Inner => false,
            JoinKind::Left => row.side == 0,
            JoinKind::Right => row.side == 1,
            JoinKind::Full => true,
        };
        if wanted && !matched && last(row) < end {
            made.push(if row.side == 0 { line(Some(row), None) } else { line(None, Some(row)) });
        }
    }
    made.sort();
    made
}

fn join(kind: JoinKind, bounds: (i64, i64), filter: bool, later: bool) -> Join {
    let cast = Expr::column("lv", SqlType::Integer).cast(SqlType::BigInt, true);
    let right = Expr::column("rv", SqlType::BigInt);
    let less = Expr::new(ExprKind::Binary(Box::new(cast), Sign::Less, Box::new(right)), SqlType::Boolean);
    Join {
        left: 0,
        right: 1,
        kind,
        before: bounds.0 * MILLI,
        after: bounds.1 * MILLI,
        on: vec![(0, 0)],
        filter: filter.then_some(less),
        later,
    }
}

fn log() -> impl Strategy<Value = Vec<Row>> {
    let row = (0..2_usize, proptest::option::weighted(0.9, 0..3_u8), 0..5_i32, 0..8_i64, 0..3_i64, 0..2_i64);
    (proptest::collection::vec(row, 0..80), prop_oneof![Just(0), Just(6_i64), Just(15)]).prop_map(|(rows, late)| {
        let (mut watermark, mut arrival) = (1000, 1000);
        rows.into_iter()
            .map(|(side, key, value, ahead, step, pause)| {
                watermark += step;
                arrival += pause;
                let time = watermark + ahead - (late * i64::from(value) / 4);
                Row { side, key, value, time, arrival, watermark }
            })
            .collect()
    })
}

fn kinds() -> impl Strategy<Value = JoinKind> {
    prop_oneof![Just(JoinKind::Inner), Just(JoinKind::Left), Just(JoinKind::Right), Just(JoinKind::Full)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn the_answer_is_the_models_however_it_is_read(
        log in log(),
        kind in kinds(),
        bounds in (0..6_i64, 0..6_i64),
        filter in any::<bool>(),
        later in any::<bool>(),
        way in proptest::collection::vec((1..20_usize, any::<bool>()), 1..8),
        rest in 0..12_i64,
    ) {
        let join = join(kind, bounds, filter, later);
        // In the order in which they are taken: by the watermark, by arrival, the left side first.
        let mut log = log;
        log.sort_by_key(|row| (row.watermark, row.arrival, row.side));
        let end = log.last().map_or(0, |row| row.watermark) + rest;
        let expected = model(&join, &log, end);
        prop_assert_eq!(&run(&join, &log, end, &[(usize::MAX, false)]), &expected);
        prop_assert_eq!(&run(&join, &log, end, &way), &expected);
        prop_assert_eq!(&run(&join, &log, end, &[(1, true)]), &expected);
    }
}

#[test]
fn nothing_is_kept_for_which_no_partner_comes() {
    let join = join(JoinKind::Full, (2, 3), false, false);
    let mut operator = operator(&join);
    let log: Vec<Row> = (0..100)
        .map(|index| Row {
            side: usize::from(index % 3 == 0),
            key: Some(u8::try_from(index % 7).expect("small")),
            value: 1,
            time: 1000 + index,
            arrival: index,
            watermark: 1000,
        })
        .collect();
    let rows_of = |log: &[Row]| {
        let all: Vec<&Row> = log.iter().collect();
        [rows(&all, 0), rows(&all, 1)]
    };
    let mut push = |log: &[Row], watermark: i64| {
        let flows = rows_of(log).map(|rows| Flow { lanes: vec![rows], watermark: watermark * MILLI });
        operator.push(flows.into(), &mut Turn::default()).expect("no failure");
        operator.open().groups
    };
    assert_eq!(push(&log, 1000), 100);
    assert!(push(&[], 1050) < 60);
    assert_eq!(push(&[], 1104), 0);
    assert_eq!(operator.sides.each_ref().map(super::Kept::chunks), [0, 0]);
}

#[test]
fn a_condition_that_fails_for_a_pair_diverts_it() {
    let mut join = join(JoinKind::Left, (2, 2), false, false);
    let column = |name, sql_type| Box::new(Expr::column(name, sql_type));
    let ratio = Expr::new(
        ExprKind::Binary(
            column("rv", SqlType::BigInt),
            Sign::Divide,
            Box::new(column("lv", SqlType::Integer).cast(SqlType::BigInt, true)),
        ),
        SqlType::BigInt,
    );
    let two = Expr::column("rv", SqlType::BigInt);
    join.filter = Some(Expr::new(ExprKind::Binary(Box::new(ratio), Sign::Equal, Box::new(two)), SqlType::Boolean));
    let mut operator = operator(&join);
    let row = |side, value| Row { side, key: Some(1), value, time: 1000, arrival: 1, watermark: 1000 };
    let log = [row(0, 0), row(0, 1), row(1, 7)];
    let all: Vec<&Row> = log.iter().collect();
    let flows = [0, 1].map(|side| Flow { lanes: vec![rows(&all, side)], watermark: 2_000_000 });
    let mut turn = Turn::default();
    let flow = operator.push(flows.into(), &mut turn).expect("no failure");
    assert_eq!(flow.lanes[0].len(), 2, "the pair that holds, and the left row without a partner");
    assert_eq!(turn.bad.len(), 1);
    assert!(turn.bad[0].1.contains("ivide by zero"), "{:?}", turn.bad);
    assert_eq!(turn.bad[0].0.data, br#"{"lk":"k1","lv":0,"rk":"k1","rv":7}"#);
}
