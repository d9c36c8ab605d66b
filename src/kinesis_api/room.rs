//! How much an endpoint has at hand at once.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// How many files the log and everything but connections have open at the most.
const OTHER_FILES: u64 = 192;
/// The most connections, however many files a process may have open: each takes some tens of KiB.
const MOST_CONNECTIONS: u64 = 2_048;
const LEAST_CONNECTIONS: u64 = 64;

/// Returns how many connections this process may have open, and lets it have as many files as the system does.
pub(super) fn connections() -> usize {
    let allowed = getrlimit(Resource::Nofile);
    let wanted = MOST_CONNECTIONS + OTHER_FILES;
    let most = allowed.maximum.unwrap_or(wanted).min(wanted);
    let mut files = allowed.current.unwrap_or(wanted);
    if files < most && setrlimit(Resource::Nofile, Rlimit { current: Some(most), maximum: allowed.maximum }).is_ok() {
        files = most;
    }
    let connections = files.saturating_sub(OTHER_FILES).clamp(LEAST_CONNECTIONS, MOST_CONNECTIONS);
    usize::try_from(connections).unwrap_or(usize::MAX)
}

/// The most bytes of bodies that are read or worked on at once, in KiB: those of 16 requests as large as they may be.
const MOST_KIB: u32 = 256 << 10;
/// How many operations are at work at once; others wait. Each may take a whole answer's memory, and most of them wait for
/// the same disk.
const MOST_AT_WORK: usize = 64;

/// How many large answers are made or on their way at once, and from how many bytes on one is large. Who does not read its
/// own is left in a while.
const MOST_ANSWERS: usize = 32;
const LARGE_ANSWER: usize = 64 << 10;

/// How long one waits for the others: longer than any takes that is read.
const ANSWER_PATIENCE: Duration = Duration::from_secs(5);

/// What requests wait for that are too much at once.
#[derive(Debug, Clone)]
pub(super) struct Room {
    kib: Arc<Semaphore>,
    work: Arc<Semaphore>,
    answers: Arc<Semaphore>,
}

impl Room {
    pub(super) fn new() -> Self {
        Self {
            kib: Arc::new(Semaphore::new(MOST_KIB as usize)),
            work: Arc::new(Semaphore::new(MOST_AT_WORK)),
            answers: Arc::new(Semaphore::new(MOST_ANSWERS)),
        }
    }

    /// Waits until there is room for a body of so many bytes, which is taken for as long as what this returns is kept.
    pub(super) async fn body(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let kib = u32::try_from(bytes.div_ceil(1 << 10)).unwrap_or(MOST_KIB).clamp(1, MOST_KIB);
        // It is never closed.
        Arc::clone(&self.kib).acquire_many_owned(kib).await.ok()
    }

    /// Waits until there is room for an answer that may be large; in the end it is made without.
    pub(super) async fn answer(&self) -> Option<OwnedSemaphorePermit> {
        timeout(ANSWER_PATIENCE, Arc::clone(&self.answers).acquire_owned()).await.ok()?.ok()
    }

    /// Waits for a turn to work.
    pub(super) async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.work).acquire_owned().await.ok()
    }
}

/// The bytes of an answer with the room that they take.
struct Held {
    bytes: Bytes,
    _room: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Keeps the room of an answer until all of it has been sent, where it is large.
pub(super) fn held(answer: Vec<u8>, room: Option<OwnedSemaphorePermit>) -> Bytes {
    let bytes = Bytes::from(answer);
    match room {
        Some(room) if bytes.len() >= LARGE_ANSWER => Bytes::from_owner(Held { bytes, _room: room }),
        _ => bytes,
    }
}
