//! Who may ask a page. That hosts are loopback names only, the server sees to.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::http::header::{CONTENT_SECURITY_POLICY, HOST, HeaderName, ORIGIN, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use sha2::{Digest, Sha256};

/// What every answer says to the browser: nothing is loaded from elsewhere, shown elsewhere, or told elsewhere. Styles may
/// stand in the page, as those of the graph do.
const HEADERS: [(HeaderName, &str); 3] = [
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (REFERRER_POLICY, "no-referrer"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

/// What a page's addresses carry.
#[derive(Deserialize)]
pub(super) struct Given {
    #[serde(default)]
    token: String,
}

/// Lets a request pass that has the token.
pub(super) async fn with_token(
    State(token): State<String>,
    given: Result<Query<Given>, QueryRejection>,
    request: Request,
    next: Next,
) -> Response {
    let given = given.map_or_else(|_| String::new(), |Query(given)| given.token);
    // Sums are compared, so that the time that takes says nothing of the token.
    if Sha256::digest(given.as_bytes()) == Sha256::digest(token.as_bytes()) {
        return next.run(request).await;
    }
    let what = "the address lacks its token: open the whole of it, as `pipe up --ui` or `pipe view` printed it\n";
    (StatusCode::FORBIDDEN, what).into_response()
}

/// Lets a request pass that another site's page did not make.
pub(super) async fn own_origin(request: Request, next: Next) -> Response {
    let mut response = if is_foreign(request.headers()) {
        (StatusCode::FORBIDDEN, "another site's page may not ask\n").into_response()
    } else {
        next.run(request).await
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Returns whether a page of another origin makes a request. Whoever is no browser says nothing of an origin.
fn is_foreign(headers: &HeaderMap) -> bool {
    let header = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let host = header(HOST).unwrap_or_default();
    headers.contains_key(ORIGIN) && header(ORIGIN).and_then(|origin| origin.strip_prefix("http://")) != Some(host)
}
