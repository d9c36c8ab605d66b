//! Events one behind the other, as AWS frames them (`application/vnd.amazon.eventstream`).

use std::pin::Pin;
use std::task::{Context, Poll};

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use axum::body::{Body, Bytes, HttpBody};
use http_body::Frame;
use tokio::sync::mpsc;

use super::{error::ApiError, wire::Wire};

/// The content type of an answer that is a stream of events.
pub(super) const CONTENT_TYPE: &str = "application/vnd.amazon.eventstream";

/// Frames an event.
pub(super) fn event(kind: &'static str, wire: Wire, payload: Vec<u8>) -> Bytes {
    framed([(":event-type", kind), (":content-type", wire.content_type()), (":message-type", "event")], payload)
}

/// Frames the refusal that ends a stream of events.
pub(super) fn exception(wire: Wire, error: &ApiError) -> Bytes {
    let headers = [
        (":exception-type", error.event_name()),
        (":content-type", wire.content_type()),
        (":message-type", "exception"),
    ];
    framed(headers, error.body(wire))
}

fn framed(headers: [(&'static str, &'static str); 3], payload: Vec<u8>) -> Bytes {
    let headers = headers.map(|(name, value)| Header::new(name, HeaderValue::String(value.into()))).to_vec();
    let message = Message::new_from_parts(headers, payload);
    let mut bytes = Vec::new();
    // It fails for a message of 16 MiB, and nothing here comes to that.
    write_message_to(&message, &mut bytes).unwrap_or_default();
    bytes.into()
}

/// A body that goes on for as long as somebody sends frames.
pub(super) struct Frames(mpsc::Receiver<Bytes>);

impl Frames {
    /// Makes a body, and what sends its frames.
    pub(super) fn body() -> (mpsc::Sender<Bytes>, Body) {
        // One is on its way while the next is made.
        let (sender, receiver) = mpsc::channel(1);
        (sender, Body::new(Self(receiver)))
    }
}

impl HttpBody for Frames {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.0.poll_recv(context).map(|frame| frame.map(|bytes| Ok(Frame::data(bytes))))
    }
}
