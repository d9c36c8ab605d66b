//! What can go wrong with a recording.

/// A recording that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// The file cannot be read on.
    #[error("the recording cannot be read")]
    Io(#[from] std::io::Error),
    /// A later `pipe` has written it.
    #[error("the recording is of version {found}, and this `pipe` reads version {}", super::VERSION)]
    Version {
        /// Its version.
        found: u32,
    },
    /// A line is none.
    #[error("line {line} is no record: {reason}")]
    Line {
        /// Which, from 1.
        line: u64,
        /// Why not.
        reason: String,
    },
}
