//! The lines of a recording.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, SecondsFormat};
use serde::{Deserialize, Serialize};

use super::Recorded;

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Head {
    pub(super) recording: u32,
    pub(super) stream: String,
}

/// A record. Bytes that are text stand there as such, for people and their tools to read.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Line {
    arrival: String,
    key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
}

impl Line {
    pub(super) fn of(record: &Recorded) -> Self {
        let moment = DateTime::from_timestamp_millis(record.arrival).unwrap_or_default();
        let (text, base64) = match std::str::from_utf8(&record.data) {
            Ok(text) => (Some(text.to_owned()), None),
            Err(_) => (None, Some(BASE64_STANDARD.encode(&record.data))),
        };
        let arrival = moment.to_rfc3339_opts(SecondsFormat::Millis, true);
        Self { arrival, key: record.partition_key.clone(), text, base64 }
    }

    /// Returns the record, or why there is none.
    pub(super) fn record(self) -> Result<Recorded, String> {
        let arrival = DateTime::parse_from_rfc3339(&self.arrival)
            .map_err(|_| format!("`{}` is not a time such as 2026-01-01T00:00:00.250Z", self.arrival))?
            .timestamp_millis();
        let data = match (self.text, self.base64) {
            (Some(text), _) => text.into_bytes(),
            (None, Some(base64)) => BASE64_STANDARD.decode(base64).map_err(|error| error.to_string())?,
            (None, None) => return Err("it has neither `text` nor `base64`".to_owned()),
        };
        Ok(Recorded { arrival, partition_key: self.key, data })
    }
}
