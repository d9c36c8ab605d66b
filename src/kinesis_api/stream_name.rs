//! How a request says which stream it means: by name, by ARN, or by both.

use super::{checks::Checks, error::ApiError, text::Text};

/// The longest ARN (the API's model).
const MOST_BYTES: usize = 2048;

/// Returns the stream that a request names.
pub(super) fn stream_name<'a>(
    checks: &mut Checks<'_>,
    name: Option<&'a Text<'_>>,
    arn: Option<&'a Text<'_>>,
) -> Result<&'a str, ApiError> {
    let by_arn = arn.map(|arn| from_arn(checks, "streamARN", arn));
    let name = name.map(|name| &**name);
    match (name, by_arn) {
        (Some(name), Some(by_arn)) if name != by_arn => {
            Err(ApiError::argument("StreamARN and StreamName are of different streams."))
        }
        (Some(name), _) | (None, Some(name)) => {
            checks.name("streamName", name);
            Ok(name)
        }
        (None, None) => Ok(checks.required("streamName", None)),
    }
}

/// Returns the stream that a request names which must say its ARN.
pub(super) fn stream_arn<'a>(checks: &mut Checks<'_>, arn: Option<&'a Text<'_>>) -> Result<&'a str, ApiError> {
    if arn.is_none() {
        checks.required::<()>("streamARN", None);
        // What is missing is complained of once.
        return Ok("unknown");
    }
    stream_name(checks, None, arn)
}

/// Returns what an ARN says behind `stream/`; `at` is the member of the request that it stands in.
pub(super) fn from_arn<'a>(checks: &mut Checks<'_>, at: &str, arn: &'a str) -> &'a str {
    arn_resource(checks, arn).unwrap_or_else(|| {
        let pattern = "satisfy regular expression pattern: arn:aws.*:kinesis:.*:\\d{12}:stream/\\S+";
        checks.broken(&format!("'{arn}'"), at, pattern);
        // Only the ARN is at fault, so what it stands for is not complained of as well.
        "unknown"
    })
}

/// Returns what an ARN says behind `stream/`; nothing where it is none of a stream's.
pub(super) fn arn_resource<'a>(checks: &mut Checks<'_>, arn: &'a str) -> Option<&'a str> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let is_account = |account: &str| account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    match parts[..] {
        ["arn", partition, "kinesis", region, account, resource]
            if partition.starts_with("aws") && is_account(account) && arn.len() <= MOST_BYTES =>
        {
            checks.place(arn, region, account);
            resource.strip_prefix("stream/")
        }
        _ => None,
    }
}
