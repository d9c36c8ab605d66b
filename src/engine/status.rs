//! What can be told of a running query.

use serde::{Deserialize, Serialize};

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
