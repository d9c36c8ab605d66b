//! What operators keep, as bytes: a few plain values, and Arrow batches.

use std::io::Cursor;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use datafusion_common::DataFusionError;
use serde::{Deserialize, Serialize};

/// Takes what one operator keeps.
#[derive(Debug, Default)]
pub(super) struct StateWriter {
    parts: Vec<Part>,
    bytes: Vec<u8>,
}

/// One thing that an operator keeps.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Part {
    /// Plain values that belong to the batch.
    values: serde_json::Value,
    /// How many of the bytes are the batch, as an Arrow stream; 0 where there is none.
    length: usize,
}

/// What an operator kept, as the header of the whole state has it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct StateHeader {
    parts: Vec<Part>,
}

/// Gives back what one operator kept, in the order in which it was written.
pub(super) struct StateReader<'a> {
    parts: std::vec::IntoIter<Part>,
    bytes: &'a [u8],
}

impl StateWriter {
    /// Keeps plain values, and a batch where there is one.
    pub(super) fn add(&mut self, values: &impl Serialize, batch: Option<&RecordBatch>) -> Result<(), DataFusionError> {
        let values = serde_json::to_value(values).map_err(external)?;
        let before = self.bytes.len();
        if let Some(batch) = batch {
            let mut writer = StreamWriter::try_new(&mut self.bytes, batch.schema_ref())?;
            writer.write(batch)?;
            writer.finish()?;
        }
        self.parts.push(Part { values, length: self.bytes.len() - before });
        Ok(())
    }

    /// Returns the header's part, and the bytes.
    pub(super) fn finish(self) -> (StateHeader, Vec<u8>) {
        (StateHeader { parts: self.parts }, self.bytes)
    }
}

impl StateHeader {
    /// Returns how many bytes belong to it.
    pub(super) fn length(&self) -> usize {
        self.parts.iter().map(|part| part.length).sum()
    }
}

impl<'a> StateReader<'a> {
    /// Takes the header's part and the bytes that belong to it.
    pub(super) fn new(header: StateHeader, bytes: &'a [u8]) -> Self {
        Self { parts: header.parts.into_iter(), bytes }
    }

    /// Gives back the next thing that was kept; `None` behind the last.
    pub(super) fn next<T: for<'de> Deserialize<'de>>(
        &mut self,
    ) -> Result<Option<(T, Option<RecordBatch>)>, DataFusionError> {
        let Some(part) = self.parts.next() else { return Ok(None) };
        let values = serde_json::from_value(part.values).map_err(external)?;
        let (bytes, rest) = self.bytes.split_at_checked(part.length).ok_or_else(damaged)?;
        self.bytes = rest;
        if bytes.is_empty() {
            return Ok(Some((values, None)));
        }
        let batch = StreamReader::try_new(Cursor::new(bytes), None)?.next().ok_or_else(damaged)??;
        Ok(Some((values, Some(batch))))
    }
}

/// Says that a state is not what was written.
pub(super) fn damaged() -> DataFusionError {
    DataFusionError::Execution("it is damaged".to_owned())
}

fn external(error: serde_json::Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

/// Returns whether a batch has the columns that are expected of it.
pub(super) fn has_schema(batch: &RecordBatch, schema: &Arc<arrow::datatypes::Schema>) -> bool {
    let types = |schema: &arrow::datatypes::Schema| -> Vec<arrow::datatypes::DataType> {
        schema.fields().iter().map(|field| field.data_type().clone()).collect()
    };
    types(batch.schema_ref()) == types(schema)
}
