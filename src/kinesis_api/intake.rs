//! Reading the body of a request.

use std::io::Read;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use bytes::BytesMut;
use flate2::read::MultiGzDecoder;
use http_body_util::BodyExt;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use super::{
    error::{ApiError, Kind},
    room::Room,
};

/// The largest body: 10 MiB of records in base64, and 500 records' worth of JSON around them.
const MOST_BYTES: usize = 16 << 20;
/// How much of a larger one is read and thrown away, for its sender to read the answer: who finds a connection closed while
/// it sends does not look for one.
const IGNORED_BYTES: usize = 4 * MOST_BYTES;
/// Bodies up to this wait for no room: one of each connection that there may be takes less than the room of large ones.
const SMALL_BYTES: usize = 64 << 10;
/// How long a body may take to come, the wait for room among it.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long it may be until more of it comes: others may wait for its room.
const STALL: Duration = Duration::from_secs(5);

/// What came of a body, and the room that it takes.
pub(super) struct Taken {
    pub(super) bytes: Bytes,
    _room: Option<OwnedSemaphorePermit>,
}

/// Returns how many bytes a body may have, as far as its head tells.
fn most(body: &Body) -> usize {
    let told = body.size_hint().upper().and_then(|bytes| usize::try_from(bytes).ok());
    told.unwrap_or(MOST_BYTES).min(MOST_BYTES)
}

/// Reads a body. One that is not small, or not when it is unpacked, waits until there is room for all of it.
pub(super) async fn read(body: Body, is_packed: bool, room: &Room) -> Result<Taken, ApiError> {
    let whole = timeout(PATIENCE, collect(body, is_packed, room)).await;
    whole.unwrap_or_else(|_| Err(late(PATIENCE)))
}

async fn collect(mut body: Body, is_packed: bool, room: &Room) -> Result<Taken, ApiError> {
    let (most, small) = if is_packed { (MOST_BYTES, 0) } else { (most(&body), SMALL_BYTES) };
    let (mut bytes, mut length, mut taken) = (BytesMut::new(), 0, None);
    while length <= IGNORED_BYTES {
        // Only now: who says much and sends nothing takes nothing from others.
        if length > small && taken.is_none() {
            taken = room.body(most).await;
        }
        let frame = timeout(STALL, body.frame()).await.map_err(|_| late(STALL))?;
        let Some(frame) = frame else { break };
        let frame =
            frame.map_err(|error| ApiError::new(Kind::Serialization, format!("the body broke off: {error}")))?;
        let Ok(part) = frame.into_data() else { continue };
        length += part.len();
        // Copied: a part that is kept keeps everything that came with it.
        if length <= MOST_BYTES {
            bytes.extend_from_slice(&part);
        } else {
            bytes = BytesMut::new();
        }
    }
    if length > MOST_BYTES {
        return Err(too_large());
    }
    Ok(Taken { bytes: bytes.freeze(), _room: taken })
}

/// Unpacks a body.
pub(super) fn unzipped(body: &[u8]) -> Result<Vec<u8>, ApiError> {
    let mut whole = Vec::new();
    // One byte more tells a body that is too large from one that is just as large as it may be.
    let mut reader = MultiGzDecoder::new(body).take(MOST_BYTES as u64 + 1);
    reader
        .read_to_end(&mut whole)
        .map_err(|error| ApiError::new(Kind::Serialization, format!("the body is no gzip: {error}")))?;
    if whole.len() > MOST_BYTES { Err(too_large()) } else { Ok(whole) }
}

fn late(patience: Duration) -> ApiError {
    ApiError::new(
        Kind::Timeout,
        format!("The body, or more of it, has not come within {} seconds.", patience.as_secs()),
    )
}

fn too_large() -> ApiError {
    ApiError::new(Kind::TooLarge, format!("The body must be of at most {MOST_BYTES} bytes."))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a body of so many parts of a megabyte.
    async fn read_parts(count: usize) -> Result<usize, Kind> {
        let (sender, body) = super::super::event_stream::Frames::body();
        tokio::spawn(async move {
            for _ in 0..count {
                if sender.send(vec![b' '; 1 << 20].into()).await.is_err() {
                    return;
                }
            }
        });
        read(body, false, &Room::new()).await.map(|body| body.bytes.len()).map_err(|error| error.kind)
    }

    #[tokio::test]
    async fn a_body_is_read_up_to_its_most() {
        assert_eq!(read_parts(0).await, Ok(0));
        assert_eq!(read_parts(16).await, Ok(16 << 20));
        assert_eq!(read_parts(17).await, Err(Kind::TooLarge));
        assert_eq!(read_parts(1_000).await, Err(Kind::TooLarge));
        assert_eq!(most(&Body::from("four")), 4);
        assert_eq!(most(&super::super::event_stream::Frames::body().1), MOST_BYTES);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_is_not_waited_for() {
        let (sender, body) = super::super::event_stream::Frames::body();
        sender.send("{".into()).await.unwrap();
        assert!(matches!(read(body, false, &Room::new()).await, Err(ApiError { kind: Kind::Timeout, .. })));
    }

    #[tokio::test(start_paused = true)]
    async fn large_bodies_wait_for_room_and_small_ones_do_not() {
        let room = Room::new();
        // Each has told nothing of its length, and sent a part of it.
        let mut senders = Vec::new();
        for _ in 0..20 {
            let (sender, body) = super::super::event_stream::Frames::body();
            sender.send(vec![b' '; SMALL_BYTES + 1].into()).await.unwrap();
            senders.push(sender);
            let room = room.clone();
            tokio::spawn(async move { read(body, false, &room).await.map(drop) });
        }
        tokio::time::advance(Duration::from_secs(1)).await;
        let small = timeout(Duration::from_secs(1), read(Body::from("{}"), false, &room)).await.expect("at once");
        assert_eq!(small.unwrap().bytes, "{}");
        let large = || Body::from(vec![b' '; SMALL_BYTES * 2]);
        assert!(timeout(Duration::from_secs(1), read(large(), false, &room)).await.is_err(), "it waits");
        // Who does not go on makes room.
        assert_eq!(read(large(), false, &room).await.unwrap().bytes.len(), SMALL_BYTES * 2);
    }
}
