//! Kinds of window: one file each, one table.
//!
//! Owns how a window assigns moments, when it closes, and what each dialect says of it: a kind that does not answer for
//! every dialect does not compile. May import `document`, `sql`, `streams` and `ui`. Never sees a row.

mod tumbling;

use std::fmt::Debug;
use std::sync::Arc;

use crate::document::TableReader;

pub use tumbling::Tumbling;

/// Microseconds since 1970-01-01T00:00:00Z: the unit of every moment in a window's arithmetic.
pub type Micros = i64;

/// The moments of one window: from `start`, up to and without `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The first moment.
    pub start: Micros,
    /// The first moment behind it.
    pub end: Micros,
}

/// A kind of window with its sizes.
pub trait Window: Debug + Send + Sync {
    /// Returns the window that a moment belongs to.
    fn assign(&self, moment: Micros) -> Span;

    /// Returns what the window is in words, such as `tumbling 10s`.
    fn describe(&self) -> String;

    /// Returns the KDA SQL grouping expression over a row time, such as `STEP(… BY INTERVAL '10' SECOND)`.
    fn kda_grouping(&self, row_time: &str) -> String;

    /// Returns the KDA SQL expression of the window's length, such as `INTERVAL '10' SECOND`.
    fn kda_length(&self) -> String;

    /// Returns the Flink SQL table function over a table's time column.
    fn flink_table(&self, table: &str, time_column: &str) -> String;
}

/// A kind of window: its name in the file, and how its options are read.
pub struct Kind {
    /// The value of `kind`.
    pub name: &'static str,
    /// Reads the options; mistakes become findings of the reader.
    pub read: fn(&mut TableReader<'_>) -> Option<Arc<dyn Window>>,
}

/// Every kind of window.
pub const KINDS: &[Kind] = &[tumbling::KIND];
