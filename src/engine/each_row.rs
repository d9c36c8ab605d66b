//! Computing something for each row, so that a row that fails stands alone.

use arrow::array::{Array, ArrayRef, RecordBatch, new_empty_array};
use arrow::compute::concat;
use arrow::datatypes::DataType;
use datafusion_common::DataFusionError;

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
    use std::sync::Arc;

    use arrow::array::{AsArray, Int32Array};
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
