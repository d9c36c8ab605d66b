//! The engine against a model that keeps every row and follows the definitions, over random logs, batches and restarts.

mod chained;
mod failing;
mod frames;
mod harness;
mod kda;
mod keyed;
mod model;
mod paned;
mod remote;
mod ways;
