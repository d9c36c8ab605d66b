//! Places in a text, as the parser tells them and as mistakes have them.

use std::ops::Range;

use sqlparser::tokenizer::{Location, Span};

use super::super::SqlError;
use super::MAX_DEPTH;

/// Turns the parser's message, which ends in a place, into a mistake at that place.
pub(super) fn syntax(text: &str, message: &str) -> SqlError {
    let message = message.trim_start_matches("sql parser error: ");
    let (what, place) = match message.rsplit_once(" at Line: ") {
        Some((what, place)) => (what, Some(place)),
        None => (message, None),
    };
    let span = place.and_then(|place| {
        let (line, column) = place.split_once(", Column: ")?;
        let start = offset(text, Location { line: line.parse().ok()?, column: column.trim().parse().ok()? });
        Some(start..(start + 1).min(text.len()))
    });
    let at_end = Some(text.trim_end().len()..text.len());
    if what.starts_with("Unterminated string") {
        let span = span.map(|span| span.start..text.len());
        return SqlError::new("a text in single quotes does not end").at(span).label("expected `'` behind it");
    }
    if what == "recursion limit exceeded" {
        return SqlError::new("the expression nests too deeply").help(format!("at most {MAX_DEPTH} levels"));
    }
    let (expected, found) = match what.strip_prefix("Expected: ").and_then(|rest| rest.split_once(", found: ")) {
        Some(("an expression", found)) => ("an expression".to_owned(), found),
        Some((expected, found)) => (format!("`{expected}`"), found),
        None => return SqlError::new(format!("the expression cannot be read: {}", lower_first(what))).at(span),
    };
    if found == "EOF" {
        return SqlError::new(format!("the expression ends where {expected} should follow")).at(at_end);
    }
    SqlError::new(format!("`{found}` stands where {expected} should stand")).at(span)
}

/// Returns the bytes that the parser calls a span.
pub(super) fn range(text: &str, span: Span) -> Option<Range<usize>> {
    if span.start.line == 0 {
        return None;
    }
    let (start, end) = (offset(text, span.start), offset(text, span.end));
    Some(start..end.max(start))
}

fn offset(text: &str, place: Location) -> usize {
    let line = usize::try_from(place.line).unwrap_or(1).max(1);
    let column = usize::try_from(place.column).unwrap_or(1).max(1);
    let start: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
    let rest = &text[start..];
    start + rest.char_indices().nth(column - 1).map_or(rest.len(), |(at, _)| at)
}

fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}
