//! The places of rows among those of the same time.
//!
//! Time tells when the rows of a moment are all there: by arrival it goes on by itself, so none of them waits for a row
//! of another moment.

use std::cmp::Reverse;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int32Array};
use arrow::compute::SortOptions;
use arrow::datatypes::{DataType, Float32Type, Float64Type, SchemaRef};
use arrow::row::{RowConverter, SortField};
use datafusion_common::DataFusionError;

use crate::plan::Rank;
use crate::window::Micros;

use super::operator::{Open, Operator, Turn};
use super::outlook::MILLI;
use super::rows::{Flow, Rows};
use super::state::{StateReader, StateWriter, damaged};
use super::waiting::Waiting;

/// Rows that wait for the others of their millisecond, and are ranked with them.
pub(super) struct Ranked {
    by: usize,
    order: RowConverter,
    last_first: bool,
    count: usize,
    schema: SchemaRef,
    waiting: Waiting,
}

impl Ranked {
    /// Takes the schema of the input, and that of the rows.
    pub(super) fn new(plan: &Rank, input: &SchemaRef, schema: &SchemaRef) -> Result<Self, DataFusionError> {
        // NULL is the least of all values, as in the first rows of a window.
        let options = SortOptions { descending: plan.falls, nulls_first: !plan.falls };
        let field = SortField::new_with_options(input.field(plan.by).data_type().clone(), options);
        Ok(Self {
            by: plan.by,
            order: RowConverter::new(vec![field])?,
            last_first: plan.last_first,
            count: plan.count.unwrap_or(usize::MAX),
            schema: Arc::clone(schema),
            waiting: Waiting::new(input),
        })
    }

    /// Ranks the rows of one time, which stand in the order in which they came, by the values of all rows. Returns those to
    /// be given, each with its place.
    fn places(&self, values: &arrow::row::Rows, rows: Range<u32>) -> Vec<(u32, i32)> {
        let value = |row: u32| values.row(row as usize);
        let mut order: Vec<u32> = rows.collect();
        // Stable: rows that are equal stay in the order in which they came.
        order.sort_by(|a, b| value(*a).cmp(&value(*b)));
        let mut places: Vec<(u32, i32)> = Vec::with_capacity(order.len());
        for (index, row) in (0i32..).zip(order) {
            let shared = places.last().filter(|(other, _)| value(*other) == value(row));
            places.push((row, shared.map_or(index.saturating_add(1), |(_, place)| *place)));
        }
        if self.last_first {
            places.sort_by_key(|(_, place)| Reverse(*place));
        }
        places.truncate(self.count);
        places
    }

    /// Ranks rows that stand in the order of their times.
    fn rank(&self, rows: &Rows) -> Result<Rows, DataFusionError> {
        let values = self.order.convert_columns(&[with_one_zero(Arc::clone(rows.batch.column(self.by)))])?;
        let mut places = Vec::with_capacity(rows.len());
        let mut first = 0;
        for moment in rows.times.chunk_by(|a, b| a == b) {
            let end = first + u32::try_from(moment.len()).unwrap_or(u32::MAX);
            places.extend(self.places(&values, first..end));
            first = end;
        }
        let order: Vec<u32> = places.iter().map(|(row, _)| *row).collect();
        let places = Int32Array::from_iter_values(places.iter().map(|(_, place)| *place));
        let rows = rows.take(&order)?.with_column(Arc::new(places), &self.schema)?;
        Ok(Rows {
            // They come just before their millisecond is over, in a time that is held back by as much.
            arrivals: rows.times.iter().map(|time| time.div_euclid(MILLI)).collect(),
            watermarks: rows.times.iter().map(|time| time.saturating_sub(1)).collect(),
            ..rows
        })
    }
}

/// Returns values among which both zeros of floating point are the same one, as they are to SQL.
fn with_one_zero(values: ArrayRef) -> ArrayRef {
    match values.data_type() {
        DataType::Float32 => {
            Arc::new(values.as_primitive::<Float32Type>().unary::<_, Float32Type>(|value| value + 0.0))
        }
        DataType::Float64 => {
            Arc::new(values.as_primitive::<Float64Type>().unary::<_, Float64Type>(|value| value + 0.0))
        }
        _ => values,
    }
}

impl Operator for Ranked {
    fn push(&mut self, inputs: Vec<Flow>, turn: &mut Turn) -> Result<Flow, DataFusionError> {
        let input = Flow::only(inputs)?;
        let watermark =
            if input.watermark == Micros::MIN { Micros::MIN } else { input.watermark.saturating_sub(MILLI) };
        let rows = input.merged()?;
        // One is late where its millisecond was over before it.
        self.waiting.keep(&rows, |time, watermark| time.saturating_add(MILLI) <= watermark, turn)?;
        let due = self.waiting.due(watermark.saturating_add(1))?;
        Ok(Flow { lanes: vec![self.rank(&due)?], watermark })
    }

    fn open(&self) -> Open {
        Open { windows: 0, groups: self.waiting.rows() }
    }

    fn save(&mut self, state: &mut StateWriter) -> Result<(), DataFusionError> {
        state.add(&(), Some(&self.waiting.to_batch()?))
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), DataFusionError> {
        let Some(((), Some(batch))) = state.next::<()>()? else { return Err(damaged()) };
        let rows = self.waiting.read(&batch)?;
        self.waiting.push(rows)
    }
}
