//! The queries of a plan, and a clock that goes on with the records of a file.

use std::path::Path;

use crate::engine::Bench;
use crate::plan::{LAST_MOMENT, Plan, Query};
use crate::recording::Recorded;
use crate::streams::{Appends, Millis};

use super::ReplayError;

/// How many records are put before the queries at a time.
const BATCH: usize = 4096;

/// The queries of a plan as they see the records of a file.
pub struct Player<'a> {
    stream: String,
    queries: Vec<(&'a str, Bench)>,
    /// Records that arrive at one moment, and that moment.
    together: Appends,
    moment: Millis,
    /// How many records the queries have not seen.
    waiting: usize,
    totals: Totals,
}

/// What came of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Records played.
    pub records: u64,
    /// Rows that the queries wrote.
    pub rows: u64,
    /// Records that came too late for their window, counted for each query.
    pub late: u64,
    /// Records that could not be read and rows that could not be computed, counted for each query.
    pub bad: u64,
}

impl<'a> Player<'a> {
    /// Begins with nothing. `stream` is the one that the records go to; tables are looked up from `folder`.
    pub fn new(plan: &'a Plan, stream: &str, folder: &Path) -> Result<Self, ReplayError> {
        let bench =
            |(query, output): (&'a Query, &'a str)| Ok::<_, ReplayError>((output, Bench::new(plan, query, folder)?));
        let queries = plan.outputs().map(bench).collect::<Result<_, _>>()?;
        let (together, totals) = (Appends::new(), Totals::default());
        Ok(Self { stream: stream.to_owned(), queries, together, moment: 0, waiting: 0, totals })
    }

    /// Plays a record. Its arrival is no earlier than those before; rows go to `each` with the stream that they are of.
    pub fn play(&mut self, record: &Recorded, each: &mut dyn FnMut(&str, Vec<Vec<u8>>)) -> Result<(), ReplayError> {
        if record.arrival > self.moment {
            self.put();
            if self.waiting >= BATCH {
                self.turn(record.arrival, each)?;
            }
            self.moment = record.arrival;
        }
        self.together.push(&record.partition_key, &record.data);
        self.totals.records += 1;
        Ok(())
    }

    /// Lets time come to a moment at which no more records arrive than were played.
    pub fn run_until(&mut self, moment: Millis, each: &mut dyn FnMut(&str, Vec<Vec<u8>>)) -> Result<(), ReplayError> {
        self.put();
        self.turn(moment, each)
    }

    /// Ends: what is open closes, or only what the last record's moment has closed.
    pub fn end(mut self, close: bool, each: &mut dyn FnMut(&str, Vec<Vec<u8>>)) -> Result<Totals, ReplayError> {
        // Records of one millisecond are all there only once it is over.
        let moment = if close { LAST_MOMENT } else { self.moment.saturating_add(1) };
        self.run_until(moment, each)?;
        Ok(self.totals)
    }

    fn put(&mut self) {
        if self.together.is_empty() {
            return;
        }
        for (_, bench) in &mut self.queries {
            bench.put(&self.stream, self.moment, &self.together);
        }
        self.waiting += self.together.len();
        self.together.clear();
    }

    fn turn(&mut self, moment: Millis, each: &mut dyn FnMut(&str, Vec<Vec<u8>>)) -> Result<(), ReplayError> {
        self.waiting = 0;
        for (output, bench) in &mut self.queries {
            let made = bench.run_until(moment)?;
            self.totals.rows += made.rows.len() as u64;
            self.totals.late += made.late.len() as u64;
            self.totals.bad += made.bad.len() as u64;
            if !made.rows.is_empty() {
                each(output, made.rows);
            }
        }
        Ok(())
    }
}
