//! The hotspots that rows lie in: regions that hold many of the last rows.
//!
//! Owns which of the last rows lie close together, and what is written of them. May import what the engine may. Never looks
//! at the time of a row: their order is all that counts.

mod neighbours;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, RecordBatch, StringBuilder};
use arrow::datatypes::{DataType, Field, Float64Type, Schema, SchemaRef};
use datafusion_common::DataFusionError;
use fixedbitset::FixedBitSet;
use serde::Serialize;

use crate::plan::Hotspots;
use crate::sql::MAX_VARCHAR;

use super::operator::{Operator, Turn};
use super::points::Points;
use super::rows::Flow;
use super::state::{StateReader, StateWriter, damaged};
use neighbours::Neighbours;

/// A region that holds many rows, as KDA wrote it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Hotspot {
    /// How many rows it has for its size.
    density: f64,
    /// The least value of each column.
    min_values: Vec<f64>,
    /// The greatest value of each column.
    max_values: Vec<f64>,
}

/// The last rows, among which each row finds the hotspots.
pub(super) struct Spotting {
    plan: Hotspots,
    neighbours: Neighbours,
    schema: SchemaRef,
}

impl Spotting {
    /// Takes the schema of the rows that are made.
    pub(super) fn new(plan: &Hotspots, schema: &SchemaRef) -> Self {
        let neighbours = Neighbours::new(plan.columns.len(), plan.radius, plan.window);
        Self { plan: plan.clone(), neighbours, schema: Arc::clone(schema) }
    }

    /// Takes rows in order, and returns the hotspots of each. A row with NULL is in none, and not one of the last.
    fn spot(&mut self, batch: &RecordBatch) -> Result<ArrayRef, DataFusionError> {
        let points = Points::<Float64Type>::of(batch, &self.plan.columns)?;
        let mut found = StringBuilder::new();
        let mut point = Vec::new();
        for row in 0..batch.num_rows() {
            if points.read(row, &mut point) {
                // There is one zero: which of its signs was first is nobody's business.
                for value in &mut point {
                    *value += 0.0;
                }
                self.neighbours.push(&point);
                found.append_value(self.text()?);
            } else {
                found.append_null();
            }
        }
        Ok(Arc::new(found.finish()))
    }

    /// Returns the hotspots that there are now, the densest first.
    fn hotspots(&self) -> Vec<Hotspot> {
        let dense = self.neighbours.dense(self.plan.min_points);
        let mut hotspots: Vec<Hotspot> = dense.iter().map(|members| self.hotspot(members)).collect();
        hotspots.sort_by(Hotspot::order);
        hotspots
    }

    fn hotspot(&self, members: &FixedBitSet) -> Hotspot {
        let dimensions = self.plan.columns.len();
        let (mut min_values, mut max_values) = (vec![f64::INFINITY; dimensions], vec![f64::NEG_INFINITY; dimensions]);
        for member in members.ones() {
            for (index, value) in self.neighbours.point(member).iter().enumerate() {
                min_values[index] = min_values[index].min(*value);
                max_values[index] = max_values[index].max(*value);
            }
        }
        let sides = min_values.iter().zip(&max_values).map(|(min, max)| max - min);
        #[expect(clippy::cast_precision_loss, reason = "a count of rows is far below 2^52")]
        let count = members.count_ones(..) as f64;
        // Where all rows have one value of a column, the hotspot is as wide there as what one row reaches.
        let density = sides.fold(count, |density, side| density / if side > 0.0 { side } else { self.plan.radius });
        // JSON has no infinity.
        Hotspot { density: density.min(f64::MAX), min_values, max_values }
    }

    /// Returns the hotspots as JSON, without the least dense where they would not fit into a text.
    fn text(&self) -> Result<String, DataFusionError> {
        let mut text = String::from(r#"{"hotspots":["#);
        for (index, hotspot) in self.hotspots().iter().enumerate() {
            let part = serde_json::to_string(hotspot).map_err(|error| DataFusionError::External(Box::new(error)))?;
            // A comma before, and what closes the list behind.
            if text.len() + part.len() + 3 > MAX_VARCHAR as usize {
                break;
            }
            if index > 0 {
                text.push(',');
            }
            text.push_str(&part);
        }
        text.push_str("]}");
        Ok(text)
    }
}

impl Hotspot {
    /// The densest first; those that are as dense have an order as well, so that it is the same on every machine.
    fn order(&self, other: &Self) -> Ordering {
        let corners = |hotspot: &Self| [hotspot.min_values.clone(), hotspot.max_values.clone()].concat();
        other.density.total_cmp(&self.density).then_with(|| {
            let (ours, theirs) = (corners(self), corners(other));
            let differ = ours.iter().zip(&theirs).map(|(ours, theirs)| ours.total_cmp(theirs));
            differ.fold(Ordering::Equal, Ordering::then)
        })
    }
}

impl Operator for Spotting {
    fn push(&mut self, inputs: Vec<Flow>, _turn: &mut Turn) -> Result<Flow, DataFusionError> {
        let input = Flow::only(inputs)?;
        let watermark = input.watermark;
        let rows = input.merged()?;
        let found = self.spot(&rows.batch)?;
        Ok(Flow { lanes: vec![rows.with_column(found, &self.schema)?], watermark })
    }

    fn save(&mut self, state: &mut StateWriter) -> Result<(), DataFusionError> {
        let schema = Schema::new(vec![Field::new("coordinate", DataType::Float64, false)]);
        let column = Arc::new(Float64Array::from(self.neighbours.oldest_first()));
        state.add(&(), Some(&RecordBatch::try_new(Arc::new(schema), vec![column])?))
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), DataFusionError> {
        let Some(((), Some(batch))) = state.next::<()>()? else { return Err(damaged()) };
        let column = batch.columns().first().and_then(|column| column.as_primitive_opt::<Float64Type>());
        let column = column.filter(|column| column.null_count() == 0).ok_or_else(damaged)?;
        let points = column.values().chunks_exact(self.plan.columns.len());
        if !points.remainder().is_empty() {
            return Err(damaged());
        }
        for point in points {
            self.neighbours.push(point);
        }
        Ok(())
    }
}
