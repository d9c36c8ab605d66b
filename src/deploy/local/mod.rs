//! The target `local`: streams, engine, generators and the Kinesis endpoint in this process.

mod at_rest;
mod contact;
mod control;
mod error;
mod folder;
mod produce;
mod run;

pub use at_rest::{Found, at_rest};
pub use contact::{Contact, remove};
pub use control::{GeneratorStatus, RunStatus};
pub use error::DeployError;
pub use folder::Folder;
pub use run::{Options, REGION, Run};
