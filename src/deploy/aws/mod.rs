//! The target `aws`: what is there already. Putting more there is not in this version.

mod look;

use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};

use crate::plan::Target;
use crate::streams::kinesis::http_client;

pub use look::{Look, LookError, look};

/// How long one call may take: a plan is waited for by a person.
const CALL: Duration = Duration::from_secs(10);

/// Sets clients up as the standard AWS chain says; the target's region and endpoint come first.
async fn configure(target: &Target) -> SdkConfig {
    let timeouts = TimeoutConfig::builder().operation_timeout(CALL).build();
    let mut loader =
        aws_config::defaults(BehaviorVersion::latest()).http_client(http_client()).timeout_config(timeouts);
    if let Some(region) = &target.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(endpoint) = &target.endpoint_url {
        loader = loader.endpoint_url(endpoint);
    }
    loader.load().await
}
