//! What one read of one shard becomes: decoded rows, and those that could not be read.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, RecordBatchOptions, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit, TimestampMicrosecondType};
use datafusion_common::DataFusionError;

use crate::plan::{Clock, Read, Stream, SystemColumn, Time};
use crate::streams::{Block, Millis, SequenceNumber, ShardId};
use crate::window::Micros;

use super::decode::Decoder;
use super::outlook::MILLI;
use super::rows::{Origin, Records, Rows, Spot};

/// Records of one shard, decoded.
pub(super) struct Chunk {
    pub(super) records: Arc<Records>,
    /// One run per block, in order.
    pub(super) runs: Vec<Run>,
    /// The first run that has not been passed on yet.
    pub(super) next_run: usize,
    batch: RecordBatch,
    /// Of every row: its time.
    pub(super) times: Vec<Micros>,
    spots: Vec<Spot>,
    /// The rows that could not be read, in order.
    bad: Vec<Bad>,
}

/// Records that arrived together.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    pub(super) arrival: Millis,
    /// The end of its rows.
    pub(super) rows_end: usize,
    /// The end of its bad rows.
    bad_end: usize,
}

/// A row that could not be read: a whole record, where that is not cut into rows.
#[derive(Debug, Clone)]
pub(super) struct Bad {
    pub(super) spot: Spot,
    pub(super) reason: String,
}

/// Makes chunks of one shard's records.
pub(super) struct ShardInput {
    shard: ShardId,
    decoder: Decoder,
    time_column: Option<usize>,
    system: Vec<SystemColumn>,
}

impl ShardInput {
    pub(super) fn new(stream: &Stream, read: &Read, clock: Clock, shard: ShardId) -> Self {
        let time_column = match (&stream.time, clock) {
            (Time::Event { column, .. }, Clock::Event) => Some(*column),
            _ => None,
        };
        let required: Vec<usize> = time_column.into_iter().collect();
        Self {
            shard,
            decoder: Decoder::new(stream.format, &stream.columns, &required),
            time_column,
            system: read.system.clone(),
        }
    }

    /// Returns the schema of the rows.
    pub(super) fn schema(&self) -> SchemaRef {
        let mut fields = self.decoder.schema().fields().to_vec();
        fields.extend(self.system.iter().map(|column| {
            let (name, data_type) = match column {
                SystemColumn::ApproximateArrivalTime => {
                    ("APPROXIMATE_ARRIVAL_TIME", DataType::Timestamp(TimeUnit::Microsecond, None))
                }
                SystemColumn::ShardId => ("SHARD_ID", DataType::Utf8),
                SystemColumn::PartitionKey => ("PARTITION_KEY", DataType::Utf8),
                SystemColumn::SequenceNumber => ("SEQUENCE_NUMBER", DataType::Utf8),
            };
            Arc::new(Field::new(name, data_type, false))
        }));
        Arc::new(Schema::new(fields))
    }

    /// Decodes.
    pub(super) fn chunk(&mut self, blocks: Vec<Block>) -> Result<Chunk, DataFusionError> {
        let records = blocks.iter().map(Block::len).sum();
        let mut spots = Vec::with_capacity(records);
        let mut bad: Vec<Bad> = Vec::new();
        let mut runs = Vec::with_capacity(blocks.len());
        for (block_index, block) in (0u32..).zip(&blocks) {
            for (index, record) in (0u32..).zip(block.records()) {
                self.decoder.push(record.data, |part, result| {
                    let spot = Spot::new(block_index, index, &part);
                    match result {
                        Ok(()) => spots.push(spot),
                        Err(reason) => bad.push(Bad { spot, reason }),
                    }
                });
            }
            runs.push(Run { arrival: block.arrival(), rows_end: spots.len(), bad_end: bad.len() });
        }
        let decoded = self.decoder.finish();
        let times = self.times(&decoded, &runs);
        let records = Arc::new(Records { shard: self.shard, blocks });
        let batch = self.with_system(decoded, &records, &spots)?;
        Ok(Chunk { records, runs, next_run: 0, batch, times, spots, bad })
    }

    /// Returns the time of each row, in whole milliseconds: finer ones no other engine goes by.
    fn times(&self, batch: &RecordBatch, runs: &[Run]) -> Vec<Micros> {
        if let Some(column) = self.time_column {
            let values = batch.column(column).as_primitive::<TimestampMicrosecondType>().values();
            return values.iter().map(|micros| micros.div_euclid(MILLI) * MILLI).collect();
        }
        let mut times = Vec::with_capacity(batch.num_rows());
        for run in runs {
            times.resize(run.rows_end, run.arrival.saturating_mul(1000));
        }
        times
    }

    fn with_system(
        &self,
        batch: RecordBatch,
        records: &Records,
        spots: &[Spot],
    ) -> Result<RecordBatch, DataFusionError> {
        if self.system.is_empty() {
            return Ok(batch);
        }
        let block = |spot: &Spot| &records.blocks[spot.block as usize];
        let texts = |text: &dyn Fn(&Spot) -> String| Arc::new(StringArray::from_iter_values(spots.iter().map(text)));
        let mut columns = batch.columns().to_vec();
        for column in &self.system {
            columns.push(match column {
                SystemColumn::ApproximateArrivalTime => Arc::new(TimestampMicrosecondArray::from_iter_values(
                    spots.iter().map(|spot| block(spot).arrival().saturating_mul(1000)),
                )) as ArrayRef,
                SystemColumn::ShardId => texts(&|_| records.shard.to_string()),
                SystemColumn::PartitionKey => {
                    texts(&|spot| block(spot).record(spot.index as usize).partition_key.to_owned())
                }
                SystemColumn::SequenceNumber => {
                    texts(&|spot| block(spot).sequence(spot.index as usize).as_str().to_owned())
                }
            });
        }
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        Ok(RecordBatch::try_new_with_options(self.schema(), columns, &options)?)
    }
}

impl Chunk {
    /// Returns whether every run has been passed on.
    pub(super) fn is_done(&self) -> bool {
        self.next_run == self.runs.len()
    }

    /// Returns the first row of a run.
    pub(super) fn rows_start(&self, run: usize) -> usize {
        if run == 0 { 0 } else { self.runs[run - 1].rows_end }
    }

    /// Returns the bad rows of a run.
    pub(super) fn bad(&self, run: usize) -> &[Bad] {
        let start = if run == 0 { 0 } else { self.runs[run - 1].bad_end };
        &self.bad[start..self.runs[run].bad_end]
    }

    /// Returns how many records a run has.
    pub(super) fn run_len(&self, run: usize) -> usize {
        self.records.blocks[run].len()
    }

    /// Returns the sequence number of the last record of a run.
    pub(super) fn last_sequence(&self, run: usize) -> SequenceNumber {
        let block = &self.records.blocks[run];
        block.sequence(block.len() - 1)
    }

    /// Returns the rows of the runs from `first` up to the next one, with the watermark before each.
    pub(super) fn rows(&self, first: usize, watermarks: Vec<Micros>) -> Rows {
        let (start, end) = (self.rows_start(first), self.rows_start(self.next_run));
        let mut arrivals = Vec::with_capacity(end - start);
        for run in &self.runs[first..self.next_run] {
            arrivals.resize(run.rows_end - start, run.arrival);
        }
        Rows {
            batch: self.batch.slice(start, end - start),
            times: self.times[start..end].to_vec(),
            arrivals,
            watermarks,
            origin: Some(Origin::new(Arc::clone(&self.records), &self.spots[start..end])),
        }
    }
}
