//! Rows that wait for time to pass their own.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use datafusion_common::DataFusionError;

use crate::streams::Millis;
use crate::window::Micros;

use super::operator::Turn;
use super::rows::Rows;
use super::state::{damaged, has_schema};

/// Rows that came in one turn, in the order of their times.
struct Batch {
    rows: Rows,
    /// The first that still waits.
    next: usize,
}

/// Rows that wait, turn by turn. Rows of one time stand in the order in which they came.
pub(super) struct Waiting {
    schema: SchemaRef,
    batches: VecDeque<Batch>,
    rows: usize,
}

impl Waiting {
    /// Starts without a row of a schema.
    pub(super) fn new(schema: &SchemaRef) -> Self {
        Self { schema: Arc::clone(schema), batches: VecDeque::new(), rows: 0 }
    }

    /// Returns how many rows wait.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Lets rows wait.
    pub(super) fn push(&mut self, rows: Rows) -> Result<(), DataFusionError> {
        if rows.len() == 0 {
            return Ok(());
        }
        self.rows += rows.len();
        let mut order: Vec<u32> = (0u32..).take(rows.len()).collect();
        order.sort_by_key(|row| rows.times[*row as usize]);
        // Where their records lie is not kept: it could not be after a restart.
        let rows = Rows { origin: None, ..rows };
        let rows = if order.is_sorted() { rows } else { rows.take(&order)? };
        self.batches.push_back(Batch { rows, next: 0 });
        Ok(())
    }

    /// Lets rows wait that are in time; the others, by their time and how far time had come before them, go to `turn`.
    pub(super) fn keep(
        &mut self,
        rows: &Rows,
        is_late: impl Fn(Micros, Micros) -> bool,
        turn: &mut Turn,
    ) -> Result<(), DataFusionError> {
        let mut timely = Vec::with_capacity(rows.len());
        for (number, row) in (0u32..).zip(0..rows.len()) {
            if is_late(rows.times[row], rows.watermarks[row]) {
                turn.late.push((rows.stray(row), rows.times[row]));
            } else {
                timely.push(number);
            }
        }
        self.push(rows.take(&timely)?)
    }

    /// Takes the rows out whose time lies before the watermark, in the order of their times. Rows of one time stay in the
    /// order in which they came.
    pub(super) fn due(&mut self, watermark: Micros) -> Result<Rows, DataFusionError> {
        let mut parts = vec![Rows::none(&self.schema)];
        for batch in &mut self.batches {
            let end = batch.rows.times.partition_point(|time| *time < watermark);
            if end > batch.next {
                parts.push(batch.rows.take(&range(batch.next, end))?);
                self.rows -= end - batch.next;
                batch.next = end;
            }
        }
        self.batches.retain(|batch| batch.next < batch.rows.len());
        let due = Rows::concat(&parts)?;
        let mut order: Vec<u32> = (0u32..).take(due.len()).collect();
        order.sort_by_key(|row| due.times[*row as usize]);
        due.take(&order)
    }

    /// Returns all rows that wait, with their times.
    pub(super) fn to_batch(&self) -> Result<RecordBatch, DataFusionError> {
        let mut parts = vec![Rows::none(&self.schema)];
        for batch in &self.batches {
            parts.push(batch.rows.take(&range(batch.next, batch.rows.len()))?);
        }
        let rows = Rows::concat(&parts)?;
        let mut columns = rows.batch.columns().to_vec();
        columns.push(Arc::new(Int64Array::from(rows.times)) as ArrayRef);
        Ok(RecordBatch::try_new(self.kept(), columns)?)
    }

    /// Reads rows that were kept.
    pub(super) fn read(&self, batch: &RecordBatch) -> Result<Rows, DataFusionError> {
        if !has_schema(batch, &self.kept()) {
            return Err(damaged());
        }
        let columns = batch.columns();
        let (times, columns) = columns.split_last().ok_or_else(damaged)?;
        let times: Vec<Micros> = times.as_primitive::<Int64Type>().values().to_vec();
        let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(times.len()));
        Ok(Rows {
            batch: RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns.to_vec(), &options)?,
            // Rows that wait get these when they are answered.
            arrivals: vec![Millis::MIN; times.len()],
            watermarks: vec![Micros::MIN; times.len()],
            times,
            origin: None,
        })
    }

    fn kept(&self) -> SchemaRef {
        let mut fields = self.schema.fields().to_vec();
        fields.push(Arc::new(Field::new("time", DataType::Int64, false)));
        Arc::new(Schema::new(fields))
    }
}

fn range(start: usize, end: usize) -> Vec<u32> {
    let number = |index| u32::try_from(index).unwrap_or(u32::MAX);
    (number(start)..number(end)).collect()
}
