//! Where the records of a generator go.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use crate::streams::{Appends, Log};

use super::GenerateError;

/// What takes the records of a generator.
#[async_trait]
pub trait Sink: Send + Sync {
    /// Takes records, which are safe then. A generator that begins behind `made` records goes on behind these: with faults
    /// they are more than have come, or fewer.
    async fn take(&self, records: &Appends, made: u64) -> Result<(), GenerateError>;
}

/// Takes records into a stream.
pub struct IntoLog {
    log: Arc<dyn Log>,
    stream: String,
}

impl IntoLog {
    /// Names the stream.
    pub fn new(log: Arc<dyn Log>, stream: &str) -> Self {
        Self { log, stream: stream.to_owned() }
    }
}

#[async_trait]
impl Sink for IntoLog {
    async fn take(&self, records: &Appends, _: u64) -> Result<(), GenerateError> {
        let appended = self.log.append(&self.stream, records).await;
        appended.map(drop).map_err(|source| GenerateError::Append { stream: self.stream.clone(), source })
    }
}

/// Takes records as lines, one below the other. A reader that does not read holds up nobody else.
pub struct IntoLines<W> {
    // Held only while a batch is written, by a thread that may wait.
    out: Arc<Mutex<W>>,
}

impl<W> IntoLines<W> {
    /// Names what they are written to.
    pub fn new(out: W) -> Self {
        Self { out: Arc::new(Mutex::new(out)) }
    }
}

#[async_trait]
impl<W: Write + Send + 'static> Sink for IntoLines<W> {
    async fn take(&self, records: &Appends, _: u64) -> Result<(), GenerateError> {
        let (out, mut text) = (Arc::clone(&self.out), Vec::new());
        write_lines(records, &mut text);
        let write = move || {
            let mut out = out.lock().unwrap_or_else(PoisonError::into_inner);
            out.write_all(&text)?;
            out.flush()
        };
        let written = tokio::task::spawn_blocking(write).await;
        written.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic())).map_err(GenerateError::Write)
    }
}

/// Adds records to a text, each with an end of line.
pub(super) fn write_lines(records: &Appends, text: &mut Vec<u8>) {
    for record in records.iter() {
        text.extend_from_slice(record.data);
        text.push(b'\n');
    }
}
