//! The generators of a plan at work on streams elsewhere.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::generate::{self, GenerateError, IntoLog, Pacing, Sink};
use crate::plan::Plan;
use crate::streams::{Appends, Log, now};

use super::super::DeployError;
use super::super::local::Folder;
use super::super::tasks::{finish, joined};
use super::Account;

/// The file in the pipeline's folder that says how many records there have been. Kinesis does not count them.
const FILE: &str = "generated.json";

/// Generators at work. They end with this process.
pub struct Producers {
    folder: Folder,
    tasks: JoinSet<Result<u64, GenerateError>>,
    stop: watch::Sender<bool>,
    counters: Vec<Counter>,
}

/// What is known of a generator at work.
struct Counter {
    stream: String,
    /// How many records the stream has taken from this process.
    taken: Arc<AtomicU64>,
    /// How many were made for it, by this process and earlier ones.
    made: Arc<AtomicU64>,
}

/// Takes records into a stream, and counts how many were made.
struct Counted {
    into: IntoLog,
    made: Arc<AtomicU64>,
}

#[async_trait]
impl Sink for Counted {
    async fn take(&self, records: &Appends, made: u64) -> Result<(), GenerateError> {
        self.into.take(records, made).await?;
        self.made.store(made, Ordering::Relaxed);
        Ok(())
    }
}

impl Producers {
    /// Means no generator.
    pub fn none(plan: &Plan) -> Self {
        let (folder, stop) = (Folder::of(&plan.name), watch::Sender::new(false));
        Self { folder, tasks: JoinSet::new(), stop, counters: Vec::new() }
    }

    /// Puts every generator of a plan to work, behind the records of earlier processes: a counted field goes on, and
    /// chance does not repeat itself. Each makes its records when `pacing` says.
    pub fn begin(plan: &Plan, account: &Account, pacing: Pacing) -> Result<Self, DeployError> {
        let mut producers = Self::none(plan);
        let earlier = producers.earlier();
        for generator in &plan.generators {
            let stream = plan.stream(&generator.stream).expect("the plan has the stream that a generator feeds");
            let before = earlier.get(&stream.name).copied().unwrap_or(0);
            let run = generate::Run::new(generator, stream, before)?.pacing(pacing);
            let made = Arc::new(AtomicU64::new(before));
            let counter = Counter { stream: stream.name.clone(), taken: run.counter(), made: Arc::clone(&made) };
            producers.counters.push(counter);
            let into = IntoLog::new(account.log() as Arc<dyn Log>, &stream.name);
            let (sink, stop) = (Counted { into, made }, producers.stop.subscribe());
            producers.tasks.spawn(run.start(sink, || now().saturating_mul(1000), stop));
        }
        Ok(producers)
    }

    /// Without the file, or with one that is not whole, everything begins anew: records repeat, and nothing is lost.
    fn earlier(&self) -> BTreeMap<String, u64> {
        let bytes = std::fs::read(self.folder.path().join(FILE)).unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    /// Returns how many records the streams have taken.
    pub fn made(&self) -> u64 {
        self.counters.iter().map(|counter| counter.taken.load(Ordering::Relaxed)).sum()
    }

    /// Notes how far they are, for the next process. A pipeline that was removed meanwhile has none.
    pub fn note(&self) -> Result<(), DeployError> {
        if self.counters.is_empty() || !self.folder.path().exists() {
            return Ok(());
        }
        let mut totals = self.earlier();
        totals
            .extend(self.counters.iter().map(|counter| (counter.stream.clone(), counter.made.load(Ordering::Relaxed))));
        match self.folder.write(FILE, &totals) {
            Err(_) if !self.folder.path().exists() => Ok(()),
            written => written,
        }
    }

    /// Waits until every generator has made its records; forever where there is none. Fails as soon as one does.
    pub async fn finished(&mut self) -> Result<(), DeployError> {
        if self.tasks.is_empty() {
            return std::future::pending().await;
        }
        while let Some(ended) = self.tasks.join_next().await {
            joined(ended)?;
        }
        Ok(())
    }

    /// Lets them finish what they have begun to append.
    pub async fn stop(&mut self) -> Result<(), DeployError> {
        self.stop.send_replace(true);
        finish(&mut self.tasks).await
    }
}
