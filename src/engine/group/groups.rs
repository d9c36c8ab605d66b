//! The groups of one window on one shard, and what has been accumulated in them.

use std::hash::BuildHasher;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::row::{RowConverter, RowParser, Rows};
use datafusion_common::DataFusionError;
use datafusion_expr::{EmitTo, GroupsAccumulator};
use hashbrown::{DefaultHashBuilder, HashTable};

use super::super::aggregation::Aggregation;
use super::super::state::{damaged, has_schema};

/// The values of a group's columns, in the form in which they are compared.
pub(in super::super) type Key = Box<[u8]>;

/// Groups by key, with an accumulator's value each. Memory grows with groups, never with rows.
pub(in super::super) struct Groups {
    table: HashTable<(u64, usize)>,
    hasher: DefaultHashBuilder,
    keys: Vec<Key>,
    accumulators: Vec<Box<dyn GroupsAccumulator>>,
}

/// Rows on their way into groups.
pub(in super::super) struct Keyed<'a> {
    /// The key of every row of the batch; `None` where the query has no group columns.
    pub(in super::super) keys: Option<&'a Rows>,
    /// Which rows go in; all of them where left out.
    pub(in super::super) rows: Option<&'a [u32]>,
    /// How many rows the batch has.
    pub(in super::super) count: usize,
}

impl Groups {
    /// Starts without a group.
    pub(in super::super) fn new(aggregation: &Aggregation) -> Result<Self, DataFusionError> {
        Ok(Self {
            table: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            keys: Vec::new(),
            accumulators: aggregation.start()?,
        })
    }

    /// Returns the number of groups.
    pub(in super::super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Adds rows. `arguments` hold one array per accumulator, of the rows that go in only.
    pub(in super::super) fn update(
        &mut self,
        keyed: &Keyed<'_>,
        arguments: &[ArrayRef],
    ) -> Result<(), DataFusionError> {
        let indices = self.indices(keyed);
        let total = self.keys.len();
        for (accumulator, argument) in self.accumulators.iter_mut().zip(arguments) {
            accumulator.update_batch(std::slice::from_ref(argument), &indices, None, total)?;
        }
        Ok(())
    }

    /// Takes everything out: the groups' keys in their order, and the accumulators' partial results.
    pub(in super::super) fn take_state(&mut self) -> Result<(Vec<Key>, Vec<Vec<ArrayRef>>), DataFusionError> {
        let state =
            self.accumulators.iter_mut().map(|accumulator| accumulator.state(EmitTo::All)).collect::<Result<_, _>>()?;
        self.table.clear();
        Ok((std::mem::take(&mut self.keys), state))
    }

    /// Takes everything out: the groups' keys in their order, and the accumulators' results.
    pub(in super::super) fn take_results(&mut self) -> Result<(Vec<Key>, Vec<ArrayRef>), DataFusionError> {
        let results = self
            .accumulators
            .iter_mut()
            .map(|accumulator| accumulator.evaluate(EmitTo::All))
            .collect::<Result<_, _>>()?;
        self.table.clear();
        Ok((std::mem::take(&mut self.keys), results))
    }

    /// Returns everything as a batch: the groups' keys, and the accumulators' partial results.
    pub(in super::super) fn snapshot(&mut self, grouping: &Grouping) -> Result<RecordBatch, DataFusionError> {
        let (keys, state) = self.take_state()?;
        let batch = grouping.batch(&keys, &state)?;
        self.absorb(&batch, grouping)?;
        Ok(batch)
    }

    /// Merges what a batch holds.
    pub(in super::super) fn absorb(&mut self, batch: &RecordBatch, grouping: &Grouping) -> Result<(), DataFusionError> {
        let (keys, state) = grouping.parts(batch)?;
        let indices: Vec<usize> = (0..keys.len()).map(|row| self.index(keys.value(row))).collect();
        let total = self.keys.len();
        for (accumulator, arrays) in self.accumulators.iter_mut().zip(&state) {
            accumulator.merge_batch(arrays, &indices, total)?;
        }
        Ok(())
    }

    /// Finds or makes the group of every row that goes in.
    fn indices(&mut self, keyed: &Keyed<'_>) -> Vec<usize> {
        let Some(keys) = keyed.keys else {
            let rows = keyed.rows.map_or(keyed.count, <[u32]>::len);
            let group = if rows > 0 { self.index(&[]) } else { 0 };
            return vec![group; rows];
        };
        match keyed.rows {
            Some(rows) => rows.iter().map(|row| self.index(keys.row(*row as usize).data())).collect(),
            None => (0..keyed.count).map(|row| self.index(keys.row(row).data())).collect(),
        }
    }

    fn index(&mut self, key: &[u8]) -> usize {
        let hash = self.hasher.hash_one(key);
        let keys = &mut self.keys;
        let entry = self.table.entry(hash, |(_, index)| *keys[*index] == *key, |(hash, _)| *hash);
        entry
            .or_insert_with(|| {
                keys.push(key.into());
                (hash, keys.len() - 1)
            })
            .get()
            .1
    }
}

/// Turns group columns into keys and back.
pub(in super::super) struct Keys {
    converter: Option<RowConverter>,
    parser: Option<RowParser>,
}

impl Keys {
    /// Takes the types of the group columns.
    pub(in super::super) fn new(types: &[arrow::datatypes::DataType]) -> Result<Self, DataFusionError> {
        if types.is_empty() {
            return Ok(Self { converter: None, parser: None });
        }
        let fields = types.iter().cloned().map(arrow::row::SortField::new).collect();
        let converter = RowConverter::new(fields)?;
        let parser = converter.parser();
        Ok(Self { converter: Some(converter), parser: Some(parser) })
    }

    /// Returns the key of every row; `None` where there are no group columns.
    pub(in super::super) fn of(&self, columns: &[ArrayRef]) -> Result<Option<Rows>, DataFusionError> {
        self.converter.as_ref().map(|converter| Ok(converter.convert_columns(columns)?)).transpose()
    }

    /// Returns the group columns of keys.
    pub(in super::super) fn columns(&self, keys: &[Box<[u8]>]) -> Result<Vec<ArrayRef>, DataFusionError> {
        let (Some(converter), Some(parser)) = (&self.converter, &self.parser) else { return Ok(Vec::new()) };
        Ok(converter.convert_rows(keys.iter().map(|key| parser.parse(key)))?)
    }
}

/// A shared aggregation and keys: what every window of a query needs.
pub(in super::super) struct Grouping {
    /// The accumulators.
    pub(in super::super) aggregation: Aggregation,
    /// The keys.
    pub(in super::super) keys: Keys,
}

impl Grouping {
    /// Returns the schema of groups as a batch: a group's key, then the state of every accumulator.
    pub(in super::super) fn schema(&self) -> SchemaRef {
        let mut fields = vec![Arc::new(Field::new("key", DataType::Binary, false))];
        for (index, state) in self.aggregation.state_fields().enumerate() {
            for (part, field) in state.iter().enumerate() {
                fields.push(Arc::new(Field::new(format!("{index}.{part}"), field.data_type().clone(), true)));
            }
        }
        Arc::new(Schema::new(fields))
    }

    /// Puts keys and the state of accumulators into a batch.
    pub(in super::super) fn batch(
        &self,
        keys: &[Key],
        state: &[Vec<ArrayRef>],
    ) -> Result<RecordBatch, DataFusionError> {
        let mut columns: Vec<ArrayRef> = vec![Arc::new(BinaryArray::from_iter_values(keys.iter().map(|key| &**key)))];
        columns.extend(state.iter().flatten().map(Arc::clone));
        let options = RecordBatchOptions::new().with_row_count(Some(keys.len()));
        Ok(RecordBatch::try_new_with_options(self.schema(), columns, &options)?)
    }

    /// Takes a batch apart into keys and the state of each accumulator.
    pub(in super::super) fn parts<'b>(
        &self,
        batch: &'b RecordBatch,
    ) -> Result<(&'b BinaryArray, Vec<Vec<ArrayRef>>), DataFusionError> {
        if !has_schema(batch, &self.schema()) {
            return Err(damaged());
        }
        let keys = batch.column(0).as_binary::<i32>();
        let mut arrays = batch.columns()[1..].iter();
        let state = self
            .aggregation
            .state_fields()
            .map(|fields| arrays.by_ref().take(fields.len()).map(Arc::clone).collect())
            .collect();
        Ok((keys, state))
    }
}

/// A handle on it that shards share.
pub(in super::super) type SharedGrouping = Arc<Grouping>;
