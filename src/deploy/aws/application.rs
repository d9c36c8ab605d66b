//! The application of a stack: started, stopped, waited for. `CloudFormation` makes it and leaves it at rest.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_kinesisanalytics::Client as SqlClient;
use aws_sdk_kinesisanalytics::types::{InputConfiguration, InputStartingPosition, InputStartingPositionConfiguration};
use aws_sdk_kinesisanalyticsv2::Client;
use aws_sdk_kinesisanalyticsv2::primitives::DateTime;
use aws_sdk_kinesisanalyticsv2::types::{
    ApplicationRestoreConfiguration, ApplicationRestoreType, ApplicationStatus, FlinkRunConfiguration,
    RunConfiguration, SnapshotStatus,
};
use tokio::time::{Instant, sleep};

use crate::plan::EngineKind;

use super::progress::{Progress, Tell};
use super::{AwsError, Refusal};

const PAUSE: Duration = Duration::from_secs(3);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// How long an application may take to start or to stop: a minute or two without state, more to write or read a large
/// snapshot.
const PATIENCE: Duration = Duration::from_mins(20);
/// How long it may still seem at rest after it was told to start.
const ASLEEP: Duration = Duration::from_secs(10);

/// How long a snapshot may take: one that is not done then is taken by a job that cannot (its checkpoints time out after
/// ten minutes, Managed Service for Apache Flink's default for Flink).
const SNAPSHOT: Duration = Duration::from_mins(12);

const NOT_FOUND: &str = "ResourceNotFoundException";
const IN_USE: &str = "ResourceInUseException";
/// What a stop is refused with whose snapshot cannot be taken, as that of a job that is down (Managed Service for Apache
/// Flink developer guide, "application is stuck in a transient status").
const NO_SNAPSHOT: &str = "InvalidApplicationConfigurationException";

/// An application of one of the two services.
#[derive(Debug, Clone)]
pub struct Application {
    client: Service,
    /// Its name.
    pub name: String,
}

#[derive(Debug, Clone)]
enum Service {
    Flink(Client),
    Sql(SqlClient),
}

/// What became of the word to stop.
enum Stopped {
    /// It was told.
    Told,
    /// It was in no state to be told.
    NotNow,
    /// It gives no snapshot now, and says why.
    NoSnapshot(String),
}

/// How an application stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It does not run, and can be started.
    AtRest,
    /// It runs, and may be changed by the service meanwhile.
    Runs,
    /// It is on its way to another state, in the API's word.
    Moving(String),
}

impl State {
    fn of(status: &str) -> Self {
        match status {
            // What was rolled back by the service itself runs no more.
            "READY" | "ROLLED_BACK" => Self::AtRest,
            "RUNNING" | "AUTOSCALING" | "MAINTENANCE" => Self::Runs,
            other => Self::Moving(other.to_owned()),
        }
    }

    /// Returns it in the API's word.
    pub fn as_str(&self) -> &str {
        match self {
            Self::AtRest => ApplicationStatus::Ready.as_str(),
            Self::Runs => ApplicationStatus::Running.as_str(),
            Self::Moving(status) => status,
        }
    }
}

impl Application {
    /// Means an application of the service that an engine is: of Kinesis Data Analytics for SQL, or else of Managed
    /// Service for Apache Flink.
    pub fn of(engine: EngineKind, config: &SdkConfig, name: &str) -> Self {
        let client = match engine {
            EngineKind::KinesisSql => Service::Sql(SqlClient::new(config)),
            EngineKind::ManagedFlink | EngineKind::Flink | EngineKind::Embedded => Service::Flink(Client::new(config)),
        };
        Self { client, name: name.to_owned() }
    }

    /// Asks how it stands; `None` where there is none.
    pub async fn state(&self) -> Result<Option<State>, AwsError> {
        const OPERATION: &str = "DescribeApplication";
        let status = match &self.client {
            Service::Flink(client) => {
                let asked = client.describe_application().application_name(&self.name).send().await;
                asked
                    .map_err(|error| Refusal::of(OPERATION, &error))
                    .map(|answer| answer.application_detail.map(|detail| detail.application_status.as_str().to_owned()))
            }
            Service::Sql(client) => {
                let asked = client.describe_application().application_name(&self.name).send().await;
                asked
                    .map_err(|error| Refusal::of(OPERATION, &error))
                    .map(|answer| answer.application_detail.map(|detail| detail.application_status.as_str().to_owned()))
            }
        };
        match status {
            Ok(Some(status)) => Ok(Some(State::of(&status))),
            Ok(None) => Err(AwsError::Odd { operation: OPERATION, what: "it describes nothing".to_owned() }),
            Err(refusal) if refusal.is(NOT_FOUND) => Ok(None),
            Err(refusal) => Err(refusal.into()),
        }
    }

    /// Starts it where it does not run, from the newest snapshot where it has one, and waits until it runs. Fails with
    /// [`AwsError::NotRunning`] where it does not come to that.
    pub async fn run(&self, tell: Tell<'_>) -> Result<(), AwsError> {
        let begun = Instant::now();
        let (mut started, mut pause): (Option<Instant>, _) = (None, FIRST_PAUSE);
        loop {
            let state = self.state().await?;
            let status = state.as_ref().map_or("absent", State::as_str).to_owned();
            let failed =
                |waited| AwsError::NotRunning { application: self.name.clone(), status: status.clone(), waited };
            match state {
                Some(State::Runs) => return Ok(()),
                Some(State::AtRest) if started.is_none() => {
                    self.start(tell).await?;
                    started = Some(Instant::now());
                }
                Some(State::AtRest) if started.is_some_and(|at| at.elapsed() > ASLEEP) => return Err(failed(None)),
                Some(_) => {}
                None => return Err(failed(None)),
            }
            if begun.elapsed() > PATIENCE {
                return Err(failed(Some(PATIENCE.as_secs())));
            }
            tell(Progress::Waiting { what: format!("application {}", self.name), status, elapsed: begun.elapsed() });
            sleep(pause).await;
            pause = (pause * 2).min(PAUSE);
        }
    }

    /// Waits until it does not run any more, and returns that as the failure it is. What does not answer is asked again.
    pub async fn watch(&self, pause: Duration) -> AwsError {
        loop {
            sleep(pause).await;
            let status = match self.state().await {
                Ok(Some(State::AtRest)) => State::AtRest.as_str(),
                Ok(None) => "absent",
                Ok(Some(State::Runs | State::Moving(_))) | Err(_) => continue,
            };
            return AwsError::NotRunning { application: self.name.clone(), status: status.to_owned(), waited: None };
        }
    }

    /// Stops it where it runs, with a snapshot where the service takes one, and waits until it rests. One whose job is down
    /// gives no snapshot, and is stopped without; so is one that does not come to rest.
    pub async fn rest(&self, tell: Tell<'_>) -> Result<(), AwsError> {
        let begun = Instant::now();
        let (mut told, mut forced, mut pause): (Option<Instant>, _, _) = (None, false, FIRST_PAUSE);
        loop {
            let state = self.state().await?;
            let without = match (&state, told) {
                (None | Some(State::AtRest), _) => return Ok(()),
                _ if forced => None,
                (Some(State::Runs), None) => match self.stop(false).await? {
                    Stopped::Told => {
                        told = Some(Instant::now());
                        None
                    }
                    Stopped::NotNow => None,
                    Stopped::NoSnapshot(reason) => Some(reason),
                },
                // It was told, and runs as if it had not been.
                (Some(State::Runs), Some(at)) if at.elapsed() > ASLEEP => Some("it went on running".to_owned()),
                // What has not come up has nothing to keep.
                (Some(State::Moving(status)), None) if status == "STARTING" || status == "UPDATING" => {
                    Some(format!("it is {status}"))
                }
                (Some(State::Moving(status)), _) if begun.elapsed() > SNAPSHOT => {
                    Some(format!("it is {status} after {} s", SNAPSHOT.as_secs()))
                }
                _ => None,
            };
            if let Some(reason) = without {
                tell(Progress::Step(format!("stopping application {} without a snapshot: {reason}", self.name)));
                forced = matches!(self.stop(true).await?, Stopped::Told);
            }
            let status = state.as_ref().map_or("absent", State::as_str).to_owned();
            if begun.elapsed() > PATIENCE {
                let what = format!("the application `{}`", self.name);
                return Err(AwsError::Slow { what, status, seconds: PATIENCE.as_secs() });
            }
            tell(Progress::Waiting { what: format!("application {}", self.name), status, elapsed: begun.elapsed() });
            sleep(pause).await;
            pause = (pause * 2).min(PAUSE);
        }
    }

    async fn start(&self, tell: Tell<'_>) -> Result<(), AwsError> {
        const OPERATION: &str = "StartApplication";
        let started = match &self.client {
            Service::Flink(client) => {
                let snapshot = self.newest_snapshot(client).await?;
                tell(Progress::Step(match &snapshot {
                    Some(snapshot) => format!("starting application {} from snapshot {snapshot}", self.name),
                    None => format!("starting application {}", self.name),
                }));
                let kind = match snapshot {
                    Some(_) => ApplicationRestoreType::RestoreFromCustomSnapshot,
                    None => ApplicationRestoreType::SkipRestoreFromSnapshot,
                };
                let restore = ApplicationRestoreConfiguration::builder()
                    .application_restore_type(kind)
                    .set_snapshot_name(snapshot);
                let restore =
                    restore.build().map_err(|error| AwsError::Odd { operation: OPERATION, what: error.to_string() })?;
                // State that a changed query has no place for is dropped: without that it would not start. The same query
                // has a place for all of it.
                let flink = FlinkRunConfiguration::builder().allow_non_restored_state(true).build();
                let run = RunConfiguration::builder()
                    .application_restore_configuration(restore)
                    .flink_run_configuration(flink)
                    .build();
                let asked = client.start_application().application_name(&self.name).run_configuration(run).send().await;
                asked.map(drop).map_err(|error| Refusal::of(OPERATION, &error))
            }
            Service::Sql(client) => {
                tell(Progress::Step(format!("starting application {}", self.name)));
                let inputs = self.inputs(client).await?;
                let asked = client
                    .start_application()
                    .application_name(&self.name)
                    .set_input_configurations(Some(inputs))
                    .send()
                    .await;
                asked.map(drop).map_err(|error| Refusal::of(OPERATION, &error))
            }
        };
        match started {
            // It was told when nothing was heard of it.
            Err(refusal) if refusal.is(IN_USE) => Ok(()),
            started => Ok(started?),
        }
    }

    /// Returns where each input begins: with the oldest record, as the application has never run, or where it stopped.
    async fn inputs(&self, client: &SqlClient) -> Result<Vec<InputConfiguration>, AwsError> {
        const OPERATION: &str = "DescribeApplication";
        let asked = client.describe_application().application_name(&self.name).send().await;
        let answer = asked.map_err(|error| Refusal::of(OPERATION, &error))?;
        let inputs = answer.application_detail().map_or_else(Vec::new, |detail| detail.input_descriptions().to_vec());
        let configured = inputs.iter().filter_map(|input| {
            // One that was started before says from where.
            let ran = input
                .input_starting_position_configuration()
                .is_some_and(|position| position.input_starting_position().is_some());
            let position =
                if ran { InputStartingPosition::LastStoppedPoint } else { InputStartingPosition::TrimHorizon };
            let position = InputStartingPositionConfiguration::builder().input_starting_position(position).build();
            InputConfiguration::builder()
                .id(input.input_id()?)
                .input_starting_position_configuration(position)
                .build()
                .ok()
        });
        Ok(configured.collect())
    }

    /// Tells it to stop, `at_once` without a snapshot.
    async fn stop(&self, at_once: bool) -> Result<Stopped, AwsError> {
        const OPERATION: &str = "StopApplication";
        let stopped = match &self.client {
            Service::Flink(client) => {
                let asked = client.stop_application().application_name(&self.name).force(at_once).send().await;
                asked.map(drop).map_err(|error| Refusal::of(OPERATION, &error))
            }
            Service::Sql(client) => {
                let asked = client.stop_application().application_name(&self.name).send().await;
                asked.map(drop).map_err(|error| Refusal::of(OPERATION, &error))
            }
        };
        match stopped {
            Ok(()) => Ok(Stopped::Told),
            // It has gone on to another state meanwhile: it is looked at again.
            Err(refusal) if refusal.is(IN_USE) || refusal.is(NOT_FOUND) => Ok(Stopped::NotNow),
            Err(refusal) if !at_once && refusal.is(NO_SNAPSHOT) => Ok(Stopped::NoSnapshot(refusal.message)),
            Err(refusal) => Err(refusal.into()),
        }
    }

    async fn newest_snapshot(&self, client: &Client) -> Result<Option<String>, AwsError> {
        let (mut newest, mut token): (Option<(f64, String)>, _) = (None, None);
        loop {
            let request = client.list_application_snapshots().application_name(&self.name).set_next_token(token);
            let answer = request.send().await.map_err(|error| Refusal::of("ListApplicationSnapshots", &error))?;
            for snapshot in answer.snapshot_summaries() {
                let ready = *snapshot.snapshot_status() == SnapshotStatus::Ready;
                let made = snapshot.snapshot_creation_timestamp().map_or(0.0, DateTime::as_secs_f64);
                if ready && newest.as_ref().is_none_or(|(before, _)| made >= *before) {
                    newest = Some((made, snapshot.snapshot_name().to_owned()));
                }
            }
            token = answer.next_token().map(str::to_owned);
            if token.is_none() {
                return Ok(newest.map(|(_, name)| name));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_kinesisanalytics::types::ApplicationStatus as SqlStatus;

    use super::*;

    #[test]
    fn every_status_is_one_of_rest_work_and_change() {
        for status in ApplicationStatus::values() {
            let state = State::of(status);
            match *status {
                "READY" | "ROLLED_BACK" => assert_eq!(state, State::AtRest),
                "RUNNING" | "AUTOSCALING" | "MAINTENANCE" => assert_eq!(state, State::Runs),
                _ => assert_eq!(state, State::Moving((*status).to_owned())),
            }
        }
        assert!(SqlStatus::values().iter().all(|status| ApplicationStatus::values().contains(status)));
    }
}
