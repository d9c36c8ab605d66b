//! Frames: each row with aggregates over the rows of its key just before it.
//!
//! By arrival, a row is answered at once, and its frame ends with it. By event time, it waits until time has passed its
//! own, so that rows are answered in the order of their times; rows of one time are in each other's frames of a range.

mod partitions;

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, new_empty_array};
use arrow::compute::cast;
use arrow::datatypes::SchemaRef;
use arrow::row::Rows as KeyRows;
use datafusion_common::{DataFusionError, ScalarValue};
use serde::{Deserialize, Serialize};

use crate::plan::{Clock, Over as Plan};
use crate::sql::AggregateFunction;
use crate::streams::Millis;
use crate::window::{Frame, Micros};

use super::aggregation::Sliding;
use super::each_row::{each_row, reason};
use super::group::Keys;
use super::operator::{Open, Operator, Turn};
use super::rows::{Flow, Places, Rows, with_hidden};
use super::select::{needs_hidden, without};
use super::state::{StateReader, StateWriter, damaged};
use super::waiting::Waiting;

use partitions::{Entry, Partitions};

/// Aggregates over frames.
pub(super) struct Over {
    keys: Keys,
    key_columns: Vec<usize>,
    /// What expressions see: the columns of the input, and the hidden ones where they are named.
    visible: SchemaRef,
    hidden: bool,
    schema: SchemaRef,
    clock: Clock,
    frame: Frame,
    partitions: Partitions,
    waiting: Waiting,
    /// When the last row arrived.
    arrival: Millis,
}

/// What is kept besides rows.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Kept {
    arrival: Millis,
}

impl Over {
    /// Takes the schema of the input, and that of the rows.
    pub(super) fn new(
        over: &Plan,
        clock: Clock,
        input: &SchemaRef,
        schema: &SchemaRef,
    ) -> Result<Self, DataFusionError> {
        let arguments = over.aggregates.iter().flat_map(|aggregate| &aggregate.argument);
        let by_time = over.aggregates.iter().any(|aggregate| aggregate.function == AggregateFunction::ExpAvg);
        let hidden = by_time || arguments.into_iter().any(needs_hidden);
        let visible = if hidden { with_hidden(input) } else { Arc::clone(input) };
        let types: Vec<_> = over.keys.iter().map(|index| input.field(*index).data_type().clone()).collect();
        Ok(Self {
            keys: Keys::new(&types)?,
            key_columns: over.keys.clone(),
            hidden,
            schema: Arc::clone(schema),
            clock,
            frame: over.frame,
            partitions: Partitions::new(Sliding::new(&over.aggregates, &visible)?, over.frame),
            waiting: Waiting::new(input),
            visible,
            arrival: Millis::MIN,
        })
    }

    /// Computes what rows bring with them. Rows for which that fails go to `turn`.
    fn arguments(&self, rows: Rows, turn: &mut Turn) -> Result<(Rows, Vec<ArrayRef>), DataFusionError> {
        let visible = if self.hidden { rows.with_hidden(Places::Lane(0))? } else { rows.batch.clone() };
        let sliding = &self.partitions.sliding;
        let types = sliding.argument_types(&self.visible)?;
        let evaluated = each_row(&visible, &types, |batch| sliding.arguments(batch))?;
        Ok((without(rows, evaluated.failed, &mut turn.bad)?, evaluated.arrays))
    }

    fn keys(&self, rows: &Rows) -> Result<Option<KeyRows>, DataFusionError> {
        let columns: Vec<ArrayRef> =
            self.key_columns.iter().map(|index| Arc::clone(rows.batch.column(*index))).collect();
        self.keys.of(&columns)
    }

    /// By event time: takes rows that wait, and returns those that are to be answered, in order. A row is late where time
    /// has passed its own.
    fn due(&mut self, rows: &Rows, watermark: Micros, turn: &mut Turn) -> Result<Rows, DataFusionError> {
        self.waiting.keep(rows, |time, watermark| time < watermark, turn)?;
        let mut due = self.waiting.due(watermark)?;
        due.arrivals = due.times.iter().map(|time| rows.reached(time.saturating_add(1), self.arrival)).collect();
        due.watermarks.clone_from(&due.times);
        Ok(due)
    }

    /// Answers rows in order; `arguments` are what they bring with them.
    fn answer(&mut self, rows: Rows, arguments: &[ArrayRef], turn: &mut Turn) -> Result<Rows, DataFusionError> {
        let keys = self.keys(&rows)?;
        let aggregates = self.schema.fields().len() - rows.batch.num_columns();
        let mut values: Vec<Vec<ScalarValue>> = vec![Vec::with_capacity(rows.len()); aggregates];
        let mut failed = Vec::new();
        let mut next = 0;
        while next < rows.len() {
            let first = next;
            next = self.peers_end(&rows, first);
            for row in first..next {
                let entry = Entry { arguments, row, moment: rows.times[row] };
                self.partitions.enter(key(keys.as_ref(), row), &entry)?;
            }
            for row in first..next {
                match self.partitions.evaluate(key(keys.as_ref(), row)) {
                    Ok(results) => {
                        for (column, value) in values.iter_mut().zip(results) {
                            column.push(value);
                        }
                    }
                    Err(error) => failed.push((row, reason(&error))),
                }
            }
        }
        let rows = without(rows, failed, &mut turn.bad)?;
        let mut columns = rows.batch.columns().to_vec();
        for values in values {
            let field = &self.schema.fields()[columns.len()];
            let column = if values.is_empty() {
                new_empty_array(field.data_type())
            } else {
                ScalarValue::iter_to_array(values)?
            };
            let fits = column.data_type() == field.data_type();
            columns.push(if fits { column } else { cast(&column, field.data_type())? });
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        let batch = RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?;
        Ok(Rows { batch, ..rows })
    }

    /// Returns the end of the rows that are in each other's frames.
    fn peers_end(&self, rows: &Rows, first: usize) -> usize {
        if matches!(self.frame, Frame::Rows(_)) || self.clock == Clock::Arrival {
            return first + 1;
        }
        let moment = rows.times[first];
        (first + 1..rows.len()).find(|row| rows.times[*row] != moment).unwrap_or(rows.len())
    }
}

fn key(keys: Option<&KeyRows>, row: usize) -> &[u8] {
    keys.map_or(&[], |keys| keys.row(row).data())
}

impl Operator for Over {
    fn push(&mut self, inputs: Vec<Flow>, turn: &mut Turn) -> Result<Flow, DataFusionError> {
        let input = Flow::only(inputs)?;
        let watermark = input.watermark;
        let (rows, arguments) = self.arguments(input.merged()?, turn)?;
        let last = rows.arrivals.last().copied();
        let made = if self.clock == Clock::Arrival {
            self.answer(rows, &arguments, turn)?
        } else {
            let due = self.due(&rows, watermark, turn)?;
            let (due, arguments) = self.arguments(due, turn)?;
            self.answer(due, &arguments, turn)?
        };
        self.arrival = last.unwrap_or(self.arrival);
        self.partitions.forget(watermark);
        Ok(Flow { lanes: vec![made], watermark })
    }

    fn open(&self) -> Open {
        Open { windows: 0, groups: self.partitions.rows() + self.waiting.rows() }
    }

    fn save(&mut self, state: &mut StateWriter) -> Result<(), DataFusionError> {
        state.add(&Kept { arrival: self.arrival }, Some(&self.partitions.to_batch(&self.visible)?))?;
        state.add(&(), Some(&self.waiting.to_batch()?))
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), DataFusionError> {
        let Some((kept, Some(batch))) = state.next::<Kept>()? else { return Err(damaged()) };
        self.arrival = kept.arrival;
        self.partitions.restore(&batch, &self.visible)?;
        let Some(((), Some(batch))) = state.next::<()>()? else { return Err(damaged()) };
        let rows = self.waiting.read(&batch)?;
        self.waiting.push(rows)
    }
}
