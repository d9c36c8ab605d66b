//! Rows on their way from one operator to the next.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Int64Array, RecordBatch, TimestampMicrosecondArray, UInt32Array};
use arrow::compute::{filter_record_batch, interleave, take};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use datafusion_common::DataFusionError;

use crate::streams::{Block, Millis, SequenceNumber, ShardId};
use crate::window::Micros;

use super::aggregation::ORDER;
use super::expression::ROW_TIME;
use super::json::write_row;

/// More lanes than any stream has shards (20,000 in the largest regions of Kinesis).
const MAX_LANES: Millis = 1 << 16;

/// Rows in the order of the log, each with what is known of it besides its columns.
#[derive(Clone)]
pub(super) struct Rows {
    pub(super) batch: RecordBatch,
    /// The time by which each row is windowed.
    pub(super) times: Vec<Micros>,
    /// When what made it arrived.
    pub(super) arrivals: Vec<Millis>,
    /// How far time had come before it: windows that end then or before were over.
    pub(super) watermarks: Vec<Micros>,
    /// The records that the rows are made of, where each is made of one.
    pub(super) origin: Option<Origin>,
}

/// The record of every row.
#[derive(Clone)]
pub(super) struct Origin {
    sources: Vec<Arc<Records>>,
    places: Vec<Place>,
}

/// Records of one shard that were read together.
pub(super) struct Records {
    pub(super) shard: ShardId,
    pub(super) blocks: Vec<Block>,
}

#[derive(Clone, Copy)]
struct Place {
    source: u32,
    spot: Spot,
}

/// Where a row lies among records that were read together.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spot {
    pub(super) block: u32,
    /// The record in the block.
    pub(super) index: u32,
    /// The part of the record that the row is.
    start: u32,
    end: u32,
}

/// A record on its own, or a row of it.
#[derive(Debug, Clone)]
pub(super) struct Stray {
    /// When it arrived.
    pub(super) arrival: Millis,
    /// Its shard, its place there, and the key that it came with; none for a row that no single record is.
    pub(super) origin: Option<(ShardId, SequenceNumber, String)>,
    /// Its bytes, of the row alone; those of a JSON object where it is no record.
    pub(super) data: Vec<u8>,
}

/// What the places of rows in the order of all rows are.
#[derive(Debug, Clone, Copy)]
pub(super) enum Places {
    /// They go by arrival, and by the number of the rows' lane. Rows of one lane that arrived together have the same.
    Lane(usize),
    /// Their own number; that of the first one.
    Numbered(i64),
}

/// What one turn brings from an operator to the next.
#[derive(Clone)]
pub(super) struct Flow {
    /// Rows; those of several lanes follow each other by arrival, and by the number of the lane.
    pub(super) lanes: Vec<Rows>,
    /// How far time has come behind all of them.
    pub(super) watermark: Micros,
}

impl Stray {
    /// Returns a row of a batch that no single record is.
    pub(super) fn of_row(batch: &RecordBatch, row: usize, arrival: Millis) -> Self {
        let mut data = Vec::new();
        write_row(batch, row, &mut data);
        Self { arrival, origin: None, data }
    }

    /// Returns what records are ordered by: those of the log come first.
    pub(super) fn place(&self) -> (bool, Millis, ShardId, &str) {
        match &self.origin {
            Some((shard, sequence, _)) => (false, self.arrival, *shard, sequence.as_str()),
            None => (true, self.arrival, ShardId(0), ""),
        }
    }
}

impl Spot {
    pub(super) fn new(block: u32, index: u32, part: &Range<usize>) -> Self {
        // A record has at most 10 MiB (Kinesis API, `PutRecord`).
        let [start, end] = [part.start, part.end].map(|at| u32::try_from(at).unwrap_or(u32::MAX));
        Self { block, index, start, end }
    }
}

impl Records {
    /// Returns a row as a record of its own.
    pub(super) fn stray(&self, spot: Spot) -> Stray {
        let block = &self.blocks[spot.block as usize];
        let record = block.record(spot.index as usize);
        Stray {
            arrival: block.arrival(),
            origin: Some((self.shard, block.sequence(spot.index as usize), record.partition_key.to_owned())),
            data: record.data.get(spot.start as usize..spot.end as usize).unwrap_or(record.data).to_vec(),
        }
    }
}

impl Origin {
    /// Takes where each row lies in the same records.
    pub(super) fn new(records: Arc<Records>, spots: &[Spot]) -> Self {
        let places = spots.iter().map(|spot| Place { source: 0, spot: *spot }).collect();
        Self { sources: vec![records], places }
    }

    fn stray(&self, row: usize) -> Stray {
        let place = self.places[row];
        self.sources[place.source as usize].stray(place.spot)
    }

    /// Returns the partition key that a row's record came with.
    pub(super) fn partition_key(&self, row: usize) -> &str {
        let Place { source, spot } = self.places[row];
        self.sources[source as usize].blocks[spot.block as usize].record(spot.index as usize).partition_key
    }
}

impl Rows {
    /// Returns no rows of a schema.
    pub(super) fn none(schema: &SchemaRef) -> Self {
        Self {
            batch: RecordBatch::new_empty(Arc::clone(schema)),
            times: Vec::new(),
            arrivals: Vec::new(),
            watermarks: Vec::new(),
            origin: None,
        }
    }

    /// Returns how many rows there are.
    pub(super) fn len(&self) -> usize {
        self.times.len()
    }

    /// Returns a row as a record of its own.
    pub(super) fn stray(&self, row: usize) -> Stray {
        if let Some(origin) = &self.origin {
            return origin.stray(row);
        }
        Stray::of_row(&self.batch, row, self.arrivals[row])
    }

    /// Returns the rows that are to be kept.
    pub(super) fn filter(self, keep: &[bool]) -> Result<Self, DataFusionError> {
        if keep.iter().all(|keep| *keep) {
            return Ok(self);
        }
        let batch = filter_record_batch(&self.batch, &BooleanArray::from(keep.to_vec()))?;
        Ok(Self {
            batch,
            times: kept(&self.times, keep),
            arrivals: kept(&self.arrivals, keep),
            watermarks: kept(&self.watermarks, keep),
            origin: self.origin.map(|origin| Origin { places: kept(&origin.places, keep), sources: origin.sources }),
        })
    }

    /// Returns the rows as they are where time is that much less far.
    pub(super) fn behind(mut self, lead: Micros) -> Self {
        for watermark in &mut self.watermarks {
            *watermark = watermark.saturating_sub(lead);
        }
        self
    }

    /// Returns rows by their numbers.
    pub(super) fn take(&self, rows: &[u32]) -> Result<Self, DataFusionError> {
        let indices = UInt32Array::from(rows.to_vec());
        let columns =
            self.batch.columns().iter().map(|column| take(column, &indices, None)).collect::<Result<_, _>>()?;
        let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(rows.len()));
        Ok(Self {
            batch: RecordBatch::try_new_with_options(self.batch.schema(), columns, &options)?,
            times: rows.iter().map(|row| self.times[*row as usize]).collect(),
            arrivals: rows.iter().map(|row| self.arrivals[*row as usize]).collect(),
            watermarks: rows.iter().map(|row| self.watermarks[*row as usize]).collect(),
            origin: self.origin.as_ref().map(|origin| Origin {
                sources: origin.sources.clone(),
                places: rows.iter().map(|row| origin.places[*row as usize]).collect(),
            }),
        })
    }

    /// Returns the rows with one column more, in the schema that they have then.
    pub(super) fn with_column(self, column: ArrayRef, schema: &SchemaRef) -> Result<Self, DataFusionError> {
        let mut columns = self.batch.columns().to_vec();
        columns.push(column);
        let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(self.len()));
        let batch = RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)?;
        Ok(Self { batch, ..self })
    }

    /// Returns rows one behind the other.
    pub(super) fn concat(parts: &[Self]) -> Result<Self, DataFusionError> {
        let schema = parts.first().ok_or_else(|| DataFusionError::Internal("no rows".to_owned()))?.batch.schema();
        Ok(Self {
            batch: arrow::compute::concat_batches(&schema, parts.iter().map(|part| &part.batch))?,
            times: parts.iter().flat_map(|part| &part.times).copied().collect(),
            arrivals: parts.iter().flat_map(|part| &part.arrivals).copied().collect(),
            watermarks: parts.iter().flat_map(|part| &part.watermarks).copied().collect(),
            origin: None,
        })
    }

    /// Returns when the last row arrived before time came to a moment; `before` is when the last one did before these.
    pub(super) fn reached(&self, moment: Micros, before: Millis) -> Millis {
        let count = self.watermarks.partition_point(|watermark| *watermark < moment);
        count.checked_sub(1).map_or(before, |last| self.arrivals[last])
    }

    /// Returns the columns, and behind them the hidden ones that some expressions need.
    pub(super) fn with_hidden(&self, places: Places) -> Result<RecordBatch, DataFusionError> {
        let times: ArrayRef = Arc::new(TimestampMicrosecondArray::from(self.times.clone()));
        let order: ArrayRef = match places {
            Places::Lane(lane) => {
                let lane = Millis::try_from(lane).unwrap_or(MAX_LANES - 1);
                let place = |arrival: &Millis| arrival.saturating_mul(MAX_LANES).saturating_add(lane);
                Arc::new(Int64Array::from_iter_values(self.arrivals.iter().map(place)))
            }
            Places::Numbered(first) => Arc::new(Int64Array::from_iter_values((first..).take(self.len()))),
        };
        let mut columns = self.batch.columns().to_vec();
        columns.extend([times, order]);
        Ok(RecordBatch::try_new(with_hidden(self.batch.schema_ref()), columns)?)
    }
}

/// Returns the schema with the hidden columns behind its own.
pub(super) fn with_hidden(schema: &SchemaRef) -> SchemaRef {
    let mut fields = schema.fields().to_vec();
    fields.push(Arc::new(Field::new(ROW_TIME, DataType::Timestamp(TimeUnit::Microsecond, None), false)));
    fields.push(Arc::new(Field::new(ORDER, DataType::Int64, false)));
    Arc::new(Schema::new(fields))
}

fn kept<T: Copy>(values: &[T], keep: &[bool]) -> Vec<T> {
    values.iter().zip(keep).filter(|(_, keep)| **keep).map(|(value, _)| *value).collect()
}

impl Flow {
    /// Returns the one input of an operator that has one.
    pub(super) fn only(inputs: Vec<Self>) -> Result<Self, DataFusionError> {
        inputs.into_iter().next().ok_or_else(|| DataFusionError::Internal("no input".to_owned()))
    }

    /// Returns all rows in one lane.
    pub(super) fn merged(mut self) -> Result<Rows, DataFusionError> {
        if self.lanes.iter().filter(|lane| lane.len() > 0).count() > 1 {
            return merge(&self.lanes);
        }
        let busy = self.lanes.iter().position(|lane| lane.len() > 0).unwrap_or(0);
        Ok(self.lanes.swap_remove(busy))
    }
}

/// Puts the rows of several lanes in one order: by how far time had come, by arrival, and by the number of the lane.
pub(super) fn merge(lanes: &[Rows]) -> Result<Rows, DataFusionError> {
    let mut order: Vec<(usize, usize)> =
        lanes.iter().enumerate().flat_map(|(lane, rows)| (0..rows.len()).map(move |row| (lane, row))).collect();
    // Stable: rows of one lane keep their order.
    order.sort_by_key(|(lane, row)| (lanes[*lane].watermarks[*row], lanes[*lane].arrivals[*row], *lane));
    let schema = lanes[0].batch.schema();
    let column = |index: usize| {
        let arrays: Vec<&dyn arrow::array::Array> =
            lanes.iter().map(|lane| lane.batch.column(index).as_ref()).collect();
        interleave(&arrays, &order)
    };
    let columns = (0..schema.fields().len()).map(column).collect::<Result<Vec<_>, _>>()?;
    let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(order.len()));
    // A lane without rows has none to tell of either.
    let known = lanes.iter().all(|lane| lane.origin.is_some() || lane.len() == 0);
    let origin = known.then(|| {
        let mut sources = Vec::new();
        let mut firsts = Vec::with_capacity(lanes.len());
        for lane in lanes {
            firsts.push(u32::try_from(sources.len()).unwrap_or(u32::MAX));
            sources.extend(lane.origin.iter().flat_map(|origin| origin.sources.iter().map(Arc::clone)));
        }
        let place = |(lane, row): &(usize, usize)| {
            let place = lanes[*lane].origin.as_ref()?.places[*row];
            Some(Place { source: firsts[*lane].saturating_add(place.source), ..place })
        };
        Origin { places: order.iter().filter_map(place).collect(), sources }
    });
    Ok(Rows {
        batch: RecordBatch::try_new_with_options(schema, columns, &options)?,
        times: order.iter().map(|(lane, row)| lanes[*lane].times[*row]).collect(),
        arrivals: order.iter().map(|(lane, row)| lanes[*lane].arrivals[*row]).collect(),
        watermarks: order.iter().map(|(lane, row)| lanes[*lane].watermarks[*row]).collect(),
        origin,
    })
}
