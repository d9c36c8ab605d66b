//! The embedded engine: windowed queries over logs, on this machine.
//!
//! Owns windows, watermarks and checkpoints; Arrow and `DataFusion` evaluate and aggregate. What it answers is a pure
//! function of the logs: records count in the order of their arrival (and shard, and place), however they are batched,
//! whenever the process stopped. May import `plan` and what it imports. Never reads a clock but the log's.

mod aggregation;
mod checkpoint;
mod chunk;
mod close;
mod decode;
mod divert;
mod expression;
mod groups;
mod json;
mod operator;
mod run;
mod status;
#[cfg(test)]
mod tests;
mod watermark;

pub use checkpoint::CheckpointError;
pub use json::moment_text;
pub use run::{Engine, EngineError, has_changed, saved_status};
pub use status::{Counters, QueryStatus, Sample};

use crate::streams::SequenceNumber;
use crate::window::Micros;

/// A row whose window was over when it came.
#[derive(Debug, Clone)]
pub struct LateRecord {
    /// The index of its shard.
    pub shard: usize,
    /// Its time.
    pub moment: Micros,
    /// Its place in the shard.
    pub sequence: SequenceNumber,
    /// The partition key that it came with.
    pub partition_key: String,
    /// The record as it was.
    pub data: Vec<u8>,
}
