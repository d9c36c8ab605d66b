//! The HTTP server around the operations.

use std::{future::Future, io, pin::pin, sync::Arc, time::Duration};

use axum::{Router, middleware};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::{conn::auto, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{sleep, timeout},
};

use super::{Api, Certificate, host, idle::Idle, request, room};

/// How long a client may take to agree on TLS.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long it is until a connection is taken again after none could be: somebody has to let go of a file first.
const PAUSE: Duration = Duration::from_millis(100);

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

/// Serves a router until `stop` is done and the requests at hand are answered; with a certificate under TLS. Every route of
/// it, the caller's own too, answers to these hosts only.
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
    let places = Arc::new(Semaphore::new(room::connections()));
    let open = GracefulShutdown::new();
    let mut stop = pin!(stop);
    loop {
        let stream = tokio::select! {
            stream = accept(&listener) => stream,
            () = &mut stop => break,
        };
        // Nobody waits who cannot be told to.
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
        let (service, acceptor, open) = (service.clone(), acceptor.clone(), open.watcher());
        tokio::spawn(async move {
            let connection = async |stream: Box<dyn Stream>| {
                let server = auto::Builder::new(TokioExecutor::new());
                let connection = server.serve_connection(TokioIo::new(Idle::new(stream)), service);
                // A client that does not speak HTTP, or leaves, is none.
                open.watch(connection.into_owned()).await.ok();
            };
            match acceptor {
                None => connection(Box::new(stream)).await,
                Some(acceptor) => {
                    if let Ok(Ok(stream)) = timeout(HANDSHAKE, acceptor.accept(stream)).await {
                        connection(Box::new(stream)).await;
                    }
                }
            }
            drop(place);
        });
    }
    open.shutdown().await;
}

/// What a connection is: with TLS or without.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

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
