//! How a pipeline stands that does not run.

use std::sync::Arc;

use crate::engine::saved_status;
use crate::plan::Plan;
use crate::streams::local::{Durability, LocalLog};

use super::control::RunStatus;
use super::run::stream_status;
use super::{DeployError, Folder};

/// Reads what a stopped pipeline left.
pub fn at_rest(plan: &Plan) -> Result<RunStatus, DeployError> {
    let log = LocalLog::open(&Folder::of(&plan.name).log(), Durability::Process)?;
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
