//! Jobs: how they come to run, how they stand, and their end.

use std::time::{Duration, Instant};

use hyper::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::sleep;

use super::error::root_cause;
use super::{FlinkError, Gateway, Row, Session, http};

/// How often a job is looked at that begins or ends.
const PAUSE: Duration = Duration::from_millis(250);
/// How long a job may take until all of it runs, and until it has ended.
const PATIENCE: Duration = Duration::from_mins(2);

/// After how long the cluster tells what has happened: it answers from what it gathered before (Flink documentation,
/// `web.refresh-interval`: 3 s).
const REFRESHED: Duration = Duration::from_secs(5);

/// How a job stands, in Flink's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobState(String);

impl JobState {
    /// Returns whether nothing will change any more.
    pub fn is_over(&self) -> bool {
        ["FINISHED", "FAILED", "CANCELED"].contains(&self.0.as_str())
    }

    /// Returns whether it runs.
    pub fn is_running(&self) -> bool {
        self.0 == "RUNNING"
    }

    /// Returns the word.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A job that a cluster knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its number.
    pub id: String,
    /// Its name.
    pub name: String,
    /// How it stands.
    pub state: JobState,
}

/// A job that was submitted: what another process needs to find it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submitted {
    /// The address of the gateway.
    pub gateway: String,
    /// The job's number.
    pub id: String,
    /// Its name.
    pub name: String,
}

impl Session {
    /// Returns the jobs that the cluster knows, those that are over too.
    pub async fn jobs(&self) -> Result<Vec<Job>, FlinkError> {
        let answer = self.run("SHOW JOBS").await?;
        let job = |row: &Row| {
            let text = |index: usize| row.fields.get(index).and_then(Value::as_str).map(str::to_owned);
            Some(Job { id: text(0)?, name: text(1)?, state: JobState(text(2)?) })
        };
        Ok(answer.rows.iter().filter_map(job).collect())
    }

    /// Asks a job to end, without a savepoint.
    async fn cancel(&self, id: &str) -> Result<(), FlinkError> {
        self.run(&format!("STOP JOB '{}'", id.replace('\'', "''"))).await.map(drop)
    }
}

impl Submitted {
    /// Runs the statements of a job in a session of their own and waits until all of the job runs.
    ///
    /// Fails with [`FlinkError::Running`] where a job of that name does already: two of them would write every row twice.
    pub async fn run(gateway: &Gateway, name: &str, statements: &[String]) -> Result<Self, FlinkError> {
        let session = gateway.open().await?;
        let result = Self::run_within(&session, gateway, name, statements).await;
        // What was found out matters more than whether the session could be closed.
        drop(session.close().await);
        result
    }

    async fn run_within(
        session: &Session,
        gateway: &Gateway,
        name: &str,
        statements: &[String],
    ) -> Result<Self, FlinkError> {
        if let Some(job) = session.jobs().await?.into_iter().find(|job| job.name == name && !job.state.is_over()) {
            return Err(FlinkError::Running { name: job.name, id: job.id });
        }
        let mut id = None;
        for statement in statements {
            id = session.run(statement).await?.job.or(id);
        }
        let id = id.ok_or_else(|| FlinkError::Text { reason: "none of its statements starts a job".to_owned() })?;
        let submitted = Self { gateway: gateway.address().to_owned(), id, name: name.to_owned() };
        match submitted.until_running(session).await {
            Ok(()) => Ok(submitted),
            Err(error) => {
                // It may come to run later, when nobody knows of it.
                drop(session.cancel(&submitted.id).await);
                Err(error)
            }
        }
    }

    async fn until_running(&self, session: &Session) -> Result<(), FlinkError> {
        let begun = Instant::now();
        loop {
            let state = self.state_within(session).await?;
            match state {
                Some(state) if state.is_over() => return Err(self.ended(session, &state).await),
                Some(state) if state.is_running() && self.all_tasks_run(session).await.unwrap_or(true) => return Ok(()),
                state if begun.elapsed() >= PATIENCE => {
                    let state = state.map_or_else(|| "unknown".to_owned(), |state| state.0);
                    return Err(FlinkError::Late { name: self.name.clone(), state, seconds: PATIENCE.as_secs() });
                }
                _ => sleep(PAUSE).await,
            }
        }
    }

    /// Returns the jobs of a name that run or come to.
    pub async fn live(gateway: &str, name: &str) -> Result<Vec<Self>, FlinkError> {
        let session = Gateway::at(gateway).open().await?;
        let jobs = session.jobs().await;
        drop(session.close().await);
        let live = jobs?.into_iter().filter(|job| job.name == name && !job.state.is_over());
        Ok(live.map(|job| Self { gateway: gateway.to_owned(), id: job.id, name: job.name }).collect())
    }

    /// Returns how the job stands; `None` where the cluster does not know it.
    pub async fn state(&self) -> Result<Option<JobState>, FlinkError> {
        let session = Gateway::at(&self.gateway).open().await?;
        let state = self.state_within(&session).await;
        session.close().await?;
        state
    }

    async fn state_within(&self, session: &Session) -> Result<Option<JobState>, FlinkError> {
        Ok(session.jobs().await?.into_iter().find(|job| job.id == self.id).map(|job| job.state))
    }

    /// Fails when the job does not run any more, with its reason; returns never as long as it does. A gateway that does
    /// not answer for a while says nothing about the job.
    pub async fn watch(&self, pause: Duration) -> FlinkError {
        loop {
            sleep(pause).await;
            let Ok(session) = Gateway::at(&self.gateway).open().await else { continue };
            let state = self.state_within(&session).await;
            let error = match state {
                Ok(Some(state)) if state.is_over() => Some(self.ended(&session, &state).await),
                Ok(None) => Some(FlinkError::Ended { name: self.name.clone(), state: "gone".to_owned(), cause: None }),
                _ => None,
            };
            drop(session.close().await);
            if let Some(error) = error {
                return error;
            }
        }
    }

    /// Ends the job, and waits until it has. Returns whether it was there to be ended.
    pub async fn stop(&self) -> Result<bool, FlinkError> {
        let session = Gateway::at(&self.gateway).open().await?;
        let result = self.stop_within(&session).await;
        drop(session.close().await);
        result
    }

    async fn stop_within(&self, session: &Session) -> Result<bool, FlinkError> {
        match self.state_within(session).await? {
            None => return Ok(false),
            Some(state) if state.is_over() => return Ok(false),
            Some(_) => {}
        }
        let asked = session.cancel(&self.id).await;
        let begun = Instant::now();
        loop {
            match self.state_within(session).await? {
                None => return Ok(true),
                Some(state) if state.is_over() => return Ok(true),
                Some(_) if asked.is_err() => return asked.map(|()| true),
                Some(state) if begun.elapsed() >= PATIENCE => {
                    return Err(FlinkError::Late {
                        name: self.name.clone(),
                        state: state.0,
                        seconds: PATIENCE.as_secs(),
                    });
                }
                Some(_) => sleep(PAUSE).await,
            }
        }
    }

    async fn ended(&self, session: &Session, state: &JobState) -> FlinkError {
        let cause = self.exception(session).await;
        FlinkError::Ended { name: self.name.clone(), state: state.0.clone(), cause }
    }

    /// Returns why the job failed, where the cluster itself can be reached from here.
    async fn exception(&self, session: &Session) -> Option<String> {
        let begun = Instant::now();
        loop {
            let told = self.of_cluster(session, "/exceptions").await?;
            if let Some(trace) = told["exceptionHistory"]["entries"][0]["stacktrace"].as_str() {
                return Some(root_cause(trace));
            }
            if begun.elapsed() >= REFRESHED {
                return None;
            }
            sleep(PAUSE).await;
        }
    }

    /// Returns whether every task runs, where the cluster itself can be reached from here: a job counts as running
    /// before any of its tasks does.
    async fn all_tasks_run(&self, session: &Session) -> Option<bool> {
        let told = self.of_cluster(session, "").await?;
        let tasks = told["vertices"].as_array()?;
        Some(tasks.iter().all(|task| task["status"] == "RUNNING" || task["status"] == "FINISHED"))
    }

    async fn of_cluster(&self, session: &Session, what: &str) -> Option<Value> {
        let host = session.setting("rest.address").await.ok()??;
        let port = session.setting("rest.port").await.ok()?.unwrap_or_else(|| "8081".to_owned());
        let path = format!("/jobs/{}{what}", self.id);
        let reply = http::call(&format!("http://{host}:{port}"), Method::GET, &path, None).await.ok()?;
        serde_json::from_slice(&reply.body).ok()
    }
}
