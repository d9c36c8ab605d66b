//! The frames of all keys.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, Int64Array, RecordBatch, new_empty_array};
use arrow::compute::concat;
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use datafusion_common::{DataFusionError, ScalarValue};
use hashbrown::HashMap;

use crate::window::{Frame, Micros};

use super::super::aggregation::{self, Sliding};
use super::super::state::{damaged, has_schema};

/// How many rows come before keys are looked through for the first time.
const FIRST_LOOK: usize = 4096;

/// The frames of all keys.
pub(super) struct Partitions {
    pub(super) sliding: Sliding,
    frame: Frame,
    by_key: HashMap<Vec<u8>, Partition>,
    /// How many rows are in the frames.
    rows: usize,
    /// How many rows came since keys were looked through, and how many make the next look worth it.
    since: (usize, usize),
}

/// The frame of one key.
struct Partition {
    frame: aggregation::Frame,
    /// The times of its rows.
    times: VecDeque<Micros>,
}

/// A row on its way into a frame.
pub(super) struct Entry<'a> {
    /// What the rows of its batch bring with them, and which of them it is.
    pub(super) arguments: &'a [ArrayRef],
    pub(super) row: usize,
    pub(super) moment: Micros,
}

impl Partitions {
    /// Starts without a key.
    pub(super) fn new(sliding: Sliding, frame: Frame) -> Self {
        Self { sliding, frame, by_key: HashMap::new(), rows: 0, since: (0, FIRST_LOOK) }
    }

    /// Returns how many rows are kept.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Lets a row into the frame of its key, and lets others out.
    pub(super) fn enter(&mut self, key: &[u8], entry: &Entry<'_>) -> Result<(), DataFusionError> {
        let frame = self.frame;
        let partition = self.partition(key);
        // By arrival, the order of the log goes before a time that lies behind the one before.
        let moment = partition.times.back().map_or(entry.moment, |last| entry.moment.max(*last));
        let left = match frame {
            Frame::Range(range) => {
                let first = moment.saturating_sub(range);
                partition.times.iter().take_while(|time| **time < first).count()
            }
            Frame::Rows(before) => {
                let before = usize::try_from(before).unwrap_or(usize::MAX);
                partition.frame.len().saturating_sub(before)
            }
        };
        partition.times.drain(..left);
        partition.times.push_back(moment);
        self.rows = self.rows + 1 - left;
        self.since.0 += 1;
        let Some(partition) = self.by_key.get_mut(key) else { return Ok(()) };
        for _ in 0..left {
            self.sliding.retract(&mut partition.frame)?;
        }
        self.sliding.add(&mut partition.frame, entry.arguments, entry.row)
    }

    /// Returns the aggregates over the frame of a key.
    pub(super) fn evaluate(&self, key: &[u8]) -> Result<Vec<ScalarValue>, DataFusionError> {
        let partition = self.by_key.get(key).ok_or_else(|| DataFusionError::Internal("no frame".to_owned()))?;
        self.sliding.evaluate(&partition.frame)
    }

    /// Drops the keys whose rows are in no frame any more, once there may be many of them.
    pub(super) fn forget(&mut self, watermark: Micros) {
        if self.since.0 < self.since.1 {
            return;
        }
        let frame = self.frame;
        self.by_key.retain(|_, partition| {
            let last = partition.times.back();
            let kept = last.is_some_and(|last| !is_forgotten(frame, *last, watermark));
            if !kept {
                self.rows -= partition.times.len();
            }
            kept
        });
        self.since = (0, FIRST_LOOK.max(self.rows));
    }

    /// Returns the rows of all frames: key by key, and oldest first.
    pub(super) fn to_batch(&self, input: &Schema) -> Result<RecordBatch, DataFusionError> {
        let types = self.sliding.argument_types(input)?;
        let (mut keys, mut times): (Vec<&[u8]>, Vec<Micros>) = (Vec::new(), Vec::new());
        let mut arguments: Vec<Vec<ArrayRef>> = types.iter().map(|of| vec![new_empty_array(of)]).collect();
        for (key, partition) in self.by_key.iter().filter(|(_, partition)| !partition.times.is_empty()) {
            keys.extend(std::iter::repeat_n(key.as_slice(), partition.times.len()));
            times.extend(&partition.times);
            for (all, own) in arguments.iter_mut().zip(self.sliding.rows(&partition.frame, input)?) {
                all.push(own);
            }
        }
        let mut columns: Vec<ArrayRef> =
            vec![Arc::new(BinaryArray::from_iter_values(keys)), Arc::new(Int64Array::from(times))];
        for arrays in arguments {
            columns.push(concat(&arrays.iter().map(AsRef::as_ref).collect::<Vec<&dyn Array>>())?);
        }
        Ok(RecordBatch::try_new(self.schema(input)?, columns)?)
    }

    /// Takes up the rows of all frames.
    pub(super) fn restore(&mut self, batch: &RecordBatch, input: &Schema) -> Result<(), DataFusionError> {
        if !has_schema(batch, &self.schema(input)?) {
            return Err(damaged());
        }
        let keys = batch.column(0).as_binary::<i32>();
        let times = batch.column(1).as_primitive::<Int64Type>();
        for row in 0..batch.num_rows() {
            let partition = self.partition(keys.value(row));
            partition.times.push_back(times.value(row));
            let Some(partition) = self.by_key.get_mut(keys.value(row)) else { continue };
            self.sliding.add(&mut partition.frame, &batch.columns()[2..], row)?;
        }
        self.rows = batch.num_rows();
        Ok(())
    }

    fn partition(&mut self, key: &[u8]) -> &mut Partition {
        let sliding = &self.sliding;
        self.by_key.entry_ref(key).or_insert_with(|| Partition { frame: sliding.start(), times: VecDeque::new() })
    }

    fn schema(&self, input: &Schema) -> Result<SchemaRef, DataFusionError> {
        let mut fields = vec![Field::new("key", DataType::Binary, false), Field::new("time", DataType::Int64, false)];
        for (index, of) in self.sliding.argument_types(input)?.into_iter().enumerate() {
            fields.push(Field::new(format!("argument {index}"), of, true));
        }
        Ok(Arc::new(Schema::new(fields)))
    }
}

/// Returns whether no row that comes in time any more has a row of this time in its frame.
fn is_forgotten(frame: Frame, last: Micros, at: Micros) -> bool {
    match frame {
        Frame::Range(range) => last.saturating_add(range) < at,
        Frame::Rows(_) => false,
    }
}
