//! The rows of several inputs as one.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion_common::DataFusionError;

use crate::streams::Millis;
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

    fn watermark(&self) -> Micros {
        self.watermarks.iter().copied().min().unwrap_or(Micros::MIN)
    }
}

/// A row, or time going on, of one input.
struct Mark {
    /// The arrival, the number of the input, and whether it is time going on.
    place: (Millis, usize, u8),
    /// How far time is in the input.
    at: Micros,
    row: Option<usize>,
}

impl Operator for Union {
    fn push(&mut self, inputs: Vec<Flow>, _turn: &mut Turn) -> Result<Flow, DataFusionError> {
        let mut marks: Vec<Mark> = Vec::new();
        let mut lanes = Vec::with_capacity(inputs.len());
        let mut last_arrival = Millis::MIN;
        for (lane, mut input) in inputs.into_iter().enumerate() {
            marks.extend(input.steps.iter().map(|(arrival, at)| Mark {
                place: (*arrival, lane, 1),
                at: *at,
                row: None,
            }));
            last_arrival = input.steps.last().map_or(last_arrival, |(arrival, _)| last_arrival.max(*arrival));
            let behind = std::mem::take(&mut input.watermark);
            let rows = input.merged()?;
            marks.extend((0..rows.len()).map(|row| Mark {
                place: (rows.arrivals[row], lane, 0),
                at: rows.watermarks[row],
                row: Some(row),
            }));
            marks.push(Mark { place: (Millis::MAX, lane, 1), at: behind, row: None });
            // The inputs may differ in which columns can be NULL, which is nothing that a row shows.
            let batch = RecordBatch::try_new(Arc::clone(&self.schema), rows.batch.columns().to_vec());
            lanes.push(if rows.len() == 0 { Rows::none(&self.schema) } else { Rows { batch: batch?, ..rows } });
        }
        // Rows of one input that arrived together keep their order, and come before what time made of them.
        marks.sort_by_key(|mark| mark.place);
        let (mut watermarks, mut steps) = (Vec::new(), Vec::new());
        for mark in marks {
            let (arrival, lane, _) = mark.place;
            self.watermarks[lane] = self.watermarks[lane].max(mark.at);
            let at = self.watermark();
            if mark.row.is_some() {
                watermarks.push(at);
            }
            if at != Micros::MIN && steps.last().is_none_or(|(_, known)| *known < at) {
                steps.push((if arrival == Millis::MAX { last_arrival } else { arrival }, at));
            }
        }
        let mut rows = merge(&lanes)?;
        rows.watermarks = watermarks;
        Ok(Flow { lanes: vec![rows], watermark: self.watermark(), steps })
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
