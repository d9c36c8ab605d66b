//! Sharded logs of records: the `Log` seam and what passes through it.
//!
//! Owns records, shards, sequence numbers and positions, and the two logs behind the seam: [`local`] (durable, on this
//! machine) and [`kinesis`] (any endpoint that speaks the Kinesis API). May import nothing of this crate.
//! Never looks into a record's data: bytes in, bytes out.

pub mod appends;
pub mod backoff;
pub mod block;
pub mod clock;
pub mod error;
pub mod follower;
pub mod hash_key;
pub mod kinesis;
pub mod lineage;
pub mod local;
pub mod sequence;

use async_trait::async_trait;

pub use appends::{Append, Appends};
pub use backoff::{Backoff, bear};
pub use block::{Block, RecordRef};
pub use clock::now;
pub use error::LogError;
pub use follower::{Followed, Follower, Manners};
pub use hash_key::{HashKeyRange, hash_key};
pub use lineage::{Child, Lineage};
pub use sequence::SequenceNumber;

/// The most that a record's data and key have together (Kinesis quotas: 1 MiB unless the stream is told otherwise).
pub const RECORD_BYTES: usize = 1 << 20;

/// What a shard takes in a second (Kinesis quotas, "shard write"): so many records...
pub const SHARD_RECORDS: f64 = 1_000.0;
/// ...and so many bytes of data and keys.
pub const SHARD_BYTES: f64 = 1_048_576.0;

/// Milliseconds since 1970-01-01T00:00:00Z.
pub type Millis = i64;

/// The index of a shard within its stream; `shardId-000000000003` is 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShardId(pub u32);

impl std::fmt::Display for ShardId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "shardId-{:012}", self.0)
    }
}

impl std::str::FromStr for ShardId {
    type Err = LogError;

    fn from_str(text: &str) -> Result<Self, LogError> {
        text.strip_prefix("shardId-")
            .and_then(|digits| digits.parse().ok())
            .map(Self)
            .ok_or_else(|| LogError::UnknownShard { shard: text.to_owned() })
    }
}

/// How the shards of a stream are provided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Capacity {
    /// A fixed number of shards.
    Provisioned(u32),
    /// As many as the traffic asks for; a new stream starts with [`Capacity::ON_DEMAND_SHARDS`].
    OnDemand,
}

impl Capacity {
    /// The shards that AWS gives a new on-demand stream (Kinesis developer guide, "on-demand mode").
    pub const ON_DEMAND_SHARDS: u32 = 4;

    /// Returns how many shards a new stream gets.
    pub fn initial_shards(self) -> u32 {
        match self {
            Self::Provisioned(shards) => shards,
            Self::OnDemand => Self::ON_DEMAND_SHARDS,
        }
    }
}

/// One shard of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shard {
    /// Its index in the stream.
    pub id: ShardId,
    /// The hash keys that it takes, both ends included.
    pub range: HashKeyRange,
    /// The lowest sequence number that a record of the shard can have.
    pub starting_sequence: SequenceNumber,
    /// The shards that it goes on from: none in a new stream, one that was split, or two that were merged. They may have
    /// been removed since, with their last record.
    pub parents: Vec<ShardId>,
    /// Whether it takes records. A shard that was closed keeps those that it has for as long as the stream keeps any.
    pub open: bool,
}

/// What is known of one stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamDescription {
    /// The stream's name.
    pub name: String,
    /// Fixed or on-demand shards.
    pub capacity: Capacity,
    /// The open shards in the order of their hash key ranges.
    pub shards: Vec<Shard>,
    /// When the stream was made.
    pub created: Millis,
}

/// Where a record came to lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// The shard that took it.
    pub shard: ShardId,
    /// Its place in the shard.
    pub sequence: SequenceNumber,
}

/// Where reading a shard begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Position {
    /// The oldest record still kept (`TRIM_HORIZON`).
    Earliest,
    /// Behind the newest record (`LATEST`).
    Latest,
    /// The record with this sequence number.
    At(SequenceNumber),
    /// The first record behind this sequence number.
    After(SequenceNumber),
    /// The first record that arrived then or later.
    AtTime(Millis),
}

impl Position {
    /// Returns where a shard is begun with that goes on from others of a stream which was begun with here: at its first
    /// record, as nothing of it has been read, but never at one from before the time asked for.
    #[must_use]
    pub fn of_child(&self) -> Self {
        match self {
            Self::AtTime(time) => Self::AtTime(*time),
            _ => Self::Earliest,
        }
    }
}

/// The place of the next read of one shard: opaque, made by [`Log::cursor`] and [`Log::read`], and only good for the
/// log that made it. It may expire (a Kinesis shard iterator lives five minutes); a [`Position`] does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(pub(crate) String);

/// How much one read may bring.
#[derive(Debug, Clone, Copy)]
pub struct ReadLimit {
    /// At most this many records.
    pub records: usize,
    /// At most this many bytes of data; a first record that has more comes alone.
    pub bytes: usize,
}

/// What one read brought.
#[derive(Debug)]
pub struct Batch {
    /// The records, oldest first. The arrival times of blocks never go back.
    pub blocks: Vec<Block>,
    /// Where the next read goes on.
    pub next: Cursor,
    /// Set when the read reached what the shard has for now: every later record arrives at this time or after it. Not set
    /// where the shard [has ended](Self::ended).
    pub complete_until: Option<Millis>,
    /// Set when the shard is closed and the read reached its end: it has no later record, and these shards go on. Their
    /// records may have arrived long ago. Reading on from `next` says so again.
    pub ended: Option<Vec<Child>>,
    /// How long ago the first record not read yet arrived; 0 at the end of the shard.
    pub millis_behind: i64,
}

/// A set of named streams, each an ordered log per shard.
///
/// Every method may fail with [`LogError`]; an append that returned is durable to the log's own standard.
#[async_trait]
pub trait Log: Send + Sync {
    /// Makes a stream. Fails with [`LogError::StreamExists`] where the name is taken.
    async fn create(&self, stream: &str, capacity: Capacity) -> Result<(), LogError>;

    /// Removes a stream and its records. Fails with [`LogError::UnknownStream`] where there is none.
    async fn delete(&self, stream: &str) -> Result<(), LogError>;

    /// Describes one stream.
    async fn describe(&self, stream: &str) -> Result<StreamDescription, LogError>;

    /// Lists every shard of a stream that takes records or may still have some, closed ones too, by their index.
    async fn shards(&self, stream: &str) -> Result<Vec<Shard>, LogError>;

    /// Names all streams in alphabetical order.
    async fn list(&self) -> Result<Vec<String>, LogError>;

    /// Appends records and returns the place of each, in the order given. All or nothing on a local log.
    async fn append(&self, stream: &str, records: &Appends) -> Result<Vec<Appended>, LogError>;

    /// Turns a position into the place of a first read.
    async fn cursor(&self, stream: &str, shard: ShardId, position: &Position) -> Result<Cursor, LogError>;

    /// Reads on from a cursor. An empty batch is not the end: call again later.
    async fn read(&self, stream: &str, shard: ShardId, cursor: &Cursor, limit: ReadLimit) -> Result<Batch, LogError>;
}
