//! Rows → records in CSV.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float32Type, Float64Type, TimestampMicrosecondType};

use crate::record::{write_csv_field, write_csv_null};

use super::json::{moment_text, write_value};

/// Writes a row: its values in the order of the columns, and no line end. A moment is written like
/// `2026-02-02 10:15:30.123`, as Flink and Kinesis Data Analytics do; anything else as in JSON.
pub(super) fn write_row(delimiter: u8, batch: &RecordBatch, row: usize, out: &mut Vec<u8>) {
    let mut value = Vec::new();
    for (index, column) in batch.columns().iter().enumerate() {
        if index > 0 {
            out.push(delimiter);
        }
        value.clear();
        if is_null(column.as_ref(), row) {
            write_csv_null(batch.num_columns(), out);
            continue;
        }
        match column.data_type() {
            DataType::Utf8 => value.extend_from_slice(column.as_string::<i32>().value(row).as_bytes()),
            DataType::Timestamp(..) => {
                let micros = column.as_primitive::<TimestampMicrosecondType>().value(row);
                value.extend_from_slice(moment_text(micros).replacen('T', " ", 1).as_bytes());
            }
            DataType::Date32 => {
                write_value(column.as_ref(), row, &mut value);
                value.retain(|byte| *byte != b'"');
            }
            _ => write_value(column.as_ref(), row, &mut value),
        }
        write_csv_field(delimiter, &value, out);
    }
}

/// Returns whether a value is written as NULL: a number that JSON does not have is none in CSV either.
fn is_null(column: &dyn Array, row: usize) -> bool {
    column.is_null(row)
        || match column.data_type() {
            DataType::Float32 => !column.as_primitive::<Float32Type>().value(row).is_finite(),
            DataType::Float64 => !column.as_primitive::<Float64Type>().value(row).is_finite(),
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{
        ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int32Array, StringArray,
        TimestampMicrosecondArray,
    };

    use super::*;

    fn lines(delimiter: u8, columns: Vec<ArrayRef>) -> Vec<String> {
        let named = columns.into_iter().enumerate().map(|(index, column)| (index.to_string(), column));
        let batch = RecordBatch::try_from_iter_with_nullable(named.map(|(name, column)| (name, column, true)))
            .expect("equal lengths");
        let line = |row| {
            let mut out = Vec::new();
            write_row(delimiter, &batch, row, &mut out);
            String::from_utf8(out).expect("UTF-8")
        };
        (0..batch.num_rows()).map(line).collect()
    }

    #[test]
    fn values_stand_in_order() {
        let decimals = Decimal128Array::from(vec![Some(150), None, Some(-1)]).with_precision_and_scale(5, 2);
        let columns: Vec<ArrayRef> = vec![
            Arc::new(Int32Array::from(vec![Some(1), None, Some(-3)])),
            Arc::new(StringArray::from(vec![Some("a,\"b\""), None, Some("")])),
            Arc::new(Float64Array::from(vec![Some(1.5), Some(f64::NAN), Some(1e300)])),
            Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)])),
            Arc::new(Date32Array::from(vec![Some(1), None, Some(0)])),
            Arc::new(TimestampMicrosecondArray::from(vec![Some(1_500_000), None, Some(1)])),
            Arc::new(decimals.expect("it fits")),
        ];
        assert_eq!(
            lines(b',', columns.clone()),
            [
                "1,\"a,\"\"b\"\"\",1.5,true,1970-01-02,1970-01-01 00:00:01.500,1.50",
                ",,,,,,",
                "-3,\"\",1e+300,false,1970-01-01,1970-01-01 00:00:00.000001,-0.01",
            ]
        );
        assert_eq!(
            lines(b'-', columns)[2],
            "\"-3\"-\"\"-1e+300-false-\"1970-01-01\"-\"1970-01-01 00:00:00.000001\"-\"-0.01\""
        );
    }

    #[test]
    fn a_row_of_one_null_is_a_row() {
        assert_eq!(lines(b',', vec![Arc::new(Int32Array::from(vec![None, Some(7)]))]), ["\"\"", "7"]);
    }
}
