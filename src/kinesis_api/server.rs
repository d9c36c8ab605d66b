//! The HTTP server around the operations.

use std::{fmt::Debug, future::Future, io};

use axum::{Router, middleware, serve::Listener};

use super::{Api, host, request};

/// To whom an endpoint answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hosts {
    /// To those who call it by a loopback name.
    Loopback,
    /// To everybody who reaches it.
    All,
}

/// Returns the API as a router that takes every path; routes of the caller's own can be put beside it.
pub fn router(api: Api) -> Router {
    Router::new().fallback(request::answer).with_state(api)
}

/// Serves a router until `stop` is done and the requests at hand are answered. Every route of it, the caller's own
/// too, answers to these hosts only.
pub async fn serve<L>(
    listener: L,
    router: Router,
    hosts: Hosts,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()>
where
    L: Listener,
    L::Addr: Debug,
{
    let router = match hosts {
        Hosts::Loopback => router.layer(middleware::from_fn(host::loopback_only)),
        Hosts::All => router,
    };
    axum::serve(listener, router).with_graceful_shutdown(stop).await
}
