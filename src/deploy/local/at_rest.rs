//! How a pipeline stands that does not run.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::engine::saved_status;
use crate::plan::Plan;
use crate::streams::LogError;
use crate::streams::local::{Durability, LocalLog};

use super::contact::is_told;
use super::control::RunStatus;
use super::run::stream_status;
use super::{DeployError, Folder};

/// How long to wait for another command that looks at the same records, or has just ended.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(20);

/// Opens the log of a folder. A command that looks at the records at rest holds them for a moment, which is waited for;
/// a pipeline that runs holds them for good, so that [`LogError::Locked`] comes at once.
pub async fn open_log(folder: &Folder, durability: Durability) -> Result<Arc<LocalLog>, LogError> {
    let begun = Instant::now();
    loop {
        match LocalLog::open(&folder.log(), durability) {
            Err(LogError::Locked { .. }) if begun.elapsed() < PATIENCE && !is_told(folder) => sleep(PAUSE).await,
            result => return result,
        }
    }
}

/// Reads what a stopped pipeline left.
pub async fn at_rest(plan: &Plan) -> Result<RunStatus, DeployError> {
    let log = open_log(&Folder::of(&plan.name), Durability::Process).await?;
    let known = log.stream_names();
    let mut queries = Vec::new();
    // A query that was added to the file since has no streams and no state yet.
    for query in plan.queries.iter().filter(|query| known.contains(&query.from)) {
        queries.push(saved_status(&log, plan, query)?);
    }
    Ok(RunStatus {
        pipeline: plan.name.clone(),
        pid: 0,
        endpoint: String::new(),
        streams: stream_status(&Arc::clone(&log)),
        generators: Vec::new(),
        queries,
    })
}
