//! How the rows of a stream are written as records, and how a record is shown.
//!
//! Owns the formats of records and the text of CSV. Imports nothing of the crate. Never knows what a value means: types
//! are those who read and write it.

mod csv;
mod place;
mod row;

pub(crate) use csv::{CsvReader, CsvRow, write_csv_field, write_csv_null, write_csv_row};
pub use place::Parts;
pub use row::{DATA, Row, WINDOW, plain, shown, text};

/// How the rows of a stream are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RecordFormat {
    /// One JSON object a record.
    #[default]
    Json,
    /// Values by position; a record may hold several rows, one a line.
    Csv {
        /// What stands between two values: an ASCII character.
        delimiter: u8,
    },
}

impl RecordFormat {
    /// The formats by the names that a file gives them.
    pub const NAMES: [&str; 2] = ["json", "csv"];
    /// What stands between two values where nothing else is said.
    pub const DELIMITER: u8 = b',';

    /// Returns how the name of a file of such records ends.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Json => "jsonl",
            Self::Csv { .. } => "csv",
        }
    }

    /// Returns whether a character can stand between values: quotes and line ends mean something else.
    pub fn is_delimiter(letter: char) -> bool {
        letter.is_ascii() && !matches!(letter, '"' | '\n' | '\r' | '\0')
    }
}
