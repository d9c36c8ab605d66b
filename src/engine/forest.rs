//! Scores of how unusual a row is, by a random cut forest of the rows before it.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, Float64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Float32Type, Schema, SchemaRef};
use datafusion_common::DataFusionError;
use krcf::{RandomCutForest, RandomCutForestOptions};

use crate::plan::Forest;

use super::operator::{Operator, Turn};
use super::points::Points;
use super::rows::Flow;
use super::state::{StateReader, StateWriter, damaged};

/// What the cuts are drawn from: the same rows have the same scores, on every machine and behind every restart.
const SEED: u64 = 0x5eed;

/// A forest that learns row by row, and scores each row before it learns it.
pub(super) struct Scoring {
    forest: RandomCutForest,
    columns: Vec<usize>,
    sample: u64,
    schema: SchemaRef,
}

impl Scoring {
    pub(super) fn new(plan: &Forest, schema: &SchemaRef) -> Result<Self, DataFusionError> {
        #[expect(clippy::cast_precision_loss, reason = "a count of rows is far below 2^52")]
        let options = RandomCutForestOptions {
            dimensions: plan.columns.len(),
            shingle_size: plan.shingle,
            num_trees: Some(plan.trees),
            sample_size: Some(plan.sample),
            output_after: Some(plan.sample),
            random_seed: Some(SEED),
            parallel_execution_enabled: Some(false),
            lambda: Some(1.0 / plan.decay as f64),
            ..RandomCutForestOptions::default()
        };
        Ok(Self {
            forest: RandomCutForest::new(options).map_err(external)?,
            columns: plan.columns.clone(),
            sample: u64::try_from(plan.sample).unwrap_or(u64::MAX),
            schema: Arc::clone(schema),
        })
    }

    /// Scores rows in order. A row with NULL or with what is no number has no score, and is not learnt.
    fn score(&mut self, batch: &RecordBatch) -> Result<ArrayRef, DataFusionError> {
        let points = Points::<Float32Type>::of(batch, &self.columns)?;
        let mut scores = Vec::with_capacity(batch.num_rows());
        let mut point = Vec::new();
        for row in 0..batch.num_rows() {
            if !points.read(row, &mut point) {
                scores.push(None);
                continue;
            }
            let ready = self.forest.entries_seen() >= self.sample && self.forest.is_output_ready();
            let score = if ready {
                let shingled = self.forest.shingled_point(&point).map_err(external)?;
                self.forest.score(&shingled).map_err(external)?
            } else {
                0.0
            };
            self.forest.update(&point).map_err(external)?;
            scores.push(Some(score));
        }
        Ok(Arc::new(Float64Array::from(scores)))
    }
}

impl Operator for Scoring {
    fn push(&mut self, inputs: Vec<Flow>, _turn: &mut Turn) -> Result<Flow, DataFusionError> {
        let input = Flow::only(inputs)?;
        let watermark = input.watermark;
        let rows = input.merged()?;
        let scores = self.score(&rows.batch)?;
        Ok(Flow { lanes: vec![rows.with_column(scores, &self.schema)?], watermark })
    }

    fn save(&mut self, state: &mut StateWriter) -> Result<(), DataFusionError> {
        let bytes = postcard::to_stdvec(&self.forest).map_err(external)?;
        let schema = Schema::new(vec![Field::new("forest", DataType::Binary, false)]);
        let column = BinaryArray::from(vec![bytes.as_slice()]);
        state.add(&(), Some(&RecordBatch::try_new(Arc::new(schema), vec![Arc::new(column)])?))
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), DataFusionError> {
        let Some(((), Some(batch))) = state.next::<()>()? else { return Err(damaged()) };
        let column = batch.columns().first().and_then(|column| column.as_binary_opt::<i32>());
        let bytes = column.filter(|column| column.len() == 1).ok_or_else(damaged)?.value(0);
        self.forest = postcard::from_bytes(bytes).map_err(|_| damaged())?;
        Ok(())
    }
}

fn external(error: impl std::error::Error + Send + Sync + 'static) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
