//! What a stream is told about itself: everything that the API keeps of it but its shards and records.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::lately::Lately;
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
    /// When it was scaled to another number of shards, given another mode, or its encryption was begun or ended.
    pub(super) scaled: Lately,
    pub(super) moded: Lately,
    pub(super) keyed: Lately,
    pub(super) unkeyed: Lately,
    pub(super) retention_hours: i64,
    pub(super) tags: Tags,
    /// The key that its records are said to be encrypted with.
    pub(super) key: Option<String>,
    /// When records began to be encrypted and when no longer, by turns.
    encrypted: Vec<(Millis, bool)>,
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
            scaled: Lately::default(),
            moded: Lately::default(),
            keyed: Lately::default(),
            unkeyed: Lately::default(),
            encrypted: Vec::new(),
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

    /// Returns how records are said to be encrypted that are put now.
    pub(super) fn encryption(&self) -> &'static str {
        encryption(self.key.is_some())
    }

    /// Returns how a record is said to be encrypted that arrived then.
    pub(super) fn encryption_of(&self, arrival: Millis) -> &'static str {
        let behind = self.encrypted.partition_point(|(since, _)| *since <= arrival);
        // Before the first change it was otherwise.
        let first = || self.encrypted.first().map_or(self.key.is_some(), |(_, is)| !is);
        encryption(behind.checked_sub(1).map_or_else(first, |at| self.encrypted[at].1))
    }

    /// Encrypts what is put from now on, or no longer.
    /// `keeps_from` is when the oldest record can have arrived.
    pub(super) fn encrypt(&mut self, key: Option<&str>, now: Millis, keeps_from: Millis) {
        let was = self.key.is_some();
        self.key = key.map(str::to_owned);
        // What was so when the oldest record was put is still to be known.
        let old = self.encrypted.partition_point(|(since, _)| *since <= keeps_from).saturating_sub(1);
        self.encrypted.drain(..old);
        let since = self.encrypted.last().map_or(now, |(last, _)| now.max(*last));
        if was != key.is_some() {
            self.encrypted.push((since, key.is_some()));
        }
    }

    fn json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("texts and numbers are JSON")
    }

    /// Returns whether the stream, which was made with that capacity, has as many shards as the traffic asks for.
    pub(super) fn is_on_demand(&self, made: Capacity) -> bool {
        self.on_demand.unwrap_or(made == Capacity::OnDemand)
    }
}

fn encryption(encrypted: bool) -> &'static str {
    if encrypted { "KMS" } else { "NONE" }
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
        let mut all = self.by_stream.lock().unwrap_or_else(PoisonError::into_inner);
        let created = log.created(stream)?;
        find(&mut all, log, stream, created)
    }

    /// Makes a stream that was told what `tell` writes down.
    pub(super) fn create(
        &self,
        log: &LocalLog,
        stream: &str,
        capacity: Capacity,
        tell: impl FnOnce(&mut Settings),
    ) -> Result<(), LogError> {
        // Nobody writes those of an earlier one of its name meanwhile.
        let _all = self.by_stream.lock().unwrap_or_else(PoisonError::into_inner);
        log.create_stream_with(stream, capacity, |created| {
            let mut settings = Settings { created, ..Settings::default() };
            tell(&mut settings);
            vec![(key(stream), settings.json())]
        })
    }

    /// Removes a stream and what it was told.
    pub(super) fn delete(&self, log: &LocalLog, stream: &str) -> Result<(), LogError> {
        let mut all = self.by_stream.lock().unwrap_or_else(PoisonError::into_inner);
        log.delete_stream_with(stream, &[&key(stream)])?;
        all.remove(stream);
        Ok(())
    }

    /// Changes the settings of a stream, unless `change` refuses; returns what it does.
    pub(super) fn change<T, E: From<LogError>>(
        &self,
        log: &LocalLog,
        stream: &str,
        change: impl FnOnce(&mut Settings) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut all = self.by_stream.lock().unwrap_or_else(PoisonError::into_inner);
        let created = log.created(stream)?;
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

#[cfg(test)]
mod tests {
    use super::super::known::HOUR;
    use super::*;

    #[test]
    fn a_record_is_encrypted_as_it_was_when_it_was_put() {
        let mut settings = Settings::default();
        assert_eq!(settings.encryption_of(5), "NONE");
        let begin = 1_000 * HOUR;
        settings.encrypt(Some("k"), begin, 0);
        // Another key changes nothing that is told of a record.
        settings.encrypt(Some("l"), begin + 5, 0);
        settings.encrypt(None, begin + 10, 0);
        let told = [begin - 1, begin, begin + 9, begin + 10].map(|at| settings.encryption_of(at));
        assert_eq!(told, ["NONE", "KMS", "KMS", "NONE"]);
        // A clock that goes back does not change what was.
        settings.encrypt(Some("k"), begin - 20, 0);
        assert_eq!([begin + 9, begin + 10].map(|at| settings.encryption_of(at)), ["KMS", "KMS"]);
        // What concerns no record any more is forgotten, but for how it was last.
        for hour in 0..1_000 {
            let now = begin + hour * HOUR + 1;
            settings.encrypt((hour % 2 == 1).then_some("k"), now, now - 24 * HOUR);
        }
        assert!(settings.encrypted.len() <= 26, "{}", settings.encrypted.len());
        let last = begin + 999 * HOUR + 1;
        assert_eq!([last - 1, last].map(|at| settings.encryption_of(at)), ["NONE", "KMS"]);
    }
}
