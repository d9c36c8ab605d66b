//! The numbers of requests, by which AWS's support would find them.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::{http::HeaderValue, response::Response};
use base64::{Engine, engine::general_purpose::STANDARD};
use md5::{Digest, Md5};

/// How many requests this process has answered.
static ANSWERED: AtomicU64 = AtomicU64::new(0);

/// Gives an answer a number that no other of this process has, in the form of a UUID, and what AWS sends with it.
pub(super) fn give(response: &mut Response) {
    let count = ANSWERED.fetch_add(1, Ordering::Relaxed);
    let seed = [count.to_be_bytes(), u64::from(std::process::id()).to_be_bytes()].concat();
    let digits = format!("{:032x}", u128::from_be_bytes(Md5::digest(seed).into()));
    let id = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-");
    let extended = STANDARD.encode(Md5::digest(id.as_bytes()));
    for (name, value) in [("x-amzn-requestid", id), ("x-amz-id-2", extended)] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
}
