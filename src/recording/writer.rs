//! Writing a recording.

use std::io::{self, Write};

use super::form::{Head, Line};
use super::{Recorded, VERSION};

/// Writes a recording.
pub struct Writer<W> {
    out: W,
}

impl<W: Write> Writer<W> {
    /// Begins a recording of a stream.
    pub fn new(mut out: W, stream: &str) -> io::Result<Self> {
        line(&mut out, &Head { recording: VERSION, stream: stream.to_owned() })?;
        Ok(Self { out })
    }

    /// Adds a record.
    pub fn write(&mut self, record: &Recorded) -> io::Result<()> {
        line(&mut self.out, &Line::of(record))
    }

    /// Lets go of nothing that was written.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn line(out: &mut impl Write, value: &impl serde::Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}
