//! What can go wrong with generating.

use crate::engine::TableError;
use crate::streams::LogError;

/// A generator that cannot begin or go on.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// The values of a field cannot go into its column.
    #[error("column `{column}` cannot be generated: {reason}")]
    Unfit {
        /// The column.
        column: String,
        /// Why not.
        reason: String,
    },
    /// Two columns lie in the same place of a record, or one inside the other.
    #[error("columns `{column}` and `{other}` cannot both be generated: the path of one holds that of the other")]
    Overlap {
        /// The later column.
        column: String,
        /// The earlier one.
        other: String,
    },
    /// A column's value depends on its own.
    #[error("column `{column}` cannot be generated: it depends on itself")]
    Circle {
        /// The column.
        column: String,
    },
    /// A table that values are looked up in.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The log did not take the records.
    #[error("generated records could not be appended to stream `{stream}`")]
    Append {
        /// The stream.
        stream: String,
        /// What the log said.
        #[source]
        source: LogError,
    },
    /// The records could not be written.
    #[error("generated records could not be written")]
    Write(#[source] std::io::Error),
}
