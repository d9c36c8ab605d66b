//! The rows of one side of a join that may still find a partner.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch, RecordBatchOptions, new_null_array,
};
use arrow::compute::{cast, interleave};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use arrow::row::{RowConverter, Rows as Converted, SortField};
use datafusion_common::DataFusionError;
use hashbrown::HashMap;

use crate::streams::Millis;
use crate::window::Micros;

use super::super::outlook::MILLI;
use super::super::rows::Rows;
use super::super::state::{damaged, has_schema};

/// How many rows one batch of the state has at the most.
const SAVED_ROWS: usize = 1 << 16;
/// The columns that the state has behind those of the rows.
const SAVED: [(&str, DataType); 3] =
    [("$time", DataType::Int64), ("$arrival", DataType::Int64), ("$matched", DataType::Boolean)];

/// Where a row is kept.
pub(super) type Number = u32;

/// What is kept of one side.
pub(super) struct Kept {
    converter: RowConverter,
    /// The columns of the key, and the types as which they are compared.
    key: Vec<(usize, DataType)>,
    schema: SchemaRef,
    /// How far behind a row's time its last partner may lie.
    reach: Micros,
    /// Whether a row without a partner is given.
    outer: bool,
    chunks: BTreeMap<u32, Chunk>,
    next_chunk: u32,
    slots: Vec<Slot>,
    keys: Vec<Option<Arc<[u8]>>>,
    free: Vec<Number>,
    /// Of each key: its rows by time, and in the order in which they came.
    by_key: HashMap<Arc<[u8]>, VecDeque<Number>>,
    /// All rows by time, and in the order in which they came.
    by_time: BinaryHeap<Reverse<(Micros, u64, Number)>>,
    next_sequence: u64,
    /// Rows that are to be forgotten.
    over: Vec<Number>,
}

/// Rows that came together.
struct Chunk {
    batch: RecordBatch,
    /// How many of them are kept.
    kept: usize,
}

/// A row that is kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    pub(super) time: Micros,
    pub(super) arrival: Millis,
    /// How far time had come before it; before all time where it was taken up.
    pub(super) watermark: Micros,
    chunk: u32,
    row: u32,
    sequence: u64,
    matched: bool,
}

/// Rows of one turn on their way in.
pub(super) struct Given {
    rows: Rows,
    keys: Converted,
    /// Whether each row's key has a NULL, which equals nothing.
    nulls: Vec<bool>,
    chunk: u32,
}

impl Given {
    /// Returns what rows of both sides are ordered by.
    pub(super) fn place(&self, row: usize) -> Option<(Micros, Millis)> {
        Some((*self.rows.watermarks.get(row)?, self.rows.arrivals[row]))
    }

    /// Returns the key of a row; `None` where it equals nothing.
    pub(super) fn key(&self, row: usize) -> Option<&[u8]> {
        (!self.nulls[row]).then(|| self.keys.row(row).data())
    }
}

impl Kept {
    /// Starts with nothing. `reach` is how far behind a row's time its last partner may lie.
    pub(super) fn new(
        schema: &SchemaRef,
        (columns, types): (Vec<usize>, &[DataType]),
        reach: Micros,
        outer: bool,
    ) -> Result<Self, DataFusionError> {
        Ok(Self {
            converter: RowConverter::new(types.iter().cloned().map(SortField::new).collect())?,
            key: columns.into_iter().zip(types.iter().cloned()).collect(),
            schema: Arc::clone(schema),
            reach,
            outer,
            chunks: BTreeMap::new(),
            next_chunk: 0,
            slots: Vec::new(),
            keys: Vec::new(),
            free: Vec::new(),
            by_key: HashMap::new(),
            by_time: BinaryHeap::new(),
            next_sequence: 0,
            over: Vec::new(),
        })
    }

    /// Returns how many rows are kept.
    pub(super) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Returns how many batches are kept.
    #[cfg(test)]
    pub(super) fn chunks(&self) -> usize {
        self.chunks.len()
    }

    /// Returns how far behind a row's time its last partner may lie.
    pub(super) fn reach(&self) -> Micros {
        self.reach
    }

    /// Returns a row that is kept.
    pub(super) fn slot(&self, number: Number) -> &Slot {
        &self.slots[number as usize]
    }

    /// Notes that a row has a partner.
    pub(super) fn match_up(&mut self, number: Number) {
        self.slots[number as usize].matched = true;
    }

    /// Takes the rows of a turn, to be admitted one by one.
    pub(super) fn give(&mut self, rows: Rows) -> Result<Given, DataFusionError> {
        let mut columns = Vec::with_capacity(self.key.len());
        let mut nulls = vec![false; rows.len()];
        for (index, data_type) in &self.key {
            let column = cast(rows.batch.column(*index), data_type)?;
            for (row, null) in nulls.iter_mut().enumerate() {
                *null |= column.is_null(row);
            }
            columns.push(column);
        }
        let keys = self.converter.convert_columns(&columns)?;
        let chunk = self.next_chunk;
        self.next_chunk = self.next_chunk.wrapping_add(1);
        if rows.len() > 0 {
            self.chunks.insert(chunk, Chunk { batch: rows.batch.clone(), kept: 0 });
        }
        Ok(Given { rows, keys, nulls, chunk })
    }

    /// Keeps a row.
    pub(super) fn admit(&mut self, given: &Given, row: usize) -> Number {
        let slot = Slot {
            time: given.rows.times[row],
            arrival: given.rows.arrivals[row],
            watermark: given.rows.watermarks[row],
            chunk: given.chunk,
            row: u32::try_from(row).expect("a turn has fewer rows"),
            sequence: self.next_sequence,
            matched: false,
        };
        self.next_sequence += 1;
        if let Some(chunk) = self.chunks.get_mut(&given.chunk) {
            chunk.kept += 1;
        }
        let number = if let Some(number) = self.free.pop() {
            self.slots[number as usize] = slot;
            number
        } else {
            self.slots.push(slot);
            self.keys.push(None);
            u32::try_from(self.slots.len() - 1).expect("memory ends before")
        };
        self.by_time.push(Reverse((slot.time, slot.sequence, number)));
        if let Some(key) = given.key(row) {
            let known = self.by_key.get_key_value(key).map(|(key, _)| Arc::clone(key));
            let key = known.unwrap_or_else(|| Arc::from(key));
            let rows = self.by_key.entry(Arc::clone(&key)).or_default();
            let slots = &self.slots;
            // The newest goes behind those of its time, mostly at the end.
            let at = match rows.back() {
                Some(last) if slots[*last as usize].time > slot.time => {
                    rows.partition_point(|other| slots[*other as usize].time <= slot.time)
                }
                _ => rows.len(),
            };
            rows.insert(at, number);
            self.keys[number as usize] = Some(key);
        }
        number
    }

    /// Returns the rows that a row of the other side meets, by time; `ahead` is how far before those its time may lie.
    pub(super) fn partners(&self, key: &[u8], of: &Slot, ahead: Micros) -> impl Iterator<Item = Number> {
        let first =
            of.time.saturating_sub(self.reach).max(of.watermark.saturating_sub(self.reach.saturating_add(MILLI)));
        let last = of.time.saturating_add(ahead);
        let rows = self.by_key.get(key);
        let time = |number: &Number| self.slots[*number as usize].time;
        let begin = rows.map_or(0, |rows| rows.partition_point(|number| time(number) < first));
        let end = rows.map_or(0, |rows| rows.partition_point(|number| time(number) <= last)).max(begin);
        rows.into_iter().flat_map(move |rows| rows.range(begin..end).copied())
    }

    /// Lets go of the rows for which no partner comes any more. Returns those that are to be given without one, each
    /// with how far time had come then; they can be looked at until they are forgotten.
    pub(super) fn over(&mut self, watermark: Micros) -> Vec<(Number, Slot)> {
        let mut alone = Vec::new();
        while let Some(Reverse((time, _, number))) = self.by_time.peek().copied() {
            let last = time.saturating_add(self.reach.saturating_add(MILLI));
            if last >= watermark {
                break;
            }
            self.by_time.pop();
            self.over.push(number);
            let slot = self.slots[number as usize];
            if self.outer && !slot.matched {
                // Where it came too late for any partner, it is given as soon as it came.
                alone.push((number, Slot { watermark: slot.watermark.max(last), ..slot }));
            }
        }
        alone
    }

    /// Forgets the rows that were let go.
    pub(super) fn forget_over(&mut self) {
        for number in std::mem::take(&mut self.over) {
            let slot = self.slots[number as usize];
            if let Some(chunk) = self.chunks.get_mut(&slot.chunk) {
                chunk.kept -= 1;
            }
            if let Some(key) = self.keys[number as usize].take()
                && let Some(rows) = self.by_key.get_mut(&key)
            {
                // Rows go by time, and so stand at the front of those of their key.
                rows.pop_front();
                if rows.is_empty() {
                    self.by_key.remove(&key);
                }
            }
            self.free.push(number);
        }
        self.chunks.retain(|_, chunk| chunk.kept > 0);
    }

    /// Returns the columns of rows; NULLs where there is none.
    pub(super) fn columns(
        &self,
        numbers: impl Iterator<Item = Option<Number>>,
    ) -> Result<Vec<ArrayRef>, DataFusionError> {
        let mut chunks: Vec<u32> = Vec::new();
        let mut places: HashMap<u32, usize> = HashMap::new();
        // The first array is a NULL.
        let mut place = |number: Option<Number>| {
            let Some(number) = number else { return (0, 0) };
            let slot = &self.slots[number as usize];
            let array = *places.entry(slot.chunk).or_insert_with(|| {
                chunks.push(slot.chunk);
                chunks.len()
            });
            (array, slot.row as usize)
        };
        let indices: Vec<(usize, usize)> = numbers.map(&mut place).collect();
        let batches: Vec<&RecordBatch> = chunks.iter().map(|chunk| &self.chunks[chunk].batch).collect();
        let column = |index: usize| {
            let null = new_null_array(self.schema.field(index).data_type(), 1);
            let rest = batches.iter().map(|batch| batch.column(index).as_ref());
            let arrays: Vec<&dyn Array> = std::iter::once(null.as_ref()).chain(rest).collect();
            Ok(interleave(&arrays, &indices)?)
        };
        (0..self.schema.fields().len()).map(column).collect()
    }

    /// Puts what is kept together anew, and returns it in the order in which it came.
    pub(super) fn compact(&mut self) -> Result<Vec<RecordBatch>, DataFusionError> {
        let mut numbers: Vec<Number> = self.by_time.iter().map(|Reverse((.., number))| *number).collect();
        numbers.sort_unstable_by_key(|number| self.slots[*number as usize].sequence);
        let mut saved = Vec::new();
        let mut chunks = BTreeMap::new();
        for (chunk, block) in (0u32..).zip(numbers.chunks(SAVED_ROWS)) {
            let columns = self.columns(block.iter().copied().map(Some))?;
            let options = RecordBatchOptions::new().with_row_count(Some(block.len()));
            let batch = RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns.clone(), &options)?;
            chunks.insert(chunk, Chunk { batch, kept: block.len() });
            saved.push(self.saved(block, columns)?);
        }
        for (chunk, block) in (0u32..).zip(numbers.chunks(SAVED_ROWS)) {
            for (row, number) in (0u32..).zip(block) {
                let slot = &mut self.slots[*number as usize];
                (slot.chunk, slot.row) = (chunk, row);
            }
        }
        self.next_chunk = u32::try_from(chunks.len()).unwrap_or(u32::MAX);
        self.chunks = chunks;
        Ok(saved)
    }

    fn saved(&self, numbers: &[Number], mut columns: Vec<ArrayRef>) -> Result<RecordBatch, DataFusionError> {
        let slots = || numbers.iter().map(|number| &self.slots[*number as usize]);
        columns.push(Arc::new(Int64Array::from_iter_values(slots().map(|slot| slot.time))));
        columns.push(Arc::new(Int64Array::from_iter_values(slots().map(|slot| slot.arrival))));
        columns.push(Arc::new(slots().map(|slot| Some(slot.matched)).collect::<BooleanArray>()));
        Ok(RecordBatch::try_new(self.saved_schema(), columns)?)
    }

    fn saved_schema(&self) -> SchemaRef {
        let mut fields = self.schema.fields().to_vec();
        fields.extend(SAVED.map(|(name, data_type)| Arc::new(Field::new(name, data_type, false))));
        Arc::new(Schema::new(fields))
    }

    /// Takes up what was saved.
    pub(super) fn take_up(&mut self, batch: &RecordBatch) -> Result<(), DataFusionError> {
        if !has_schema(batch, &self.saved_schema()) {
            return Err(damaged());
        }
        let (columns, saved) = batch.columns().split_at(self.schema.fields().len());
        let rows = Rows {
            batch: RecordBatch::try_new(Arc::clone(&self.schema), columns.to_vec())?,
            times: saved[0].as_primitive::<Int64Type>().values().to_vec(),
            arrivals: saved[1].as_primitive::<Int64Type>().values().to_vec(),
            watermarks: vec![Micros::MIN; batch.num_rows()],
            origin: None,
        };
        let given = self.give(rows)?;
        for row in 0..batch.num_rows() {
            let number = self.admit(&given, row);
            if saved[2].as_boolean().value(row) {
                self.match_up(number);
            }
        }
        Ok(())
    }
}
