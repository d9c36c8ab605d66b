//! Opaque tokens: shard iterators, and the places where lists go on.
//!
//! A token carries all it means, so that the endpoint keeps nothing, and an iterator outlives a restart. Its sum tells
//! a damaged one from a good one; it is no secret, as whoever reaches the endpoint may read everything anyway.

use base64::{Engine, engine::general_purpose::STANDARD};
use md5::{Digest, Md5};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::error::{ApiError, Kind};
use crate::streams::{Millis, now};

/// How long a token is good, in milliseconds (Kinesis API reference, `GetShardIterator` and `ListShards`: 5 minutes).
pub(super) const LIFETIME: Millis = 300_000;
/// The bytes of its sum: enough that nothing damaged passes for good.
const SUM: usize = 8;

/// Where a shard is read on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Iterator {
    /// The stream's name.
    #[serde(rename = "n")]
    pub(super) stream: String,
    /// When the stream was made; another of the same name is not meant.
    #[serde(rename = "c")]
    pub(super) created: Millis,
    /// The shard's index.
    #[serde(rename = "s")]
    pub(super) shard: u32,
    /// The offset of the next record.
    #[serde(rename = "o")]
    pub(super) offset: u64,
    /// When the token was given out.
    #[serde(rename = "i")]
    pub(super) issued: Millis,
}

/// Where a list of shards goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Page {
    /// The stream's name.
    #[serde(rename = "p")]
    pub(super) stream: String,
    /// When the stream was made.
    #[serde(rename = "c")]
    pub(super) created: Millis,
    /// The last shard listed.
    #[serde(rename = "a")]
    pub(super) after: u32,
    /// The moment at which the shards of the list took records.
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    pub(super) at: Option<Millis>,
    /// The moment since which they did.
    #[serde(rename = "f", default, skip_serializing_if = "Option::is_none")]
    pub(super) from: Option<Millis>,
    /// Whether they still do.
    #[serde(rename = "o", default)]
    pub(super) open: bool,
}

/// Where a list of consumers goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ConsumerPage {
    /// When their stream was made.
    #[serde(rename = "c")]
    pub(super) created: Millis,
    /// The last name listed.
    #[serde(rename = "l")]
    pub(super) after: String,
}

/// Where a list of streams goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StreamPage {
    /// The last name listed.
    #[serde(rename = "b")]
    pub(super) behind: String,
}

/// A place where a list goes on, and when it was given out.
#[derive(Serialize, Deserialize)]
struct Issued<P> {
    #[serde(flatten)]
    page: P,
    #[serde(rename = "i")]
    issued: Millis,
}

/// Returns whether a token is good no longer that was given out then. One of the future is good: the clock was set back.
pub(super) fn is_over(issued: Millis, now: Millis) -> bool {
    now.saturating_sub(issued) > LIFETIME
}

/// Reads the member `nextToken` of a request.
pub(super) fn resume<P: DeserializeOwned>(text: &str) -> Result<P, ApiError> {
    let Issued { page, issued } = open(text).ok_or_else(|| ApiError::argument("NextToken is invalid."))?;
    if is_over(issued, now()) {
        return Err(ApiError::new(Kind::ExpiredNextToken, "NextToken has expired: it is good for 5 minutes."));
    }
    Ok(page)
}

/// Writes the token with which a list goes on.
pub(super) fn next(page: &impl Serialize) -> String {
    seal(&Issued { page, issued: now() })
}

/// Writes a token.
pub(super) fn seal(content: &impl Serialize) -> String {
    let mut bytes = serde_json::to_vec(content).expect("text and numbers are JSON");
    let sum = Md5::digest(&bytes);
    bytes.extend_from_slice(&sum[..SUM]);
    STANDARD.encode(bytes)
}

/// Reads a token; `None` where it is not one, or not whole.
pub(super) fn open<T: DeserializeOwned>(token: &str) -> Option<T> {
    let bytes = STANDARD.decode(token).ok()?;
    let (content, sum) = bytes.split_at_checked(bytes.len().checked_sub(SUM)?)?;
    (Md5::digest(content)[..SUM] == *sum).then(|| serde_json::from_slice(content).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_back_and_a_changed_one_is_not() {
        let iterator = Iterator { stream: "s".to_owned(), created: 1, shard: 2, offset: 3, issued: 4 };
        let token = seal(&iterator);
        assert_eq!(open(&token), Some(iterator));
        assert_eq!(open::<Page>(&token), None, "of another kind");
        for at in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(open::<Iterator>(&changed), None, "changed at {at}");
            assert_eq!(open::<Iterator>(&token[..at]), None, "cut at {at}");
        }
    }
}
