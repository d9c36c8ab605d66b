//! Streams in Kinesis and the queries in a Flink: a pipeline that goes on without the process that put it to work.
//!
//! Owns what is made in an account, the note that says what it was, and its removal. May import what `deploy` may. Never
//! removes a stream that it did not make.

mod account;
mod deployment;
mod error;
mod fate;
mod produce;
mod shape;

pub use account::{Account, Place};
pub use deployment::{Deployment, NotedStream, Origin};
pub use error::RemoteError;
pub use fate::Fate;
pub use produce::Producers;
pub use shape::{Shape, Wanted};
