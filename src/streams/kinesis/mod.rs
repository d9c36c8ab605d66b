//! A log at any endpoint that speaks the Kinesis API: AWS, an emulator, or another `pipe`.
//!
//! Owns the client and how its answers map to the seam. May import nothing of this crate but the seam above it. Never
//! gives a stream's keys or records any meaning, and never asks the environment when it was told a local endpoint.

mod aggregate;
mod append;
mod cursor;
mod error;
mod manage;
mod queue;
mod read;
mod summary;

pub use error::told;
pub use summary::Summary;

use async_trait::async_trait;
use std::{collections::HashMap, sync::Mutex, time::Duration};

use aws_config::{BehaviorVersion, Region, SdkConfig, timeout::TimeoutConfig};
use aws_sdk_kinesis::{Client, config};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, rustls_provider::CryptoMode},
};

use aws_sdk_kinesis::config::SharedHttpClient;

use super::{
    Appended, Appends, Batch, Capacity, Cursor, HashKeyRange, Log, LogError, Position, ReadLimit, Shard, ShardId,
    StreamDescription,
};

/// How long one attempt of a call may take: a request of 5 MiB, the most there is, needs 42 s at 1 Mbit/s. The client makes
/// several attempts.
const ATTEMPT: Duration = Duration::from_mins(1);

/// With what right an endpoint is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credentials {
    /// Made up, for an endpoint that takes any; the environment is not asked for anything.
    Dummy,
    /// Those of the standard AWS chain: environment, profile, container, instance.
    Chain,
}

/// Streams behind a Kinesis endpoint.
pub struct KinesisLog {
    client: Client,
    /// The address, or the region, as errors name it.
    endpoint: String,
    /// The hash keys of shards from which aggregates were read; a shard keeps those that it has.
    // Held for a look, never while anything is awaited.
    ranges: Mutex<HashMap<(String, ShardId), HashKeyRange>>,
}

impl KinesisLog {
    /// Sets up a client; `endpoint` is what errors call it.
    fn new(config: config::Builder, endpoint: String) -> Self {
        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT).disable_operation_timeout().build();
        Self { client: Client::from_conf(config.timeout_config(timeouts).build()), endpoint, ranges: Mutex::default() }
    }

    /// Sets up a client. Without an address it is that of the region, or what the standard chain says.
    pub async fn connect(endpoint_url: Option<&str>, region: &str, credentials: Credentials) -> Self {
        let http = http_client();
        let region_of = Region::new(region.to_owned());
        let mut config = match credentials {
            Credentials::Dummy => config::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(region_of)
                .credentials_provider(config::Credentials::new("pipe", "pipe", None, None, "pipe"))
                .http_client(http),
            Credentials::Chain => {
                let loader = aws_config::defaults(BehaviorVersion::latest()).region(region_of).http_client(http);
                config::Builder::from(&loader.load().await)
            }
        };
        if let Some(url) = endpoint_url {
            config = config.endpoint_url(url);
        }
        Self::new(config, endpoint_url.unwrap_or(region).to_owned())
    }
}

impl KinesisLog {
    /// Sets up a client with a configuration that others share, but for its timeouts: those are of records, not of calls
    /// that a person waits for.
    pub fn of(config: &SdkConfig) -> Self {
        let endpoint = config.endpoint_url().or(config.region().map(Region::as_ref)).unwrap_or("AWS").to_owned();
        Self::new(config::Builder::from(config), endpoint)
    }
}

/// Returns what every AWS client of this crate speaks HTTP with: one TLS, that of ring.
pub fn http_client() -> SharedHttpClient {
    Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https()
}

#[async_trait]
impl Log for KinesisLog {
    async fn create(&self, stream: &str, capacity: Capacity) -> Result<(), LogError> {
        self.create_stream(stream, capacity).await
    }

    async fn delete(&self, stream: &str) -> Result<(), LogError> {
        self.delete_stream(stream).await
    }

    async fn describe(&self, stream: &str) -> Result<StreamDescription, LogError> {
        self.describe_stream(stream).await
    }

    async fn shards(&self, stream: &str) -> Result<Vec<Shard>, LogError> {
        self.list_shards(stream).await
    }

    async fn list(&self) -> Result<Vec<String>, LogError> {
        self.list_streams().await
    }

    async fn append(&self, stream: &str, records: &Appends) -> Result<Vec<Appended>, LogError> {
        self.put_records(stream, records).await
    }

    async fn cursor(&self, stream: &str, shard: ShardId, position: &Position) -> Result<Cursor, LogError> {
        self.shard_iterator(stream, shard, position).await
    }

    async fn read(&self, stream: &str, shard: ShardId, cursor: &Cursor, limit: ReadLimit) -> Result<Batch, LogError> {
        self.get_records(stream, shard, cursor, limit).await
    }
}
