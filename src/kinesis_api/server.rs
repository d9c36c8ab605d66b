//! The HTTP server around the operations.

use std::{future::Future, io, pin::pin, time::Duration};

use axum::{Router, middleware};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::{
        conn::auto,
        graceful::{GracefulShutdown, Watcher},
    },
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{Api, Certificate, host, idle::Idle, request, room};

/// How long a client may take to agree on TLS.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long it is until a connection is taken again after none could be: somebody has to let go of a file first.
const PAUSE: Duration = Duration::from_millis(100);

/// How many requests of one connection over HTTP/2 are under way at once.
const STREAMS: u32 = 100;
/// How much of a body over HTTP/2 comes before it is read.
const STREAM_WINDOW: u32 = 256 << 10;
/// How long answers at hand may take when the endpoint stops. Whoever keeps a connection busy is cut off then; what was
/// answered is in the log.
const CLOSING: Duration = Duration::from_secs(5);

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

/// Serves a router until `stop` is done and the requests at hand are answered, or a few seconds later; with a certificate
/// under TLS. Every route of it, the caller's own too, answers to these hosts only.
///
/// A connection beyond those that this process may have open is closed at once, and one on which nothing has come for six
/// minutes too.
pub async fn serve(
    listener: TcpListener,
    certificate: Option<&Certificate>,
    router: Router,
    hosts: Hosts,
    stop: impl Future<Output = ()>,
) {
    let router = match hosts {
        Hosts::Loopback => router.layer(middleware::from_fn(host::loopback_only)),
        Hosts::All => router,
    };
    let service = TowerToHyperService::new(router);
    let acceptor = certificate.map(Certificate::acceptor);
    let most = room::connections();
    let open = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let closing = watch::Sender::new(());
    let mut stop = pin!(stop);
    loop {
        let stream = tokio::select! {
            stream = accept(&listener) => stream,
            () = &mut stop => break,
        };
        while connections.try_join_next().is_some() {}
        // Nobody waits who cannot be told to.
        if connections.len() >= most {
            continue;
        }
        let (service, acceptor, open) = (service.clone(), acceptor.clone(), open.watcher());
        let mut closed = closing.subscribe();
        connections.spawn(async move {
            let Some(acceptor) = acceptor else { return converse(stream, service, open).await };
            let agreed = tokio::select! {
                agreed = timeout(HANDSHAKE, acceptor.accept(stream)) => agreed,
                _ = closed.changed() => return,
            };
            if let Ok(Ok(stream)) = agreed {
                converse(stream, service, open).await;
            }
        });
    }
    // Who comes now is refused.
    drop(listener);
    drop(closing);
    timeout(CLOSING, open.shutdown()).await.ok();
    connections.shutdown().await;
}

/// Answers what comes over a connection, until either side ends it.
async fn converse(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    service: TowerToHyperService<Router>,
    open: Watcher,
) {
    let mut server = auto::Builder::new(TokioExecutor::new());
    let mut http2 = server.http2();
    http2.max_concurrent_streams(STREAMS);
    // Those that wait for room leave the others theirs.
    http2.initial_stream_window_size(STREAM_WINDOW).initial_connection_window_size(STREAM_WINDOW * STREAMS);
    let connection = server.serve_connection(TokioIo::new(Idle::new(stream)), service);
    // A client that does not speak HTTP, or leaves, is none.
    open.watch(connection.into_owned()).await.ok();
}

/// Waits for the next client.
async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // Answers are small, and whoever waits for one sends nothing meanwhile. Where it cannot be said, they are late.
                stream.set_nodelay(true).ok();
                return stream;
            }
            Err(error) if is_its_own(&error) => {}
            Err(_) => sleep(PAUSE).await,
        }
    }
}

/// Says whether an error is that of the one connection.
fn is_its_own(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
