//! What somebody changed by hand, where change sets do not tell.

use std::time::Duration;

use aws_sdk_cloudformation::types::{StackDriftDetectionStatus, StackResourceDrift, StackResourceDriftStatus};
use tokio::time::{Instant, sleep};

use super::stack::Stack;
use super::{AwsError, Refusal};

/// A detection takes seconds per resource; a plan is waited for by a person.
const PATIENCE: Duration = Duration::from_mins(2);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

/// A resource that is not as its template says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// Its logical id.
    pub id: String,
    /// Whether it is gone.
    pub gone: bool,
    /// The properties that differ, each with what the template says and what is there.
    pub differences: Vec<String>,
}

impl Stack {
    /// Has `CloudFormation` compare the resources of the stack with its template. Nothing of them is changed.
    pub async fn drifts(&self) -> Result<Vec<Drift>, AwsError> {
        const DETECT: &str = "DetectStackDrift";
        const STATUS: &str = "DescribeStackDriftDetectionStatus";
        let asked = self.client.detect_stack_drift().stack_name(&self.name).send().await;
        let asked = asked.map_err(|error| Refusal::of(DETECT, &error))?;
        let odd = || AwsError::Odd { operation: DETECT, what: "it has no number".to_owned() };
        let id = asked.stack_drift_detection_id().ok_or_else(odd)?;
        let (begun, mut pause) = (Instant::now(), FIRST_PAUSE);
        loop {
            let asked = self.client.describe_stack_drift_detection_status().stack_drift_detection_id(id).send().await;
            let answer = asked.map_err(|error| Refusal::of(STATUS, &error))?;
            match answer.detection_status() {
                Some(StackDriftDetectionStatus::DetectionInProgress) if begun.elapsed() < PATIENCE => {}
                // One that failed tells of the resources that it came to.
                Some(StackDriftDetectionStatus::DetectionComplete | StackDriftDetectionStatus::DetectionFailed) => {
                    break;
                }
                status => {
                    let status = status.map_or("unknown", |status| status.as_str()).to_owned();
                    let what = format!("the comparison of stack `{}`", self.name);
                    return Err(AwsError::Slow { what, status, seconds: begun.elapsed().as_secs() });
                }
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        self.found_drifts().await
    }

    async fn found_drifts(&self) -> Result<Vec<Drift>, AwsError> {
        let (mut drifts, mut token) = (Vec::new(), None);
        loop {
            let request = self
                .client
                .describe_stack_resource_drifts()
                .stack_name(&self.name)
                .stack_resource_drift_status_filters(StackResourceDriftStatus::Modified)
                .stack_resource_drift_status_filters(StackResourceDriftStatus::Deleted);
            let answer = request.set_next_token(token).send().await;
            let answer = answer.map_err(|error| Refusal::of("DescribeStackResourceDrifts", &error))?;
            drifts.extend(answer.stack_resource_drifts().iter().map(Drift::from));
            token = answer.next_token().map(str::to_owned);
            if token.is_none() {
                return Ok(drifts);
            }
        }
    }
}

impl From<&StackResourceDrift> for Drift {
    fn from(drift: &StackResourceDrift) -> Self {
        let differences = drift.property_differences().iter().map(|difference| {
            let (path, expected, actual) =
                (difference.property_path(), difference.expected_value(), difference.actual_value());
            format!(
                "{} is {}, and the template says {}",
                path.unwrap_or("?").trim_start_matches('/'),
                actual.unwrap_or("nothing"),
                expected.unwrap_or("nothing")
            )
        });
        Self {
            id: drift.logical_resource_id().unwrap_or_default().to_owned(),
            gone: drift.stack_resource_drift_status() == Some(&StackResourceDriftStatus::Deleted),
            differences: differences.collect(),
        }
    }
}
