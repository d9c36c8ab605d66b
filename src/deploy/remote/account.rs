//! Where the streams are: an account in a region, or what serves as one.

use std::net::IpAddr;
use std::sync::Arc;

use aws_config::SdkConfig;
use hyper::Uri;
use serde::{Deserialize, Serialize};

use crate::plan::{Plan, Target};
use crate::streams::LogError;
use crate::streams::kinesis::{KinesisLog, Summary};

use super::super::aws::configured;
use super::RemoteError;

/// Where streams in Kinesis are.
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

/// The streams at a place, with the right of the standard AWS chain.
#[derive(Clone)]
pub struct Account {
    log: Arc<KinesisLog>,
    place: Place,
}

impl Account {
    /// Reaches the account of a target; what the target leaves out the standard AWS chain says.
    pub async fn of(target: &Target) -> Result<Self, RemoteError> {
        let endpoint = target.endpoint_url.clone().or_else(kinesis_endpoint);
        Self::reach(Some(&target.name), target.region.as_deref(), endpoint.as_deref()).await
    }

    /// Reaches the account of a place that is known, for a target.
    pub async fn at(target: &str, place: &Place) -> Result<Self, RemoteError> {
        Self::reach(Some(target), Some(&place.region), place.endpoint.as_deref()).await
    }

    /// Reaches the account that the standard AWS chain leads to.
    pub async fn standard() -> Result<Self, RemoteError> {
        Self::reach(None, None, kinesis_endpoint().as_deref()).await
    }

    async fn reach(target: Option<&str>, region: Option<&str>, endpoint: Option<&str>) -> Result<Self, RemoteError> {
        let config = configured(region, endpoint).await;
        let region = config.region().ok_or_else(|| RemoteError::NoRegion { target: target.map(str::to_owned) })?;
        let place = Place { region: region.to_string(), endpoint: config.endpoint_url().map(str::to_owned) };
        Ok(Self::with(&config, &place))
    }

    /// Takes one that is reached already.
    pub fn with(config: &SdkConfig, place: &Place) -> Self {
        Self { log: Arc::new(KinesisLog::of(config)), place: place.clone() }
    }

    /// Returns the streams.
    pub fn log(&self) -> Arc<KinesisLog> {
        Arc::clone(&self.log)
    }

    /// Returns where it is.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Returns the plan with the address filled in that the environment says, so that Flink uses the same. Its region is
    /// that of the streams' ARNs, which are not known before they are there.
    pub fn fill(&self, plan: &Plan) -> Plan {
        let target = Target { region: None, endpoint_url: self.place.endpoint.clone(), ..plan.target.clone() };
        Plan { target, ..plan.clone() }
    }

    /// Looks for a stream.
    pub async fn find(&self, stream: &str) -> Result<Option<Summary>, LogError> {
        match self.log.summary(stream).await {
            Ok(summary) => Ok(Some(summary)),
            Err(LogError::UnknownStream { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Returns the address that the environment has for Kinesis alone (AWS SDKs and tools reference, "Service-specific
/// endpoints"): the client would take it, and has no way to tell.
fn kinesis_endpoint() -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks for Kinesis's own address")]
    let found = std::env::var("AWS_ENDPOINT_URL_KINESIS").ok();
    found.filter(|endpoint| !endpoint.is_empty())
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
