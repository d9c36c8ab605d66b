//! The two spellings of a body: JSON 1.1, and the CBOR 1.1 that AWS's SDKs for Java speak to Kinesis.
//!
//! The members are the same. In CBOR, bytes are bytes instead of base64, and a time is a whole number of milliseconds
//! instead of seconds with a fraction.

use minicbor::data::Token;
use minicbor::decode::Tokenizer;
use serde::{Deserialize, Serialize};

use super::error::{ApiError, Kind};

/// How a body is spelt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wire {
    Json,
    Cbor,
}

/// Every spelling that is understood.
pub(super) const ALL: [Wire; 2] = [Wire::Json, Wire::Cbor];

impl Wire {
    /// Returns the content type of requests and answers.
    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/x-amz-json-1.1",
            Self::Cbor => "application/x-amz-cbor-1.1",
        }
    }

    /// Writes the body of an answer.
    pub(super) fn write(self, answer: &impl Serialize) -> Result<Vec<u8>, ApiError> {
        let failed = |error: String| ApiError::new(Kind::Internal, error);
        match self {
            Self::Json => serde_json::to_vec(answer).map_err(|error| failed(error.to_string())),
            Self::Cbor => minicbor_serde::to_vec(answer).map_err(|error| failed(error.to_string())),
        }
    }
}

/// How deep a request in CBOR may be nested: who reads it goes down with it. That of JSON is the parser's own, 128.
const DEPTH: usize = 128;

/// Returns whether CBOR is nested deeper than that. What is none, its parser complains of.
fn is_deep(bytes: &[u8]) -> bool {
    // How many items each open list still has; of a map twice as many. Nothing where only a mark ends it.
    let mut open: Vec<Option<u64>> = Vec::new();
    for token in Tokenizer::new(bytes) {
        let Ok(token) = token else { return false };
        let begun = match token {
            Token::Array(count) => Some(Some(count)),
            Token::Map(count) => Some(Some(count.saturating_mul(2))),
            Token::BeginArray | Token::BeginMap | Token::BeginBytes | Token::BeginString => Some(None),
            Token::Tag(_) => continue,
            Token::Break => {
                open.pop();
                None
            }
            _ => None,
        };
        match begun {
            Some(items) => open.push(items),
            None => count_item(&mut open),
        }
        // A list without items ends at once.
        while open.last() == Some(&Some(0)) {
            open.pop();
            count_item(&mut open);
        }
        if open.len() > DEPTH {
            return true;
        }
    }
    false
}

fn count_item(open: &mut [Option<u64>]) {
    if let Some(Some(left)) = open.last_mut() {
        *left = left.saturating_sub(1);
    }
}

/// What a client sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Body<'a> {
    pub(super) wire: Wire,
    pub(super) bytes: &'a [u8],
}

impl<'a> Body<'a> {
    /// Reads it.
    pub(super) fn parse<T: Deserialize<'a>>(self) -> Result<T, ApiError> {
        let failed = |error: String| ApiError::new(Kind::Serialization, error);
        match self.wire {
            Wire::Json => serde_json::from_slice(self.bytes).map_err(|error| failed(error.to_string())),
            Wire::Cbor if is_deep(self.bytes) => Err(failed(format!("the request is nested deeper than {DEPTH}"))),
            Wire::Cbor => {
                let mut reader = minicbor_serde::Deserializer::new(self.bytes);
                let value = T::deserialize(&mut reader).map_err(|error| failed(error.to_string()))?;
                if reader.decoder().position() != self.bytes.len() {
                    return Err(failed("something follows the request".to_owned()));
                }
                Ok(value)
            }
        }
    }

    /// Expects it to have members by their names: a list of them would be taken for such as well.
    pub(super) fn expect_object(self) -> Result<(), ApiError> {
        let is_object = match self.wire {
            Wire::Json => self.bytes.trim_ascii_start().starts_with(b"{"),
            // Major type 5 (RFC 8949, 3.1).
            Wire::Cbor => self.bytes.first().is_some_and(|first| first >> 5 == 5),
        };
        if is_object { Ok(()) } else { Err(ApiError::new(Kind::Serialization, "The request must be an object.")) }
    }

    /// Writes the answer to it, in the same spelling.
    pub(super) fn answer(self, answer: &impl Serialize) -> Result<Vec<u8>, ApiError> {
        self.wire.write(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cbor_is_not_followed_into_any_depth() {
        let nested = |depth: usize| [vec![0x81; depth], vec![0x00]].concat();
        assert!(!is_deep(&nested(DEPTH)));
        assert!(is_deep(&nested(DEPTH + 1)));
        assert!(is_deep(&vec![0x9f; 100_000]));
        assert!(is_deep(&[&[0xa1, 0x61, b'x'][..], &vec![0x81; 2_000], &[0x00]].concat()));
        // Side by side is not one in another.
        let flat = [vec![0x99, 0x03, 0xe8], [0x81, 0x00].repeat(1_000)].concat();
        assert!(!is_deep(&flat));
        assert!(!is_deep(&[0x80; 300]));
        let deep = nested(100_000);
        let call = Body { wire: Wire::Cbor, bytes: &deep };
        assert_eq!(call.parse::<serde_json::Value>().unwrap_err().kind, Kind::Serialization);
    }
}
