//! The rows that a join makes in one turn.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion_common::DataFusionError;

use crate::streams::Millis;
use crate::window::Micros;

use super::super::rows::Rows;
use super::kept::Number;

/// A row of the left side and one of the right, either of which may be missing.
pub(super) type Pair = (Option<Number>, Option<Number>);

/// Rows, in the order in which they were made.
#[derive(Default)]
pub(super) struct Made {
    pub(super) batches: Vec<RecordBatch>,
    times: Vec<Micros>,
    arrivals: Vec<Millis>,
    watermarks: Vec<Micros>,
}

impl Made {
    /// Notes what is known of the next row besides its columns.
    pub(super) fn add(&mut self, time: Micros, arrival: Millis, watermark: Micros) {
        self.times.push(time);
        self.arrivals.push(arrival);
        self.watermarks.push(watermark);
    }

    /// Returns them in the order in which time let them come.
    pub(super) fn rows(self, schema: &SchemaRef) -> Result<Rows, DataFusionError> {
        if self.times.is_empty() {
            return Ok(Rows::none(schema));
        }
        let rows = Rows {
            batch: arrow::compute::concat_batches(schema, &self.batches)?,
            times: self.times,
            arrivals: self.arrivals,
            watermarks: self.watermarks,
            origin: None,
        };
        if rows.watermarks.is_sorted() {
            return Ok(rows);
        }
        let count = u32::try_from(rows.len()).map_err(|error| DataFusionError::External(Box::new(error)))?;
        let mut order: Vec<u32> = (0..count).collect();
        // Stable: pairs come before rows that no partner came for by then.
        order.sort_by_key(|row| rows.watermarks[*row as usize]);
        rows.take(&order)
    }
}
