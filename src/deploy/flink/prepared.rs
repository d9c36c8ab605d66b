//! The way of a plan into a Flink.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::kinesis_api::ACCOUNT;
use crate::plan::Plan;
use crate::render::{FLINK_JOB, render};

use super::{FlinkError, Gateway, Job, Places, Submitted, statements};

/// The partition in which streams on this machine say they are: that of most regions.
const PARTITION: &str = "aws";
/// How long after its submission was broken off a job may turn up: a gateway takes a second or two from the text to it.
const UNDER_WAY: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(250);

/// A plan's queries as a job that can be submitted.
#[derive(Debug, Clone)]
pub struct Prepared {
    gateway: Gateway,
    name: String,
    text: String,
}

impl Places {
    /// Means streams that this machine serves at an address, and files of tables in a folder of it.
    pub fn local(endpoint: &str, region: &str, files: &str) -> Self {
        Self {
            endpoint: endpoint.to_owned(),
            region: region.to_owned(),
            account: ACCOUNT.to_owned(),
            partition: PARTITION.to_owned(),
            files: files.to_owned(),
        }
    }
}

impl Prepared {
    /// Renders the job of a plan, or says why Flink SQL has none for it.
    pub fn of(plan: &Plan) -> Result<Self, FlinkError> {
        let assembly = render(plan)?;
        let Some(text) = assembly.text(FLINK_JOB) else {
            let reasons: Vec<&str> = assembly.omissions().iter().map(|omission| omission.reason.as_str()).collect();
            return Err(FlinkError::NoJob { reason: reasons.join("; ") });
        };
        let gateway = Gateway::at(&plan.target.gateway);
        Ok(Self { gateway, name: plan.name.clone(), text: text.to_owned() })
    }

    /// Returns the gateway that takes the job.
    pub fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    /// Returns the job's text, in which places are not filled in yet.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Looks at the jobs that are there before this one is added.
    pub async fn begin(&self) -> Result<Submission<'_>, FlinkError> {
        let before = self.jobs().await?;
        Ok(Submission { prepared: self, before })
    }

    async fn jobs(&self) -> Result<Vec<Job>, FlinkError> {
        let session = self.gateway.open().await?;
        let jobs = session.jobs().await;
        drop(session.close().await);
        jobs
    }
}

/// A job on its way into a Flink.
#[derive(Debug)]
pub struct Submission<'a> {
    prepared: &'a Prepared,
    /// The jobs that were there before.
    before: Vec<Job>,
}

impl Submission<'_> {
    /// Fails with [`FlinkError::Running`] where a job of this name was there already.
    pub fn expect_none(&self) -> Result<(), FlinkError> {
        match self.before.iter().find(|job| job.name == self.prepared.name && !job.state.is_over()) {
            Some(job) => Err(FlinkError::Running { name: job.name.clone(), id: job.id.clone() }),
            None => Ok(()),
        }
    }

    /// Submits the job and waits until all of it runs. Fails as [`Submitted::run`] does.
    pub async fn submit(&self, places: &Places) -> Result<Submitted, FlinkError> {
        let Prepared { gateway, name, text } = self.prepared;
        Submitted::run(gateway, name, &statements(text, places)?).await
    }

    /// Takes back a job whose submission was broken off, and none that was there before.
    pub async fn withdraw(&self) -> Result<(), FlinkError> {
        let begun = Instant::now();
        loop {
            let jobs = self.prepared.jobs().await?.into_iter();
            let old = |id: &str| self.before.iter().any(|job| job.id == id);
            let new: Vec<Job> = jobs.filter(|job| job.name == self.prepared.name && !old(&job.id)).collect();
            // One that is there is the one; it may still be on its way, for the gateway goes on without being listened to.
            if !new.is_empty() || begun.elapsed() >= UNDER_WAY {
                for job in new.into_iter().filter(|job| !job.state.is_over()) {
                    let gateway = self.prepared.gateway.address().to_owned();
                    Submitted { gateway, id: job.id, name: job.name }.stop().await?;
                }
                return Ok(());
            }
            sleep(PAUSE).await;
        }
    }
}
