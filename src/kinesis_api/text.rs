//! Text and bytes inside a request, read without copying where JSON lets them lie as they are.

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text<'a>(Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Borrow)
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

/// Bytes of an answer: written in base64.
pub(super) struct Base64<'a>(pub(super) &'a [u8]);

impl Serialize for Base64<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&Base64Display::new(self.0, &STANDARD))
    }
}

/// Takes base64 with its padding or without.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &ALPHABET,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Decodes base64 into a buffer that is emptied first.
pub(super) fn decode(text: &str, bytes: &mut Vec<u8>) -> Result<(), ApiError> {
    bytes.clear();
    LENIENT
        .decode_vec(text, bytes)
        .map_err(|error: DecodeError| ApiError::new(Kind::Serialization, format!("a blob is not base64: {error}")))
}
