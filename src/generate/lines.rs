//! Records one below the other, as a file has them.

use std::io::{self, Write};

use crate::plan::{Generator, Stream};
use crate::streams::Appends;
use crate::window::Micros;

use super::sink::write_lines;
use super::{Delivery, GenerateError, Schedule};

/// How many records are made before they are written.
const BLOCK: usize = 16_384;

/// The records of a generator as lines, all at once, each with the moment at which it is due.
pub struct Lines {
    delivery: Delivery,
    schedule: Schedule,
    moments: Vec<Micros>,
    times: Vec<Micros>,
    block: Appends,
    text: Vec<u8>,
    delivered: u64,
}

impl Lines {
    /// Begins with the first record behind `start`. Fails where the fields cannot make the stream's columns.
    pub fn new(generator: &Generator, stream: &Stream, start: Micros) -> Result<Self, GenerateError> {
        let delivery = Delivery::new(generator, stream, 0)?;
        let schedule = Schedule::new(generator, start, 0);
        Ok(Self {
            delivery,
            schedule,
            moments: Vec::new(),
            times: Vec::new(),
            block: Appends::new(),
            text: Vec::new(),
            delivered: 0,
        })
    }

    /// Returns when the next record is due; nothing where none ever is.
    pub fn next(&self) -> Option<Micros> {
        self.schedule.next()
    }

    /// Returns how many records were written: with faults, more or fewer than were made.
    pub fn delivered(&self) -> u64 {
        self.delivered
    }

    /// Makes the records that are due up to `until`, but no more than `most`, and writes those that have come by then;
    /// returns how many were made.
    pub fn write(&mut self, until: Micros, most: u64, out: &mut dyn Write) -> io::Result<u64> {
        let mut made = 0;
        while made < most {
            let wanted = usize::try_from(most - made).unwrap_or(usize::MAX).min(BLOCK);
            self.moments.clear();
            self.schedule.take(until, wanted, &mut self.moments);
            made += self.moments.len() as u64;
            let more = self.moments.last().copied().filter(|_| self.moments.len() == wanted);
            self.deliver(more.unwrap_or(until), out)?;
            if more.is_none() {
                break;
            }
        }
        Ok(made)
    }

    /// Writes the records that are held back still.
    pub fn finish(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.moments.clear();
        self.deliver(Micros::MAX, out)
    }

    fn deliver(&mut self, until: Micros, out: &mut dyn Write) -> io::Result<()> {
        self.block.clear();
        self.times.clear();
        self.delivery.deliver(&self.moments, until, &mut self.block, &mut self.times);
        self.text.clear();
        write_lines(&self.block, &mut self.text);
        out.write_all(&self.text)?;
        self.delivered += self.block.len() as u64;
        Ok(())
    }
}
