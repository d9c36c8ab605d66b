//! What streams have to take, and how many shards that asks for.

mod longest;
mod most;
mod shards;
mod traffic;

pub use shards::{Hottest, ShardsNeeded};
pub(crate) use traffic::Sizes;
pub use traffic::{KeyShare, Load, Traffic};

/// The bytes that a shard gives in a second to all of its readers together (Kinesis developer guide, "Quotas and limits").
pub const SHARD_BYTES_OUT: f64 = 2_097_152.0;
/// The bytes that a record has at the most, its partition key included, unless the stream is told otherwise (Kinesis API
/// reference, `PutRecord`).
pub const RECORD_BYTES: usize = 1 << 20;
/// The most shards of one stream (Kinesis quota in its three largest regions).
pub const MAX_SHARDS: u32 = 20_000;
/// The bytes of one PUT payload unit (Kinesis pricing: a record counts in chunks of 25 KB, and a KB has 1,024 bytes there).
pub const PUT_UNIT_BYTES: usize = 25 * KB;
/// The bytes that a record on demand is rounded up to a multiple of (Kinesis pricing, on-demand mode).
pub const KB: usize = 1024;
/// The bytes that Firehose rounds the size of a record up to a multiple of (Data Firehose pricing: 5 KB).
pub const DELIVERED_BYTES: usize = 5 * KB;
