//! The two spellings of a body: JSON 1.1, and the CBOR 1.1 that AWS's SDKs for Java speak to Kinesis.
//!
//! The members are the same. In CBOR, bytes are bytes instead of base64, and a time is a whole number of milliseconds
//! instead of seconds with a fraction.

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

    /// Writes the answer to it, in the same spelling.
    pub(super) fn answer(self, answer: &impl Serialize) -> Result<Vec<u8>, ApiError> {
        self.wire.write(answer)
    }
}
