//! Rows → JSON records.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    TimestampMicrosecondType,
};
use chrono::{DateTime, NaiveDate};

/// Writes a row as a JSON object with one member per column, in order. A moment is written like
/// `2026-02-02T10:15:30.123`, with microseconds where it has them; a number that JSON does not have is `null`.
pub(super) fn write_row(batch: &RecordBatch, row: usize, out: &mut Vec<u8>) {
    out.push(b'{');
    for (index, (field, column)) in batch.schema_ref().fields().iter().zip(batch.columns()).enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(out, field.name());
        out.push(b':');
        write_value(column.as_ref(), row, out);
    }
    out.push(b'}');
}

/// Returns the text of a value as a partition key has it: text as it is, anything else as in JSON.
pub(super) fn key_text(column: &dyn Array, row: usize) -> String {
    let mut out = Vec::new();
    if *column.data_type() == DataType::Utf8 && !column.is_null(row) {
        return column.as_string::<i32>().value(row).to_owned();
    }
    write_value(column, row, &mut out);
    String::from_utf8_lossy(&out).trim_matches('"').to_owned()
}

/// Writes a value as JSON.
pub(super) fn write_value(column: &dyn Array, row: usize, out: &mut Vec<u8>) {
    if column.is_null(row) {
        out.extend_from_slice(b"null");
        return;
    }
    match column.data_type() {
        DataType::Boolean => write(out, &column.as_boolean().value(row)),
        DataType::Int8 => write(out, &column.as_primitive::<Int8Type>().value(row)),
        DataType::Int16 => write(out, &column.as_primitive::<Int16Type>().value(row)),
        DataType::Int32 => write(out, &column.as_primitive::<Int32Type>().value(row)),
        DataType::Int64 => write(out, &column.as_primitive::<Int64Type>().value(row)),
        DataType::Float32 => write(out, &column.as_primitive::<Float32Type>().value(row)),
        DataType::Float64 => write(out, &column.as_primitive::<Float64Type>().value(row)),
        DataType::Decimal128(..) => {
            out.extend_from_slice(column.as_primitive::<Decimal128Type>().value_as_string(row).as_bytes());
        }
        DataType::Utf8 => write(out, column.as_string::<i32>().value(row)),
        DataType::Date32 => {
            let days = chrono::Duration::days(i64::from(column.as_primitive::<Date32Type>().value(row)));
            write(out, &NaiveDate::default().checked_add_signed(days).unwrap_or_default().to_string());
        }
        DataType::Timestamp(..) => {
            let micros = column.as_primitive::<TimestampMicrosecondType>().value(row);
            write(out, &moment_text(micros));
        }
        _ => out.extend_from_slice(b"null"),
    }
}

/// Writes a moment like `2026-02-02T10:15:30.123`, with microseconds where it has them.
pub fn moment_text(micros: i64) -> String {
    let moment = DateTime::from_timestamp_micros(micros).unwrap_or_default();
    let form = if micros % 1000 == 0 { "%Y-%m-%dT%H:%M:%S%.3f" } else { "%Y-%m-%dT%H:%M:%S%.6f" };
    moment.format(form).to_string()
}

fn write<T: serde::Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    serde_json::to_writer(out, value).expect("a vector takes every byte, and the value is plain");
}
