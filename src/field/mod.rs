//! Kinds of generated column: one file each, one table.
//!
//! Owns how a value is drawn and which options a kind has. May import `document`, `sql`, `streams` and `ui`. Never knows
//! of rates, records or JSON: a field gives a value, and the generator writes it.

use std::fmt::Debug;
use std::sync::Arc;

use crate::document::{Spanned, TableReader};
use crate::sql::SqlType;

/// A kind of generated column with its options.
pub trait Field: Debug + Send + Sync {
    /// Says why values of this field cannot go into a column of a type, where they cannot.
    fn check(&self, sql_type: SqlType) -> Result<(), String>;

    /// Returns the column for each of whose values the field keeps a state of its own.
    fn per(&self) -> Option<&Spanned<String>>;
}

/// A kind of generated column: its name in the file, and how its options are read.
pub struct Kind {
    /// The value of `kind`.
    pub name: &'static str,
    /// Reads the options; mistakes become findings of the reader.
    pub read: fn(&mut TableReader<'_>) -> Option<Arc<dyn Field>>,
}

/// Every kind of field.
pub const KINDS: &[Kind] = &[];
