//! Values computed from those of other columns.

use datafusion_common::DataFusionError;

use crate::engine::Formula;
use crate::plan::{Computed, PREVIOUS, Stream};

use super::by_key::ByKey;
use super::column::NULL;
use super::texts::Texts;

/// Computes the values of one column.
pub(super) struct Computing {
    formula: Formula,
    /// How many columns of the record it names; those of the record before follow.
    columns: usize,
    /// How many of the record before it names, but for its own value.
    previous: usize,
    own: bool,
    /// Whether the record before is the last with the same key.
    is_keyed: bool,
    /// The values of the record before, by key: one key where they are not told apart.
    before: ByKey<Vec<Vec<u8>>>,
}

impl Computing {
    /// Takes the expression for the column of a stream at an index.
    pub(super) fn new(computed: &Computed, stream: &Stream, index: usize) -> Result<Self, DataFusionError> {
        let now = |column: &usize| (stream.columns[*column].name.clone(), stream.columns[*column].sql_type);
        let before = |column: &usize| {
            let (name, sql_type) = now(column);
            (format!("{PREVIOUS}.{name}"), sql_type)
        };
        let own = computed.own.then_some(index);
        let names: Vec<_> =
            computed.columns.iter().map(now).chain(computed.previous.iter().chain(&own).map(before)).collect();
        Ok(Self {
            formula: Formula::new(&computed.expr, &names)?,
            columns: computed.columns.len(),
            previous: computed.previous.len(),
            own: computed.own,
            is_keyed: computed.per.is_some(),
            before: ByKey::new(),
        })
    }

    /// Computes the values of the next rows. `needed` are the columns of the record, those of the record before, and that
    /// of the key, as far as there are some.
    pub(super) fn make(
        &mut self,
        rows: usize,
        needed: &[&Texts],
        is_null: &mut dyn FnMut() -> bool,
        values: &mut Texts,
    ) {
        let mut push = |json: &[u8], values: &mut Texts| {
            let json = if is_null() { NULL } else { json };
            values.push(|bytes| bytes.extend_from_slice(json));
        };
        if self.previous == 0 && !self.own {
            let computed = self.formula.compute(rows, |row, column| needed[column].get(row), |json| push(json, values));
            return computed.expect("a failure is that of a row");
        }
        let (columns, previous) = needed.split_at(self.columns);
        for row in 0..rows {
            let key = if self.is_keyed { previous[self.previous].get(row) } else { &[] };
            let count = self.previous + usize::from(self.own);
            let before = self.before.of(key, || vec![NULL.to_vec(); count]);
            let value = |_: usize, column: usize| match column.checked_sub(self.columns) {
                None => columns[column].get(row),
                Some(column) => before[column].as_slice(),
            };
            self.formula.compute(1, value, |json| push(json, values)).expect("a failure is that of a row");
            for (kept, texts) in before.iter_mut().zip(&previous[..self.previous]) {
                kept.clear();
                kept.extend_from_slice(texts.get(row));
            }
            if let Some(kept) = before.last_mut().filter(|_| self.own) {
                kept.clear();
                kept.extend_from_slice(values.get(row));
            }
        }
    }
}
