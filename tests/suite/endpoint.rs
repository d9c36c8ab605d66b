//! A local log with its Kinesis endpoint on a free port, for one test.

use std::sync::Arc;

use aws_sdk_kinesis::{Client, config};
use aws_smithy_http_client::Builder;
use pipe::{
    kinesis_api::{self, Api, Hosts, Options},
    streams::{
        kinesis::{Credentials, KinesisLog},
        local::{Durability, LocalLog},
    },
};
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

/// The endpoint; it stops when this is dropped.
pub(super) struct Endpoint {
    pub(super) address: String,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<()>,
    _dir: TempDir,
}

impl Endpoint {
    pub(super) async fn start() -> Self {
        Self::with(Options { region: "eu-central-1".to_owned(), ..Options::default() }).await
    }

    pub(super) async fn with(options: Options) -> Self {
        let dir = TempDir::new().expect("a temporary folder");
        let log = LocalLog::open(dir.path(), Durability::Process).expect("a new log");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address").to_string();
        let (stop, stopped) = oneshot::channel::<()>();
        let router = kinesis_api::router(Api::new(Arc::clone(&log), options))
            .route("/_pipe/status", axum::routing::get(async || "fine"));
        let server = tokio::spawn(kinesis_api::serve(listener, None, router, Hosts::Loopback, async move {
            let _stopped = stopped.await;
        }));
        Self { address, stop: Some(stop), server, _dir: dir }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the log behind the endpoint as one of its clients sees it.
    pub(super) async fn remote(&self) -> KinesisLog {
        KinesisLog::connect(Some(&self.url()), "eu-central-1", Credentials::Dummy).await
    }

    /// Returns a client of AWS's own.
    pub(super) fn client(&self) -> Client {
        let config = config::Config::builder()
            .behavior_version(config::BehaviorVersion::latest())
            .region(config::Region::new("eu-central-1"))
            .credentials_provider(config::Credentials::new("a", "b", None, None, "test"))
            .endpoint_url(self.url())
            .http_client(Builder::new().build_http());
        Client::from_conf(config.build())
    }

    /// Stops the server and waits until it has.
    pub(super) async fn stop(mut self) {
        drop(self.stop.take());
        (&mut self.server).await.expect("the server ends");
    }
}
