//! Rows → what goes into the accumulators, and under which key.

use arrow::array::{ArrayRef, RecordBatch, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::{DataType, SchemaRef};
use arrow::row::Rows as KeyRows;
use datafusion_common::DataFusionError;

use super::super::each_row::each_row;
use super::super::rows::{Places, Rows, Stray};
use super::super::select::without;
use super::groups::{Groups, Keyed, SharedGrouping};

/// Computes what goes into the accumulators of a query.
pub(super) struct Preparation {
    pub(super) grouping: SharedGrouping,
    keys: Vec<usize>,
    types: Vec<DataType>,
    /// Whether an argument names a hidden column.
    hidden: bool,
}

/// Rows whose arguments are computed.
pub(super) struct Prepared {
    pub(super) rows: Rows,
    keys: Option<KeyRows>,
    arguments: Vec<ArrayRef>,
}

impl Preparation {
    pub(super) fn new(
        grouping: SharedGrouping,
        keys: Vec<usize>,
        visible: &SchemaRef,
        hidden: bool,
    ) -> Result<Self, DataFusionError> {
        let types = grouping.aggregation.argument_types(visible)?;
        Ok(Self { grouping, keys, types, hidden })
    }

    /// Computes the keys and arguments of rows. Rows that cannot be computed go to `bad`.
    pub(super) fn prepare(
        &self,
        rows: Rows,
        places: Places,
        bad: &mut Vec<(Stray, String)>,
    ) -> Result<Prepared, DataFusionError> {
        let visible: RecordBatch = if self.hidden { rows.with_hidden(places)? } else { rows.batch.clone() };
        let evaluated = each_row(&visible, &self.types, |batch| self.grouping.aggregation.arguments(batch))?;
        let rows = without(rows, evaluated.failed, bad)?;
        let groups: Vec<ArrayRef> =
            self.keys.iter().map(|index| std::sync::Arc::clone(rows.batch.column(*index))).collect();
        let keys = self.grouping.keys.of(&groups)?;
        Ok(Prepared { rows, keys, arguments: evaluated.arrays })
    }
}

impl Prepared {
    /// Returns the key of a row.
    pub(super) fn key(&self, row: usize) -> &[u8] {
        self.keys.as_ref().map_or(&[], |keys| keys.row(row).data())
    }

    /// Returns what goes into each accumulator, one value per row.
    pub(super) fn arguments(&self) -> &[ArrayRef] {
        &self.arguments
    }

    /// Adds rows, by their numbers in rising order, to groups.
    pub(super) fn add(&self, rows: Vec<u32>, groups: &mut Groups) -> Result<(), DataFusionError> {
        let count = self.rows.len();
        // Rows are chosen in order: as many as there are means all of them.
        if rows.len() == count {
            return groups.update(&Keyed { keys: self.keys.as_ref(), rows: None, count }, &self.arguments);
        }
        let chosen_count = rows.len();
        let chosen = UInt32Array::from(rows);
        let arguments: Vec<ArrayRef> =
            self.arguments.iter().map(|array| take(array, &chosen, None)).collect::<Result<_, _>>()?;
        let rows = Some(chosen.values().as_ref());
        groups.update(&Keyed { keys: self.keys.as_ref(), rows, count: chosen_count }, &arguments)
    }
}
