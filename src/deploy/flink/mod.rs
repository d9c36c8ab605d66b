//! The target `flink`: a plan's queries as one job of any Apache Flink, through its SQL gateway.
//!
//! Owns the gateway's protocol, the job's way from its text to `RUNNING`, and its end. May import what `deploy` may.
//! Never writes SQL of its own but what asks for jobs and ends them.

mod answer;
mod error;
mod gateway;
mod http;
mod job;
mod prepared;
mod statements;

pub use answer::{Answer, Row};
pub use error::FlinkError;
pub use gateway::{Gateway, Session};
pub use job::{Job, JobState, Submitted};
pub use prepared::{Prepared, Submission};
pub use statements::{Places, statements};
