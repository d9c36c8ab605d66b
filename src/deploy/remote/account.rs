//! Where the streams are: an account in a region, or what serves as one.

use std::sync::Arc;

use aws_config::SdkConfig;

use crate::plan::{Plan, Target};
use crate::streams::LogError;
use crate::streams::kinesis::{KinesisLog, Summary};

use super::super::place::{Place, configured};
use super::RemoteError;

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
        let config = configured(region, endpoint).await?;
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
