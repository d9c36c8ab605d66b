//! What `pipe top` knows of a pipeline: how it stood the last few times, and the last rows.

use std::borrow::Cow;
use std::collections::VecDeque;

use crate::deploy::local::RunStatus;
use crate::document::help_for;
use crate::engine::QueryStatus;
use crate::error::Error;
use crate::observe::{Finding, Graph, Rates, Seen, findings};
use crate::plan::{Plan, Stream};
use crate::record::{Parts, Row, text};

use super::super::series::Series;

/// Over how many answers rates are told: long enough that a generator's steps do not show.
const ANSWERS: usize = 4;
/// How many rows of a stream are kept, for the table and for the chart of another column.
const ROWS: usize = 2_000;

/// What is known.
pub(super) struct Picture {
    plan: Option<Plan>,
    outputs: Vec<Output>,
    /// How it stood, the last time last.
    answers: VecDeque<RunStatus>,
    /// How fast it goes, between the first of them and the last.
    rates: Option<Rates>,
    /// Whether it did not answer the last time.
    pub(super) silent: bool,
    chosen: usize,
    pub(super) scrolled: usize,
    pub(super) halted: bool,
}

/// A stream that a query writes.
pub(super) struct Output {
    pub(super) stream: String,
    pub(super) columns: Vec<String>,
    /// How its rows are written, where that is known.
    shape: Option<Stream>,
    pub(super) rows: VecDeque<Row>,
    /// The column of the chart, by its place among `columns`.
    column: Option<usize>,
    pub(super) series: Series,
}

/// What a key asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Move {
    Query(isize),
    Column(isize),
    Scroll(isize),
    Halt,
}

impl Picture {
    /// Begins with nothing but the streams, each with its columns where they are known.
    pub(super) fn of(plan: Option<Plan>, streams: Vec<(String, Vec<String>)>) -> Self {
        let outputs = streams.into_iter().map(|(stream, columns)| {
            let shape = plan.as_ref().and_then(|plan| plan.shape(&stream));
            let mut output =
                Output { stream, columns, shape, rows: VecDeque::new(), column: None, series: Series::default() };
            output.column = output.measures().first().copied();
            output
        });
        let outputs = outputs.collect();
        Self {
            plan,
            outputs,
            answers: VecDeque::new(),
            rates: None,
            silent: false,
            chosen: 0,
            scrolled: 0,
            halted: false,
        }
    }

    /// Chooses the query and the column to begin with.
    pub(super) fn choose(&mut self, query: Option<&str>, column: Option<&str>) -> Result<(), Error> {
        if let Some(query) = query {
            let names: Vec<&str> = self.outputs.iter().map(|output| output.stream.as_str()).collect();
            self.chosen = names.iter().position(|name| *name == query).ok_or_else(|| Error::Usage {
                message: format!("there is no query `{query}` that writes a stream"),
                hint: help_for(query, names),
            })?;
        }
        if let (Some(column), Some(output)) = (column, self.outputs.get_mut(self.chosen)) {
            let names: Vec<&str> = output.measures().into_iter().map(|index| output.columns[index].as_str()).collect();
            if !names.contains(&column) && !output.columns.is_empty() {
                return Err(Error::Usage {
                    message: format!("`{column}` is no column of `{}` that a chart can show", output.stream),
                    hint: help_for(column, names),
                });
            }
            output.show(output.columns.iter().position(|name| name == column));
        }
        Ok(())
    }

    /// Does what a key asks for.
    pub(super) fn go(&mut self, step: Move) {
        match step {
            Move::Query(by) => {
                self.chosen = turned(self.chosen, by, self.outputs.len());
                self.scrolled = 0;
            }
            Move::Column(by) => {
                if let Some(output) = self.outputs.get_mut(self.chosen) {
                    output.turn(by);
                }
            }
            Move::Scroll(by) => {
                let lines = self.status().map_or(0, |status| status.streams.iter().map(|it| 1 + it.loads.len()).sum());
                self.scrolled = self.scrolled.saturating_add_signed(by).min(lines.saturating_sub(1));
            }
            Move::Halt => self.halted = !self.halted,
        }
    }

    /// Takes how it stands now; `None` where it does not answer.
    pub(super) fn stands(&mut self, status: Option<RunStatus>) {
        self.silent = status.is_none();
        if let (Some(status), false) = (status, self.halted) {
            // Another process counts from where it began.
            self.answers.retain(|known| known.pid == status.pid);
            if self.answers.len() > ANSWERS {
                self.answers.pop_front();
            }
            self.answers.push_back(status);
            let ends = self.answers.front().zip(self.answers.back());
            self.rates = ends.and_then(|(first, last)| Rates::between(first, last));
        }
    }

    /// Takes rows of a stream.
    pub(super) fn rows(&mut self, stream: usize, records: &[Vec<u8>]) {
        if !self.halted {
            let output = &mut self.outputs[stream];
            let rows = output.shape.as_ref().map_or(Cow::Borrowed(records), |shape| shape.as_json(records));
            rows.iter().for_each(|record| output.take(Row::of(record)));
        }
    }

    pub(super) fn status(&self) -> Option<&RunStatus> {
        self.answers.back()
    }

    pub(super) fn plan(&self) -> Option<&Plan> {
        self.plan.as_ref()
    }

    pub(super) fn rates(&self) -> Option<&Rates> {
        self.rates.as_ref()
    }

    pub(super) fn graph(&self) -> Option<Graph> {
        Some(Graph::of(self.plan.as_ref()?, self.rates()))
    }

    /// Returns what there is to say of it.
    pub(super) fn findings(&self) -> Vec<Finding> {
        let Some(status) = self.status() else { return Vec::new() };
        let seen = Seen { running: true, rates: self.rates.clone(), ..Seen::default() };
        findings(status, self.plan.as_ref(), &seen)
    }

    /// Returns the stream that was chosen, its place among all, and how many there are.
    pub(super) fn output(&self) -> Option<(&Output, usize, usize)> {
        Some((self.outputs.get(self.chosen)?, self.chosen + 1, self.outputs.len()))
    }

    /// Returns how the query stands that writes the stream that was chosen.
    pub(super) fn query(&self) -> Option<&QueryStatus> {
        let (output, ..) = self.output()?;
        let writes = self.plan.as_ref().and_then(|plan| {
            plan.outputs().find(|(_, stream)| *stream == output.stream).map(|(query, _)| query.name.clone())
        });
        let name = writes.unwrap_or_else(|| output.stream.clone());
        self.status()?.queries.iter().find(|query| query.name == name)
    }
}

impl Output {
    /// Returns the columns that may be charted: of those that are measured the ones with numbers, as far as that is known.
    fn measures(&self) -> Vec<usize> {
        let is_number = |place: &usize| {
            let column = self.shape.as_ref().and_then(|shape| shape.column(&self.columns[*place]));
            column.is_none_or(|column| column.sql_type.is_numeric())
        };
        Parts::of(&self.columns).measures.into_iter().filter(is_number).collect()
    }

    /// Returns the name of the column that is charted.
    pub(super) fn column(&self) -> Option<&str> {
        Some(&self.columns[self.column?])
    }

    fn turn(&mut self, by: isize) {
        let measures = self.measures();
        let place = measures.iter().position(|measure| Some(*measure) == self.column).unwrap_or(0);
        self.show(measures.get(turned(place, by, measures.len())).copied());
    }

    /// Charts another column, from the rows that are there.
    fn show(&mut self, column: Option<usize>) {
        self.column = column;
        self.series = Series::default();
        let rows = std::mem::take(&mut self.rows);
        for row in &rows {
            self.chart(row);
        }
        self.rows = rows;
    }

    fn take(&mut self, row: Row) {
        if self.columns.is_empty() {
            self.columns = row.names().map(str::to_owned).collect();
            self.column = self.measures().first().copied();
        }
        self.chart(&row);
        if self.rows.len() == ROWS {
            self.rows.pop_front();
        }
        self.rows.push_back(row);
    }

    /// Adds a row to the chart, where its value is a number.
    fn chart(&mut self, row: &Row) {
        if let Some(column) = self.column {
            let value = text(row.get(&self.columns[column]));
            self.series.add_row(row, &self.columns, None, &value);
        }
    }
}

/// Goes on by a step among so many, round and round.
fn turned(place: usize, by: isize, of: usize) -> usize {
    if of == 0 { 0 } else { (place + of).saturating_add_signed(by) % of }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture() -> Picture {
        let columns = ["k", "window_start", "window_end", "n", "mean"].map(str::to_owned).to_vec();
        Picture::of(None, vec![("a".to_owned(), columns), ("b".to_owned(), Vec::new())])
    }

    #[test]
    fn keys_choose_queries_and_columns_round_and_round() {
        let mut picture = picture();
        let chosen = |picture: &Picture| {
            let (output, place, of) = picture.output().unwrap();
            (output.column().map(str::to_owned), place, of)
        };
        assert_eq!(chosen(&picture), (Some("n".to_owned()), 1, 2));
        picture.go(Move::Column(1));
        assert_eq!(chosen(&picture).0.as_deref(), Some("mean"));
        picture.go(Move::Column(1));
        assert_eq!(chosen(&picture).0.as_deref(), Some("n"));
        picture.go(Move::Query(-1));
        assert_eq!(chosen(&picture), (None, 2, 2));
        picture.go(Move::Scroll(-1));
        assert_eq!(picture.scrolled, 0);
        picture.choose(Some("a"), Some("mean")).unwrap();
        assert_eq!(chosen(&picture).0.as_deref(), Some("mean"));
        assert!(picture.choose(Some("c"), None).is_err() && picture.choose(Some("a"), Some("window_end")).is_err());
    }

    #[test]
    fn another_column_shows_the_rows_that_are_there() {
        let mut picture = picture();
        let row = |end: &str, n: u32| {
            format!(r#"{{"k":"x","window_start":"s","window_end":"1970-01-01T00:00:{end}","n":{n},"mean":{n}.5}}"#)
                .into_bytes()
        };
        picture.rows(0, &[row("10.000", 1), row("20.000", 3)]);
        let points = |picture: &Picture| picture.output().unwrap().0.series.greatest(1)[0].1.clone();
        assert_eq!(points(&picture), [(10_000.0, 1.0), (20_000.0, 3.0)]);
        picture.go(Move::Column(1));
        assert_eq!(points(&picture), [(10_000.0, 1.5), (20_000.0, 3.5)]);
        picture.go(Move::Halt);
        picture.rows(0, &[row("30.000", 5)]);
        assert_eq!(picture.output().unwrap().0.rows.len(), 2, "what is halted takes nothing");
    }
}
