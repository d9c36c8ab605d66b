//! Who may ask: a browser that was told a foreign name for this address (DNS rebinding) may not.

use std::net::{IpAddr, Ipv6Addr};

use axum::{extract::Request, http::header::HOST, middleware::Next, response::Response};

use super::{
    error::{ApiError, Kind},
    wire::Wire,
};

/// Lets a request pass whose host is this machine by a loopback name.
pub(super) async fn loopback_only(request: Request, next: Next) -> Response {
    // HTTP/2 says it in the address itself.
    let authority = request.uri().authority().map(axum::http::uri::Authority::as_str);
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).or(authority);
    if host.is_some_and(is_loopback) {
        return next.run(request).await;
    }
    let message = "this endpoint answers to loopback names only, such as localhost or 127.0.0.1; \
                   `pipe kinesis --listen ADDRESS` answers to every name";
    ApiError::new(Kind::AccessDenied, message).into_response(Wire::Json)
}

fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => {
            let Some((address, port)) = rest.split_once(']') else { return false };
            return is_port(port) && address.parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback());
        }
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    let name = name.to_ascii_lowercase();
    name == "localhost"
        || name.ends_with(".localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn is_port(text: &str) -> bool {
    text.is_empty() || text.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn only_loopback_names_are() {
        for host in
            ["localhost", "LOCALHOST:4567", "127.0.0.1:4567", "127.8.0.1", "[::1]", "[::1]:80", "kinesis.localhost"]
        {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["", "example.com", "localhost.example.com", "10.0.0.1:80", "[::2]:80", "[::1]x", "[::1", "0.0.0.0"]
        {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
