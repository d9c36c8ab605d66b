//! What runs against a log or its endpoint.

mod boto3;
mod cbor;
mod crash;
mod endpoint;
pub(crate) mod equality;
mod flink;
mod kinesis_api;
mod log;
mod produce;
mod wire;
