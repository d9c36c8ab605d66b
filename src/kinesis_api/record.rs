//! One record of a request that puts some.

use serde::Deserialize;

use super::{
    checks::{Checks, HASH_KEY_DIGITS},
    distribution::Spread,
    error::ApiError,
    text::{Blob, Text},
};
use crate::streams::Appends;

/// The longest partition key (the API's model).
const KEY_CHARACTERS: usize = 256;

/// What the records of a stream may be.
#[derive(Clone, Copy)]
pub(super) struct Manners<'a> {
    /// The most bytes that data and key have together.
    pub(super) most: usize,
    /// Where records go whose keys do not say it; they need none then.
    pub(super) spread: Option<&'a Spread>,
}

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
    /// members.
    pub(super) fn push(
        &self,
        checks: &mut Checks<'_>,
        at: &str,
        Manners { most, spread }: Manners<'_>,
        appends: &mut Appends,
        buffer: &mut Vec<u8>,
    ) -> Result<(), ApiError> {
        let name = |member: &str| format!("{at}{member}");
        let key = match &self.partition_key {
            None if spread.is_some() => "",
            None => {
                checks.required::<()>(&name("partitionKey"), None);
                ""
            }
            Some(key) => {
                if key.is_empty() || key.len() > KEY_CHARACTERS {
                    checks.length(&name("partitionKey"), key, 1, KEY_CHARACTERS);
                }
                &**key
            }
        };
        match &self.data {
            None => {
                checks.required::<()>(&name("data"), None);
                buffer.clear();
            }
            Some(data) => data.read(buffer)?,
        }
        if buffer.len() + key.len() > most {
            checks.broken("", &name("data"), &format!("have length less than or equal to {most}"));
        }
        let hash_key = match &self.explicit_hash_key {
            None => None,
            Some(digits) => {
                checks.digits(&name("explicitHashKey"), digits, HASH_KEY_DIGITS);
                let number = digits.parse();
                // What is no number at all has been complained of.
                let is_beyond = number.is_err() && digits.len() == HASH_KEY_DIGITS && checks.is_good();
                if is_beyond {
                    return Err(beyond(digits));
                }
                Some(number.unwrap_or_default())
            }
        };
        appends.push_hashed(key, spread.map_or(hash_key, |spread| Some(spread.next())), buffer);
        Ok(())
    }
}

fn beyond(digits: &str) -> ApiError {
    ApiError::argument(format!(
        "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was {digits}"
    ))
}
