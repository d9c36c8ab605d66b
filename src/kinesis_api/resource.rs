//! What a resource ARN means: a stream, or a consumer of one.

use super::{
    Api,
    checks::Checks,
    error::{ApiError, Kind},
    settings::{Consumer, Settings},
    stream_name::{arn_resource, from_arn},
    text::Text,
};
use crate::streams::Millis;

/// The pattern of consumers' ARNs, as the API's model has it.
const PATTERN: &str = "^(arn):aws.*:kinesis:.*:\\d{12}:.*stream\\/[a-zA-Z0-9_.-]+\\/consumer\\/[a-zA-Z0-9_.-]+:[0-9]+";

/// A stream, or a consumer of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resource<'a> {
    Stream(&'a str),
    Consumer(ConsumerName<'a>),
}

/// A consumer by its ARN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ConsumerName<'a> {
    pub(super) stream: &'a str,
    pub(super) name: &'a str,
    /// When it was registered, in seconds since 1970.
    registered: i64,
}

impl<'a> Resource<'a> {
    /// Reads the member `resourceARN` of a request.
    pub(super) fn read(checks: &mut Checks<'_>, arn: Option<&'a Text<'_>>) -> Self {
        let Some(arn) = arn else {
            checks.required::<()>("resourceARN", None);
            return Self::Stream("unknown");
        };
        let name = from_arn(checks, "resourceARN", arn);
        if name.contains('/') {
            return Self::Consumer(ConsumerName::read(checks, "resourceARN", arn));
        }
        checks.name("resourceARN", name);
        Self::Stream(name)
    }

    /// Returns the stream that it belongs to.
    pub(super) fn stream(self) -> &'a str {
        match self {
            Self::Stream(stream) | Self::Consumer(ConsumerName { stream, .. }) => stream,
        }
    }
}

impl<'a> ConsumerName<'a> {
    /// Reads a consumer's ARN.
    pub(super) fn read(checks: &mut Checks<'_>, at: &str, arn: &'a str) -> Self {
        let consumer = arn_resource(checks, arn).and_then(|rest| {
            let (stream, rest) = rest.split_once("/consumer/")?;
            let (name, registered) = rest.split_once(':')?;
            let is_number = registered.bytes().all(|byte| byte.is_ascii_digit());
            let good = is_number && [stream, name].iter().all(|name| Checks::is_name(name));
            Some(Self { stream, name, registered: registered.parse().ok().filter(|_| good)? })
        });
        consumer.unwrap_or_else(|| {
            checks.broken(&format!("'{arn}'"), at, &format!("satisfy regular expression pattern: {PATTERN}"));
            Self { stream: "unknown", name: "unknown", registered: 0 }
        })
    }

    /// Finds it, and not an earlier or later one of that name, in what its stream was told.
    pub(super) fn find<'s>(self, api: &Api, settings: &'s Settings) -> Result<&'s Consumer, ApiError> {
        let Self { stream, name, registered } = self;
        let found = settings.consumers.get(name).filter(|consumer| consumer.created / 1000 == registered);
        found.ok_or_else(|| no_consumer(api, stream, name))
    }
}

/// Says that a stream has no consumer of that name.
pub(super) fn no_consumer(api: &Api, stream: &str, name: &str) -> ApiError {
    ApiError::new(Kind::ResourceNotFound, format!("Consumer {name} of stream {} not found.", api.arn(stream)))
}

/// Returns the ARN of a consumer.
pub(super) fn consumer_arn(api: &Api, stream: &str, name: &str, created: Millis) -> String {
    format!("{}/consumer/{name}:{}", api.arn(stream), created / 1000)
}
