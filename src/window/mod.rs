//! Kinds of window: one file each, one table.
//!
//! Owns how a window assigns moments, when it closes, and what each dialect says of it: a kind that does not answer for
//! every dialect does not compile. May import `document`, `sql`, `streams` and `ui`. Never sees a row.

mod cumulative;
mod hopping;
mod interval;
mod panes;
mod session;
mod size;
mod sliding;
mod stagger;
mod tumbling;

use std::fmt::Debug;
use std::sync::Arc;

use crate::document::TableReader;

pub use cumulative::Cumulative;
pub use hopping::Hopping;
pub use interval::interval;
pub use panes::Panes;
pub use session::Session;
pub use sliding::Sliding;
pub use stagger::Stagger;
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

/// How a window takes rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// The same windows for all keys, made of panes side by side.
    Panes(Panes),
    /// A window for each key, which goes on while its rows are at most this far apart.
    Session(Micros),
    /// A window for each key, which its first row opens, of this length.
    Stagger(Micros),
    /// No windows: every row has a frame of its own.
    Frame(Frame),
}

/// The rows before a row that count with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frame {
    /// Those whose time is at most this much earlier.
    Range(Micros),
    /// This many, and the row itself.
    Rows(u64),
}

/// What a dialect lacks, and the nearest that it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What it lacks, such as `Flink SQL has no stagger windows`.
    pub lacks: String,
    /// What to use instead.
    pub instead: String,
}

/// A kind of window with its sizes.
pub trait Window: Debug + Send + Sync {
    /// Returns how the window takes rows.
    fn shape(&self) -> Shape;

    /// Returns what the window is in words, such as `tumbling 10s`.
    fn describe(&self) -> String;

    /// Returns the KDA SQL that windows go by.
    fn kda(&self) -> Result<Kda, Refusal>;

    /// Returns the Flink SQL that windows go by. `table` and `time` are the names of a table and of its time column,
    /// `keys` the columns that a window of its own is kept for; all of them quoted.
    fn flink(&self, table: &str, time: &str, keys: &[String]) -> Result<Flink, Refusal>;
}

/// How KDA SQL says a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kda {
    /// `GROUP BY STEP(row time BY length)`.
    Step {
        /// The length, such as `INTERVAL '10' SECOND`.
        length: String,
    },
    /// `WINDOWED BY STAGGER (PARTITION BY keys RANGE length)`.
    Stagger {
        /// The length.
        length: String,
    },
    /// `OVER (PARTITION BY keys frame)`.
    Over {
        /// The frame, such as `RANGE INTERVAL '1' MINUTE PRECEDING`.
        frame: String,
    },
}

/// How Flink SQL says a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flink {
    /// `FROM TABLE(function) GROUP BY keys, window_start, window_end`.
    Table(String),
    /// `OVER (PARTITION BY keys ORDER BY time frame)`.
    Over(String),
}

/// A kind of window: its name in the file, and how its options are read.
pub struct Kind {
    /// The value of `kind`.
    pub name: &'static str,
    /// Reads the options; mistakes become findings of the reader.
    pub read: fn(&mut TableReader<'_>) -> Option<Arc<dyn Window>>,
}

/// Every kind of window.
pub const KINDS: &[Kind] =
    &[tumbling::KIND, hopping::KIND, cumulative::KIND, session::KIND, sliding::KIND, stagger::KIND];
