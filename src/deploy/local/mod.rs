//! The target `local`: streams, engine, generators and the Kinesis endpoint in this process.

mod at_rest;
mod contact;
mod control;
mod error;
mod folder;
mod listen;
mod metrics;
mod produce;
mod run;

pub(super) use at_rest::open_log;
pub use at_rest::{Found, at_rest};
pub use contact::{Contact, Stopped, stop};
pub(super) use control::routes;
pub use control::{GeneratorStatus, RunStatus, ShardStatus, StreamStatus, Waiting};
pub use error::DeployError;
pub use folder::Folder;
pub(super) use folder::Running;
pub use listen::{LOOPBACK, listen, listen_from};
pub use run::{Options, REGION, Run, open_streams};
