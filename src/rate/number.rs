//! Reading a number of records per time, and the times for which it holds.

use std::time::Duration;

use crate::document::{Diagnostic, Spanned, TableReader, Value};

/// The highest rate that can be asked for, in records per second: beyond it a record has no time of its own.
const MAX_RATE: f64 = 1e9;
/// The lowest rate above 0, in records per second: one record in 30 years.
const MIN_RATE: f64 = 1e-9;
/// The shortest and the longest part of a profile: nothing shorter is seen in batches, and no generator runs longer.
const PARTS: std::ops::RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_hours(87840);

/// Reads a rate above 0 with its unit: `"200/s"`, `"5/m"`, `"1000/h"`.
pub(super) fn read_number(value: &Value<'_>) -> Option<Spanned<f64>> {
    read(value, true)
}

/// Reads a rate that may be 0.
pub(super) fn read_number_or_zero(value: &Value<'_>) -> Option<Spanned<f64>> {
    read(value, false)
}

fn read(value: &Value<'_>, above: bool) -> Option<Spanned<f64>> {
    if !value.is_text() {
        value.mismatch("text", "records and a unit of time, in quotes, such as \"200/s\"");
        return None;
    }
    let text = value.text()?;
    let rate = text.value.split_once('/').and_then(|(count, unit)| {
        let count: f64 = count.trim().replace('_', "").parse().ok()?;
        let seconds = match unit.trim() {
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        Some(count / seconds)
    });
    let legal = |rate: &f64| (MIN_RATE..=MAX_RATE).contains(rate) || !above && *rate == 0.0;
    if let Some(rate) = rate.filter(legal) {
        return Some(Spanned::new(rate, text.span));
    }
    let least = if above { "a number above 0" } else { "0 or more" };
    value.findings().add(
        Diagnostic::new(format!("`{}` is not a rate", text.value), text.span)
            .label("expected records per `s`, `m` or `h`")
            .help(format!("write {least} and its unit, such as \"200/s\" or \"5/m\"")),
    );
    None
}

/// Takes a length of time of a profile, in seconds.
pub(super) fn take_seconds(reader: &mut TableReader<'_>, key: &'static str) -> Option<Spanned<f64>> {
    let length = reader.take(key)?.duration()?;
    if PARTS.contains(&length.value) {
        return Some(length.map(|length| length.as_secs_f64()));
    }
    reader.findings().add(
        Diagnostic::new(format!("`{key}` is out of range"), length.span).label("expected 1 millisecond to ten years"),
    );
    None
}
