//! What `pipe tail` shows of the records that it follows, and what it says of those that it does not.

use std::time::{Duration, Instant};

use crate::error::Error;
use crate::plan::Plan;
use crate::ui::{Ui, count};

use super::super::condition::Condition;
use super::super::rows::Rows;
use super::super::sample::Sample;

/// How often it is said at the most that rows are not shown.
const TELL: Duration = Duration::from_secs(1);
/// How much further behind the records must be than before until it is said.
const BEHIND: Duration = Duration::from_mins(1);

/// Streams as somebody looks at them.
pub(super) struct View<'a> {
    ui: &'a Ui,
    rows: Vec<Rows<'a>>,
    conditions: Vec<Condition>,
    /// Chooses where there may be more than a person can read.
    sample: Option<Sample>,
    /// How many rows may still be shown.
    left: u64,
    begun: Instant,
    /// How many rows were left out that it has not been said of.
    hidden: usize,
    told: Instant,
    /// How far behind the records were, the least or when it was said.
    behind: Duration,
}

impl<'a> View<'a> {
    /// Prepares for the records of streams, each with its columns where they are known, of which those are shown that meet
    /// the condition, and `most` at the most.
    ///
    /// Where they go on coming into a terminal (`live`), a busy stream is shown in part; not so where they go anywhere
    /// else, or where it is said how many are wanted.
    pub(super) fn new(
        ui: &'a Ui,
        (streams, plan): (&[(String, Vec<String>)], Option<&Plan>),
        condition: Option<&str>,
        (most, live): (Option<u64>, bool),
    ) -> Result<Self, Error> {
        let shape = |name: &str| plan.and_then(|plan| plan.shape(name));
        let of = |text: &str| {
            let all = streams.iter().map(|(name, _)| Condition::new(text, name, shape(name).as_ref()));
            all.collect::<Result<Vec<_>, Error>>()
        };
        let now = Instant::now();
        Ok(Self {
            ui,
            rows: Rows::of_streams(ui, streams, plan),
            conditions: condition.map_or(Ok(Vec::new()), of)?,
            sample: (live && most.is_none() && ui.is_watched()).then(Sample::new),
            left: most.unwrap_or(u64::MAX),
            begun: now,
            hidden: 0,
            told: now,
            behind: Duration::MAX,
        })
    }

    /// Returns whether all have been shown that were wanted.
    pub(super) fn is_full(&self) -> bool {
        self.left == 0
    }

    /// Shows records of a stream.
    pub(super) fn show(&mut self, stream: usize, records: Vec<Vec<u8>>) -> Result<(), Error> {
        let mut records = match self.conditions.get_mut(stream) {
            Some(condition) => condition.pass(&records, self.ui)?,
            None => records,
        };
        records.truncate(usize::try_from(self.left).unwrap_or(usize::MAX));
        if let Some(sample) = &mut self.sample {
            let all = records.len();
            let chosen = sample.choose(all, self.begun.elapsed());
            records = chosen.map(|index| std::mem::take(&mut records[index])).collect();
            self.hidden += all - records.len();
        }
        self.left -= records.len() as u64;
        self.rows[stream].write(&records)?;
        if self.told.elapsed() >= TELL {
            self.tell_hidden();
        }
        Ok(())
    }

    /// Says when the records that come are further and further behind, before they are gone from the stream.
    pub(super) fn is_behind(&mut self, behind: Duration) {
        if behind >= self.behind.saturating_add(BEHIND) {
            let behind = humantime::format_duration(Duration::from_secs(behind.as_secs()));
            self.ui.note(&format!("note: records come faster than they are read here: {behind} behind"));
        } else if behind >= self.behind {
            return;
        }
        self.behind = behind;
    }

    /// Says at the end what was not shown.
    pub(super) fn tell(&mut self) {
        self.tell_hidden();
        self.conditions.iter().for_each(|condition| condition.tell(self.ui));
    }

    fn tell_hidden(&mut self) {
        if self.hidden > 0 {
            let rows = count(self.hidden, "row", "rows");
            self.ui.note(&format!("… {rows} not shown; into a file or with -n all are"));
            (self.hidden, self.told) = (0, Instant::now());
        }
    }
}
