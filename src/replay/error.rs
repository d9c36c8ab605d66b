//! What can go wrong with playing a file.

use crate::deploy::DeployError;
use crate::engine::EngineError;
use crate::recording::RecordingError;

/// A file that cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The file cannot be read.
    #[error(transparent)]
    Recording(#[from] RecordingError),
    /// A query cannot go on.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The records cannot be put into the pipeline's stream.
    #[error(transparent)]
    Deploy(#[from] DeployError),
    /// A record does not say when it was.
    #[error("record {record} of the file has no time: `{column}` is {found}")]
    Time {
        /// Which record, from 1.
        record: u64,
        /// The column that says it.
        column: String,
        /// What stands there.
        found: String,
    },
    /// A row of values is none of the stream.
    #[error("row {record} of the file cannot be a record: {reason}")]
    Row {
        /// Which row, from 1.
        record: u64,
        /// Why not.
        reason: String,
    },
    /// A record says a time that none can be.
    #[error("record {record} of the file is of {found} ms since 1970, which is not before the year 10000")]
    Range {
        /// Which record, from 1.
        record: u64,
        /// What it says.
        found: i64,
    },
    /// The stream has later records.
    #[error("stream `{stream}` has later records already than the first of the file")]
    Later {
        /// The stream.
        stream: String,
    },
}
