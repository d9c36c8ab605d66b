//! Refusals, with the names that AWS gives them.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use super::{ACCOUNT, request_id, wire::Wire};
use crate::streams::LogError;

/// The kinds of refusal that clients tell apart, named as on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    AccessDenied,
    DryRun,
    ExpiredIterator,
    ExpiredNextToken,
    Internal,
    InvalidArgument,
    LimitExceeded,
    ProvisionedThroughputExceeded,
    ResourceInUse,
    ResourceNotFound,
    Serialization,
    Timeout,
    TooLarge,
    UnknownOperation,
    Validation,
}

impl Kind {
    /// Returns the name and the status on the wire.
    fn wire(self) -> (&'static str, StatusCode) {
        match self {
            Self::AccessDenied => ("AccessDeniedException", StatusCode::FORBIDDEN),
            Self::DryRun => ("DryRunOperationException", StatusCode::BAD_REQUEST),
            Self::ExpiredIterator => ("ExpiredIteratorException", StatusCode::BAD_REQUEST),
            Self::ExpiredNextToken => ("ExpiredNextTokenException", StatusCode::BAD_REQUEST),
            Self::Internal => ("InternalFailure", StatusCode::INTERNAL_SERVER_ERROR),
            Self::InvalidArgument => ("InvalidArgumentException", StatusCode::BAD_REQUEST),
            Self::LimitExceeded => ("LimitExceededException", StatusCode::BAD_REQUEST),
            Self::ProvisionedThroughputExceeded => ("ProvisionedThroughputExceededException", StatusCode::BAD_REQUEST),
            Self::ResourceInUse => ("ResourceInUseException", StatusCode::BAD_REQUEST),
            Self::ResourceNotFound => ("ResourceNotFoundException", StatusCode::BAD_REQUEST),
            Self::Serialization => ("SerializationException", StatusCode::BAD_REQUEST),
            Self::Timeout => ("RequestTimeoutException", StatusCode::REQUEST_TIMEOUT),
            Self::TooLarge => ("RequestEntityTooLargeException", StatusCode::PAYLOAD_TOO_LARGE),
            Self::UnknownOperation => ("UnknownOperationException", StatusCode::BAD_REQUEST),
            Self::Validation => ("ValidationException", StatusCode::BAD_REQUEST),
        }
    }
}

/// A refused request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind:?}: {message}")]
pub(super) struct ApiError {
    pub(super) kind: Kind,
    pub(super) message: String,
}

impl ApiError {
    pub(super) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// Refuses an argument that is well formed and still cannot be.
    pub(super) fn argument(message: impl Into<String>) -> Self {
        Self::new(Kind::InvalidArgument, message)
    }

    /// Answers a request that only asks whether it would succeed: it would.
    pub(super) fn dry_run() -> Self {
        Self::new(Kind::DryRun, "Request would have succeeded, but DryRun flag is set.")
    }

    /// Returns the name of its kind.
    pub(super) fn name(&self) -> &'static str {
        self.kind.wire().0
    }

    /// Returns the name of its kind inside a stream of events, which knows fewer of them.
    pub(super) fn event_name(&self) -> &'static str {
        match self.kind {
            Kind::ResourceInUse | Kind::ResourceNotFound => self.name(),
            _ => "InternalFailureException",
        }
    }

    pub(super) fn no_shard(shard: &str, stream: &str) -> Self {
        let message = format!("Shard {shard} in stream {stream} under account {ACCOUNT} does not exist");
        Self::new(Kind::ResourceNotFound, message)
    }
}

impl From<LogError> for ApiError {
    fn from(error: LogError) -> Self {
        match error {
            LogError::UnknownStream { stream } => {
                Self::new(Kind::ResourceNotFound, format!("Stream {stream} under account {ACCOUNT} not found."))
            }
            LogError::StreamExists { stream } => {
                Self::new(Kind::ResourceInUse, format!("Stream {stream} under account {ACCOUNT} already exists."))
            }
            LogError::UnknownShard { shard } => {
                Self::new(Kind::ResourceNotFound, format!("Could not find shard {shard} under account {ACCOUNT}."))
            }
            LogError::InvalidSequence { .. } | LogError::InvalidCursor => Self::argument(error.to_string()),
            LogError::Storage { ref source, .. } => Self::new(Kind::Internal, format!("{error}: {source}")),
            LogError::Locked { .. } | LogError::Format { .. } | LogError::Endpoint { .. } => {
                Self::new(Kind::Internal, error.to_string())
            }
        }
    }
}

/// A refusal as its body says it.
#[derive(Serialize)]
struct Refusal<'a> {
    #[serde(rename = "__type")]
    kind: &'static str,
    message: &'a str,
}

impl ApiError {
    /// Returns the body of the answer.
    pub(super) fn body(&self, wire: Wire) -> Vec<u8> {
        // Two texts can be written in any spelling.
        wire.write(&Refusal { kind: self.name(), message: &self.message }).unwrap_or_default()
    }

    /// Returns the answer, in the spelling of the request.
    pub(super) fn into_response(self, wire: Wire) -> Response {
        let (name, status) = self.kind.wire();
        let body = self.body(wire);
        let mut response = (status, [(header::CONTENT_TYPE, wire.content_type())], body).into_response();
        response.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static(name));
        request_id::give(&mut response);
        response
    }
}
