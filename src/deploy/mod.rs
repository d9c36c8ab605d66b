//! Targets: plans at work.
//!
//! Owns starting, finding and removing what a plan describes. May import everything but `error` and `commands`. Never
//! reads a pipeline file.

pub mod aws;
pub mod flink;
pub mod local;
mod place;
pub mod remote;
mod tasks;

pub use aws::AwsError;
pub use flink::FlinkError;
pub use local::DeployError;
pub use place::{EmptyEndpoint, Place};
pub use remote::RemoteError;
