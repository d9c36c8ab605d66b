//! `StartStreamEncryption` and `StopStreamEncryption`: nothing is encrypted on this machine, but streams say so.

use serde::Deserialize;

use super::{Api, Operation, Run, error::ApiError, stream_name::stream_name, text::Text, wire::Body};
use crate::streams::now;

pub(super) const START: Operation =
    Operation { name: "StartStreamEncryption", run: Run::Whole(|api, body| run(api, body, true)) };
pub(super) const STOP: Operation =
    Operation { name: "StopStreamEncryption", run: Run::Whole(|api, body| run(api, body, false)) };

/// How often encryption can be begun, and how often ended, within 24 hours (Kinesis API reference, `StartStreamEncryption` and
/// `StopStreamEncryption`).
const MOST_CHANGES: usize = 25;
/// The longest id of a key (the API's model).
const KEY_CHARACTERS: usize = 2048;

#[derive(Deserialize)]
struct Input<'a> {
    #[serde(borrow, rename = "StreamName")]
    stream_name: Option<Text<'a>>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<Text<'a>>,
    #[serde(rename = "EncryptionType")]
    kind: Option<Text<'a>>,
    #[serde(rename = "KeyId")]
    key: Option<Text<'a>>,
}

fn run(api: &Api, body: Body<'_>, start: bool) -> Result<Vec<u8>, ApiError> {
    let input: Input<'_> = body.parse()?;
    let mut checks = api.checks();
    let name = stream_name(&mut checks, input.stream_name.as_ref(), input.stream_arn.as_ref())?;
    let kind = checks.required("encryptionType", input.kind.as_deref());
    if input.kind.is_some() {
        checks.one_of("encryptionType", kind, &["NONE", "KMS"]);
    }
    let key = checks.required("keyId", input.key.as_deref());
    if input.key.is_some() {
        checks.length("keyId", key, 1, KEY_CHARACTERS);
    }
    checks.finish()?;
    if kind != "KMS" {
        return Err(ApiError::argument(format!("Encryption type {kind} is not valid here: the only one is KMS.")));
    }
    api.update(name, |stream, settings| {
        let (lately, done) =
            if start { (&mut settings.keyed, "encrypted") } else { (&mut settings.unkeyed, "decrypted") };
        lately.again(api, name, MOST_CHANGES, done)?;
        settings.encrypt(start.then_some(key), now(), stream.keeps_from());
        Ok(())
    })?;
    Ok(Vec::new())
}
