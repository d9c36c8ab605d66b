//! Generators.

use std::path::PathBuf;
use std::sync::Arc;

use crate::field::Field;
use crate::rate::{Arrivals, Profile};
use crate::spec::Faults;
use crate::sql::Expr;

use super::Table;

/// Makes records for one stream.
#[derive(Debug, Clone)]
pub struct Generator {
    /// The stream that it feeds.
    pub stream: String,
    /// How many records come, over time.
    pub rate: Profile,
    /// How they lie in time.
    pub arrivals: Arrivals,
    /// The seed: equal seeds give equal records, the clock's fields aside.
    pub seed: u64,
    /// What happens to the records on their way.
    pub faults: Option<Faults>,
    /// One field per column of the stream, in the columns' order.
    pub fields: Vec<GeneratedField>,
}

/// How one column's values are made.
#[derive(Debug, Clone)]
pub struct GeneratedField {
    /// What makes them.
    pub making: Making,
    /// The share of records in which the value is NULL, 0 to 1.
    pub null_share: f64,
}

/// What makes the values of a column. Columns are named by index.
#[derive(Debug, Clone)]
pub enum Making {
    /// They are drawn one behind the other.
    Drawn {
        /// The kind with its options.
        field: Arc<dyn Field>,
        /// The column for each of whose values they are values of their own.
        per: Option<usize>,
        /// The column of another generator whose lasting values these are, too.
        origin: Option<Origin>,
    },
    /// They are drawn once for each value of a column, and are the same in every run.
    Fixed {
        /// The kind with its options.
        field: Arc<dyn Field>,
        /// The column.
        per: usize,
        /// The column of another generator whose values these are, too.
        origin: Option<Origin>,
    },
    /// They are computed.
    Computed(Computed),
    /// They stand in the rows of a table.
    Table(FromTable),
}

/// How values are computed from those of other columns.
#[derive(Debug, Clone)]
pub struct Computed {
    /// The expression. What it names of the record before is called [`PREVIOUS`] and the column's name.
    pub expr: Expr,
    /// The columns of the record that it names.
    pub columns: Vec<usize>,
    /// The columns of the record before that it names, but for its own.
    pub previous: Vec<usize>,
    /// Whether it names its own value in the record before.
    pub own: bool,
    /// The column by whose value the record before is found: the last that had the same.
    pub per: Option<usize>,
}

/// What stands before the name of a column where that of the record before is meant.
pub const PREVIOUS: &str = "previous";

/// How values are found in a table.
#[derive(Debug, Clone)]
pub struct FromTable {
    /// The table.
    pub table: Table,
    /// Its file.
    pub path: PathBuf,
    /// The column of the record and that of the table that have to be alike. Without them, any row may be meant.
    pub key: Option<(usize, usize)>,
    /// The column of the table.
    pub column: usize,
}

/// Whose lasting values these are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The seed of its generator.
    pub seed: u64,
    /// Its column.
    pub column: String,
}

impl Generator {
    /// Takes another seed, as does every generator that values are looked up in: a world has one.
    pub fn reseed(&mut self, seed: u64) {
        self.seed = seed;
        for field in &mut self.fields {
            if let Making::Drawn { origin: Some(origin), .. } | Making::Fixed { origin: Some(origin), .. } =
                &mut field.making
            {
                origin.seed = seed;
            }
        }
    }
}

impl Making {
    /// Returns the columns whose values of a record have to be there first.
    pub fn needs(&self) -> Vec<usize> {
        match self {
            Self::Drawn { per, .. } => per.iter().copied().collect(),
            Self::Fixed { per, .. } => vec![*per],
            Self::Computed(computed) => {
                computed.columns.iter().chain(&computed.previous).chain(&computed.per).copied().collect()
            }
            Self::Table(table) => table.key.iter().map(|(own, _)| *own).collect(),
        }
    }
}
