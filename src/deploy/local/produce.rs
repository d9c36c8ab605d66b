//! The generators of a plan at work on a local log.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use async_trait::async_trait;
use tokio::sync::watch;

use crate::generate::{self, GenerateError, Pacing, Sink};
use crate::plan::{Generator, Stream};
use crate::streams::local::{Commit, LocalLog};
use crate::streams::{Appends, now};

use super::DeployError;

/// A generator that is ready to work, and where its records go.
pub(super) struct Producer {
    run: generate::Run,
    into: Numbered,
}

/// Takes records into a local stream, and notes with each batch how many there have been: what ends a process parts neither
/// from the other.
struct Numbered {
    log: Arc<LocalLog>,
    stream: String,
    /// The state that holds the number.
    key: String,
}

impl Numbered {
    fn new(log: &Arc<LocalLog>, stream: &str) -> Self {
        Self { log: Arc::clone(log), stream: stream.to_owned(), key: format!("generator {stream}") }
    }

    /// Returns how many records were made: as many as the stream holds, where nothing is noted.
    fn made(&self) -> Result<u64, DeployError> {
        let noted =
            self.log.state(&self.key)?.and_then(|bytes| Some(u64::from_be_bytes(bytes.as_ref().try_into().ok()?)));
        noted.map_or_else(|| Ok(self.log.stats(&self.stream)?.records), Ok)
    }
}

#[async_trait]
impl Sink for Numbered {
    async fn take(&self, records: &Appends, made: u64) -> Result<(), GenerateError> {
        let state = vec![(self.key.as_str(), made.to_be_bytes().to_vec())];
        let committed = self.log.commit(Commit { appends: vec![(&self.stream, records)], state });
        committed.map(drop).map_err(|source| GenerateError::Append { stream: self.stream.clone(), source })
    }
}

/// Prepares a generator behind the records that it has made already, so that a counted field goes on and chance does not
/// repeat itself, whatever ended the process before.
pub(super) fn prepare(
    log: &Arc<LocalLog>,
    generator: &Generator,
    stream: &Stream,
    pacing: Pacing,
) -> Result<Producer, DeployError> {
    let into = Numbered::new(log, &stream.name);
    let run = generate::Run::new(generator, stream, into.made()?)?.pacing(pacing);
    Ok(Producer { run, into })
}

/// Lets a generator work until it is told to stop, or has made its records.
pub(super) async fn work(producer: Producer, stop: watch::Receiver<bool>) -> Result<(), DeployError> {
    producer.run.start(producer.into, || now().saturating_mul(1000), stop).await?;
    Ok(())
}

/// Returns the counters of generators, in their order.
pub(super) fn counters(producers: &[Producer]) -> Vec<Arc<AtomicU64>> {
    producers.iter().map(|producer| producer.run.counter()).collect()
}
