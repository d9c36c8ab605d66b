//! What can go wrong with a log.

use std::path::PathBuf;

/// A failed operation on a log.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// There is no stream of that name.
    #[error("there is no stream `{stream}`")]
    UnknownStream {
        /// The name asked for.
        stream: String,
    },
    /// The name is taken.
    #[error("there is a stream `{stream}` already")]
    StreamExists {
        /// The name asked for.
        stream: String,
    },
    /// The stream has no such shard, or the text is not a shard's name.
    #[error("there is no shard `{shard}`")]
    UnknownShard {
        /// The shard asked for.
        shard: String,
    },
    /// A sequence number that this shard never gave.
    #[error("`{sequence}` is not a sequence number of {shard}")]
    InvalidSequence {
        /// The text given.
        sequence: String,
        /// The shard asked.
        shard: String,
    },
    /// A cursor that this log did not make, or that has expired.
    #[error("the place to read on from is no longer good")]
    InvalidCursor,
    /// The folder of a local log is in use by another process.
    #[error("`{}` is in use by another process", path.display())]
    Locked {
        /// The folder.
        path: PathBuf,
    },
    /// A local log's folder could not be read or written.
    #[error("`{}` could not be used", path.display())]
    Storage {
        /// The folder.
        path: PathBuf,
        /// What the storage said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A local log holds bytes that this version does not understand.
    #[error("`{}` holds {what}, which this version cannot read", path.display())]
    Format {
        /// The folder.
        path: PathBuf,
        /// What was found.
        what: String,
    },
    /// The endpoint refused or did not answer.
    #[error("{operation} on {endpoint} failed: {message}")]
    Endpoint {
        /// The API operation.
        operation: &'static str,
        /// The address asked, or the region.
        endpoint: String,
        /// What it answered.
        message: String,
        /// Whether trying again may help.
        retryable: bool,
        /// Whether it answered at all, and as a Kinesis does.
        answered: bool,
    },
}
