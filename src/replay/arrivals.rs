//! When the records of a file arrive.

use std::io::BufRead;

use crate::plan::{Column, Datum, Heading, LAST_MOMENT, Record, Stream, read_values};
use crate::recording::{Lines, Recorded};
use crate::streams::Millis;

use super::ReplayError;

/// Microseconds in a millisecond.
const MILLI: i64 = 1_000;
/// The moments that a record can have: 1970 up to the end of 9999, before the one at which everything closes.
const MOMENTS: std::ops::Range<Millis> = 0..LAST_MOMENT;
/// The moment of the first record whose file says nothing of time before it.
const NEVER: Millis = Millis::MIN;

/// What says when a record arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timing {
    /// The recording.
    Recorded,
    /// A TIMESTAMP column, or a BIGINT with milliseconds since 1970, by index.
    Column(usize),
}

/// The records of a file with the moments at which they arrive, which never go back: one that says an earlier time than the
/// one before comes right behind it, late.
pub struct Arrivals<'a, R> {
    lines: Lines<R>,
    stream: &'a Stream,
    timing: Timing,
    rows: Rows,
    count: u64,
    last: Millis,
}

/// Whether the lines of a file are values of columns that its first line names.
#[derive(Debug)]
enum Rows {
    No,
    /// They may be.
    Perhaps,
    Of(Heading),
}

impl<'a, R: BufRead> Arrivals<'a, R> {
    /// Takes the records of a file for a stream. A file of bare lines needs a column that says when they are.
    pub fn new(lines: Lines<R>, stream: &'a Stream, timing: Timing) -> Self {
        Self { lines, stream, timing, rows: Rows::No, count: 0, last: NEVER }
    }

    /// Looks whether the first line of the file names the columns of the stream; then the others are their values.
    #[must_use]
    pub fn perhaps_named(mut self, is_csv: bool) -> Self {
        self.rows = if is_csv { Rows::Perhaps } else { Rows::No };
        self
    }

    fn read(&mut self) -> Option<Result<Recorded, ReplayError>> {
        let lines = match &mut self.lines {
            Lines::Recording { records, .. } => return Some(records.next()?.map_err(ReplayError::from)),
            Lines::Plain(lines) => lines,
        };
        let mut next = || Some(lines.next()?.map_err(ReplayError::from));
        let mut line = match next()? {
            Ok(line) => line,
            Err(error) => return Some(Err(error)),
        };
        if let Rows::Perhaps = self.rows {
            let heading = values(&line).and_then(|names| Heading::of(names.iter(), self.stream).ok());
            self.rows = heading.map_or(Rows::No, Rows::Of);
            if let Rows::Of(_) = self.rows {
                line = match next()? {
                    Ok(line) => line,
                    Err(error) => return Some(Err(error)),
                };
            }
        }
        let record = match &self.rows {
            Rows::Of(heading) => {
                let row = values(&line).unwrap_or_default();
                match heading.record(row.iter(), self.stream) {
                    Ok(record) => record,
                    Err(reason) => return Some(Err(ReplayError::Row { record: self.count, reason })),
                }
            }
            Rows::No | Rows::Perhaps => Record::of(line, self.stream),
        };
        let partition_key = record.partition_key.unwrap_or_else(|| self.count.to_string());
        Some(Ok(Recorded { arrival: 0, partition_key, data: record.data }))
    }

    /// Says when a record arrives.
    fn complete(&mut self, mut record: Recorded) -> Result<Recorded, ReplayError> {
        if let Timing::Column(column) = self.timing {
            let row = self.stream.json_rows(&record.data).swap_remove(0);
            record.arrival = self.time(&row, &self.stream.columns[column])?;
        }
        if !MOMENTS.contains(&record.arrival) {
            return Err(ReplayError::Range { record: self.count, found: record.arrival });
        }
        record.arrival = record.arrival.max(self.last);
        self.last = record.arrival;
        Ok(record)
    }

    fn time(&self, row: &[u8], column: &Column) -> Result<Millis, ReplayError> {
        let mut values = read_values(row, std::slice::from_ref(column));
        let value = values.swap_remove(0);
        let found = match value {
            Datum::Moment(micros) => return Ok(micros.div_euclid(MILLI)),
            // A record that cannot be read comes with the one before: it is bad, whenever it comes.
            Datum::Null | Datum::Text(_) if self.last > NEVER => return Ok(self.last),
            _ => value.shown(),
        };
        if let (Datum::Exact(_), Ok(millis)) = (&value, found.parse()) {
            return Ok(millis);
        }
        Err(ReplayError::Time { record: self.count, column: column.name.clone(), found })
    }
}

impl<R: BufRead> Iterator for Arrivals<'_, R> {
    type Item = Result<Recorded, ReplayError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.count += 1;
        let record = self.read()?;
        Some(record.and_then(|record| self.complete(record)))
    }
}

/// Returns the values of a line; nothing where it is no row.
fn values(line: &[u8]) -> Option<csv::StringRecord> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(line);
    reader.records().next()?.ok()
}
