//! What AWS said no to, and what to do about it.

use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};

use crate::streams::kinesis::told;

/// A call that AWS refused, or did not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{operation} failed: {message}")]
pub struct Refusal {
    /// The API operation.
    pub operation: &'static str,
    /// The code of the error, where AWS answered.
    pub code: Option<String>,
    /// What it said, with the code.
    pub message: String,
    kind: Kind,
}

/// What kind of no it is: what to do follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// There is nothing to sign with.
    NoCredentials,
    /// What there is to sign with is out of date.
    Expired,
    /// Nobody there knows the key.
    UnknownKey,
    /// The key is known and may not do this.
    Denied,
    /// More than the account may have.
    Quota,
    /// Somebody has the name.
    Taken,
    /// Too many calls.
    Throttled,
    /// It is in another region.
    Region,
    /// Nothing answered.
    Unreachable,
    /// What answered is something else.
    Unlike,
    Other,
}

/// The codes of each kind; the services spell them differently (AWS API references, "common errors" of each).
const KINDS: [(Kind, &[&str]); 8] = [
    (Kind::Expired, &["ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"]),
    (
        Kind::UnknownKey,
        &[
            "InvalidClientTokenId",
            "UnrecognizedClientException",
            "InvalidAccessKeyId",
            "SignatureDoesNotMatch",
            "InvalidSignatureException",
            "AuthFailure",
            "MissingAuthenticationToken",
            "IncompleteSignature",
        ],
    ),
    (
        Kind::Denied,
        &[
            "AccessDenied",
            "AccessDeniedException",
            "UnauthorizedOperation",
            "AuthorizationError",
            "InsufficientCapabilitiesException",
        ],
    ),
    (
        Kind::Quota,
        &[
            "LimitExceeded",
            "LimitExceededException",
            "ServiceQuotaExceededException",
            "TooManyBuckets",
            "QuotaExceeded",
        ],
    ),
    (
        Kind::Taken,
        &[
            "AlreadyExists",
            "AlreadyExistsException",
            "EntityAlreadyExists",
            "BucketAlreadyExists",
            "ResourceInUseException",
        ],
    ),
    (
        Kind::Throttled,
        &[
            "Throttling",
            "ThrottlingException",
            "ThrottledException",
            "RequestLimitExceeded",
            "TooManyRequestsException",
            "SlowDown",
        ],
    ),
    (Kind::Region, &["PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"]),
    (Kind::Unreachable, &["OptInRequired", "InvalidEndpoint"]),
];

/// What a message says where it comes without a code: the reason of a resource's failure in a stack.
const SPOKEN: [(Kind, &[&str]); 4] = [
    (Kind::Denied, &["is not authorized to perform", "AccessDenied", "Access Denied"]),
    (Kind::Taken, &["already exists", "AlreadyExists"]),
    (Kind::Quota, &["LimitExceeded", "limit exceeded", "Limit exceeded", "exceed the quota", "exceeded the quota"]),
    (Kind::Throttled, &["Rate exceeded", "Throttling"]),
];

impl Refusal {
    /// Makes it of what a client says.
    pub(super) fn of<E, R>(operation: &'static str, error: &SdkError<E, R>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        R: std::fmt::Debug,
    {
        let service = error.as_service_error();
        let code = service.and_then(ProvideErrorMetadata::code).map(str::to_owned);
        let message = match (&code, service.and_then(ProvideErrorMetadata::message)) {
            (Some(code), Some(message)) => format!("{code}: {message}"),
            (Some(code), None) => code.clone(),
            _ => told(error),
        };
        let kind = match (&code, error) {
            (Some(code), _) => kind_of(code).or_else(|| spoken(&message)).unwrap_or(Kind::Other),
            // The client says so in prose only, whatever it was about to do.
            (None, _) if message.contains("credentials") || message.contains("Credentials") => Kind::NoCredentials,
            (None, SdkError::DispatchFailure(_) | SdkError::TimeoutError(_)) => Kind::Unreachable,
            (None, _) => Kind::Other,
        };
        Self { operation, code, message, kind }
    }

    /// Says whom it was who did not answer, or not as AWS does: what gives no code names nobody.
    pub(super) fn at(mut self, endpoint: Option<&str>) -> Self {
        if let (None, Some(endpoint)) = (&self.code, endpoint) {
            self.message = if self.kind == Kind::Other {
                self.kind = Kind::Unlike;
                format!("{endpoint} answers, and not as AWS does")
            } else {
                format!("{endpoint}: {}", self.message)
            };
        }
        self
    }

    /// Returns whether it is of that code.
    pub(super) fn is(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }

    /// Returns whether what is needed cannot be reached at all, as it stands.
    pub fn is_unavailable(&self) -> bool {
        matches!(
            self.kind,
            Kind::NoCredentials | Kind::Expired | Kind::UnknownKey | Kind::Unreachable | Kind::Unlike | Kind::Region
        )
    }

    /// Returns whether it is a matter of permission.
    pub fn is_denied(&self) -> bool {
        self.kind == Kind::Denied
    }

    /// Returns what to do about it.
    pub fn hint(&self) -> Option<String> {
        advice(self.kind, &self.message)
    }
}

/// Returns what to do about the answer of a Kinesis, as [`LogError::Endpoint`](crate::streams::LogError) has it: its code and
/// what it said, or what went wrong on the way.
pub fn advise_of_streams(message: &str, answered: bool) -> Option<String> {
    advice(kind_of_streams(message, answered), message)
}

/// Returns whether that answer is a matter of permission.
pub fn is_denied_by_streams(message: &str, answered: bool) -> bool {
    kind_of_streams(message, answered) == Kind::Denied
}

fn kind_of_streams(message: &str, answered: bool) -> Kind {
    let code = message.split_once(':').map_or(message, |(code, _)| code);
    match kind_of(code).or_else(|| spoken(message)) {
        Some(kind) => kind,
        None if message.contains("credentials") => Kind::NoCredentials,
        None if !answered => Kind::Unreachable,
        None => Kind::Other,
    }
}

/// Returns what to do about the reason that a resource of a stack failed for.
pub fn advise(reason: &str) -> Option<String> {
    advice(spoken(reason)?, reason)
}

fn kind_of(code: &str) -> Option<Kind> {
    KINDS.iter().find(|(_, codes)| codes.contains(&code)).map(|(kind, _)| *kind)
}

fn spoken(message: &str) -> Option<Kind> {
    SPOKEN.iter().find(|(_, texts)| texts.iter().any(|text| message.contains(text))).map(|(kind, _)| *kind)
}

fn advice(kind: Kind, message: &str) -> Option<String> {
    let text = match kind {
        Kind::NoCredentials => {
            "no credentials could be loaded: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run \
             `aws configure`"
        }
        Kind::Expired => {
            "the credentials are out of date: `aws sso login`, or assume the role anew; a clock that is wrong looks the same"
        }
        Kind::UnknownKey => {
            "AWS does not know these credentials, or not in this region: look at AWS_PROFILE, AWS_REGION and the clock"
        }
        Kind::Denied => return Some(permission(message)),
        Kind::Quota => {
            "the account has as many as it may have: remove some, or ask for more under Service Quotas in the AWS console"
        }
        Kind::Taken => {
            "another stack or person has that name in this account and region: give it another one in the file, or remove it"
        }
        Kind::Throttled => "AWS asks for patience: run the command again, it goes on where it was",
        Kind::Region => "it is in another region: say `region` in the target, or set AWS_REGION",
        Kind::Unreachable => {
            "nothing answered: look at `region` and `endpoint_url` of the target, AWS_ENDPOINT_URL and the network"
        }
        Kind::Unlike => "look at `endpoint_url` of the target and at AWS_ENDPOINT_URL: something else is there",
        Kind::Other => return None,
    };
    Some(text.to_owned())
}

/// Says which permission is missing, on what, and for whom, as far as AWS says so: "User: U is not authorized to perform: A on
/// resource: R because …".
fn permission(message: &str) -> String {
    let after = |marker: &str| {
        let rest = message.split(marker).nth(1)?.trim_start();
        let end = rest.find([' ', ',', '\n']).unwrap_or(rest.len());
        Some(rest[..end].trim_end_matches('.')).filter(|word| !word.is_empty())
    };
    let Some(action) = after("not authorized to perform:") else {
        return "these credentials may not do that: ask whoever looks after the account for the permission".to_owned();
    };
    let resource = after("on resource:").map_or_else(String::new, |resource| format!(" on {resource}"));
    let who = after("User:").map_or_else(|| "these credentials".to_owned(), str::to_owned);
    format!("have `{action}` allowed{resource} for {who}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_permission_is_named_with_its_resource_and_whose_it_is() {
        let said = "AccessDenied: User: arn:aws:iam::111122223333:user/dev is not authorized to perform: \
                    cloudformation:CreateChangeSet on resource: arn:aws:cloudformation:eu-west-1:111122223333:stack/ticker/* \
                    because no identity-based policy allows the action";
        let hint = advise(said).unwrap();
        assert_eq!(
            hint,
            "have `cloudformation:CreateChangeSet` allowed on arn:aws:cloudformation:eu-west-1:111122223333:stack/ticker/* \
             for arn:aws:iam::111122223333:user/dev"
        );
    }

    #[test]
    fn what_a_resource_failed_for_is_understood_without_a_code() {
        assert!(
            advise("Resource handler returned message: \"Stream trades already exists.\"").unwrap().contains("name")
        );
        assert!(advise("Rate exceeded (Service: Kinesis)").unwrap().contains("again"));
        assert!(advise("Limit exceeded for resource").unwrap().contains("Quotas"));
        assert_eq!(advise("Properties validation failed"), None);
    }
}
