//! Reference tables.

use super::Attribute;

/// A table that streams are joined with: a file, read again when it changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Where it lies: a path that starts at the pipeline file's folder.
    pub file: String,
    /// How its rows are written.
    pub format: TableFormat,
    /// What a row holds, in order, and where in a JSON object each lies.
    pub columns: Vec<Attribute>,
    /// The members of a JSON object that hold each column, from the outside in.
    pub paths: Vec<Vec<String>>,
    /// The columns that no two rows share the values of, by index; none where rows may repeat.
    pub key: Vec<usize>,
}

impl Table {
    /// Returns whether its file lies in S3, where only what runs on AWS reads it.
    pub fn is_in_s3(&self) -> bool {
        self.file.starts_with("s3://")
    }
}

/// How the rows of a table are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableFormat {
    /// Comma-separated values, the first line naming the columns.
    Csv,
    /// JSON objects: one after the other, or in one array.
    Json,
}
