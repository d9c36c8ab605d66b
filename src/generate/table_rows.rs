//! Values out of the rows of a table.

use hashbrown::HashMap;
use rand::Rng;

use crate::engine::{TableError, read_texts};
use crate::field::Source;
use crate::plan::FromTable;

use super::column::NULL;

/// The values of a table's column, as JSON.
pub(super) enum TableRows {
    /// By the key of their row.
    ByKey(HashMap<Vec<u8>, Vec<u8>>),
    /// In the order of their rows.
    Any(Vec<Vec<u8>>),
}

impl TableRows {
    /// Reads the table's file.
    pub(super) fn read(from: &FromTable) -> Result<Self, TableError> {
        let Some((_, by)) = from.key else {
            let rows = read_texts(&from.table, &from.path, &[from.column])?;
            return Ok(Self::Any(rows.into_iter().flatten().collect()));
        };
        let mut values = HashMap::new();
        for mut row in read_texts(&from.table, &from.path, &[by, from.column])? {
            // Where rows share a key, the first is meant.
            if let (Some(value), Some(key)) = (row.pop(), row.pop()) {
                values.entry(key).or_insert(value);
            }
        }
        Ok(Self::ByKey(values))
    }

    /// Writes the value for a key, or any value where keys do not count; NULL where there is none.
    pub(super) fn write(&self, key: &[u8], source: &mut Source, json: &mut Vec<u8>) {
        let value = match self {
            // NULL is equal to nothing.
            Self::ByKey(_) if key == NULL => None,
            Self::ByKey(values) => values.get(key),
            Self::Any(values) if values.is_empty() => None,
            Self::Any(values) => values.get(source.rng.random_range(0..values.len())),
        };
        json.extend_from_slice(value.map_or(NULL, Vec::as_slice));
    }
}
