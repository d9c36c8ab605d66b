//! The state of a query as bytes: what has been consumed, how far time has come, and what the open windows hold.
//!
//! ```text
//! length of the header u32 (little-endian) | header (JSON) | an Arrow stream, one batch per window and shard
//! ```

use std::io::Cursor;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use datafusion_common::DataFusionError;
use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};

use crate::plan::{Query, Stream};
use crate::streams::SequenceNumber;
use crate::window::Span;

use super::groups::{Groups, Keyed, SharedGrouping};
use super::operator::WindowedQuery;
use super::status::Counters;
use super::watermark::Watermark;

/// The version of the layout; a state of another version is not taken up.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Header {
    version: u32,
    /// Tells whether the state is of the same question.
    fingerprint: String,
    counters: Counters,
    watermark: Watermark,
    last_end: Option<i64>,
    consumed: Vec<Option<String>>,
    /// For each batch behind the header: its shard and window.
    windows: Vec<(usize, i64, i64)>,
}

/// What became of a stored state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Restored {
    /// Everything goes on where it was.
    Whole,
    /// The query has changed: reading goes on where it was, what the open windows held is dropped.
    Position,
    /// It is of another stream: everything starts anew.
    Nothing,
}

/// A state that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// Another version of this program wrote it, or it is damaged.
    #[error("the saved state of query `{query}` cannot be read: {reason}")]
    Unreadable {
        /// The query.
        query: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// Returns what makes two queries the same question over the same records.
pub(super) fn fingerprint(query: &Query, stream: &Stream) -> String {
    let text = format!(
        "{:?} {:?} {:?} {:?} {:?} {:?}",
        query.filter, query.window, query.group_by, query.aggregates, stream.columns, stream.time
    );
    format!("{:032x}", u128::from_be_bytes(Md5::digest(text.as_bytes()).into()))
}

/// Writes the state down. The query goes on afterwards as if nothing had happened.
pub(super) fn save(
    query: &mut WindowedQuery,
    fingerprint: &str,
    counters: &Counters,
) -> Result<Vec<u8>, DataFusionError> {
    let schema = schema(&query.grouping);
    let mut windows = Vec::new();
    let mut writer = StreamWriter::try_new(Vec::new(), &schema)?;
    for (index, shard) in query.shards.iter_mut().enumerate() {
        for (span, groups) in &mut shard.open {
            let (keys, state) = groups.take_state()?;
            let mut columns: Vec<ArrayRef> =
                vec![Arc::new(BinaryArray::from_iter_values(keys.iter().map(|key| &**key)))];
            columns.extend(state.iter().flatten().map(Arc::clone));
            let options = RecordBatchOptions::new().with_row_count(Some(keys.len()));
            let batch = RecordBatch::try_new_with_options(Arc::clone(&schema), columns, &options)?;
            writer.write(&batch)?;
            windows.push((index, span.start, span.end));
            merge(groups, &query.grouping, &batch)?;
        }
    }
    writer.finish()?;
    let header = Header {
        version: VERSION,
        fingerprint: fingerprint.to_owned(),
        counters: counters.clone(),
        watermark: query.watermark.clone(),
        last_end: query.last_end,
        consumed: query
            .shards
            .iter()
            .map(|shard| shard.consumed.as_ref().map(|sequence| sequence.as_str().to_owned()))
            .collect(),
        windows,
    };
    let header = serde_json::to_vec(&header).map_err(|error| DataFusionError::External(Box::new(error)))?;
    let length = u32::try_from(header.len()).map_err(|error| DataFusionError::External(Box::new(error)))?;
    let mut bytes = length.to_le_bytes().to_vec();
    bytes.extend(header);
    bytes.extend(writer.into_inner()?);
    Ok(bytes)
}

/// Returns which question a state is of, where that can be read.
pub(super) fn saved_fingerprint(bytes: &[u8]) -> Option<String> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (header, _) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    Some(serde_json::from_slice::<Header>(header).ok()?.fingerprint)
}

/// Takes a state up in a query that has not begun.
pub(super) fn restore(
    query: &mut WindowedQuery,
    fingerprint: &str,
    counters: &mut Counters,
    bytes: &[u8],
) -> Result<Restored, DataFusionError> {
    let damaged = || DataFusionError::Execution("it is damaged".to_owned());
    let (length, rest) = bytes.split_first_chunk::<4>().ok_or_else(damaged)?;
    let (header, windows) = rest.split_at_checked(u32::from_le_bytes(*length) as usize).ok_or_else(damaged)?;
    let header: Header = serde_json::from_slice(header).map_err(|_| damaged())?;
    if header.version != VERSION {
        return Err(DataFusionError::Execution(format!("it has layout {}, not {VERSION}", header.version)));
    }
    *counters = header.counters;
    for (shard, consumed) in query.shards.iter_mut().zip(&header.consumed) {
        shard.consumed = consumed.as_deref().and_then(SequenceNumber::parse);
    }
    let same_shards = header.consumed.len() == query.shards.len();
    // Windows that were written are over for a changed query too, as long as time is the same.
    if same_shards && header.watermark.is_alike(&query.watermark) {
        query.watermark = header.watermark;
    }
    if header.fingerprint != fingerprint || !same_shards {
        return Ok(Restored::Position);
    }
    query.last_end = header.last_end;
    let reader = StreamReader::try_new(Cursor::new(windows), None)?;
    for (batch, (shard, start, end)) in reader.zip(header.windows) {
        let mut groups = Groups::new(&query.grouping.aggregation)?;
        merge(&mut groups, &query.grouping, &batch?)?;
        query.shards.get_mut(shard).ok_or_else(damaged)?.open.insert(Span { start, end }, groups);
    }
    Ok(Restored::Whole)
}

/// The group's key as bytes, then the state of every accumulator.
fn schema(grouping: &SharedGrouping) -> SchemaRef {
    let mut fields = vec![Arc::new(Field::new("key", DataType::Binary, false))];
    for (index, state) in grouping.aggregation.state_fields().enumerate() {
        for (part, field) in state.iter().enumerate() {
            fields.push(Arc::new(Field::new(format!("{index}.{part}"), field.data_type().clone(), true)));
        }
    }
    Arc::new(Schema::new(fields))
}

fn merge(groups: &mut Groups, grouping: &SharedGrouping, batch: &RecordBatch) -> Result<(), DataFusionError> {
    let stored = batch.column(0).as_binary::<i32>();
    let keys: Vec<Box<[u8]>> = (0..stored.len()).map(|row| stored.value(row).into()).collect();
    let columns = grouping.keys.columns(&keys)?;
    let rows = grouping.keys.of(&columns)?;
    let mut arrays = batch.columns()[1..].iter();
    let state: Vec<Vec<ArrayRef>> = grouping
        .aggregation
        .state_fields()
        .map(|fields| arrays.by_ref().take(fields.len()).map(Arc::clone).collect())
        .collect();
    groups.merge(&Keyed { keys: rows.as_ref(), rows: None, count: keys.len() }, &state)
}
