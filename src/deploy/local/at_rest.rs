//! How a pipeline stands that does not run.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::engine::saved_status;
use crate::plan::{Plan, Query, StreamsKind};
use crate::streams::local::{Durability, LocalLog};
use crate::streams::{LogError, now};

use super::contact::{Contact, silent};
use super::control::RunStatus;
use super::run::stream_status;
use super::{DeployError, Folder};

/// How long to wait for another command that looks at the same records, or that begins or ends.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(20);

/// A pipeline on this machine as another process finds it.
pub enum Found {
    /// It runs.
    Running(Contact),
    /// It does not run; these are its streams.
    AtRest(Arc<LocalLog>),
    /// There is nothing of it.
    Absent,
}

impl Found {
    /// Looks for a pipeline. One that begins or ends at this moment is waited for.
    pub async fn of(folder: &Folder) -> Result<Self, DeployError> {
        let begun = Instant::now();
        loop {
            let failure = match Contact::find(folder).await {
                Ok(Some(contact)) => return Ok(Self::Running(contact)),
                Ok(None) if !folder.has_log() => return Ok(Self::Absent),
                Ok(None) => match LocalLog::open(&folder.log(), Durability::Process) {
                    Ok(log) => return Ok(Self::AtRest(log)),
                    Err(error) => error.into(),
                },
                Err(error) => error,
            };
            let passes = matches!(failure, DeployError::Silent { .. } | DeployError::Log(LogError::Locked { .. }));
            if !passes || begun.elapsed() >= PATIENCE {
                return Err(failure);
            }
            sleep(PAUSE).await;
        }
    }
}

/// Opens the log of a folder to run its pipeline; fails with [`DeployError::Running`] where another process has it.
///
/// A command that looks at the records at rest holds them for a moment, which is waited for.
pub(in super::super) async fn open_log(folder: &Folder, durability: Durability) -> Result<Arc<LocalLog>, DeployError> {
    let begun = Instant::now();
    loop {
        match LocalLog::open(&folder.log(), durability) {
            // A process that was killed a moment ago may still be going; one that runs the pipeline answers.
            Err(LogError::Locked { .. })
                if begun.elapsed() < PATIENCE && !matches!(Contact::find(folder).await, Ok(Some(_))) =>
            {
                sleep(PAUSE).await;
            }
            Err(LogError::Locked { .. }) => {
                return Err(match silent(folder) {
                    DeployError::Silent { pipeline, pid } => DeployError::Running { pipeline, pid },
                    held => held,
                });
            }
            result => return Ok(result?),
        }
    }
}

/// Reads what a stopped pipeline left.
pub fn at_rest(plan: &Plan, log: &Arc<LocalLog>) -> Result<RunStatus, DeployError> {
    let here = plan.target.streams == StreamsKind::Local;
    let known = log.stream_names();
    let mut queries = Vec::new();
    let is_known =
        |query: &Query| plan.streams_read(query).iter().all(|stream| known.iter().any(|name| name == stream));
    // A query that was added to the file since has no streams and no state yet.
    for query in plan.outputs().map(|(query, _)| query).filter(|query| !here || is_known(query)) {
        queries.push(saved_status(log, plan, query)?);
    }
    Ok(RunStatus {
        pipeline: plan.name.clone(),
        pid: 0,
        endpoint: String::new(),
        now: now(),
        streams: if here { stream_status(log, |_| HashMap::new()) } else { Vec::new() },
        generators: Vec::new(),
        queries,
        job: None,
        place: None,
        waiting: None,
    })
}
