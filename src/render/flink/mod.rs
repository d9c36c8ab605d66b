//! Plan → the SQL of one Flink job.
//!
//! Owns what every relation of a plan is in Flink SQL, one file per kind of relation, and what Flink SQL lacks. May import
//! what `render` may. Never decides what a relation means: where Flink means something else, the text casts, guards or
//! refuses.

mod connector;
mod group;
mod job;
mod join;
mod lookup;
mod over;
mod refusal;
mod select;
mod source;
mod top;
mod union;
mod view;

pub(super) use connector::Connectors;
pub(super) use job::{Job, inputs, job, parallelism};
