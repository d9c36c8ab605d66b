//! What the client's errors mean for the seam.

use aws_sdk_kinesis::error::{ProvideErrorMetadata, SdkError};

use super::KinesisLog;
use crate::streams::LogError;

/// The codes behind which the same request may succeed later.
const PASSING: &[&str] = &[
    "ProvisionedThroughputExceededException",
    "LimitExceededException",
    "ThrottlingException",
    "KMSThrottlingException",
    "InternalFailure",
    "InternalFailureException",
    "ServiceUnavailable",
];

impl KinesisLog {
    /// Turns the client's error into that of the operation which nothing more is known of.
    pub(super) fn failure<E, R>(&self, operation: &'static str, error: &SdkError<E, R>) -> LogError
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        R: std::fmt::Debug,
    {
        let (code, message) = match error.as_service_error() {
            Some(error) => (error.code(), error.message().map(str::to_owned)),
            None => (None, None),
        };
        let retryable = match error {
            SdkError::DispatchFailure(_) | SdkError::TimeoutError(_) | SdkError::ResponseError(_) => true,
            _ => code.is_some_and(|code| PASSING.contains(&code)),
        };
        let message = match (code, message) {
            (Some(code), Some(message)) => format!("{code}: {message}"),
            (Some(code), None) => code.to_owned(),
            _ => told(error),
        };
        let answered = !matches!(
            error,
            SdkError::DispatchFailure(_)
                | SdkError::TimeoutError(_)
                | SdkError::ConstructionFailure(_)
                | SdkError::ResponseError(_)
        );
        LogError::Endpoint { operation, endpoint: self.endpoint.clone(), message, retryable, answered }
    }
}

/// Returns whether the endpoint refused with that code.
pub(super) fn refused<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>, code: &str) -> bool {
    error.as_service_error().and_then(ProvideErrorMetadata::code) == Some(code)
}

/// Returns what an error says, and what lies behind it, without the exchange that it carries. What was said already is not
/// said again.
pub fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let inner_text = inner.to_string();
        // Of an endpoint that is no address the client says to which request it belongs, with all that it holds.
        let inner_text = inner_text.split(" to request `").next().unwrap_or_default();
        if !text.ends_with(inner_text) {
            text = format!("{text}: {inner_text}");
        }
        source = inner.source();
    }
    text
}
