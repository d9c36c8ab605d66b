//! The partition key of a generated record.

use std::fmt::Write;

use rand::RngCore;
use rand_chacha::ChaCha8Rng;

/// The key of a record whose key column is NULL or empty: a key has at least one character.
const NULL_KEY: &str = "null";
/// The most characters of a partition key (Kinesis API reference, `PutRecord`).
const MAX_CHARS: usize = 256;

/// Where partition keys come from.
#[derive(Debug)]
pub(super) enum Keys {
    /// The text of a column's value.
    Column(usize),
    /// Chance: records spread evenly over the shards.
    Spread { numbers: Box<ChaCha8Rng>, drawn: Vec<u128> },
}

impl Keys {
    /// Takes the text of a column, or draws from these numbers where there is none.
    pub(super) fn new(column: Option<usize>, numbers: impl FnOnce() -> ChaCha8Rng) -> Self {
        match column {
            Some(column) => Self::Column(column),
            None => Self::Spread { numbers: Box::new(numbers()), drawn: Vec::new() },
        }
    }

    /// Draws what the next block of so many records needs.
    pub(super) fn draw(&mut self, count: usize) {
        if let Self::Spread { numbers, drawn } = self {
            drawn.clear();
            drawn.extend((0..count).map(|_| u128::from(numbers.next_u64()) << 64 | u128::from(numbers.next_u64())));
        }
    }

    /// Returns the key of a record of the block, in `room` where it is not a part of the record.
    pub(super) fn get<'a>(&self, row: usize, value: impl Fn(usize) -> &'a [u8], room: &'a mut String) -> &'a str {
        match self {
            Self::Column(column) => text(value(*column), room),
            Self::Spread { drawn, .. } => {
                room.clear();
                write!(room, "{:032x}", drawn[row]).expect("writing to memory does not fail");
                room
            }
        }
    }
}

/// Returns a JSON value as text of a legal length.
fn text<'a>(json: &'a [u8], room: &'a mut String) -> &'a str {
    let json = std::str::from_utf8(json).expect("JSON is UTF-8");
    let text = match json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        None => json,
        Some(plain) if !plain.contains('\\') => plain,
        Some(_) => {
            *room = serde_json::from_str(json).expect("a field writes JSON");
            room
        }
    };
    if text.is_empty() {
        return NULL_KEY;
    }
    // A text of so few bytes has no more characters.
    if text.len() <= MAX_CHARS {
        return text;
    }
    let end = text.char_indices().nth(MAX_CHARS).map_or(text.len(), |(at, _)| at);
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(json: &str) -> String {
        text(json.as_bytes(), &mut String::new()).to_owned()
    }

    #[test]
    fn a_key_is_the_text_of_its_value() {
        assert_eq!(key(r#""AMZN""#), "AMZN");
        assert_eq!(key(r#""a\"\u0001\\""#), "a\"\u{1}\\");
        assert_eq!(key("-12.50"), "-12.50");
        assert_eq!(key("true"), "true");
    }

    #[test]
    fn a_key_is_of_legal_length() {
        assert_eq!(key("null"), "null");
        assert_eq!(key(r#""""#), "null");
        assert_eq!(key(&format!("\"{}\"", "ä".repeat(200))), "ä".repeat(200));
        assert_eq!(key(&format!("\"{}\"", "ä".repeat(300))), "ä".repeat(256));
    }
}
