//! What can go wrong with a pipeline on this machine.

use std::path::PathBuf;

use crate::engine::EngineError;
use crate::generate::GenerateError;
use crate::streams::LogError;

/// A failure to run, find or remove a pipeline on this machine.
#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    /// The pipeline runs already.
    #[error("pipeline `{pipeline}` is running already{}", of(*.pid))]
    Running {
        /// Its name.
        pipeline: String,
        /// The process that runs it, where it said so.
        pid: Option<u32>,
    },
    /// A stream exists with other shards than the file says.
    #[error("stream `{stream}` has {found} shards, and the file says {wanted}")]
    Shards {
        /// The stream.
        stream: String,
        /// The shards it has.
        found: usize,
        /// The shards that the file says.
        wanted: u32,
    },
    /// An address that is none of this machine's.
    #[error("the endpoint cannot listen on {address}")]
    Address {
        /// The address.
        address: std::net::IpAddr,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// No port for the endpoint.
    #[error("no port between {first} and {last} is free for the endpoint")]
    NoPort {
        /// The first one tried.
        first: u16,
        /// The last one tried.
        last: u16,
    },
    /// The port that was asked for is taken.
    #[error("port {port} cannot be used: {source}")]
    Port {
        /// Which.
        port: u16,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The process that runs the pipeline does not answer.
    #[error("the process that runs pipeline `{pipeline}` does not answer{}", of(*.pid))]
    Silent {
        /// The pipeline.
        pipeline: String,
        /// The process, where it said so.
        pid: Option<u32>,
    },
    /// Another command has the pipeline's records open.
    #[error("the records of pipeline `{pipeline}` are in use by another command, such as `pipe tail`")]
    Held {
        /// The pipeline.
        pipeline: String,
    },
    /// A folder or file of the pipeline could not be used.
    #[error("`{}` could not be used: {source}", path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A log failed.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A query failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A generator failed.
    #[error(transparent)]
    Generate(#[from] GenerateError),
    /// The endpoint failed.
    #[error("the Kinesis endpoint failed: {0}")]
    Endpoint(#[source] std::io::Error),
}

fn of(pid: Option<u32>) -> String {
    pid.map_or_else(String::new, |pid| format!(" (process {pid})"))
}

impl DeployError {
    /// Returns what to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Running { pipeline, .. } => {
                Some(format!("`pipe tail {pipeline}` follows it, `pipe down {pipeline}` stops and removes it"))
            }
            Self::Shards { .. } => Some(
                "`pipe down` removes the stream and its records; UpdateShardCount changes its shards while it runs"
                    .to_owned(),
            ),
            Self::Address { .. } => Some("name an address of this machine, or 0.0.0.0 for all that it has".to_owned()),
            Self::NoPort { .. } | Self::Port { .. } => Some("name another with --port".to_owned()),
            Self::Held { .. } => Some("end that command and run this one again".to_owned()),
            Self::Engine(EngineError::Table(error)) => Some(error.help.clone()),
            Self::Silent { .. } => Some("end that process and run the command again".to_owned()),
            _ => None,
        }
    }
}
