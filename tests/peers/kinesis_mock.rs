//! kinesis-mock, which reshards streams and ends closed shards as AWS does.

use std::{
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use aws_sdk_kinesis::{Client, config};
use aws_smithy_http_client::Builder;

use super::found;

/// How long it may take to answer first: far beyond what a busy machine needs.
const PATIENCE: Duration = Duration::from_mins(1);

/// A kinesis-mock on a free port of this machine; it is stopped when this is dropped.
pub(crate) struct KinesisMock {
    process: Child,
    pub(crate) url: String,
}

impl KinesisMock {
    /// Starts one where `PIPE_KINESIS_MOCK` names the folder in which npm installed it; `tests/run` does both. Where it is
    /// not set, says what is left out.
    pub(crate) async fn start(what: &str) -> Option<Self> {
        let package = found("PIPE_KINESIS_MOCK", what)?.join("node_modules/kinesis-local");
        let [port, tls] = [free_port(), free_port()];
        let mut command = Command::new("node");
        command.current_dir(&package).arg("-r");
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/kinesis_mock.js")).arg("main.js");
        command.env("KINESIS_MOCK_PLAIN_PORT", port.to_string()).env("KINESIS_MOCK_TLS_PORT", tls.to_string());
        command.env("LOG_LEVEL", "ERROR").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn().unwrap();
        let mock = Self { process, url: format!("http://127.0.0.1:{port}") };
        let begun = Instant::now();
        while mock.client().list_streams().send().await.is_err() {
            assert!(begun.elapsed() < PATIENCE, "kinesis-mock does not answer");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Some(mock)
    }

    /// Returns a client of AWS's own.
    pub(crate) fn client(&self) -> Client {
        let config = config::Config::builder()
            .behavior_version(config::BehaviorVersion::latest())
            .region(config::Region::new("us-east-1"))
            .credentials_provider(config::Credentials::new("a", "b", None, None, "test"))
            .endpoint_url(&self.url)
            .http_client(Builder::new().build_http());
        Client::from_conf(config.build())
    }
}

impl Drop for KinesisMock {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
