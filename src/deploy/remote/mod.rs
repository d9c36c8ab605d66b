//! Streams in Kinesis, and the queries in a Flink, which go on without the process that put them to work, or in the engine
//! of this process.
//!
//! Owns what is made in an account, the note that says what it was, and its removal. May import what `deploy` may. Never
//! removes a stream that it did not make.

mod account;
mod deployment;
mod error;
mod fate;
mod outbox;
mod produce;
mod run;
mod shape;

pub use account::Account;
pub use deployment::{Deployment, NotedStream, Origin};
pub use error::RemoteError;
pub use fate::Fate;
pub use outbox::waiting;
pub use produce::Producers;
pub use run::{Run, Store};
pub use shape::{Shape, Wanted};
