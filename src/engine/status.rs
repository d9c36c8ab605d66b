//! What can be told of a running query.

use serde::{Deserialize, Serialize};

use crate::streams::Millis;
use crate::window::Micros;

/// What a query has counted since its streams were made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Records consumed.
    pub records: u64,
    /// Rows whose window was over when they came.
    pub late: u64,
    /// Records that could not be read or computed.
    pub bad: u64,
    /// Windows closed.
    pub windows: u64,
    /// Rows written.
    pub rows: u64,
}

/// A record that went another way, as a sample.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// The shard that it lies in.
    pub shard: String,
    /// Its place there.
    pub sequence_number: String,
    /// Why it went another way.
    pub reason: String,
    /// Its beginning, as text.
    pub data: String,
}

/// How far time has come in one shard that a query reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardTime {
    /// The stream.
    pub stream: String,
    /// The shard, as Kinesis writes it.
    pub shard: String,
    /// The moment that time has come to there; none before its first record.
    pub watermark: Option<Micros>,
    /// When its last record arrived that the query has read, in milliseconds since 1970-01-01T00:00:00Z.
    pub last_arrival: Option<Millis>,
    /// How long it must be silent until it holds nothing back, in milliseconds.
    pub idle_after: Millis,
    /// Whether it has been silent for that long.
    pub idle: bool,
    /// Whether the query's watermark waits for it.
    pub holds: bool,
}

/// A window that is open.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OpenWindow {
    /// The watermark that closes it.
    pub closes: Micros,
    /// Its first moment.
    pub start: Micros,
    /// The first moment behind it.
    pub end: Micros,
    /// The groups in it, where a group counts once for each shard and pane that has rows of it.
    pub groups: usize,
}

/// By which time the windows of a query go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TimeKind {
    /// When records arrived.
    #[default]
    Arrival,
    /// What a column of theirs says.
    Event,
}

/// How a query stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueryStatus {
    /// The query.
    pub name: String,
    /// The stream that it reads.
    pub from: String,
    /// What it has counted.
    pub counters: Counters,
    /// The moment that time has come to; none before the first record.
    pub watermark: Option<Micros>,
    /// Windows that are open.
    pub open_windows: usize,
    /// Groups in the open windows.
    pub open_groups: usize,
    /// By which time they go.
    #[serde(default)]
    pub time: TimeKind,
    /// Those of them that close first; a few at the most.
    #[serde(default)]
    pub closing: Vec<OpenWindow>,
    /// How far time has come in each shard; the first thousand.
    #[serde(default)]
    pub shards: Vec<ShardTime>,
    /// How long ago the first record that was not consumed yet arrived, in milliseconds.
    pub millis_behind: i64,
    /// What a person should know who looks at it.
    #[serde(default)]
    pub notes: Vec<String>,
    /// The last few late rows.
    pub late: Vec<Sample>,
    /// The last few bad records.
    pub bad: Vec<Sample>,
}

/// How many open windows are told of.
pub(super) const CLOSING: usize = 8;
/// Of how many shards it is told how far time has come.
pub(super) const SHARDS: usize = 1000;
/// How many late and bad records are kept as samples.
const SAMPLES: usize = 5;
/// How many characters of a record a sample shows.
const SHOWN: usize = 120;

impl Sample {
    /// Makes a sample of a record.
    pub(super) fn new(shard: String, sequence_number: String, reason: String, data: &[u8]) -> Self {
        let text = String::from_utf8_lossy(&data[..data.len().min(4 * SHOWN)]);
        let mut shown: String = text.chars().filter(|letter| !letter.is_control()).take(SHOWN).collect();
        if shown.len() < data.len() {
            shown.push('…');
        }
        Self { shard, sequence_number, reason, data: shown }
    }

    /// Adds a sample to the last few.
    pub(super) fn push(samples: &mut Vec<Self>, sample: Self) {
        if samples.len() == SAMPLES {
            samples.remove(0);
        }
        samples.push(sample);
    }
}
