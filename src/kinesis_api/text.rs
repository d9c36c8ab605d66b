//! Text and bytes inside a request, read without copying where its spelling lets them lie as they are.

use std::{borrow::Cow, fmt, ops::Deref};

use base64::{
    DecodeError, Engine,
    alphabet::STANDARD as ALPHABET,
    display::Base64Display,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::error::{ApiError, Kind};

/// A string of a request. (A `Cow` would be copied as soon as it is optional.)
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Text<'a>(Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Not as a string at once: CBOR may have it in pieces.
        deserializer.deserialize_any(Borrow)
    }
}

struct Borrow;

impl<'de> de::Visitor<'de> for Borrow {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
    }
}

/// Bytes of an answer: base64 where they have to be text.
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl Serialize for Bytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(&Base64Display::new(self.0, &STANDARD))
        } else {
            serializer.serialize_bytes(self.0)
        }
    }
}

/// Takes base64 with its padding or without.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &ALPHABET,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Bytes of a request: base64 where they have to be text.
#[derive(Debug)]
pub(super) enum Blob<'a> {
    Base64(Cow<'a, str>),
    Bytes(Cow<'a, [u8]>),
}

impl Blob<'_> {
    /// Puts the bytes into a buffer that is emptied first.
    pub(super) fn read(&self, buffer: &mut Vec<u8>) -> Result<(), ApiError> {
        buffer.clear();
        match self {
            Self::Bytes(bytes) => buffer.extend_from_slice(bytes),
            Self::Base64(text) => LENIENT.decode_vec(&**text, buffer).map_err(|error: DecodeError| {
                ApiError::new(Kind::Serialization, format!("a blob is not base64: {error}"))
            })?,
        }
        Ok(())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Blob<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(BorrowBlob)
    }
}

struct BorrowBlob;

impl<'de> de::Visitor<'de> for BorrowBlob {
    type Value = Blob<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a blob")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Blob::Base64(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Blob::Base64(Cow::Owned(text.to_owned())))
    }

    fn visit_borrowed_bytes<E>(self, bytes: &'de [u8]) -> Result<Self::Value, E> {
        Ok(Blob::Bytes(Cow::Borrowed(bytes)))
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Self::Value, E> {
        Ok(Blob::Bytes(Cow::Owned(bytes.to_vec())))
    }
}
