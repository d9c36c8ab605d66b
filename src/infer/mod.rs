//! A pipeline for records that are there: what they hold, when they come and how they can be made again, inferred from a sample.
//!
//! Owns what is concluded from records, and the file that says it. May import `document`, `plan`, `recording` and what they
//! import. Never reads a stream or a file.

mod cells;
mod column;
mod field;
mod fits;
mod numbers;
mod shape;
mod table;
mod times;
mod write;

pub use table::{InferError, Sample, Sampled};

use column::Column;
use times::Times;

/// What was concluded.
struct Inferred {
    columns: Vec<Column>,
    /// The column with the time of the event, by index.
    event_time: Option<usize>,
    partition_key: Option<usize>,
    times: Times,
    /// The share of records that could not be read.
    malformed: f64,
    /// The share that came twice.
    duplicates: f64,
    /// How many records there were.
    count: usize,
    /// What of them is not in the file.
    left_out: Vec<String>,
    is_csv: bool,
}

/// Writes a pipeline file for a sample of records. Fails where there is nothing to conclude anything from.
pub fn infer(sample: &Sample) -> Result<String, InferError> {
    let table = table::read(sample)?;
    let mut columns: Vec<Column> = table.columns.into_iter().map(Column::new).collect();
    let event_time = times::event_time(&columns);
    let times = Times::of(sample, &table.rows, event_time.map(|index| &columns[index]));
    let partition_key = partition_key(sample, &table.rows, &columns, event_time);
    let keys = partition_key.map(|index| columns[index].texts());
    for (index, column) in columns.iter_mut().enumerate() {
        column.conclude(event_time == Some(index), keys.as_deref().filter(|_| partition_key != Some(index)));
    }
    let distinct: std::collections::HashSet<&[u8]> =
        sample.records.iter().map(|record| record.data.as_slice()).collect();
    // Records that hold nothing of their own repeat without being doubled.
    let is_telling = columns.iter().any(Column::is_unique) || event_time.is_some();
    let count = sample.records.len();
    Ok(write::write(
        sample,
        &Inferred {
            event_time,
            partition_key,
            times,
            malformed: share(count - table.rows.len(), count),
            duplicates: if is_telling { share(count - distinct.len(), count) } else { 0.0 },
            count,
            left_out: table.left_out,
            is_csv: table.is_csv,
            columns,
        },
    ))
}

/// Finds the column that the partition keys are the texts of or, where none were recorded, one whose values come again and
/// again, but none of them most of the time.
fn partition_key(sample: &Sample, rows: &[usize], columns: &[Column], event_time: Option<usize>) -> Option<usize> {
    let keys: Vec<&str> = rows.iter().filter_map(|row| sample.records[*row].key.as_deref()).collect();
    let candidates = (0..columns.len()).filter(|index| Some(*index) != event_time);
    if keys.len() == rows.len() {
        let is_key = |index: &usize| {
            let alike = columns[*index].texts().iter().zip(&keys).filter(|(text, key)| text == *key).count();
            alike * 100 >= keys.len() * 99
        };
        return candidates.clone().find(is_key);
    }
    candidates
        .filter(|index| columns[*index].can_be_key())
        .max_by_key(|index| (columns[*index].is_text(), columns[*index].distinct()))
}

#[expect(clippy::cast_precision_loss, reason = "a sample is small")]
fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole.max(1) as f64
}

#[cfg(test)]
mod tests;
