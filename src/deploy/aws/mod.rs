//! The target `aws`: what is there already. Putting more there is not in this version.

mod describe;
mod look;

use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};

use crate::plan::Target;
use crate::streams::kinesis::http_client;

pub use describe::describe_application;
pub use look::{Look, LookError, look};

/// How long one call may take: a plan is waited for by a person.
const CALL: Duration = Duration::from_secs(10);

/// Sets clients up for a target.
async fn configure(target: &Target) -> SdkConfig {
    configured(target.region.as_deref(), target.endpoint_url.as_deref()).await
}

/// Sets clients up as the standard AWS chain says; a region and an endpoint that are given come first.
pub(super) async fn configured(region: Option<&str>, endpoint_url: Option<&str>) -> SdkConfig {
    let timeouts = TimeoutConfig::builder().operation_timeout(CALL).build();
    let mut loader =
        aws_config::defaults(BehaviorVersion::latest()).http_client(http_client()).timeout_config(timeouts);
    if let Some(region) = region {
        loader = loader.region(Region::new(region.to_owned()));
    }
    if let Some(endpoint) = endpoint_url {
        loader = loader.endpoint_url(endpoint);
    }
    loader.load().await
}
