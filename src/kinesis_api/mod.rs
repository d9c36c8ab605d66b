//! The Kinesis Data Streams API over a local log, for clients that are told this endpoint.
//!
//! Owns the protocol (JSON 1.1 and CBOR 1.1 over HTTP/1.1 and HTTP/2), its limits and its errors, all as AWS has them. May
//! import `streams`. Keeps what it is told of streams and of the account in the log, and nothing else beyond its process. Answers only to those
//! who call it by a name of this machine, unless it is told to answer everybody.

mod account;
mod api;
mod changes;
mod chaos;
mod checks;
mod consumers;
mod create_stream;
mod delete_stream;
mod describe_stream;
mod distribution;
mod encryption;
mod error;
mod event_stream;
mod get_records;
mod get_shard_iterator;
mod host;
mod idle;
mod intake;
mod known;
mod lately;
mod list;
mod list_shards;
mod list_streams;
mod mode;
mod moment;
mod monitoring;
mod place;
mod policy;
mod put_record;
mod put_records;
mod record;
mod record_size;
mod request;
mod request_id;
mod reshard;
mod resource;
mod retention;
mod room;
mod server;
mod settings;
mod stream_name;
mod subscribe;
mod tags;
#[cfg(test)]
mod tests;
mod text;
mod throttle;
mod tls;
mod token;
mod upkeep;
mod warm_throughput;
mod wire;

pub use api::{ACCOUNT, Api, Options};
pub use chaos::Chaos;
pub use server::{Hosts, router, serve};
pub use tls::Certificate;
pub use upkeep::upkeep;

use error::ApiError;
use wire::Body;

/// One operation of the API.
struct Operation {
    name: &'static str,
    run: Run,
}

/// Takes the body of a request and returns that of the answer; may wait for a disk.
enum Run {
    /// All of it.
    Whole(fn(&Api, Body<'_>) -> Result<Vec<u8>, ApiError>),
    /// Events, as long as there are some.
    Events(fn(&Api, Body<'_>) -> Result<axum::body::Body, ApiError>),
}

/// Every operation that is served.
const OPERATIONS: &[Operation] = &[
    tags::ADD,
    create_stream::OPERATION,
    retention::DECREASE,
    policy::DELETE,
    delete_stream::OPERATION,
    consumers::DEREGISTER,
    account::DESCRIBE,
    account::LIMITS,
    describe_stream::OPERATION,
    consumers::DESCRIBE,
    describe_stream::SUMMARY,
    monitoring::DISABLE,
    monitoring::ENABLE,
    get_records::OPERATION,
    policy::GET,
    get_shard_iterator::OPERATION,
    retention::INCREASE,
    list_shards::OPERATION,
    consumers::LIST,
    list_streams::OPERATION,
    tags::LIST_OF_RESOURCE,
    tags::LIST,
    reshard::MERGE,
    put_record::OPERATION,
    put_records::OPERATION,
    policy::PUT,
    consumers::REGISTER,
    tags::REMOVE,
    reshard::SPLIT,
    encryption::START,
    encryption::STOP,
    subscribe::OPERATION,
    tags::TAG,
    tags::UNTAG,
    account::UPDATE,
    record_size::OPERATION,
    reshard::UPDATE,
    mode::OPERATION,
    distribution::OPERATION,
    warm_throughput::OPERATION,
];
