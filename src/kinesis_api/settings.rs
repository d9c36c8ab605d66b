//! What a stream is told about itself: everything that the API keeps of it but its shards and records.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::streams::local::{Commit, LocalLog};
use crate::streams::{Capacity, LogError, Millis};

/// Before the name of a stream, the key of its settings in the log's state.
const PREFIX: &str = "kinesis/";

/// How long records are kept at the least, which is how long they are kept unless the stream is told otherwise, and at the
/// most (Kinesis API reference, `IncreaseStreamRetentionPeriod`).
pub(super) const RETENTION_HOURS: std::ops::RangeInclusive<i64> = 24..=8760;
/// The largest record of a stream, key and data, in KiB, unless it is told otherwise, and the most that it can be told
/// (Kinesis API reference, `UpdateMaxRecordSize`).
pub(super) const RECORD_KIB: std::ops::RangeInclusive<i64> = 1024..=10_240;

/// The settings of one stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Settings {
    /// When the stream was made that they are of: another of that name has its own.
    created: Millis,
    /// Whether its shards are as many as the traffic asks for; as it was made where left out.
    pub(super) on_demand: Option<bool>,
    /// When it was scaled to another number of shards in the last day.
    pub(super) scaled: Vec<Millis>,
    pub(super) retention_hours: i64,
    pub(super) tags: Tags,
    /// The key that its records are said to be encrypted with.
    pub(super) key: Option<String>,
    /// The metrics that are said to be sent for each shard.
    pub(super) metrics: BTreeSet<String>,
    pub(super) record_kib: i64,
    pub(super) warm_mibps: Option<i64>,
    /// Whether records are spread evenly, whatever keys they have.
    pub(super) spread: bool,
    /// The resource policies by ARN: of the stream and of its consumers.
    pub(super) policies: BTreeMap<String, String>,
    /// By name.
    pub(super) consumers: BTreeMap<String, Consumer>,
}

/// Tags by their keys.
pub(super) type Tags = BTreeMap<String, String>;

/// A consumer that has shards pushed to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Consumer {
    pub(super) created: Millis,
    #[serde(default)]
    pub(super) tags: Tags,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            created: 0,
            on_demand: None,
            scaled: Vec::new(),
            retention_hours: *RETENTION_HOURS.start(),
            tags: Tags::new(),
            key: None,
            metrics: BTreeSet::new(),
            record_kib: *RECORD_KIB.start(),
            warm_mibps: None,
            spread: false,
            policies: BTreeMap::new(),
            consumers: BTreeMap::new(),
        }
    }
}

impl Settings {
    /// Returns the most bytes that the data and the key of a record have together.
    pub(super) fn record_bytes(&self) -> usize {
        usize::try_from(self.record_kib).unwrap_or_default() << 10
    }

    /// Returns how its records are said to be encrypted.
    pub(super) fn encryption(&self) -> &'static str {
        if self.key.is_some() { "KMS" } else { "NONE" }
    }

    fn json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("texts and numbers are JSON")
    }

    /// Returns whether the stream, which was made with that capacity, has as many shards as the traffic asks for.
    pub(super) fn is_on_demand(&self, made: Capacity) -> bool {
        self.on_demand.unwrap_or(made == Capacity::OnDemand)
    }
}

/// The settings of all streams: in the log, and at hand.
#[derive(Debug, Default)]
pub(super) struct AllSettings {
    // Held for a look, or while a change is written.
    by_stream: Mutex<BTreeMap<String, Arc<Settings>>>,
}

impl AllSettings {
    /// Returns the settings of a stream.
    pub(super) fn of(&self, log: &LocalLog, stream: &str) -> Result<Arc<Settings>, LogError> {
        let created = log.created(stream)?;
        let mut all = self.by_stream.lock().unwrap_or_else(PoisonError::into_inner);
        find(&mut all, log, stream, created)
    }

    /// Makes a stream that was told what `tell` writes down.
    pub(super) fn create(
        log: &LocalLog,
        stream: &str,
        capacity: Capacity,
        tell: impl FnOnce(&mut Settings),
    ) -> Result<(), LogError> {
        log.create_stream_with(stream, capacity, |created| {
            let mut settings = Settings { created, ..Settings::default() };
            tell(&mut settings);
            vec![(key(stream), settings.json())]
        })
    }

    /// Removes a stream and what it was told.
    pub(super) fn delete(&self, log: &LocalLog, stream: &str) -> Result<(), LogError> {
        log.delete_stream_with(stream, &[&key(stream)])?;
        self.by_stream.lock().unwrap_or_else(PoisonError::into_inner).remove(stream);
        Ok(())
    }

    /// Changes the settings of a stream, unless `change` refuses; returns what it does.
    pub(super) fn change<T, E: From<LogError>>(
        &self,
        log: &LocalLog,
        stream: &str,
        change: impl FnOnce(&mut Settings) -> Result<T, E>,
    ) -> Result<T, E> {
        let created = log.created(stream)?;
        let mut all = self.by_stream.lock().unwrap_or_else(PoisonError::into_inner);
        let old = find(&mut all, log, stream, created)?;
        let mut new = (*old).clone();
        let answer = change(&mut new)?;
        if new != *old {
            log.commit(Commit { appends: Vec::new(), state: vec![(&key(stream), new.json())] })?;
            all.insert(stream.to_owned(), Arc::new(new));
        }
        Ok(answer)
    }
}

fn key(stream: &str) -> String {
    format!("{PREFIX}{stream}")
}

fn find(
    all: &mut BTreeMap<String, Arc<Settings>>,
    log: &LocalLog,
    stream: &str,
    created: Millis,
) -> Result<Arc<Settings>, LogError> {
    if let Some(known) = all.get(stream).filter(|known| known.created == created) {
        return Ok(Arc::clone(known));
    }
    let stored = log.state(&key(stream))?;
    let read = |json: bytes::Bytes| {
        serde_json::from_slice::<Settings>(&json).map_err(|error| LogError::Format {
            path: stream.into(),
            what: format!("settings that cannot be read ({error})"),
        })
    };
    let stored = stored.map(read).transpose()?;
    let own = stored.filter(|stored| stored.created == created);
    let settings = Arc::new(own.unwrap_or_else(|| Settings { created, ..Settings::default() }));
    all.insert(stream.to_owned(), Arc::clone(&settings));
    Ok(settings)
}
