//! An account in a region, or what serves as one, and whoever asks.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;

use crate::plan::Target;

use super::super::Place;
use super::{AwsError, Refusal};

/// How often a call is tried: AWS throttles control planes at a few calls a second, and ten tries with the client's own
/// back-off of up to 20 s outlast that.
const ATTEMPTS: u32 = 10;
/// How long one try may take. The slowest call of these planes, the upload of the code, sets its own.
const ATTEMPT: Duration = Duration::from_secs(20);

const OPERATION: &str = "GetCallerIdentity";

/// An account that a pipeline is put into.
#[derive(Debug, Clone)]
pub struct Account {
    config: SdkConfig,
    /// The twelve digits of the account.
    pub id: String,
    /// `aws`, or that of China or the government.
    pub partition: String,
    /// Where it is.
    pub place: Place,
}

impl Account {
    /// Asks whose account it is that the target and the standard AWS chain lead to. `patient` is for whoever changes
    /// something; a plan is waited for by a person.
    pub async fn of(target: &Target, patient: bool) -> Result<Self, AwsError> {
        Self::reach(&target.name, target.region.as_deref(), target.endpoint_url.as_deref(), patient).await
    }

    /// Returns whether a target is AWS itself, and nothing that stands for it.
    pub async fn is_aws(target: &Target) -> bool {
        super::configure(target).await.is_ok_and(|config| config.endpoint_url().is_none())
    }

    /// Asks whose account it is at a place that is known.
    pub async fn at(target: &str, place: &Place) -> Result<Self, AwsError> {
        Self::reach(target, Some(&place.region), place.endpoint.as_deref(), true).await
    }

    async fn reach(
        target: &str,
        region: Option<&str>,
        endpoint: Option<&str>,
        patient: bool,
    ) -> Result<Self, AwsError> {
        let mut config = super::configured(region, endpoint).await?;
        let region = config.region().ok_or_else(|| AwsError::NoRegion { target: target.to_owned() })?.to_string();
        // Where nothing answers that is told soon, whoever asks.
        let asked = aws_sdk_sts::Client::new(&config).get_caller_identity().send().await;
        let caller = asked.map_err(|error| Refusal::of(OPERATION, &error).at(config.endpoint_url()))?;
        let odd = |what: &str| AwsError::Odd { operation: OPERATION, what: what.to_owned() };
        let id = caller.account().ok_or_else(|| odd("it names no account"))?.to_owned();
        let partition = caller.arn().and_then(|arn| arn.split(':').nth(1)).unwrap_or("aws").to_owned();
        let place = Place { region, endpoint: config.endpoint_url().map(str::to_owned) };
        if patient {
            config = config
                .into_builder()
                .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
                .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT).build())
                .build();
        }
        Ok(Self { config, id, partition, place })
    }

    /// Returns what clients are made of.
    pub fn config(&self) -> &SdkConfig {
        &self.config
    }
}

impl std::fmt::Display for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&called(&self.id, &self.place))
    }
}

/// Returns what an account at a place is called.
pub(super) fn called(id: &str, place: &Place) -> String {
    let endpoint = place.endpoint.as_ref().map_or_else(String::new, |endpoint| format!(" at {endpoint}"));
    format!("account {id} in {}{endpoint}", place.region)
}
