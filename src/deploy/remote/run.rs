//! Queries at work in this process on streams elsewhere.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::engine::{Afar, Engine, QueryStatus};
use crate::kinesis_api::{self, Hosts};
use crate::plan::Plan;
use crate::streams::local::{Durability, LocalLog};
use crate::streams::{Log, now};

use super::super::DeployError;
use super::super::local::{Folder, RunStatus, Running, open_log, routes};
use super::super::tasks::{finish, joined};
use super::outbox::Outbox;
use super::{Account, RemoteError};

/// How long rows may take that are still to be written when everything else has stopped. Those that are left are written
/// by the next process.
const LAST_ROWS: Duration = Duration::from_secs(15);
/// How long answers at hand may take when the process stops.
const CLOSING: Duration = Duration::from_secs(1);

/// What this machine keeps of a pipeline whose streams are elsewhere. Whoever has it is the only one who runs the pipeline.
pub struct Store {
    folder: Folder,
    log: Arc<LocalLog>,
}

impl Store {
    /// Opens it. Fails with [`DeployError::Running`] where another process has the pipeline.
    pub async fn open(folder: &Folder, durability: Durability) -> Result<Self, DeployError> {
        folder.make()?;
        let log = open_log(folder, durability).await?;
        // What a process left there that ended without a word is not true any more.
        folder.forget();
        Ok(Self { folder: folder.clone(), log })
    }
}

/// A running pipeline.
pub struct Run {
    folder: Folder,
    file: String,
    endpoint: String,
    account: Account,
    outbox: Arc<Outbox>,
    status: Arc<dyn Fn() -> RunStatus + Send + Sync>,
    listener: Option<TcpListener>,
    ready: Vec<Engine>,
    engines: JoinSet<Result<(), DeployError>>,
    writers: JoinSet<Result<(), DeployError>>,
    server: JoinSet<Result<(), DeployError>>,
    stop_engines: watch::Sender<bool>,
    stop_writers: watch::Sender<bool>,
    stop_server: watch::Sender<bool>,
    notes: Vec<String>,
}

impl Run {
    /// Takes up saved state; nothing works yet. The streams are there. `file` is the pipeline file, as others are told.
    pub async fn open(plan: &Arc<Plan>, account: &Account, store: Store, file: &str) -> Result<Self, RemoteError> {
        let Store { folder, log } = store;
        let outbox = Arc::new(Outbox::open(&log, plan)?);
        let afar = Afar::new(plan, account.log() as Arc<dyn Log>, outbox.full());
        let (mut ready, mut notes) = (Vec::new(), Vec::new());
        for (query, _) in plan.outputs() {
            let engine = Engine::open_afar(Arc::clone(&log), &afar, plan, query).await;
            let mut engine = engine.map_err(DeployError::from)?;
            let tables = Path::new(file).parent().unwrap_or(Path::new(""));
            engine.read_tables(tables).map_err(DeployError::from)?;
            notes.extend(engine.loss().map(|loss| format!("query `{}` {loss}", query.name)));
            ready.push(engine);
        }
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(DeployError::Endpoint)?;
        let endpoint = format!("http://{}", listener.local_addr().map_err(DeployError::Endpoint)?);
        let queries = ready.iter().map(Engine::status).collect();
        let status = status_of((plan, account), &endpoint, &outbox, queries);
        Ok(Self {
            folder,
            file: file.to_owned(),
            endpoint,
            account: account.clone(),
            outbox,
            status,
            listener: Some(listener),
            ready,
            engines: JoinSet::new(),
            writers: JoinSet::new(),
            server: JoinSet::new(),
            stop_engines: watch::Sender::new(false),
            stop_writers: watch::Sender::new(false),
            stop_server: watch::Sender::new(false),
            notes,
        })
    }

    /// Sets everything to work, and tells other processes where it is.
    pub fn begin(&mut self) -> Result<(), DeployError> {
        for engine in self.ready.drain(..) {
            let stop = self.stop_engines.subscribe();
            self.engines.spawn(async move { Ok(engine.run(stop).await?) });
        }
        for name in self.outbox.streams().map(str::to_owned) {
            let (outbox, to, stop) = (Arc::clone(&self.outbox), self.account.log(), self.stop_writers.subscribe());
            self.writers.spawn(async move { Ok(outbox.write(&name, to.as_ref(), stop).await?) });
        }
        let (outbox, mut stop) = (Arc::clone(&self.outbox), self.stop_writers.subscribe());
        self.writers.spawn(async move {
            tokio::select! {
                watched = outbox.watch() => Ok(watched?),
                _ = stop.wait_for(|stop| *stop) => Ok(()),
            }
        });
        if let Some(listener) = self.listener.take() {
            let router = routes(Arc::clone(&self.status));
            let mut stop = self.stop_server.subscribe();
            // An error means that nobody is left to say stop.
            let stopped = async move { drop(stop.wait_for(|stop| *stop).await) };
            self.server.spawn(async move {
                kinesis_api::serve(listener, None, router, Hosts::Loopback, stopped).await;
                Ok(())
            });
        }
        let (endpoint, file) = (self.endpoint.clone(), self.file.clone());
        self.folder.tell(&Running { pid: std::process::id(), endpoint, file })
    }

    /// Returns how the pipeline stands.
    pub fn status(&self) -> RunStatus {
        (self.status)()
    }

    /// Returns what the person should know of the start.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Waits for a failure of any part.
    pub async fn failed(&mut self) -> DeployError {
        loop {
            let ended = tokio::select! {
                Some(ended) = self.engines.join_next() => ended,
                Some(ended) = self.writers.join_next() => ended,
                Some(ended) = self.server.join_next() => ended,
                else => return std::future::pending().await,
            };
            if let Err(error) = joined(ended) {
                return error;
            }
        }
    }

    /// Lets the queries work through what there is, and save their state; then lets their rows be written. Returns how
    /// many bytes of rows are left to be written by the next process.
    pub async fn stop(mut self) -> Result<u64, DeployError> {
        self.stop_engines.send_replace(true);
        let processed = finish(&mut self.engines).await;
        self.stop_writers.send_replace(true);
        let written = match tokio::time::timeout(LAST_ROWS, finish(&mut self.writers)).await {
            Ok(written) => written,
            Err(_) => Ok(()),
        };
        self.writers.shutdown().await;
        self.stop_server.send_replace(true);
        if tokio::time::timeout(CLOSING, finish(&mut self.server)).await.is_err() {
            self.server.abort_all();
        }
        let left = self.outbox.waiting().bytes;
        self.folder.untell();
        processed.and(written).map(|()| left)
    }
}

fn status_of(
    (plan, account): (&Arc<Plan>, &Account),
    endpoint: &str,
    outbox: &Arc<Outbox>,
    queries: Vec<watch::Receiver<QueryStatus>>,
) -> Arc<dyn Fn() -> RunStatus + Send + Sync> {
    let (plan, outbox) = (Arc::clone(plan), Arc::clone(outbox));
    let (endpoint, place) = (endpoint.to_owned(), account.place().to_string());
    Arc::new(move || RunStatus {
        pipeline: plan.name.clone(),
        pid: std::process::id(),
        endpoint: endpoint.clone(),
        now: now(),
        streams: Vec::new(),
        generators: Vec::new(),
        queries: queries.iter().map(|query| query.borrow().clone()).collect(),
        job: None,
        place: Some(place.clone()),
        waiting: Some(outbox.waiting()),
    })
}
