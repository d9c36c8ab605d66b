//! The embedded engine: windowed queries over logs, on this machine.
//!
//! Owns windows, watermarks and checkpoints; Arrow and `DataFusion` evaluate and aggregate. What it answers is a pure
//! function of the logs: records count in the order of their arrival (and shard, and place), however they are batched,
//! whenever the process stopped; only what a table holds counts as it is when a row is processed. May import `plan` and
//! what it imports. Never lets a clock but the log's into an answer: others only say when to look, to save and to read a
//! table again.

mod aggregation;
mod bench;
mod checkpoint;
mod chunk;
mod closing;
mod csv;
mod decode;
mod divert;
mod each_row;
mod expression;
mod feed;
mod filter;
mod forest;
mod formula;
mod graph;
mod group;
mod hotspots;
mod join;
mod json;
mod lookup;
mod open;
mod operator;
mod outlook;
mod outputs;
mod over;
mod parallel;
mod points;
mod progress;
mod projection;
mod rank;
mod rows;
mod run;
mod select;
mod source;
mod state;
mod status;
mod table;
#[cfg(test)]
mod tests;
mod union;
mod waiting;
mod watermark;

pub use bench::{Bench, Made};
pub use checkpoint::CheckpointError;
pub use feed::Afar;
pub use filter::{Filter, Passed};
pub use formula::Formula;
pub use json::moment_text;
pub use open::{has_changed, saved_status};
pub use run::{Engine, EngineError};
pub use status::{Counters, OpenWindow, QueryStatus, Sample, ShardTime, TimeKind};
pub use table::{TableError, check_table, read_texts};
