//! Connections on which nothing comes any more.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use super::subscribe;

/// How long a connection is kept on which nothing comes: longer than a subscription, whose consumer only listens.
const PATIENCE: Duration = subscribe::LIFE.saturating_add(Duration::from_mins(1));

/// A connection that fails when nothing has come for too long, whether a request was begun or not.
pub(super) struct Idle<S> {
    stream: S,
    /// When it fails, as nothing has come.
    over: Pin<Box<Sleep>>,
    /// When it fails, as nothing could be sent since this was begun.
    unsent: Option<Pin<Box<Sleep>>>,
}

/// How long the other side may take to read a little of what it asked for: its answer is in memory.
const UNSENT: Duration = Duration::from_mins(1);

impl<S> Idle<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, over: Box::pin(sleep(PATIENCE)), unsent: None }
    }

    /// Returns what an attempt to send has come to.
    fn sent(&mut self, context: &mut Context<'_>, sent: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if sent.is_ready() {
            self.unsent = None;
            return sent;
        }
        let unsent = self.unsent.get_or_insert_with(|| Box::pin(sleep(UNSENT)));
        unsent.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Idle<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_read(context, buffer) {
            Poll::Ready(read) => {
                self.over.as_mut().reset(Instant::now() + PATIENCE);
                Poll::Ready(read)
            }
            Poll::Pending => match self.over.as_mut().poll(context) {
                Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
                Poll::Pending => Poll::Pending,
            },
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Idle<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let sent = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.sent(context, sent)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let sent = Pin::new(&mut self.stream).poll_write_vectored(context, buffers);
        self.sent(context, sent)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_connection_fails_when_nothing_has_come_for_too_long() {
        let (mut client, server) = duplex(64);
        let mut server = Idle::new(server);
        for _ in 0..3 {
            tokio::time::advance(PATIENCE / 2).await;
            client.write_all(b"x").await.unwrap();
            assert_eq!(server.read_u8().await.unwrap(), b'x');
        }
        let quiet = Instant::now();
        // What goes the other way does not count.
        server.write_all(b"y").await.unwrap();
        assert_eq!(server.read_u8().await.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert_eq!(quiet.elapsed().as_secs(), PATIENCE.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_fails_when_nobody_reads_what_is_sent() {
        let (mut client, server) = duplex(64);
        let mut server = Idle::new(server);
        // However long it was quiet before.
        tokio::time::advance(PATIENCE / 2).await;
        server.write_all(&[0; 64]).await.unwrap();
        let reading = tokio::spawn(async move {
            tokio::time::sleep(UNSENT / 2).await;
            client.read_exact(&mut [0; 64]).await.unwrap();
            client
        });
        server.write_all(&[1; 64]).await.unwrap();
        let _client = reading.await.unwrap();
        let stuck = Instant::now();
        assert_eq!(server.write_all(b"more").await.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert_eq!(stuck.elapsed().as_secs(), UNSENT.as_secs());
    }
}
