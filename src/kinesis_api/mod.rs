//! The Kinesis Data Streams API over a local log, for clients that are told this endpoint.
//!
//! Owns the protocol (JSON 1.1 and CBOR 1.1 over HTTP/1.1), its limits and its errors, all as AWS has them. May import `streams`.
//! Never answers a name that is not this machine's own, and never keeps anything but in the log.

mod checks;
mod create_stream;
mod delete_stream;
mod describe_stream;
mod error;
mod get_records;
mod get_shard_iterator;
mod host;
mod list_shards;
mod list_streams;
mod moment;
mod put_record;
mod put_records;
mod record;
mod request;
mod server;
mod stream_name;
#[cfg(test)]
mod tests;
mod text;
mod token;
mod wire;

use std::sync::{Arc, atomic::AtomicU64};

pub use server::{router, serve};

use crate::streams::{StreamDescription, local::LocalLog};
use error::ApiError;
use wire::Body;

/// The account that owns every stream here.
pub const ACCOUNT: &str = "000000000000";

/// What the endpoint serves.
#[derive(Clone)]
pub struct Api(Arc<Inner>);

struct Inner {
    log: Arc<LocalLog>,
    region: String,
    requests: AtomicU64,
}

impl Api {
    /// Serves a log as the streams of that region.
    pub fn new(log: Arc<LocalLog>, region: String) -> Self {
        Self(Arc::new(Inner { log, region, requests: AtomicU64::new(0) }))
    }

    fn log(&self) -> &LocalLog {
        &self.0.log
    }

    /// Returns the name by which AWS knows a stream.
    fn arn(&self, stream: &str) -> String {
        format!("arn:aws:kinesis:{}:{ACCOUNT}:stream/{stream}", self.0.region)
    }

    fn describe(&self, stream: &str) -> Result<StreamDescription, ApiError> {
        Ok(self.log().describe_stream(stream)?)
    }
}

/// One operation of the API.
struct Operation {
    name: &'static str,
    /// Takes the body of a request and returns the body of the answer; may wait for a disk.
    run: fn(&Api, Body<'_>) -> Result<Vec<u8>, ApiError>,
}

/// Every operation that is served.
const OPERATIONS: &[Operation] = &[
    create_stream::OPERATION,
    delete_stream::OPERATION,
    describe_stream::OPERATION,
    describe_stream::SUMMARY,
    get_records::OPERATION,
    get_shard_iterator::OPERATION,
    list_shards::OPERATION,
    list_streams::OPERATION,
    put_record::OPERATION,
    put_records::OPERATION,
];
