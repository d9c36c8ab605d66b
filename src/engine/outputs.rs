//! What a query is about to write.

use arrow::array::RecordBatch;

use crate::record::RecordFormat;
use crate::streams::Appends;

use super::json::key_text;
use super::rows::Rows;
use super::{csv, json};

/// The longest partition key, in characters (Kinesis API, `PutRecord`).
const MAX_PARTITION_KEY: usize = 256;

/// What is to be written with the next state.
#[derive(Default)]
pub(super) struct Outputs {
    pub(super) rows: Appends,
    pub(super) errors: Appends,
    pub(super) late: Appends,
}

impl Outputs {
    /// Returns whether somebody waits for it.
    pub(super) fn is_awaited(&self) -> bool {
        !self.rows.is_empty()
    }

    /// Returns how much room it takes up, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.rows.data_bytes() + self.errors.data_bytes() + self.late.data_bytes()
    }
}

/// Writes a row as a record of its stream.
pub(super) fn write_record(format: RecordFormat, batch: &RecordBatch, row: usize, out: &mut Vec<u8>) {
    match format {
        RecordFormat::Json => json::write_row(batch, row, out),
        RecordFormat::Csv { delimiter } => csv::write_row(delimiter, batch, row, out),
    }
}

/// Returns the text of the columns that make the key, so that rows of one key keep their order; without such columns,
/// the key of the record that the row is made of.
pub(super) fn partition_key(columns: &[usize], rows: &Rows, row: usize) -> String {
    if let (true, Some(origin)) = (columns.is_empty(), &rows.origin) {
        return origin.partition_key(row).to_owned();
    }
    let parts: Vec<String> = columns.iter().map(|index| key_text(rows.batch.column(*index).as_ref(), row)).collect();
    let mut key: String = parts.join("|").chars().take(MAX_PARTITION_KEY).collect();
    if key.is_empty() {
        key.push('-');
    }
    key
}
