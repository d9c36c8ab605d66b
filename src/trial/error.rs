//! What keeps a test from being run.

use std::path::PathBuf;

use crate::deploy::flink::FlinkError;
use crate::engine::EngineError;
use crate::generate::GenerateError;

/// A failure of what runs a test; a test that fails is none.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    /// The embedded engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A generator cannot make the records of a test.
    #[error(transparent)]
    Generate(#[from] GenerateError),
    /// Flink cannot be reached.
    #[error(transparent)]
    Flink(#[from] FlinkError),
    /// A file that Flink reads or writes cannot be used.
    #[error("`{}` could not be used: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}
