//! The groups of one window on one shard, and what has been accumulated in them.

use std::hash::BuildHasher;
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::row::{RowConverter, RowParser, Rows};
use datafusion_common::DataFusionError;
use datafusion_expr::{EmitTo, GroupsAccumulator};
use hashbrown::{DefaultHashBuilder, HashTable};

use super::aggregation::Aggregation;

/// The values of a group's columns, in the form in which they are compared.
type Key = Box<[u8]>;

/// Groups by key, with an accumulator's value each. Memory grows with groups, never with rows.
pub(super) struct Groups {
    table: HashTable<(u64, usize)>,
    hasher: DefaultHashBuilder,
    keys: Vec<Key>,
    accumulators: Vec<Box<dyn GroupsAccumulator>>,
}

/// Rows on their way into groups.
pub(super) struct Keyed<'a> {
    /// The key of every row of the batch; `None` where the query has no group columns.
    pub(super) keys: Option<&'a Rows>,
    /// Which rows go in; all of them where left out.
    pub(super) rows: Option<&'a [u32]>,
    /// How many rows the batch has.
    pub(super) count: usize,
}

impl Groups {
    /// Starts without a group.
    pub(super) fn new(aggregation: &Aggregation) -> Result<Self, DataFusionError> {
        Ok(Self {
            table: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            keys: Vec::new(),
            accumulators: aggregation.start()?,
        })
    }

    /// Returns the number of groups.
    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Adds rows. `arguments` hold one array per accumulator, of the rows that go in only.
    pub(super) fn update(&mut self, keyed: &Keyed<'_>, arguments: &[ArrayRef]) -> Result<(), DataFusionError> {
        let indices = self.indices(keyed);
        let total = self.keys.len();
        for (accumulator, argument) in self.accumulators.iter_mut().zip(arguments) {
            accumulator.update_batch(std::slice::from_ref(argument), &indices, None, total)?;
        }
        Ok(())
    }

    /// Merges partial results: one row per group, `state` one list of arrays per accumulator.
    pub(super) fn merge(&mut self, keyed: &Keyed<'_>, state: &[Vec<ArrayRef>]) -> Result<(), DataFusionError> {
        let indices = self.indices(keyed);
        let total = self.keys.len();
        for (accumulator, arrays) in self.accumulators.iter_mut().zip(state) {
            accumulator.merge_batch(arrays, &indices, total)?;
        }
        Ok(())
    }

    /// Takes everything out: the groups' keys in their order, and the accumulators' partial results.
    pub(super) fn take_state(&mut self) -> Result<(Vec<Key>, Vec<Vec<ArrayRef>>), DataFusionError> {
        let state =
            self.accumulators.iter_mut().map(|accumulator| accumulator.state(EmitTo::All)).collect::<Result<_, _>>()?;
        self.table.clear();
        Ok((std::mem::take(&mut self.keys), state))
    }

    /// Takes everything out: the groups' keys in their order, and the accumulators' results.
    pub(super) fn take_results(&mut self) -> Result<(Vec<Key>, Vec<ArrayRef>), DataFusionError> {
        let results = self
            .accumulators
            .iter_mut()
            .map(|accumulator| accumulator.evaluate(EmitTo::All))
            .collect::<Result<_, _>>()?;
        self.table.clear();
        Ok((std::mem::take(&mut self.keys), results))
    }

    /// Finds or makes the group of every row that goes in.
    fn indices(&mut self, keyed: &Keyed<'_>) -> Vec<usize> {
        let Some(keys) = keyed.keys else {
            let rows = keyed.rows.map_or(keyed.count, <[u32]>::len);
            if self.keys.is_empty() && rows > 0 {
                self.keys.push(Box::default());
            }
            return vec![0; rows];
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
pub(super) struct Keys {
    converter: Option<RowConverter>,
    parser: Option<RowParser>,
}

impl Keys {
    /// Takes the types of the group columns.
    pub(super) fn new(types: &[arrow::datatypes::DataType]) -> Result<Self, DataFusionError> {
        if types.is_empty() {
            return Ok(Self { converter: None, parser: None });
        }
        let fields = types.iter().cloned().map(arrow::row::SortField::new).collect();
        let converter = RowConverter::new(fields)?;
        let parser = converter.parser();
        Ok(Self { converter: Some(converter), parser: Some(parser) })
    }

    /// Returns the key of every row; `None` where there are no group columns.
    pub(super) fn of(&self, columns: &[ArrayRef]) -> Result<Option<Rows>, DataFusionError> {
        self.converter.as_ref().map(|converter| Ok(converter.convert_columns(columns)?)).transpose()
    }

    /// Returns the group columns of keys.
    pub(super) fn columns(&self, keys: &[Box<[u8]>]) -> Result<Vec<ArrayRef>, DataFusionError> {
        let (Some(converter), Some(parser)) = (&self.converter, &self.parser) else { return Ok(Vec::new()) };
        Ok(converter.convert_rows(keys.iter().map(|key| parser.parse(key)))?)
    }
}

/// A shared aggregation and keys: what every window of a query needs.
pub(super) struct Grouping {
    /// The accumulators.
    pub(super) aggregation: Aggregation,
    /// The keys.
    pub(super) keys: Keys,
}

/// A handle on it that shards share.
pub(super) type SharedGrouping = Arc<Grouping>;
