//! A plan at work in this process.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::engine::{Engine, QueryStatus};
use crate::generate::Pacing;
use crate::kinesis_api::{self, Api, Hosts};
use crate::plan::{ERROR_STREAM, EngineKind, Plan};
use crate::streams::local::{Durability, LocalLog, ShardLoad};
use crate::streams::{Capacity, LogError, ShardId, now};

use super::super::flink::Submitted;
use super::super::tasks::{finish, joined};
use super::at_rest::open_log;
use super::control::{self, GeneratorStatus, RunStatus, ShardStatus, StreamStatus};
use super::folder::Running;
use super::listen::{LOOPBACK, listen};
use super::{DeployError, Folder, produce};

/// The region that local streams say they are in: the one that examples use.
pub const REGION: &str = "us-east-1";

/// Of how many shards of a stream it is told what they take: more than anybody looks at.
const SHARDS_TOLD: usize = 1000;

/// How a plan is run.
#[derive(Debug, Clone)]
pub struct Options {
    /// The endpoint's port; the first free one from 4567 where left out.
    pub port: Option<u16>,
    /// Whether generators make records.
    pub generate: bool,
    /// How many records each makes, and when.
    pub pacing: Pacing,
    /// What an acknowledged record survives.
    pub durability: Durability,
    /// Whether shards take and give no more than on AWS, as far as others than the pipeline itself are concerned.
    pub limits: bool,
    /// The pipeline file, as others are told.
    pub file: String,
}

/// A running pipeline.
pub struct Run {
    folder: Folder,
    log: Arc<LocalLog>,
    endpoint: String,
    file: String,
    api: Api,
    job: watch::Sender<Option<Submitted>>,
    status: Arc<dyn Fn() -> RunStatus + Send + Sync>,
    generators: JoinSet<Result<(), DeployError>>,
    engines: JoinSet<Result<(), DeployError>>,
    server: JoinSet<Result<(), DeployError>>,
    stop_generators: watch::Sender<bool>,
    stop_engines: watch::Sender<bool>,
    stop_server: watch::Sender<bool>,
    notes: Vec<String>,
    waiting: Option<Waiting>,
}

/// What [`Run::begin`] sets to work.
struct Waiting {
    engines: Vec<Engine>,
    generators: Vec<produce::Producer>,
    listener: TcpListener,
}

impl Run {
    /// Makes what is not there yet, takes up saved state and finds a port; nothing works yet. Fails with
    /// [`DeployError::Running`] where another process has the pipeline.
    pub async fn open(plan: &Arc<Plan>, options: &Options) -> Result<Self, DeployError> {
        let folder = Folder::of(&plan.name);
        folder.make()?;
        let log = open_log(&folder, options.durability).await?;
        folder.note_file(&options.file)?;
        // What a process left there that ended without a word is not true any more.
        folder.forget();
        create_streams(&log, plan)?;
        let mut notes = Vec::new();
        let mut engines = Vec::new();
        // Another engine's queries are put to work by whoever has it.
        let embedded = plan.target.engine == EngineKind::Embedded;
        for (query, _) in plan.outputs().filter(|_| embedded) {
            let mut engine = Engine::open(Arc::clone(&log), plan, query)?;
            engine.read_tables(Path::new(&options.file).parent().unwrap_or(Path::new("")))?;
            if let Some(loss) = engine.loss() {
                notes.push(format!("query `{}` {loss}", query.name));
            }
            engines.push(engine);
        }
        let listener = listen(LOOPBACK, options.port).await?;
        let address = listener.local_addr().map_err(DeployError::Endpoint)?;
        let endpoint = format!("http://{address}");
        let mut generators = Vec::new();
        for generator in plan.generators.iter().filter(|_| options.generate) {
            let stream = plan.stream(&generator.stream).expect("the plan has the stream that a generator feeds");
            generators.push(produce::prepare(&log, generator, stream, options.pacing)?);
        }
        let queries: Vec<watch::Receiver<QueryStatus>> = engines.iter().map(Engine::status).collect();
        // A stream is there at once: nobody waits on this machine.
        let served = kinesis_api::Options { region: REGION.to_owned(), limits: options.limits, ..Default::default() };
        let api = Api::new(Arc::clone(&log), served);
        let job = watch::Sender::new(None);
        let parts = Parts { queries, counts: produce::counters(&generators), job: job.subscribe(), api: api.clone() };
        let status = status_of(plan, &log, &endpoint, parts);
        Ok(Self {
            folder,
            log,
            endpoint,
            file: options.file.clone(),
            api,
            job,
            status,
            generators: JoinSet::new(),
            engines: JoinSet::new(),
            server: JoinSet::new(),
            stop_generators: watch::Sender::new(false),
            stop_engines: watch::Sender::new(false),
            stop_server: watch::Sender::new(false),
            notes,
            waiting: Some(Waiting { engines, generators, listener }),
        })
    }

    /// Sets everything to work.
    pub fn begin(&mut self) {
        let Some(Waiting { engines, generators, listener }) = self.waiting.take() else { return };
        self.serve(listener);
        for engine in engines {
            let stop = self.stop_engines.subscribe();
            self.engines.spawn(async move { Ok(engine.run(stop).await?) });
        }
        for generator in generators {
            let stop = self.stop_generators.subscribe();
            self.generators.spawn(produce::work(generator, stop));
        }
    }

    /// Tells other processes where it is.
    pub fn tell(&self) -> Result<(), DeployError> {
        let (endpoint, file) = (self.endpoint.clone(), self.file.clone());
        self.folder.tell(&Running { pid: std::process::id(), endpoint, file })
    }

    /// Notes the Flink job that runs the queries.
    pub fn note_job(&self, job: &Submitted) -> Result<(), DeployError> {
        self.job.send_replace(Some(job.clone()));
        self.folder.note_job(job)
    }

    /// Returns its folder.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    fn serve(&mut self, listener: TcpListener) {
        let api = self.api.clone();
        let router = control::routes(Arc::clone(&self.status)).merge(kinesis_api::router(api.clone()));
        let mut stop = self.stop_server.subscribe();
        let stopped = async move {
            // An error means that nobody is left to say stop.
            drop(stop.wait_for(|stop| *stop).await);
        };
        self.server.spawn(async move {
            // What cannot be tidied up is tried again, and nothing waits for it.
            kinesis_api::upkeep(api, |_| {}).await;
            Ok(())
        });
        self.server.spawn(async move {
            kinesis_api::serve(listener, None, router, Hosts::Loopback, stopped).await;
            Ok(())
        });
    }

    /// Returns the endpoint's address.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Returns the streams.
    pub fn log(&self) -> Arc<LocalLog> {
        Arc::clone(&self.log)
    }

    /// Returns how the pipeline stands.
    pub fn status(&self) -> RunStatus {
        (self.status)()
    }

    /// Returns what the person should know of the start.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Waits until every generator has made its records; forever where there is none, or no limit. Fails as soon as
    /// any part of the pipeline does.
    pub async fn generated(&mut self) -> Result<(), DeployError> {
        let had_generators = !self.generators.is_empty();
        loop {
            tokio::select! {
                Some(ended) = self.generators.join_next() => {
                    joined(ended)?;
                    if self.generators.is_empty() && had_generators {
                        return Ok(());
                    }
                }
                Some(ended) = self.engines.join_next() => joined(ended)?,
                Some(ended) = self.server.join_next() => joined(ended)?,
                else => std::future::pending::<()>().await,
            }
        }
    }

    /// Stops: first what brings records, then, when every accepted record is processed and the state saved, the rest.
    pub async fn stop(mut self) -> Result<(), DeployError> {
        self.stop_generators.send_replace(true);
        let generated = finish(&mut self.generators).await;
        self.stop_server.send_replace(true);
        self.api.close();
        let served = finish(&mut self.server).await;
        self.stop_engines.send_replace(true);
        let processed = finish(&mut self.engines).await;
        self.folder.untell();
        generated.and(served).and(processed)
    }
}

/// Opens the streams of a plan that does not run, and makes those that are not there.
pub async fn open_streams(plan: &Plan, durability: Durability) -> Result<Arc<LocalLog>, DeployError> {
    let folder = Folder::of(&plan.name);
    folder.make()?;
    let log = open_log(&folder, durability).await?;
    create_streams(&log, plan)?;
    Ok(log)
}

/// Makes the streams of a plan that are not there, and checks those that are.
pub(super) fn create_streams(log: &LocalLog, plan: &Plan) -> Result<(), DeployError> {
    let error_stream = (ERROR_STREAM, Capacity::Provisioned(1));
    for (name, capacity) in
        plan.streams.iter().map(|stream| (stream.name.as_str(), stream.capacity)).chain([error_stream])
    {
        match log.create_stream(name, capacity) {
            Ok(()) => {}
            Err(LogError::StreamExists { .. }) => {
                // As it was made: whoever has resharded it since knows why.
                let found = log.describe_stream(name)?.capacity.initial_shards() as usize;
                if found != capacity.initial_shards() as usize {
                    let wanted = capacity.initial_shards();
                    return Err(DeployError::Shards { stream: name.to_owned(), found, wanted });
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// What tells how it stands.
struct Parts {
    queries: Vec<watch::Receiver<QueryStatus>>,
    counts: Vec<Arc<AtomicU64>>,
    job: watch::Receiver<Option<Submitted>>,
    api: Api,
}

fn status_of(
    plan: &Arc<Plan>,
    log: &Arc<LocalLog>,
    endpoint: &str,
    Parts { queries, counts, job, api }: Parts,
) -> Arc<dyn Fn() -> RunStatus + Send + Sync> {
    let (plan, log, endpoint) = (Arc::clone(plan), Arc::clone(log), endpoint.to_owned());
    Arc::new(move || RunStatus {
        pipeline: plan.name.clone(),
        pid: std::process::id(),
        endpoint: endpoint.clone(),
        now: now(),
        streams: stream_status(&log, |stream| api.refused(stream)),
        generators: plan
            .generators
            .iter()
            .zip(&counts)
            .map(|(generator, count)| GeneratorStatus {
                stream: generator.stream.clone(),
                rate: generator.rate.mean(),
                records: count.load(Ordering::Relaxed),
            })
            .collect(),
        queries: queries.iter().map(|query| query.borrow().clone()).collect(),
        job: job.borrow().clone(),
        place: None,
        waiting: None,
    })
}

/// Returns what every stream of a log holds.
pub(super) fn stream_status(log: &LocalLog, refused: impl Fn(&str) -> HashMap<ShardId, u64>) -> Vec<StreamStatus> {
    let status = |name: String| {
        let stats = log.stats(&name).ok()?;
        let loads = log.loads(&name).ok()?;
        let refused = refused(&name);
        let load = |load: &ShardLoad| ShardStatus {
            shard: load.shard.to_string(),
            records: load.records,
            bytes: load.bytes,
            refused: refused.get(&load.shard).copied().unwrap_or(0),
        };
        let told = loads.iter().take(SHARDS_TOLD).map(load).collect();
        Some(StreamStatus { name, shards: loads.len(), records: stats.records, bytes: stats.bytes, loads: told })
    };
    log.stream_names().into_iter().filter_map(status).collect()
}
