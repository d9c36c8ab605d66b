//! The endpoint judged by a client that is not ours: boto3, run from `tests/peers/kinesis_boto3.py`.

use std::{path::Path, process::Command};

use super::endpoint::Endpoint;
use crate::peers;

/// Runs where `PIPE_PEERS` names a Python virtual environment that has boto3; `tests/run` makes one and names it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn boto3_uses_every_operation_where_pipe_peers_names_its_environment() {
    let Some(venv) = peers::environment("boto3 against the endpoint") else { return };
    let endpoint = Endpoint::start().await;
    let mut command = Command::new(venv.join("bin/python"));
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/kinesis_boto3.py"));
    command.env("AWS_ENDPOINT_URL", endpoint.url());
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    endpoint.stop().await;
}
