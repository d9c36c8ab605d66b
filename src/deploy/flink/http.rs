//! Requests to Flink's REST interfaces.

use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::FlinkError;

/// How long an answer may take: the gateway answers at once, also for what is not ready.
const PATIENCE: Duration = Duration::from_mins(1);
/// The port that an address without one means.
const HTTP_PORT: u16 = 80;

/// An answer as it came.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
}

/// Sends a request to `address`, which is `http://host:port` with or without a path behind it.
pub(super) async fn call(address: &str, method: Method, path: &str, body: Option<&Value>) -> Result<Reply, FlinkError> {
    match timeout(PATIENCE, exchange(address, method, path, body)).await {
        Ok(result) => result,
        Err(_) => Err(FlinkError::Silent { address: address.to_owned(), seconds: PATIENCE.as_secs() }),
    }
}

async fn exchange(address: &str, method: Method, path: &str, body: Option<&Value>) -> Result<Reply, FlinkError> {
    let unreachable = |source| FlinkError::Unreachable { address: address.to_owned(), source };
    let broken = |source: hyper::Error| unreachable(std::io::Error::other(source));
    let rest = address.strip_prefix("http://").unwrap_or(address);
    let (authority, before) = rest.split_once('/').map_or((rest, ""), |(authority, before)| (authority, before));
    let before = before.trim_end_matches('/');
    let path = if before.is_empty() { path.to_owned() } else { format!("/{before}{path}") };
    let has_port = authority.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let host = if has_port { authority.to_owned() } else { format!("{authority}:{HTTP_PORT}") };
    let stream = TcpStream::connect(&host).await.map_err(unreachable)?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    let connection = tokio::spawn(connection);
    let body = body.map_or_else(Bytes::new, |body| Bytes::from(body.to_string()));
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(HOST, authority)
        .header(CONTENT_TYPE, "application/json")
        .body(Full::new(body))
        .map_err(|error| unreachable(std::io::Error::other(error)))?;
    let answer = sender.send_request(request).await.map_err(broken)?;
    let status = answer.status();
    let body = answer.into_body().collect().await.map_err(broken)?.to_bytes();
    connection.abort();
    Ok(Reply { status, body })
}
