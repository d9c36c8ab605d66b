//! One record of a request that puts some.

use serde::Deserialize;

use super::{
    checks::Checks,
    error::ApiError,
    text::{Blob, Text},
};
use crate::streams::Appends;

const KEY_CHARACTERS: usize = 256;
const HASH_KEY_DIGITS: usize = 39;

/// A record to put.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Entry<'a> {
    #[serde(borrow)]
    data: Option<Blob<'a>>,
    partition_key: Option<Text<'a>>,
    explicit_hash_key: Option<Text<'a>>,
}

impl Entry<'_> {
    /// Returns the bytes of the key.
    pub(super) fn key_bytes(&self) -> usize {
        self.partition_key.as_ref().map_or(0, |key| key.len())
    }

    /// Adds the record to those to append, and notes the constraints that it breaks; `at` comes before the names of its
    /// members. Its data and key have `most` bytes at the most.
    pub(super) fn push(
        &self,
        checks: &mut Checks,
        at: &str,
        most: usize,
        appends: &mut Appends,
        buffer: &mut Vec<u8>,
    ) -> Result<(), ApiError> {
        let name = |member: &str| format!("{at}{member}");
        let Some(key) = &self.partition_key else {
            checks.required::<()>(&name("partitionKey"), None);
            return Ok(());
        };
        if key.is_empty() || key.len() > KEY_CHARACTERS {
            checks.length(&name("partitionKey"), key, 1, KEY_CHARACTERS);
        }
        let Some(data) = &self.data else {
            checks.required::<()>(&name("data"), None);
            return Ok(());
        };
        data.read(buffer)?;
        if buffer.len() + key.len() > most {
            checks.broken("", &name("data"), &format!("have length less than or equal to {most}"));
        }
        let hash_key = match &self.explicit_hash_key {
            None => None,
            Some(digits) => {
                checks.digits(&name("explicitHashKey"), digits, HASH_KEY_DIGITS);
                let number = digits.parse();
                Some(number.or_else(|_| if digits.len() < HASH_KEY_DIGITS { Ok(0) } else { Err(beyond(digits)) })?)
            }
        };
        appends.push_hashed(key, hash_key, buffer);
        Ok(())
    }
}

fn beyond(digits: &str) -> ApiError {
    ApiError::argument(format!(
        "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was {digits}"
    ))
}
