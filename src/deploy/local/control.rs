//! What a running pipeline says of itself, at `/_pipe/status` and `/metrics` of its endpoint.

use std::sync::Arc;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use serde::{Deserialize, Serialize};

use crate::engine::QueryStatus;
use crate::streams::Millis;

use super::super::flink::Submitted;
use super::metrics;

/// The path of the status.
pub(super) const STATUS_PATH: &str = "/_pipe/status";

/// The path of the same for Prometheus, which asks for this one if nothing else is said.
const METRICS_PATH: &str = "/metrics";

/// A running pipeline.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RunStatus {
    /// Its name.
    pub pipeline: String,
    /// The process that runs it.
    pub pid: u32,
    /// Where its endpoint answers.
    pub endpoint: String,
    /// When it stood so, in milliseconds since 1970-01-01T00:00:00Z, by the clock of the process.
    #[serde(default)]
    pub now: Millis,
    /// Its streams with how many records each holds.
    pub streams: Vec<StreamStatus>,
    /// Its generators.
    pub generators: Vec<GeneratorStatus>,
    /// Its queries.
    pub queries: Vec<QueryStatus>,
    /// The Flink job that runs its queries instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<Submitted>,
    /// Where its streams are, if they are not here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// What of its rows waits to be written there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<Waiting>,
}

/// Rows that are made and not written yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// Their bytes of data.
    pub bytes: u64,
    /// Why they wait, where that is for more than their turn.
    pub reason: Option<String>,
}

/// What a stream holds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StreamStatus {
    /// Its name.
    pub name: String,
    /// Its shards.
    pub shards: usize,
    /// Records kept.
    pub records: u64,
    /// Bytes of data kept.
    pub bytes: u64,
    /// Its shards that take records, by their ids; the first thousand.
    #[serde(default)]
    pub loads: Vec<ShardStatus>,
}

/// What a shard has taken since it was made.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ShardStatus {
    /// Its id, as Kinesis writes it.
    pub shard: String,
    /// Records taken.
    pub records: u64,
    /// Their bytes of data.
    pub bytes: u64,
    /// Records refused because they were more than a shard takes, where there are limits.
    #[serde(default)]
    pub refused: u64,
}

impl StreamStatus {
    /// Returns how many records it has taken since it was made, in the shards that take some now.
    pub fn taken(&self) -> u64 {
        self.loads.iter().map(|load| load.records).sum()
    }
}

/// How a generator does.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GeneratorStatus {
    /// The stream that it feeds.
    pub stream: String,
    /// The records per second that it should make.
    pub rate: f64,
    /// The records that this process made.
    pub records: u64,
}

/// Returns the routes that answer with the status of the moment, in the two forms that it has.
pub(in super::super) fn routes(status: Arc<dyn Fn() -> RunStatus + Send + Sync>) -> Router {
    let now = Arc::clone(&status);
    let answer = move || {
        let body = serde_json::to_vec(&now()).unwrap_or_default();
        async move { ([(CONTENT_TYPE, "application/json")], body) }
    };
    let measure = move || {
        let body = metrics::text(&status());
        async move { ([(CONTENT_TYPE, metrics::MEDIA_TYPE)], body) }
    };
    Router::new().route(STATUS_PATH, get(answer)).route(METRICS_PATH, get(measure))
}
