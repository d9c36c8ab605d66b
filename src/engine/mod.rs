//! The embedded engine: windowed queries over logs, on this machine.
//!
//! Owns windows, watermarks and checkpoints; Arrow and DataFusion evaluate and aggregate. What it answers is a pure
//! function of the logs: records count in the order of their arrival (and shard, and place), however they are batched,
//! whenever the process stopped. May import `plan` and what it imports. Never reads a clock but the log's.

mod decode;
mod expression;
