//! The rows of several inputs as one.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion_common::DataFusionError;

use crate::window::Micros;

use super::operator::{Operator, Turn};
use super::rows::{Flow, Rows, merge};

/// All rows of several inputs, in the order in which they came. Time is as far as it is in the slowest of them.
pub(super) struct Union {
    schema: SchemaRef,
    /// How far time is ahead in each input of where it is in the slowest.
    leads: Vec<Micros>,
}

impl Union {
    /// Takes the schema of the rows, and how far time is ahead in each input of where it is in the slowest.
    pub(super) fn new(schema: &SchemaRef, leads: Vec<Micros>) -> Self {
        Self { schema: Arc::clone(schema), leads }
    }
}

impl Operator for Union {
    fn push(&mut self, inputs: Vec<Flow>, _turn: &mut Turn) -> Result<Flow, DataFusionError> {
        let watermark = inputs.iter().map(|input| input.watermark).min().unwrap_or(Micros::MIN);
        let mut lanes = Vec::with_capacity(inputs.len());
        for (input, lead) in inputs.into_iter().zip(&self.leads) {
            let mut rows = input.merged()?.behind(*lead);
            // The inputs may differ in which columns can be NULL, which is nothing that a row shows.
            let batch = RecordBatch::try_new(Arc::clone(&self.schema), rows.batch.columns().to_vec());
            rows = if rows.len() == 0 { Rows::none(&self.schema) } else { Rows { batch: batch?, ..rows } };
            lanes.push(rows);
        }
        Ok(Flow { lanes: vec![merge(&lanes)?], watermark })
    }
}
