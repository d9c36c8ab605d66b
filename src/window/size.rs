//! Reading the lengths of windows.

use std::time::Duration;

use crate::document::{Diagnostic, Spanned, TableReader};

use super::Micros;

/// The longest window: ten years keeps every sum of moments far inside 64 bits, and no state lives that long.
const MAX_SIZE: Duration = Duration::from_hours(87840);
/// The most panes of one window: what is kept of each key grows with them.
const MAX_PANES: Micros = 100_000;

/// Returns a length in microseconds: 1 millisecond to ten years, in whole milliseconds.
pub(super) fn legal(size: Duration) -> Option<Micros> {
    let whole = size.subsec_nanos().is_multiple_of(1_000_000);
    let micros = Micros::try_from(size.as_micros()).ok()?;
    (whole && micros > 0 && size <= MAX_SIZE).then_some(micros)
}

/// Takes a length that must be there.
pub(super) fn take(reader: &mut TableReader<'_>, key: &'static str) -> Option<Spanned<Micros>> {
    let size = reader.take(key)?.duration()?;
    let micros = legal(size.value);
    if micros.is_none() {
        let label = if size.value.is_zero() {
            format!("expected a {key} above 0")
        } else if size.value > MAX_SIZE {
            "expected at most ten years".to_owned()
        } else {
            "expected whole milliseconds".to_owned()
        };
        reader
            .findings()
            .add(Diagnostic::new(format!("a window cannot have this {key}"), size.span.clone()).label(label));
    }
    Some(Spanned::new(micros?, size.span))
}

/// Takes `size` and the length of its parts, of which it must be a multiple (as Flink's window functions ask); returns
/// the length of a part, and how many there are.
pub(super) fn take_parts(reader: &mut TableReader<'_>, part_key: &'static str) -> Option<(Micros, Micros)> {
    let size = take(reader, "size");
    let part = take(reader, part_key);
    let (size, part) = (size?, part?);
    let (count, rest) = (size.value / part.value, size.value % part.value);
    let label = if rest != 0 {
        format!("`size` is no multiple of `{part_key}`")
    } else if count > MAX_PANES {
        format!("expected at most {MAX_PANES} of them in `size`")
    } else {
        return Some((part.value, count));
    };
    reader.findings().add(
        Diagnostic::new(format!("a window cannot have this `{part_key}`"), part.span)
            .label(label)
            .other(size.span, "the size"),
    );
    None
}

/// Returns a length in words, such as `1m 30s`.
pub(super) fn words(length: Micros) -> String {
    humantime::format_duration(Duration::from_micros(length.unsigned_abs())).to_string()
}
