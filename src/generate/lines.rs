//! Records one below the other, as a file has them.

use std::io::{self, Write};

use crate::plan::{Generator, Stream};
use crate::streams::Appends;
use crate::window::Micros;

use super::{GenerateError, Records};

/// How many records are made before they are written.
const BATCH: u64 = 4096;
/// Microseconds in a second.
const SECOND: f64 = 1e6;

/// The records of a generator as lines, each with the time at which it is due: the first at a start, and the others behind
/// it at the generator's rate. How fast they are made changes no byte of them.
pub struct Lines {
    records: Records,
    rate: f64,
    start: Micros,
    made: u64,
    batch: Appends,
    text: Vec<u8>,
}

impl Lines {
    /// Begins with the first record, due at `start`. Fails where the fields cannot make the stream's columns.
    pub fn new(generator: &Generator, stream: &Stream, start: Micros) -> Result<Self, GenerateError> {
        let records = Records::new(generator, stream, 0)?;
        Ok(Self { records, rate: generator.rate, start, made: 0, batch: Appends::new(), text: Vec::new() })
    }

    /// Writes the next records.
    pub fn write(&mut self, mut count: u64, out: &mut dyn Write) -> io::Result<()> {
        while count > 0 {
            let next = count.min(BATCH);
            self.batch.clear();
            for _ in 0..next {
                self.records.fill(self.due(), 1, &mut self.batch);
                self.made += 1;
            }
            self.text.clear();
            for record in self.batch.iter() {
                self.text.extend_from_slice(record.data);
                self.text.push(b'\n');
            }
            out.write_all(&self.text)?;
            count -= next;
        }
        Ok(())
    }

    /// Returns when the next record is due.
    fn due(&self) -> Micros {
        #[expect(clippy::cast_precision_loss, reason = "2^53 records are never reached")]
        let after = self.made as f64 / self.rate * SECOND;
        #[expect(clippy::cast_possible_truncation, reason = "a moment beyond the last one is the last one")]
        self.start.saturating_add(after.round() as Micros)
    }
}
