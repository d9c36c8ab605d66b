//! How many records come, and when: one file for each kind of rate, one table.
//!
//! Owns how a rate is written in the file, and at which moments its records are due. May import `document`. Never sees a
//! record, and never reads a clock.

mod arrivals;
mod burst;
mod daily;
mod moments;
mod number;
mod profile;
mod ramp;
mod steps;

use crate::document::{TableReader, Value, find_kind};

pub use arrivals::Arrivals;
pub use moments::Moments;
pub use profile::Profile;

use number::read_number;

/// A kind of rate that changes: its name in the file, and how its options are read.
struct Kind {
    name: &'static str,
    /// Reads the options; mistakes become findings of the reader.
    read: fn(&mut TableReader<'_>) -> Option<Profile>,
}

/// Every kind of rate that changes.
const KINDS: &[Kind] = &[burst::KIND, daily::KIND, ramp::KIND, steps::KIND];

/// Reads `rate`: a number with its unit, such as `"200/s"`, `"5/m"` or `"1000/h"`, or a table with a `kind`.
pub fn read(value: &Value<'_>) -> Option<Profile> {
    if !value.is_table() {
        return read_number(value).map(|rate| Profile::constant(rate.value));
    }
    let mut reader = value.table(format!("`{}`", value.key()))?;
    let profile =
        find_kind(&mut reader, "kind of rate", KINDS, |kind| kind.name).and_then(|kind| (kind.read)(&mut reader));
    reader.finish();
    profile
}

#[cfg(test)]
fn fixture(text: &str) -> Result<Profile, String> {
    use crate::document::{Diagnostic, Document, Findings};

    let findings = Findings::new();
    let document = Document::new("test.toml", text);
    let table = document.parse(&findings);
    let mut reader = TableReader::new(&table, 0..0, "the file", &findings);
    let profile = reader.take("rate").and_then(|value| read(&value));
    let found = findings.into_sorted();
    match profile {
        Some(profile) if found.is_empty() => Ok(profile),
        _ => Err(found.first().map(Diagnostic::message).expect("a finding where there is no rate").to_owned()),
    }
}
