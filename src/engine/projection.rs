//! Outputs: rows made into others, a value per expression.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType, SchemaRef};
use datafusion_common::DataFusionError;

use crate::sql::Expr;

use super::each_row::{EachRow, each_row};
use super::expression::{Names, Physical, evaluate, lower};
use super::rows::Rows;

/// One expression per column of the rows that are made.
pub(super) struct Projection {
    outputs: Vec<Physical>,
    types: Vec<DataType>,
    schema: SchemaRef,
}

impl Projection {
    /// Takes the expressions, what they may name, and the schema of the rows that are made.
    pub(super) fn new(outputs: &[Expr], names: Names<'_>, schema: &SchemaRef) -> Result<Self, DataFusionError> {
        Ok(Self {
            outputs: outputs.iter().map(|output| lower(output, names)).collect::<Result<_, _>>()?,
            types: schema.fields().iter().map(|field| field.data_type().clone()).collect(),
            schema: Arc::clone(schema),
        })
    }

    /// Computes the values of every row.
    pub(super) fn of(&self, batch: &RecordBatch) -> Result<EachRow, DataFusionError> {
        each_row(batch, &self.types, |batch| self.outputs.iter().map(|output| evaluate(output, batch)).collect())
    }

    /// Puts values in the place of what rows hold.
    pub(super) fn rows(&self, rows: Rows, values: Vec<ArrayRef>) -> Result<Rows, DataFusionError> {
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        let batch = RecordBatch::try_new_with_options(Arc::clone(&self.schema), values, &options)?;
        Ok(Rows { batch, ..rows })
    }

    /// Returns no rows.
    pub(super) fn none(&self) -> Rows {
        Rows::none(&self.schema)
    }
}
