//! What `pipe tail` shows of the records that it follows, and what it says of those that it does not.

use std::cmp::Ordering;
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::plan::Plan;
use crate::record::{Row, WINDOW, text};
use crate::ui::{Ui, count};

use super::super::condition::Condition;
use super::super::rows::Rows;
use super::super::sample::Sample;
use super::chart::Chart;

/// How often it is said at the most that rows are not shown.
const TELL: Duration = Duration::from_secs(1);
/// How much further behind the records must be than before until it is said.
const BEHIND: Duration = Duration::from_mins(1);

/// Streams as somebody looks at them.
pub(super) struct View<'a> {
    ui: &'a Ui,
    rows: Vec<Rows<'a>>,
    conditions: Vec<Condition>,
    /// The column by which rows that come together are ordered.
    by: Option<String>,
    /// Stands in place of the rows, where one is asked for.
    chart: Option<Chart>,
    /// Chooses where there may be more than a person can read.
    sample: Option<Sample>,
    /// How many rows may still be shown.
    left: u64,
    begun: Instant,
    /// How many rows were left out that it has not been said of.
    hidden: usize,
    all_hidden: usize,
    told: Instant,
    /// How far behind the records were, the least or when it was said.
    behind: Duration,
}

/// What of the records is wanted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// Those that meet this.
    pub(super) condition: Option<&'a str>,
    /// So many at the most.
    pub(super) most: Option<u64>,
    /// In the order of this column.
    pub(super) by: Option<&'a str>,
    /// This column of them, as a chart.
    pub(super) chart: Option<&'a str>,
}

impl<'a> View<'a> {
    /// Prepares for the records of streams, each with its columns where they are known, of which those are shown that
    /// are wanted.
    ///
    /// Where they go on coming into a terminal (`live`), a busy stream is shown in part; not so where they go anywhere
    /// else, or where it is said how many are wanted.
    pub(super) fn new(
        ui: &'a Ui,
        (streams, plan): (&[(String, Vec<String>)], Option<&Plan>),
        wanted: Wanted<'_>,
        live: bool,
    ) -> Result<Self, Error> {
        let Wanted { condition, most, by, chart } = wanted;
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
            by: by.map(str::to_owned),
            chart: chart.map(|column| Chart::new(column, by)),
            sample: (live && most.is_none() && chart.is_none() && ui.is_watched()).then(Sample::new),
            left: most.unwrap_or(u64::MAX),
            begun: now,
            hidden: 0,
            all_hidden: 0,
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
            self.all_hidden += all - records.len();
        }
        self.left -= records.len() as u64;
        if let Some(chart) = &mut self.chart {
            chart.add(&self.rows[stream].as_json(&records), |column| self.rows[stream].path(column));
            return Ok(());
        }
        if let Some(by) = &self.by {
            let path = self.rows[stream].path(by);
            records = ordered(self.rows[stream].as_json(&records).into_owned(), &path);
            return self.rows[stream].write_json(&records);
        }
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

    /// Says at the end what was not shown, and shows the chart, which is done now.
    pub(super) fn tell(&mut self) -> Result<(), Error> {
        self.ui.clear_status();
        self.tell_hidden();
        self.conditions.iter().for_each(|condition| condition.tell(self.ui));
        if let Some(chart) = &self.chart {
            chart.lines().iter().try_for_each(|line| self.ui.data(line)).map_err(Error::stdout)?;
            chart.tell(self.ui);
        }
        Ok(())
    }

    /// Returns how many rows were not shown, as there were more than a person can read.
    pub(super) fn not_shown(&self) -> usize {
        self.all_hidden
    }

    /// Shows what stands below the rows: the chart as it is, and a line.
    pub(super) fn foot(&self, line: &str) {
        let chart = self.chart.iter().flat_map(Chart::lines);
        self.ui.status(&chart.chain([line.to_owned()]).collect::<Vec<_>>().join("\n"));
    }

    fn tell_hidden(&mut self) {
        if self.hidden > 0 {
            let rows = count(self.hidden, "row", "rows");
            self.ui.note(&format!("… {rows} not shown; into a file or with -n all are"));
            (self.hidden, self.told) = (0, Instant::now());
        }
    }
}

/// Puts rows of one window in the order of a column, as they came where that is equal: numbers by their size, texts by their
/// letters, and numbers first.
fn ordered(rows: Vec<Vec<u8>>, by: &[String]) -> Vec<Vec<u8>> {
    let key = |record: &Vec<u8>| {
        let row = Row::of(record);
        let value = row.at(by);
        (text(row.get(WINDOW)), value.parse::<f64>().ok().filter(|number| number.is_finite()), value)
    };
    let mut keyed: Vec<_> = rows.into_iter().map(|row| (key(&row), row)).collect();
    keyed.sort_by(|((window, number, value), _), ((other_window, other_number, other), _)| {
        let by_value = match (number, other_number) {
            (Some(one), Some(other)) => one.total_cmp(other),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => value.cmp(other),
        };
        window.cmp(other_window).then(by_value)
    });
    keyed.into_iter().map(|(_, row)| row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_a_window_are_ordered_by_size() {
        let row = |window: u32, n: &str| format!(r#"{{"n":{n},"window_start":"{window}"}}"#).into_bytes();
        let rows = vec![row(2, "1"), row(1, "10"), row(1, "9"), row(1, "\"a\""), row(1, "100")];
        let expected = vec![row(1, "9"), row(1, "10"), row(1, "100"), row(1, "\"a\""), row(2, "1")];
        assert_eq!(ordered(rows, &["n".to_owned()]), expected);
    }
}
