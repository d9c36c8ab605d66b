//! Where in AWS a target is, and how clients are set up for it: what an account with streams and one with stacks share.

use std::net::IpAddr;
use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use hyper::Uri;
use serde::{Deserialize, Serialize};

use crate::streams::kinesis::http_client;

/// How long one call may take, with all its attempts: a person waits for it. What carries records or files sets its own.
const CALL: Duration = Duration::from_secs(10);

/// A region of AWS, or what stands for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The region.
    pub region: String,
    /// The address that is used instead of AWS's.
    pub endpoint: Option<String>,
}

impl Place {
    /// Returns whether what is made there may cost money: all but what this machine serves.
    pub fn charges(&self) -> bool {
        !self.endpoint.as_deref().is_some_and(is_loopback)
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.endpoint {
            Some(endpoint) => write!(f, "Kinesis at {endpoint} ({})", self.region),
            None => write!(f, "Kinesis in {}", self.region),
        }
    }
}

fn is_loopback(endpoint: &str) -> bool {
    let Ok(uri) = endpoint.parse::<Uri>() else { return false };
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// A variable of the environment that is to name an endpoint, and is there without a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is set, and to nothing")]
pub struct EmptyEndpoint(String);

impl EmptyEndpoint {
    /// What to do about it.
    pub const HELP: &str = "unset it, or name an address such as http://127.0.0.1:4566";

    /// Looks for one: clients take it for an address, and panic over it.
    fn find() -> Option<Self> {
        let mut variables = std::env::vars_os();
        variables.find_map(|(name, value)| {
            let name = name.into_string().ok()?;
            (name.starts_with("AWS_ENDPOINT_URL") && value.is_empty()).then_some(Self(name))
        })
    }
}

/// Sets clients up as the standard AWS chain says; a region and an endpoint that are given come first. A region without
/// letters is none.
pub(super) async fn configured(region: Option<&str>, endpoint_url: Option<&str>) -> Result<SdkConfig, EmptyEndpoint> {
    if let Some(empty) = EmptyEndpoint::find() {
        return Err(empty);
    }
    let timeouts = TimeoutConfig::builder().operation_timeout(CALL).build();
    let mut loader =
        aws_config::defaults(BehaviorVersion::latest()).http_client(http_client()).timeout_config(timeouts);
    if let Some(region) = region {
        loader = loader.region(Region::new(region.to_owned()));
    }
    if let Some(endpoint) = endpoint_url {
        loader = loader.endpoint_url(endpoint);
    }
    let config = loader.load().await;
    let named = config.region().filter(|region| !region.as_ref().is_empty()).cloned();
    Ok(config.into_builder().region(named).build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_costs_nothing() {
        let charges = |endpoint: &str| Place { region: "r".to_owned(), endpoint: Some(endpoint.to_owned()) }.charges();
        for here in ["http://127.0.0.1:4567", "http://localhost:4566/", "http://[::1]:1", "http://127.8.0.1"] {
            assert!(!charges(here), "{here}");
        }
        for there in [
            "https://vpce-1.kinesis.eu-west-1.vpce.amazonaws.com",
            "http://10.0.0.1:4566",
            "",
            "localhost.x",
            "http://localhost.example.org",
            "http://127.0.0.1@example.org/",
        ] {
            assert!(charges(there), "{there}");
        }
        assert!(Place { region: "r".to_owned(), endpoint: None }.charges());
    }
}
