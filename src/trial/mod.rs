//! The tests of a pipeline at work: what comes in, a clock, and what has to come out.
//!
//! Owns running a test on an engine, comparing, and showing where rows part. May import everything but `error` and
//! `commands`. Never reads a clock: that of a test is turned by its steps.

mod accept;
mod compare;
mod difference;
mod embedded;
mod error;
mod feed;
mod flink;
mod in_order;
mod junit;
mod mutate;
mod outcome;

pub use accept::{Acceptance, Edit, edited};
pub use difference::Difference;
pub use embedded::Embedded;
pub use error::TrialError;
pub use flink::OnFlink;
pub use in_order::in_order;
pub use junit::junit;
pub use mutate::Mutant;
pub use outcome::{Check, Counted, Failure, Outcome, Run, Seen, Status, Verdict};
