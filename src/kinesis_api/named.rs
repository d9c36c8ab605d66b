//! The members of a request that say which stream it means.

use serde::Deserialize;

use super::{checks::Checks, error::ApiError, stream_name::stream_name, text::Text};

/// A stream by its name, its ARN, or both.
#[derive(Deserialize)]
pub(super) struct Named<'a> {
    #[serde(borrow, rename = "StreamName")]
    name: Option<Text<'a>>,
    #[serde(rename = "StreamARN")]
    arn: Option<Text<'a>>,
}

impl Named<'_> {
    /// Returns the stream's name.
    pub(super) fn stream(&self, checks: &mut Checks) -> Result<&str, ApiError> {
        stream_name(checks, self.name.as_ref(), self.arn.as_ref())
    }

    /// Returns the stream's name, where a request must say its ARN.
    pub(super) fn by_arn(&self, checks: &mut Checks) -> Result<&str, ApiError> {
        if self.arn.is_none() {
            checks.required::<()>("streamARN", None);
            return Ok("unknown");
        }
        stream_name(checks, None, self.arn.as_ref())
    }
}
