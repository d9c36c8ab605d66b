//! What one read of one shard becomes: decoded, filtered, and computed as far as no other shard matters.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch, new_empty_array};
use arrow::compute::{concat, filter_record_batch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimestampMicrosecondType};
use arrow::row::Rows;
use datafusion_common::DataFusionError;

use crate::plan::{Query, Stream, Time};
use crate::sql::Aggregate;
use crate::streams::{Block, Millis, SequenceNumber};
use crate::window::Micros;

use super::aggregation::ORDER;
use super::decode::Decoder;
use super::expression::{Names, Physical, holds, lower};
use super::groups::SharedGrouping;

/// The place of a record in a chunk: its block, and its index in the block.
pub(super) type Place = (u32, u32);

/// Records of one shard, ready to be put into windows.
pub(super) struct Chunk {
    blocks: Vec<Block>,
    /// One run per block, in order.
    pub(super) runs: Vec<Run>,
    /// The first run that has not been judged yet.
    pub(super) next_run: usize,
    /// Of every row that could be read: its time.
    pub(super) times: Vec<Micros>,
    /// Of every row that could be read: its number among those that count, or [`NOT_COUNTED`].
    pub(super) counted: Vec<u32>,
    places: Vec<Place>,
    /// The records that could not be read or computed, in order.
    bad: Vec<Bad>,
    /// Of the rows that count: their group keys.
    pub(super) keys: Option<Rows>,
    /// Of the rows that count: what goes into each accumulator.
    pub(super) arguments: Vec<ArrayRef>,
    /// How many rows count.
    pub(super) count: usize,
}

/// Records that arrived together.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    pub(super) arrival: Millis,
    /// The end of its rows among those that could be read.
    pub(super) rows_end: usize,
    /// The end of its bad records.
    bad_end: usize,
}

/// A row that could be read but does not count: the filter dropped it, or computing it failed.
pub(super) const NOT_COUNTED: u32 = u32::MAX;

/// A record that could not be read or computed.
#[derive(Debug, Clone)]
pub(super) struct Bad {
    pub(super) place: Place,
    pub(super) reason: String,
}

/// Makes chunks of one shard's records.
pub(super) struct ShardInput {
    decoder: Decoder,
    schema: SchemaRef,
    time_column: Option<usize>,
    filter: Option<Physical>,
    group_by: Vec<usize>,
    grouping: SharedGrouping,
}

impl ShardInput {
    /// Returns the schema of decoded rows.
    pub(super) fn schema(query: &Query, stream: &Stream) -> SchemaRef {
        let decoded = Decoder::new(&stream.columns, &[]).schema();
        if !query.aggregates.iter().any(Aggregate::by_arrival) {
            return decoded;
        }
        let mut fields = decoded.fields().to_vec();
        fields.push(Arc::new(Field::new(ORDER, DataType::Int64, false)));
        Arc::new(Schema::new(fields))
    }

    pub(super) fn new(query: &Query, stream: &Stream, grouping: &SharedGrouping) -> Result<Self, DataFusionError> {
        let time_column = match stream.time {
            Time::Arrival => None,
            Time::Event { column, .. } => Some(column),
        };
        let required: Vec<usize> = time_column.into_iter().collect();
        let decoder = Decoder::new(&stream.columns, &required);
        let schema = Self::schema(query, stream);
        let names = Names { schema: &schema, aggregates: &[] };
        let filter = query.filter.as_ref().map(|filter| lower(filter, names)).transpose()?;
        Ok(Self {
            decoder,
            schema,
            time_column,
            filter,
            group_by: query.group_by.clone(),
            grouping: Arc::clone(grouping),
        })
    }

    /// Decodes and computes.
    pub(super) fn chunk(&mut self, blocks: Vec<Block>) -> Result<Chunk, DataFusionError> {
        let records = blocks.iter().map(Block::len).sum();
        let mut places: Vec<Place> = Vec::with_capacity(records);
        let mut bad = Vec::new();
        let mut row_ends = Vec::with_capacity(blocks.len());
        for (block_index, block) in (0u32..).zip(&blocks) {
            for (index, record) in (0u32..).zip(block.records()) {
                match self.decoder.push(record.data) {
                    Ok(()) => places.push((block_index, index)),
                    Err(reason) => bad.push(Bad { place: (block_index, index), reason }),
                }
            }
            row_ends.push(places.len());
        }
        let decoded = self.decoder.finish();
        let batch = self.ordered(decoded, &blocks, &row_ends)?;
        let times = self.times(&batch, &blocks, &row_ends);
        let computed = self.compute(&batch, &places, &mut bad)?;
        bad.sort_by_key(|bad| bad.place);
        let runs = blocks
            .iter()
            .zip(row_ends)
            .enumerate()
            .map(|(index, (block, rows_end))| Run {
                arrival: block.arrival(),
                rows_end,
                bad_end: bad.partition_point(|bad| bad.place.0 as usize <= index),
            })
            .collect();
        let Computed { counted, keys, arguments, count } = computed;
        Ok(Chunk { blocks, runs, next_run: 0, times, counted, places, bad, keys, arguments, count })
    }

    /// Adds the place of every row in the order of arrival, where an aggregate goes by it.
    fn ordered(
        &self,
        batch: RecordBatch,
        blocks: &[Block],
        row_ends: &[usize],
    ) -> Result<RecordBatch, DataFusionError> {
        if self.schema.fields().len() == batch.num_columns() {
            return Ok(batch);
        }
        let mut places = Vec::with_capacity(batch.num_rows());
        for (block, end) in blocks.iter().zip(row_ends) {
            places.resize(*end, block.arrival());
        }
        let mut columns = batch.columns().to_vec();
        columns.push(Arc::new(Int64Array::from(places)));
        Ok(RecordBatch::try_new(Arc::clone(&self.schema), columns)?)
    }

    fn times(&self, batch: &RecordBatch, blocks: &[Block], row_ends: &[usize]) -> Vec<Micros> {
        if let Some(column) = self.time_column {
            return batch.column(column).as_primitive::<TimestampMicrosecondType>().values().to_vec();
        }
        let mut times = Vec::with_capacity(batch.num_rows());
        for (block, end) in blocks.iter().zip(row_ends) {
            times.resize(*end, block.arrival().saturating_mul(1000));
        }
        times
    }

    fn compute(&self, batch: &RecordBatch, places: &[Place], bad: &mut Vec<Bad>) -> Result<Computed, DataFusionError> {
        let rows = batch.num_rows();
        let mut keep = vec![true; rows];
        if let Some(filter) = &self.filter {
            let masks =
                each_row(batch, &[DataType::Boolean], |batch| Ok(vec![Arc::new(holds(filter, batch)?) as ArrayRef]))?;
            for (row, reason) in masks.failed {
                keep[row] = false;
                bad.push(Bad { place: places[row], reason });
            }
            // The mask has a value for every row that did not fail, in order.
            let held = masks.arrays[0].as_boolean().iter();
            for (keep, held) in keep.iter_mut().filter(|keep| **keep).zip(held) {
                *keep = held == Some(true);
            }
        }
        let kept: Vec<usize> = (0..rows).filter(|row| keep[*row]).collect();
        let evaluated = each_row(
            &select(batch, &keep)?,
            &self.grouping.aggregation.argument_types(batch.schema_ref())?,
            |batch| self.grouping.aggregation.arguments(batch),
        )?;
        for (row, reason) in evaluated.failed {
            keep[kept[row]] = false;
            bad.push(Bad { place: places[kept[row]], reason });
        }
        let selected = select(batch, &keep)?;
        let arguments = evaluated.arrays;
        let groups: Vec<ArrayRef> = self.group_by.iter().map(|index| Arc::clone(selected.column(*index))).collect();
        let keys = self.grouping.keys.of(&groups)?;
        let mut count = 0u32;
        let counted = keep
            .iter()
            .map(|keep| {
                if !keep {
                    return NOT_COUNTED;
                }
                count += 1;
                count - 1
            })
            .collect();
        Ok(Computed { counted, keys, arguments, count: count as usize })
    }
}

struct Computed {
    counted: Vec<u32>,
    keys: Option<Rows>,
    arguments: Vec<ArrayRef>,
    count: usize,
}

impl Chunk {
    /// Returns whether every run has been judged.
    pub(super) fn is_done(&self) -> bool {
        self.next_run == self.runs.len()
    }

    /// Returns the first row of a run among those that could be read.
    pub(super) fn rows_start(&self, run: usize) -> usize {
        if run == 0 { 0 } else { self.runs[run - 1].rows_end }
    }

    /// Returns the bad records of a run.
    pub(super) fn bad(&self, run: usize) -> &[Bad] {
        let start = if run == 0 { 0 } else { self.runs[run - 1].bad_end };
        &self.bad[start..self.runs[run].bad_end]
    }

    /// Returns the place of a row that could be read.
    pub(super) fn place(&self, row: usize) -> Place {
        self.places[row]
    }

    /// Returns the block that a place is in, and the index there.
    pub(super) fn record(&self, (block, index): Place) -> (&Block, usize) {
        (&self.blocks[block as usize], index as usize)
    }

    /// Returns the sequence number of the last record of a run.
    pub(super) fn last_sequence(&self, run: usize) -> SequenceNumber {
        let block = &self.blocks[run];
        block.sequence(block.len() - 1)
    }
}

fn select(batch: &RecordBatch, keep: &[bool]) -> Result<RecordBatch, DataFusionError> {
    if keep.iter().all(|keep| *keep) {
        return Ok(batch.clone());
    }
    Ok(filter_record_batch(batch, &BooleanArray::from(keep.to_vec()))?)
}

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
fn reason(error: &DataFusionError) -> String {
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
