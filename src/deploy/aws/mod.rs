//! The target `aws`: a plan as a stack in somebody's account, and the application in it.
//!
//! Owns the calls of the control planes, the package of the code and its bucket, and the order of steps from a plan to an
//! application that runs and back to nothing. May import what `deploy` may. Never changes or removes a stack that it did
//! not make.

mod account;
mod application;
mod artifact;
mod bucket;
mod change_set;
mod compare;
mod describe;
mod drift;
mod error;
mod jar;
mod note;
mod obstacle;
mod package;
mod progress;
mod refusal;
mod release;
mod removal;
mod rollout;
mod stack;
mod standing;
mod texts;

use aws_config::SdkConfig;

use crate::plan::Target;

use super::place::{EmptyEndpoint, configured};

pub use account::Account;
pub use application::{Application, State};
pub use bucket::{Bucket, Weight};
pub use change_set::{Action, ChangeSet, ResourceDelta, Template, Wanted};
pub use compare::Comparison;
pub use describe::{DescribeError, describe_application};
pub use drift::Drift;
pub use error::AwsError;
pub use jar::Jar;
pub use note::{Note, Version};
pub use obstacle::Obstacle;
pub use package::Package;
pub use progress::{Progress, Tell};
pub use refusal::{Refusal, advise, advise_of_streams, is_denied_by_streams};
pub use release::Release;
pub use removal::{Archive, Removal, Removed};
pub use rollout::Rollout;
pub use stack::{Failure, Found, Mark, Settled, Stack};
pub use standing::Standing;

/// Sets clients up for a target.
async fn configure(target: &Target) -> Result<SdkConfig, EmptyEndpoint> {
    configured(target.region.as_deref(), target.endpoint_url.as_deref()).await
}
