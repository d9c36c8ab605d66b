//! The HTTP server around the operations.

use std::{future::Future, io};

use axum::{Router, middleware};
use tokio::net::TcpListener;

use super::{Api, host, request};

/// Returns the API as a router that takes every path; routes of the caller's own can be put beside it.
pub fn router(api: Api) -> Router {
    Router::new().fallback(request::answer).with_state(api)
}

/// Serves a router until `stop` is done and the requests at hand are answered. Every route of it, the caller's own
/// too, answers to loopback names only.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let router = router.layer(middleware::from_fn(host::loopback_only));
    axum::serve(listener, router).with_graceful_shutdown(stop).await
}
