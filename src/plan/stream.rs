//! Streams.

use std::time::Duration;

use crate::record::RecordFormat;
use crate::sql::SqlType;
use crate::streams::Capacity;

/// A stream: a named, sharded log with a schema.
#[derive(Debug, Clone)]
pub struct Stream {
    /// Its name, here and on every target.
    pub name: String,
    /// Its shards.
    pub capacity: Capacity,
    /// How long a record stays, in hours, where the stack makes the stream.
    pub retention_hours: u32,
    /// How its rows are written.
    pub format: RecordFormat,
    /// What a record holds, in order.
    pub columns: Vec<Column>,
    /// The column whose text is the partition key, by index; spread evenly where left out.
    pub partition_key: Option<usize>,
    /// By which time its records are windowed.
    pub time: Time,
    /// Where its records come from.
    pub source: Source,
}

/// One column of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name, taken letter by letter.
    pub name: String,
    /// The type of its values.
    pub sql_type: SqlType,
    /// Whether a record without a value is bad.
    pub not_null: bool,
    /// Where its value lies in the JSON record: the names from the outside in. In CSV, its own name alone.
    pub path: Vec<String>,
}

/// By which time records are windowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Time {
    /// When the log accepted them.
    Arrival,
    /// What a column of theirs says.
    Event {
        /// The column, by index; its type is a TIMESTAMP.
        column: usize,
        /// How far the watermark stays behind the greatest time seen.
        delay: Duration,
        /// After how long a silent shard stops holding the watermark back.
        idle: Duration,
    },
}

/// Where the records of a stream come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// From outside, or a generator.
    Producers,
    /// From the query of this name.
    Query(String),
    /// The rows of the query of this name that came too late, as they were.
    Late(String),
}

impl Stream {
    /// Finds a column by its exact name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}
