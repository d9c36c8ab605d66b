//! Pairs of rows whose keys are equal and whose times are close to each other.
//!
//! A pair is given when the later one of the two comes. A row is kept until time has passed the last moment at which a
//! partner could have: then it is given without one, where its side wants that, and let go. A row that comes late still
//! meets what is kept.

mod kept;
mod pairs;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{DataType, SchemaRef};
use datafusion_common::DataFusionError;
use serde::{Deserialize, Serialize};

use crate::plan::{Join, JoinKind};
use crate::window::Micros;

use super::each_row::{EachHolds, each_holds};
use super::expression::{Names, Physical, lower};
use super::operator::{Open, Operator, Turn};
use super::outlook::MILLI;
use super::rows::{Flow, Stray};
use super::state::{StateReader, StateWriter, damaged};

use kept::{Given, Kept, Slot};
use pairs::{Made, Pair};

/// How many pairs are put together at a time, so that those that the condition drops take little room.
const BLOCK: usize = 1 << 16;

/// A join of two inputs.
pub(super) struct Pairing {
    /// What is kept of the left side, and of the right.
    sides: [Kept; 2],
    /// How far time is ahead in each input of where it is in the slower.
    leads: [Micros; 2],
    filter: Option<Physical>,
    /// Whether the time of a pair is the later one of the two; the left one otherwise.
    later: bool,
    delay: Micros,
    schema: SchemaRef,
}

/// What a part of the state is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Part {
    side: usize,
}

/// Returns how far the watermark is held back behind a join: rows come that far behind time.
pub(super) fn delay(join: &Join) -> Micros {
    if join.later && join.kind == JoinKind::Inner {
        return 0;
    }
    // The last row of a window may be a millisecond behind time itself.
    join.before.max(join.after).saturating_add(MILLI)
}

impl Pairing {
    /// Takes the schemas of the inputs and that of the pairs, and how far time is ahead in each input of where it is in
    /// the slower.
    pub(super) fn new(
        join: &Join,
        inputs: &[&SchemaRef],
        schema: &SchemaRef,
        leads: Vec<Micros>,
    ) -> Result<Self, DataFusionError> {
        let leads = <[Micros; 2]>::try_from(leads).map_err(|_| internal())?;
        let &[left, right] = inputs else { return Err(internal()) };
        let types: Vec<DataType> = join
            .on
            .iter()
            .map(|(one, other)| key_type(left.field(*one).data_type(), right.field(*other).data_type()))
            .collect();
        let columns = |side: fn(&(usize, usize)) -> usize| join.on.iter().map(side).collect();
        let outer = [
            matches!(join.kind, JoinKind::Left | JoinKind::Full),
            matches!(join.kind, JoinKind::Right | JoinKind::Full),
        ];
        let names = Names { schema, aggregates: &[] };
        Ok(Self {
            sides: [
                Kept::new(left, (columns(|on| on.0), &types), join.after, outer[0])?,
                Kept::new(right, (columns(|on| on.1), &types), join.before, outer[1])?,
            ],
            leads,
            filter: join.filter.as_ref().map(|filter| lower(filter, names)).transpose()?,
            later: join.later,
            delay: delay(join),
            schema: Arc::clone(schema),
        })
    }

    /// Lets rows meet what is kept of the other side, in the order in which they came.
    fn meet(&mut self, given: &[Given; 2], turn: &mut Turn) -> Result<Made, DataFusionError> {
        let mut made = Made::default();
        let mut pairs: Vec<Pair> = Vec::new();
        let mut next = [0, 0];
        loop {
            let place = |side: usize| given[side].place(next[side]);
            let side = match (place(0), place(1)) {
                (None, None) => break,
                (Some(_), None) => 0,
                (None, Some(_)) => 1,
                (Some(left), Some(right)) => usize::from(right < left),
            };
            let row = next[side];
            next[side] += 1;
            let slot = self.sides[side].admit(&given[side], row);
            let Some(key) = given[side].key(row) else { continue };
            let (mine, other) = (&self.sides[side], &self.sides[1 - side]);
            for partner in other.partners(key, mine.slot(slot), mine.reach()) {
                pairs.push(if side == 0 { (Some(slot), Some(partner)) } else { (Some(partner), Some(slot)) });
            }
            if pairs.len() >= BLOCK {
                self.put_together(&mut pairs, &mut made, turn)?;
            }
        }
        self.put_together(&mut pairs, &mut made, turn)?;
        Ok(made)
    }

    /// Makes rows of pairs for which the condition holds, and notes who has a partner now.
    fn put_together(&mut self, pairs: &mut Vec<Pair>, made: &mut Made, turn: &mut Turn) -> Result<(), DataFusionError> {
        if pairs.is_empty() {
            return Ok(());
        }
        let mut batch = self.batch(pairs)?;
        if let Some(filter) = &self.filter {
            let EachHolds { held, failed } = each_holds(filter, &batch)?;
            for (row, reason) in failed {
                turn.bad.push((self.stray(&batch, pairs[row], row), reason));
            }
            let mut kept = held.iter();
            pairs.retain(|_| kept.next() == Some(&true));
            batch = filter_record_batch(&batch, &BooleanArray::from(held))?;
        }
        for pair in pairs.drain(..) {
            let [left, right] = self.slots(pair);
            for (side, slot) in [pair.0, pair.1].into_iter().enumerate() {
                if let Some(slot) = slot {
                    self.sides[side].match_up(slot);
                }
            }
            let slots = || left.iter().chain(&right);
            let time = match (self.later, left) {
                (false, Some(left)) => left.time,
                _ => slots().map(|slot| slot.time).max().unwrap_or(Micros::MIN),
            };
            made.add(
                time,
                slots().map(|slot| slot.arrival).max().unwrap_or_default(),
                slots().map(|slot| slot.watermark).max().unwrap_or(Micros::MIN),
            );
        }
        made.batches.push(batch);
        Ok(())
    }

    /// Lets go of what time has passed; adds those that are given without a partner.
    fn let_go(&mut self, watermark: Micros, made: &mut Made) -> Result<(), DataFusionError> {
        let mut alone: Vec<(Slot, Pair)> = Vec::new();
        for side in 0..2 {
            for (number, slot) in self.sides[side].over(watermark) {
                alone.push((slot, if side == 0 { (Some(number), None) } else { (None, Some(number)) }));
            }
        }
        alone.sort_by_key(|(slot, _)| (slot.watermark, slot.time));
        for block in alone.chunks(BLOCK) {
            let pairs: Vec<Pair> = block.iter().map(|(_, pair)| *pair).collect();
            made.batches.push(self.batch(&pairs)?);
            for (slot, _) in block {
                made.add(slot.time, slot.arrival, slot.watermark);
            }
        }
        for side in &mut self.sides {
            side.forget_over();
        }
        Ok(())
    }

    /// Returns pairs as a batch.
    fn batch(&self, pairs: &[Pair]) -> Result<RecordBatch, DataFusionError> {
        let [left, right] = &self.sides;
        let mut columns = left.columns(pairs.iter().map(|pair| pair.0))?;
        columns.extend(right.columns(pairs.iter().map(|pair| pair.1))?);
        Ok(RecordBatch::try_new(Arc::clone(&self.schema), columns)?)
    }

    fn slots(&self, pair: Pair) -> [Option<Slot>; 2] {
        [pair.0.map(|slot| *self.sides[0].slot(slot)), pair.1.map(|slot| *self.sides[1].slot(slot))]
    }

    fn stray(&self, batch: &RecordBatch, pair: Pair, row: usize) -> Stray {
        let arrival = self.slots(pair).iter().flatten().map(|slot| slot.arrival).max().unwrap_or_default();
        Stray::of_row(batch, row, arrival)
    }
}

impl Operator for Pairing {
    fn push(&mut self, inputs: Vec<Flow>, turn: &mut Turn) -> Result<Flow, DataFusionError> {
        let watermark = inputs.iter().map(|input| input.watermark).min().unwrap_or(Micros::MIN);
        let [left, right] = <[Flow; 2]>::try_from(inputs).map_err(|_| internal())?;
        let rows = [left.merged()?.behind(self.leads[0]), right.merged()?.behind(self.leads[1])];
        let [left, right] = rows;
        let given = [self.sides[0].give(left)?, self.sides[1].give(right)?];
        let mut made = self.meet(&given, turn)?;
        self.let_go(watermark, &mut made)?;
        let rows = made.rows(&self.schema)?.behind(self.delay);
        let watermark = if watermark == Micros::MIN { watermark } else { watermark.saturating_sub(self.delay) };
        Ok(Flow { lanes: vec![rows], watermark })
    }

    fn open(&self) -> Open {
        Open { windows: 0, groups: self.sides.iter().map(Kept::len).sum() }
    }

    fn save(&mut self, state: &mut StateWriter) -> Result<(), DataFusionError> {
        for (side, kept) in self.sides.iter_mut().enumerate() {
            for batch in kept.compact()? {
                state.add(&Part { side }, Some(&batch))?;
            }
        }
        Ok(())
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), DataFusionError> {
        while let Some((Part { side }, batch)) = state.next::<Part>()? {
            let kept = self.sides.get_mut(side).ok_or_else(damaged)?;
            kept.take_up(&batch.ok_or_else(damaged)?)?;
        }
        Ok(())
    }
}

/// Returns the type as which two columns are compared: whole numbers of two widths as the widest.
pub(super) fn key_type(left: &DataType, right: &DataType) -> DataType {
    if left != right && left.is_integer() && right.is_integer() { DataType::Int64 } else { left.clone() }
}

fn internal() -> DataFusionError {
    DataFusionError::Internal("a join is of two inputs".to_owned())
}
