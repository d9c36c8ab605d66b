//! Computing something for each row, so that a row that fails stands alone.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, new_empty_array};
use arrow::compute::concat;
use arrow::datatypes::DataType;
use datafusion_common::DataFusionError;

use super::expression::{Physical, holds};

/// What came of computing something for each row.
pub(super) struct EachRow {
    /// The values of the rows that did not fail, in their order.
    pub(super) arrays: Vec<ArrayRef>,
    /// The rows that failed, in order, and why each did.
    pub(super) failed: Vec<(usize, String)>,
}

/// Computes arrays over a batch. Where that fails, halves the batch until the rows that fail stand alone: a row fails
/// only by itself, whatever stands beside it.
/// `types` are those of the arrays, for when no row is left.
pub(super) fn each_row(
    batch: &RecordBatch,
    types: &[DataType],
    compute: impl Fn(&RecordBatch) -> Result<Vec<ArrayRef>, DataFusionError>,
) -> Result<EachRow, DataFusionError> {
    let mut parts: Vec<Vec<ArrayRef>> = Vec::new();
    let mut failed = Vec::new();
    let mut open = vec![(0, batch.num_rows())];
    while let Some((start, length)) = open.pop() {
        match compute(&batch.slice(start, length)) {
            Ok(arrays) => parts.push(arrays),
            Err(error) if length == 1 => failed.push((start, reason(&error))),
            Err(_) if length == 0 => {}
            Err(_) => {
                let half = length / 2;
                open.push((start + half, length - half));
                open.push((start, half));
            }
        }
    }
    if parts.is_empty() {
        parts.push(types.iter().map(new_empty_array).collect());
    }
    if parts.len() == 1 {
        return Ok(EachRow { arrays: parts.remove(0), failed });
    }
    let joined = |index: usize| {
        let arrays: Vec<&dyn Array> = parts.iter().map(|part| part[index].as_ref()).collect();
        concat(&arrays)
    };
    let arrays = (0..parts[0].len()).map(joined).collect::<Result<_, _>>()?;
    Ok(EachRow { arrays, failed })
}

/// What came of a condition for each row.
pub(super) struct EachHolds {
    /// Of every row, whether the condition holds; it does not of those that failed.
    pub(super) held: Vec<bool>,
    /// The rows that failed, in order, and why each did.
    pub(super) failed: Vec<(usize, String)>,
}

/// Computes a condition over a batch, so that a row of which that fails stands alone.
pub(super) fn each_holds(condition: &Physical, batch: &RecordBatch) -> Result<EachHolds, DataFusionError> {
    let computed =
        each_row(batch, &[DataType::Boolean], |batch| Ok(vec![Arc::new(holds(condition, batch)?) as ArrayRef]))?;
    let mut held = vec![true; batch.num_rows()];
    for (row, _) in &computed.failed {
        held[*row] = false;
    }
    // There is a value for every row that did not fail, in order.
    for (held, value) in held.iter_mut().filter(|held| **held).zip(computed.arrays[0].as_boolean()) {
        *held = value == Some(true);
    }
    Ok(EachHolds { held, failed: computed.failed })
}

/// Returns why a row could not be computed, in a line.
pub(super) fn reason(error: &DataFusionError) -> String {
    let text = match error {
        DataFusionError::ArrowError(error, _) => error.to_string(),
        other => other.strip_backtrace(),
    };
    format!("the row cannot be computed: {}", text.lines().next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use arrow::array::Int32Array;
    use arrow::datatypes::{Field, Schema};

    use super::*;

    #[test]
    fn the_rows_that_fail_are_found_and_no_other() {
        let schema = Arc::new(Schema::new(vec![Field::new("v", DataType::Int32, true)]));
        let values: Vec<i32> = (0..100).collect();
        let batch = RecordBatch::try_new(schema, vec![Arc::new(Int32Array::from(values))]).expect("a batch");
        let fails = |batch: &RecordBatch| {
            let column = batch.column(0).as_primitive::<arrow::datatypes::Int32Type>();
            let bad = column.values().iter().any(|value| [3, 50, 99].contains(value));
            if bad { Err(DataFusionError::Plan("no".to_owned())) } else { Ok(vec![Arc::clone(batch.column(0))]) }
        };
        let found = each_row(&batch, &[DataType::Int32], fails).expect("rows");
        assert_eq!(found.failed.iter().map(|(row, _)| *row).collect::<Vec<_>>(), [3, 50, 99]);
        let rest: Vec<i32> = (0..100).filter(|value| ![3, 50, 99].contains(value)).collect();
        assert_eq!(found.arrays[0].as_primitive::<arrow::datatypes::Int32Type>().values(), &rest[..]);
    }
}
