//! Rows of the error stream: KDA's columns (developer guide, "error handling"), and what it takes to find the record
//! again and repair it.

use std::fmt::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use crate::streams::{Appends, Millis};

use super::json::moment_text;

/// The longest `DATA_ROW`: KDA's VARCHAR(49152), two letters for a byte.
const MAX_DATA_ROW: usize = 49_152 / 2;
/// The longest `MESSAGE`: KDA's VARCHAR(4096).
const MAX_MESSAGE: usize = 4096;

/// A record that could not be read, or a row that could not be computed.
pub(super) struct Diverted<'a> {
    /// What went wrong in a word.
    pub(super) name: &'static str,
    /// Why.
    pub(super) message: &'a str,
    /// The query that met it.
    pub(super) query: &'a str,
    /// When it arrived.
    pub(super) row_time: Millis,
    /// Its shard and sequence number; none for a row of a closed window.
    pub(super) origin: Option<(String, String)>,
    /// Its bytes.
    pub(super) data: &'a [u8],
}

#[derive(Serialize)]
#[serde(rename_all = "UPPERCASE")]
struct ErrorRow<'a> {
    error_time: String,
    error_level: &'static str,
    error_name: &'static str,
    message: &'a str,
    data_rowtime: String,
    data_row: String,
    pump_name: &'a str,
    #[serde(rename = "SHARD_ID")]
    shard_id: Option<&'a str>,
    sequence_number: Option<&'a str>,
    /// The whole record in base64; `DATA_ROW` has its beginning only. None where a record of the stream has no room for it.
    raw: Option<String>,
}

/// Adds a row of the error stream, with the whole record or without.
pub(super) fn divert(diverted: &Diverted<'_>, now: Millis, whole: bool, into: &mut Appends) {
    let shown = &diverted.data[..diverted.data.len().min(MAX_DATA_ROW)];
    let mut data_row = String::with_capacity(shown.len() * 2);
    for byte in shown {
        write!(data_row, "{byte:02X}").expect("a string takes every letter");
    }
    let end = (0..=MAX_MESSAGE.min(diverted.message.len())).rev().find(|at| diverted.message.is_char_boundary(*at));
    let row = ErrorRow {
        error_time: moment_text(now.saturating_mul(1000)),
        error_level: "ERROR",
        error_name: diverted.name,
        message: &diverted.message[..end.unwrap_or(0)],
        data_rowtime: moment_text(diverted.row_time.saturating_mul(1000)),
        data_row,
        pump_name: diverted.query,
        shard_id: diverted.origin.as_ref().map(|(shard, _)| shard.as_str()),
        sequence_number: diverted.origin.as_ref().map(|(_, sequence)| sequence.as_str()),
        raw: whole.then(|| STANDARD.encode(diverted.data)),
    };
    into.push_with(diverted.query, |out| {
        serde_json::to_writer(out, &row).expect("a vector takes every byte, and the row is plain");
    });
}
