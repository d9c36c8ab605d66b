//! The generators of a plan at work on a local log.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use tokio::sync::watch;

use crate::generate::{self, Pacing};
use crate::plan::{Generator, Stream};
use crate::streams::local::LocalLog;
use crate::streams::{Log, now};

use super::DeployError;

/// Prepares a generator behind the records that its stream holds already, so that a counted field goes on and chance
/// does not repeat itself, whatever ended the process before.
pub(super) fn prepare(
    log: &LocalLog,
    generator: &Generator,
    stream: &Stream,
    pacing: Pacing,
) -> Result<generate::Run, DeployError> {
    let held = log.stats(&stream.name)?.records;
    Ok(generate::Run::new(generator, stream, held)?.pacing(pacing))
}

/// Lets a generator work until it is told to stop, or has made its records.
pub(super) async fn work(
    run: generate::Run,
    log: Arc<LocalLog>,
    stop: watch::Receiver<bool>,
) -> Result<(), DeployError> {
    run.start(log as Arc<dyn Log>, || now().saturating_mul(1000), stop).await?;
    Ok(())
}

/// Returns the counters of generators, in their order.
pub(super) fn counters(runs: &[generate::Run]) -> Vec<Arc<AtomicU64>> {
    runs.iter().map(generate::Run::counter).collect()
}
