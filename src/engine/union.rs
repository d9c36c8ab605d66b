//! The rows of several inputs as one.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion_common::DataFusionError;

use crate::window::Micros;

use super::operator::{Operator, Turn};
use super::rows::{Flow, Rows, merge};
use super::state::{StateReader, StateWriter};

/// All rows of several inputs, by arrival. Time is as far as it is in the slowest of them.
pub(super) struct Union {
    schema: SchemaRef,
    /// How far time is in each input.
    watermarks: Vec<Micros>,
}

impl Union {
    /// Takes the schema of the rows, and the number of the inputs.
    pub(super) fn new(schema: &SchemaRef, inputs: usize) -> Self {
        Self { schema: Arc::clone(schema), watermarks: vec![Micros::MIN; inputs] }
    }
}

impl Operator for Union {
    fn push(&mut self, inputs: Vec<Flow>, _turn: &mut Turn) -> Result<Flow, DataFusionError> {
        let behind: Vec<Micros> = inputs.iter().map(|input| input.watermark).collect();
        let mut lanes = Vec::with_capacity(inputs.len());
        for input in inputs {
            let rows = input.merged()?;
            // The inputs may differ in which columns can be NULL, which is nothing that a row shows.
            let batch = RecordBatch::try_new(Arc::clone(&self.schema), rows.batch.columns().to_vec());
            lanes.push(if rows.len() == 0 { Rows::none(&self.schema) } else { Rows { batch: batch?, ..rows } });
        }
        let mut order: Vec<(usize, usize)> =
            lanes.iter().enumerate().flat_map(|(lane, rows)| (0..rows.len()).map(move |row| (lane, row))).collect();
        order.sort_by_key(|(lane, row)| (lanes[*lane].arrivals[*row], *lane));
        let mut watermarks = Vec::with_capacity(order.len());
        for (lane, row) in order {
            self.watermarks[lane] = lanes[lane].watermarks[row];
            watermarks.push(self.watermarks.iter().copied().min().unwrap_or(Micros::MIN));
        }
        let mut rows = merge(&lanes)?;
        rows.watermarks = watermarks;
        self.watermarks = behind;
        let watermark = self.watermarks.iter().copied().min().unwrap_or(Micros::MIN);
        Ok(Flow { lanes: vec![rows], watermark })
    }

    fn save(&mut self, state: &mut StateWriter) -> Result<(), DataFusionError> {
        state.add(&self.watermarks, None)
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), DataFusionError> {
        if let Some((watermarks, _)) = state.next::<Vec<Micros>>()?
            && watermarks.len() == self.watermarks.len()
        {
            self.watermarks = watermarks;
        }
        Ok(())
    }
}
