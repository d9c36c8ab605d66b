//! The way of a plan into a Flink.

use crate::kinesis_api::ACCOUNT;
use crate::plan::Plan;
use crate::render::{FLINK_JOB, render};

use super::{FlinkError, Gateway, Places, Submitted, statements};

/// The partition in which streams on this machine say they are: that of most regions.
const PARTITION: &str = "aws";

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

    /// Submits the job and waits until all of it runs.
    pub async fn submit(&self, places: &Places) -> Result<Submitted, FlinkError> {
        Submitted::run(&self.gateway, &self.name, &statements(&self.text, places)?).await
    }

    /// Takes back a job whose submission was broken off.
    pub async fn withdraw(&self) -> Result<(), FlinkError> {
        let session = self.gateway.open().await?;
        let jobs = session.jobs().await;
        drop(session.close().await);
        for job in jobs?.into_iter().filter(|job| job.name == self.name && !job.state.is_over()) {
            let gateway = self.gateway.address().to_owned();
            Submitted { gateway, id: job.id, name: job.name }.stop().await?;
        }
        Ok(())
    }
}
