//! Aggregates over groups and frames, against each other and against numbers worked out by hand.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, Decimal128Array, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use datafusion_common::ScalarValue;
use datafusion_expr::{EmitTo, GroupsAccumulator};
use proptest::prelude::*;

use crate::sql::{Aggregate, Parameter, Scope, SqlType, read_select};

use super::super::expression::{ROW_TIME, evaluate};
use super::{Aggregation, ORDER, Sliding};

/// Every aggregate that groups have, over columns of every sort.
const AGGREGATES: &[&str] = &[
    "COUNT(*)",
    "COUNT(i)",
    "COUNT(DISTINCT i)",
    "COUNT(DISTINCT s)",
    "SUM(i)",
    "SUM(DISTINCT i)",
    "SUM(l)",
    "SUM(f)",
    "SUM(DISTINCT f)",
    "SUM(d)",
    "SUM(DISTINCT d)",
    "AVG(i)",
    "AVG(l)",
    "AVG(f)",
    "AVG(d)",
    "AVG(DISTINCT i)",
    "AVG(DISTINCT d)",
    "MIN(i)",
    "MAX(f)",
    "MIN(s)",
    "MAX(b)",
    "MIN(DISTINCT d)",
    "ANY(b)",
    "EVERY(b)",
    "FIRST_VALUE(s)",
    "LAST_VALUE(f)",
    "FIRST_VALUE(d)",
    "LAST_VALUE(b)",
    "STDDEV_POP(i)",
    "STDDEV_SAMP(f)",
    "VAR_POP(d)",
    "VAR_SAMP(i)",
    "APPROX_COUNT_DISTINCT(s)",
    "PERCENTILE(f, 0.25)",
    "APPROX_PERCENTILE(i, 0.9)",
];

/// One row: `i`, `l`, `f`, `d` in hundredths, `s` and `b`.
type Row = (Option<i32>, Option<i64>, Option<f64>, Option<i16>, Option<u8>, Option<bool>);

fn columns() -> Vec<(String, SqlType)> {
    [
        ("i", SqlType::Integer),
        ("l", SqlType::BigInt),
        ("f", SqlType::Double),
        ("d", SqlType::Decimal { precision: 9, scale: 2 }),
        ("s", SqlType::Varchar(8)),
        ("b", SqlType::Boolean),
    ]
    .map(|(name, sql_type)| (name.to_owned(), sql_type))
    .to_vec()
}

fn aggregates(texts: &[&str]) -> Vec<Aggregate> {
    let columns = columns();
    let mut aggregates = Vec::new();
    for text in texts {
        let before = aggregates.len();
        let read = read_select(text, Scope { columns: &columns }, &[], aggregates)
            .unwrap_or_else(|error| panic!("{text}: {error}"));
        aggregates = read.aggregates;
        assert_eq!(aggregates.len(), before + 1, "{text}");
    }
    aggregates
}

fn schema() -> SchemaRef {
    let mut fields: Vec<Field> =
        columns().iter().map(|(name, sql_type)| Field::new(name, sql_type.arrow(), true)).collect();
    fields.push(Field::new(ORDER, DataType::Int64, false));
    fields.push(Field::new(ROW_TIME, DataType::Timestamp(TimeUnit::Microsecond, None), false));
    Arc::new(Schema::new(fields))
}

/// Rows that arrive one after the other, a second apart.
fn batch(rows: &[Row], first: usize) -> RecordBatch {
    let order: Vec<i64> = (first..first + rows.len()).map(|place| i64::try_from(place).expect("few")).collect();
    let decimals = rows.iter().map(|row| row.3.map(i128::from)).collect::<Decimal128Array>();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(rows.iter().map(|row| row.0).collect::<Int32Array>()),
        Arc::new(rows.iter().map(|row| row.1).collect::<Int64Array>()),
        Arc::new(rows.iter().map(|row| row.2).collect::<Float64Array>()),
        Arc::new(decimals.with_precision_and_scale(9, 2).expect("fits")),
        Arc::new(rows.iter().map(|row| row.4.map(|letter| format!("s{letter}"))).collect::<StringArray>()),
        Arc::new(rows.iter().map(|row| row.5).collect::<BooleanArray>()),
        Arc::new(Int64Array::from(order.clone())),
        Arc::new(TimestampMicrosecondArray::from(order.iter().map(|at| at * 1_000_000).collect::<Vec<_>>())),
    ];
    RecordBatch::try_new(schema(), columns).expect("alike")
}

fn update(accumulators: &mut [Box<dyn GroupsAccumulator>], aggregation: &Aggregation, batch: &RecordBatch) {
    let arguments = aggregation.arguments(batch).expect("values");
    let types = aggregation.argument_types(&schema()).expect("types");
    let groups = vec![0; batch.num_rows()];
    for ((accumulator, argument), of) in accumulators.iter_mut().zip(arguments).zip(types) {
        assert_eq!(*argument.data_type(), of);
        accumulator.update_batch(&[argument], &groups, None, 1).expect("taken");
    }
}

fn finish(accumulators: &mut [Box<dyn GroupsAccumulator>], aggregation: &Aggregation) -> Vec<ScalarValue> {
    let arrays = accumulators.iter_mut().map(|accumulator| accumulator.evaluate(EmitTo::All).expect("a value"));
    let fields: Vec<_> = aggregation.result_fields().collect();
    let results = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays.collect()).expect("as promised");
    let finished = aggregation.finish(results.schema_ref()).expect("finished");
    let value = |physical| ScalarValue::try_from_array(&evaluate(physical, &results).expect("a value"), 0);
    finished.iter().map(|physical| value(physical).expect("a value")).collect()
}

/// The aggregates of all rows in one batch.
fn grouped(aggregates: &[Aggregate], rows: &[Row]) -> Vec<ScalarValue> {
    let aggregation = Aggregation::new(aggregates, &schema()).expect("planned");
    let mut accumulators = aggregation.start().expect("started");
    update(&mut accumulators, &aggregation, &batch(rows, 0));
    finish(&mut accumulators, &aggregation)
}

fn alike(a: &ScalarValue, b: &ScalarValue) -> bool {
    match (a, b) {
        (ScalarValue::Float64(Some(a)), ScalarValue::Float64(Some(b))) => {
            (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1e-3)
        }
        _ => a == b,
    }
}

#[test]
fn aggregates_have_the_values_that_sql_gives_them() {
    let row = |i: Option<i32>, f, d, s, b| (i, i.map(i64::from), f, d, s, b);
    let rows = [
        row(Some(-7), Some(1.5), Some(150), Some(2), Some(true)),
        row(None, None, None, None, None),
        row(Some(2), Some(2.5), Some(150), Some(1), Some(false)),
        row(Some(2), Some(-4.0), Some(1), Some(2), None),
    ];
    for (text, expected) in [
        ("COUNT(*)", "4"),
        ("COUNT(i)", "3"),
        ("COUNT(DISTINCT i)", "2"),
        ("SUM(i)", "-3"),
        ("SUM(DISTINCT i)", "-5"),
        ("AVG(DISTINCT i)", "-2"),
        ("AVG(i)", "-1"),
        ("SUM(d)", "301"),
        ("SUM(DISTINCT d)", "151"),
        ("AVG(d)", "1003333"),
        ("ANY(b)", "true"),
        ("EVERY(b)", "false"),
        ("FIRST_VALUE(s)", "s2"),
        ("LAST_VALUE(b)", "false"),
        ("LAST_VALUE(i)", "2"),
        ("VAR_POP(i)", "18"),
        ("VAR_SAMP(i)", "27"),
        ("APPROX_COUNT_DISTINCT(s)", "2"),
        ("PERCENTILE(f, 0.5)", "1.5"),
        ("PERCENTILE(f, 0.75)", "2"),
        ("APPROX_PERCENTILE(i, 0)", "-7"),
    ] {
        let found = grouped(&aggregates(&[text]), &rows).remove(0);
        let found = match found {
            ScalarValue::Decimal128(Some(digits), ..) => digits.to_string(),
            other => other.to_string(),
        };
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn of_nothing_counts_are_zero_and_the_rest_is_null() {
    for rows in [&[(None, None, None, None, None, None)][..], &[]] {
        let all = aggregates(AGGREGATES);
        let sliding = Sliding::new(&all, &schema()).expect("planned");
        let mut frame = sliding.start();
        let arguments = sliding.arguments(&batch(rows, 0)).expect("values");
        for row in 0..rows.len() {
            sliding.add(&mut frame, &arguments, row).expect("added");
        }
        let slid = sliding.evaluate(&frame).expect("values");
        // A group without rows does not exist; a frame may be empty.
        let found = if rows.is_empty() { slid.clone() } else { grouped(&all, rows) };
        for ((text, grouped), slid) in AGGREGATES.iter().zip(found).zip(slid) {
            let expected = match *text {
                "COUNT(*)" => ScalarValue::Int64(Some(i64::try_from(rows.len()).expect("few"))),
                count if count.contains("COUNT") => ScalarValue::Int64(Some(0)),
                _ => ScalarValue::try_from(grouped.data_type()).expect("a type"),
            };
            assert_eq!(grouped, expected, "{text}");
            assert_eq!(slid, expected, "{text}");
        }
    }
}

#[test]
fn a_total_that_does_not_fit_fails_in_a_frame_as_in_a_group() {
    let rows = [(None, Some(i64::MAX), None, None, None, None), (None, Some(1), None, None, None, None)];
    let sum = aggregates(&["SUM(l)"]);
    let sliding = Sliding::new(&sum, &schema()).expect("planned");
    let mut frame = sliding.start();
    let arguments = sliding.arguments(&batch(&rows, 0)).expect("values");
    sliding.add(&mut frame, &arguments, 0).expect("added");
    sliding.add(&mut frame, &arguments, 1).expect("added");
    sliding.evaluate(&frame).expect_err("too great");
    sliding.retract(&mut frame).expect("taken off");
    assert_eq!(sliding.evaluate(&frame).expect("fits again"), [ScalarValue::Int64(Some(1))]);
}

#[test]
fn rows_are_picked_by_their_place() {
    let numbers = [Some(10), None, Some(30), None];
    let rows: Vec<Row> = numbers.iter().map(|i| (*i, None, i.map(f64::from), None, None, None)).collect();
    let pick = |text: &str, keeps_nulls: bool, parameter: Option<Parameter>| {
        let mut one = aggregates(&[text]);
        one[0].keeps_nulls = keeps_nulls;
        if parameter.is_some() {
            one[0].function = match parameter {
                Some(Parameter::Back { .. }) => crate::sql::AggregateFunction::Lag,
                Some(Parameter::HalfLife(_)) => crate::sql::AggregateFunction::ExpAvg,
                _ => crate::sql::AggregateFunction::NthValue,
            };
        }
        if let Some(Parameter::HalfLife(_)) = parameter {
            one[0].sql_type = SqlType::Double;
        }
        one[0].parameter = parameter;
        let sliding = Sliding::new(&one, &schema()).expect("planned");
        let mut frame = sliding.start();
        let arguments = sliding.arguments(&batch(&rows, 0)).expect("values");
        let mut found = Vec::new();
        for row in 0..rows.len() {
            sliding.add(&mut frame, &arguments, row).expect("added");
            // Frames of three rows.
            if frame.len() > 3 {
                sliding.retract(&mut frame).expect("taken off");
            }
            found.push(sliding.evaluate(&frame).expect("values").remove(0).to_string());
        }
        found
    };
    let back = |rows| Some(Parameter::Back { rows, default: None });
    let nth = |number, from_last| Some(Parameter::Row { number, from_last });
    assert_eq!(pick("FIRST_VALUE(i)", true, None), ["10", "10", "10", "NULL"]);
    assert_eq!(pick("FIRST_VALUE(i)", false, None), ["10", "10", "10", "30"]);
    assert_eq!(pick("LAST_VALUE(i)", true, None), ["10", "NULL", "30", "NULL"]);
    assert_eq!(pick("LAST_VALUE(i)", false, None), ["10", "10", "30", "30"]);
    assert_eq!(pick("MIN(i)", true, back(1)), ["NULL", "10", "NULL", "30"]);
    assert_eq!(pick("MIN(i)", true, back(0)), ["10", "NULL", "30", "NULL"]);
    assert_eq!(pick("MIN(i)", false, back(1)), ["NULL", "10", "10", "30"]);
    assert_eq!(pick("MIN(i)", false, back(2)), ["NULL", "NULL", "NULL", "NULL"]);
    assert_eq!(pick("MIN(i)", true, nth(2, false)), ["NULL", "NULL", "NULL", "30"]);
    assert_eq!(pick("MIN(i)", false, nth(2, false)), ["NULL", "NULL", "30", "NULL"]);
    assert_eq!(pick("MIN(i)", true, nth(2, true)), ["NULL", "10", "NULL", "30"]);
    let halved = pick("MIN(i)", false, Some(Parameter::HalfLife(1_000_000)));
    // (10·¼ + 30·1) / (¼ + 1) in the third row, and 30 alone in the last.
    assert_eq!(halved, ["10", "10", "26", "30"]);
}

fn row() -> impl Strategy<Value = Row> {
    let value = |range| prop::option::weighted(0.8, range);
    (
        value(-3..4),
        prop::option::weighted(0.8, -3_i64..4),
        prop::option::weighted(0.8, (-30_i32..30).prop_map(|number| f64::from(number) * 0.7)),
        prop::option::weighted(0.8, -200_i16..200),
        prop::option::weighted(0.8, 0_u8..4),
        prop::option::weighted(0.8, any::<bool>()),
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn parts_saved_and_merged_give_what_one_batch_gives(
        rows in prop::collection::vec(row(), 1..30),
        cuts in prop::collection::vec((1_usize..8, 0_usize..3, any::<bool>()), 1..30),
    ) {
        let all = aggregates(AGGREGATES);
        let aggregation = Aggregation::new(&all, &schema()).expect("planned");
        let mut shards: Vec<_> = (0..3).map(|_| aggregation.start().expect("started")).collect();
        let (mut at, mut cuts) = (0, cuts.into_iter().cycle());
        let merge = |into: &mut Vec<Box<dyn GroupsAccumulator>>, from: &mut Vec<Box<dyn GroupsAccumulator>>| {
            for ((into, from), fields) in into.iter_mut().zip(from).zip(aggregation.state_fields()) {
                let state = from.state(EmitTo::All).expect("a state");
                assert_eq!(state.len(), fields.len());
                for (array, field) in state.iter().zip(fields) {
                    assert_eq!(array.data_type(), field.data_type());
                }
                // A shard without a row has no group.
                let groups: Vec<usize> = (0..state[0].len()).collect();
                if !groups.is_empty() {
                    into.merge_batch(&state, &groups, groups.len()).expect("merged");
                }
            }
        };
        while at < rows.len() {
            let (length, shard, save) = cuts.next().expect("endless");
            let part = &rows[at..(at + length).min(rows.len())];
            update(&mut shards[shard], &aggregation, &batch(part, at));
            at += length;
            if save {
                let mut again = aggregation.start().expect("started");
                merge(&mut again, &mut shards[shard]);
                shards[shard] = again;
            }
        }
        let mut whole = aggregation.start().expect("started");
        for shard in &mut shards {
            merge(&mut whole, shard);
        }
        let expected = grouped(&all, &rows);
        for ((text, found), expected) in AGGREGATES.iter().zip(finish(&mut whole, &aggregation)).zip(expected) {
            prop_assert!(alike(&found, &expected), "{text}: {found} and not {expected}");
        }
    }

    #[test]
    fn a_frame_gives_what_a_group_of_its_rows_gives(
        rows in prop::collection::vec(row(), 1..40),
        leaving in prop::collection::vec(0_usize..3, 40),
    ) {
        let all = aggregates(AGGREGATES);
        let sliding = Sliding::new(&all, &schema()).expect("planned");
        let arguments = sliding.arguments(&batch(&rows, 0)).expect("values");
        let types = sliding.argument_types(&schema()).expect("types");
        prop_assert_eq!(arguments.iter().map(|array| array.data_type().clone()).collect::<Vec<_>>(), types);
        let results: Vec<_> = all.iter().map(|aggregate| aggregate.sql_type.arrow()).collect();
        let mut frame = sliding.start();
        let mut first = 0;
        for row in 0..rows.len() {
            sliding.add(&mut frame, &arguments, row).expect("added");
            for _ in 0..leaving[row].min(row - first) {
                sliding.retract(&mut frame).expect("taken off");
                first += 1;
            }
            prop_assert_eq!(frame.len(), row + 1 - first);
            let found = sliding.evaluate(&frame).expect("values");
            let expected = grouped(&all, &rows[first..=row]);
            for ((text, found), expected) in AGGREGATES.iter().zip(&found).zip(&expected) {
                prop_assert!(alike(found, expected), "{text}: {found} and not {expected}");
                prop_assert_eq!(found.data_type(), expected.data_type());
            }
            prop_assert_eq!(found.iter().map(ScalarValue::data_type).collect::<Vec<_>>(), results.clone());
            // Built anew, the frame answers the same to the last digit.
            let kept = sliding.rows(&frame, &schema()).expect("rows");
            let mut again = sliding.start();
            for row in 0..frame.len() {
                sliding.add(&mut again, &kept, row).expect("added");
            }
            prop_assert_eq!(sliding.evaluate(&again).expect("values"), found);
        }
    }
}
