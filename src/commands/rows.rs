//! Records as people and programs read them.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::error::Error;
use crate::plan::{Plan, Source, Stream};
use crate::record::{DATA, RecordFormat, Row, shown, text};
use crate::ui::{Format, Ui, csv_line};

use super::aligned::{Aligned, window_first};

/// Writes the records of one stream.
pub(super) struct Rows<'a> {
    ui: &'a Ui,
    /// The stream, where it is known how its records are written.
    stream: Option<Stream>,
    /// The columns in order, where they are known beforehand.
    columns: Vec<String>,
    /// Stands above each table, where records of several streams are shown.
    title: Option<String>,
    /// What stands before each row of a table, where they are of a kind of their own.
    mark: Option<&'static str>,
    table: Aligned,
    header_written: bool,
}

impl<'a> Rows<'a> {
    /// Takes the columns, where they are known.
    pub(super) fn new(ui: &'a Ui, columns: Vec<String>, title: Option<String>) -> Self {
        Self { ui, stream: None, columns, title, mark: None, table: Aligned::default(), header_written: false }
    }

    /// Prepares for the records of streams, each with its columns where they are known; a plan says how they are written.
    pub(super) fn of_streams(ui: &'a Ui, streams: &[(String, Vec<String>)], plan: Option<&Plan>) -> Vec<Self> {
        let of = |(name, columns): &(String, Vec<String>)| {
            let stream = plan.and_then(|plan| plan.shape(name));
            let title = (streams.len() > 1).then(|| name.clone());
            let source = plan.and_then(|plan| plan.stream(name)).map(|stream| &stream.source);
            Self {
                mark: matches!(source, Some(Source::Late(_))).then_some("late"),
                stream,
                ..Self::new(ui, columns.clone(), title)
            }
        };
        streams.iter().map(of).collect()
    }

    /// Writes some records that follow each other.
    pub(super) fn write(&mut self, records: &[Vec<u8>]) -> Result<(), Error> {
        let stream = self.stream.take();
        let rows = stream.as_ref().map_or(Cow::Borrowed(records), |stream| stream.as_json(records));
        let written = self.write_json(&rows);
        self.stream = stream;
        written
    }

    /// Writes some rows as JSON that follow each other.
    pub(super) fn write_json(&mut self, records: &[Vec<u8>]) -> Result<(), Error> {
        match self.ui.format() {
            Format::Json => records.iter().try_for_each(|record| self.line(&json_line(record))),
            Format::Csv => records.iter().try_for_each(|record| {
                let row = Row::of(record);
                if !self.header_written {
                    self.learn(&row);
                    self.line(&csv_line(&self.columns))?;
                    self.header_written = true;
                }
                let values: Vec<String> = self.columns.iter().map(|column| text(row.get(column))).collect();
                self.line(&csv_line(&values))
            }),
            Format::Table => {
                let rows: Vec<Row> = records.iter().map(|record| Row::of(record)).collect();
                if rows.is_empty() { Ok(()) } else { self.table(&rows) }
            }
        }
    }

    /// Returns where the values of a column lie in a row.
    pub(super) fn path(&self, column: &str) -> Vec<String> {
        let known = self.stream.as_ref().filter(|stream| stream.format == RecordFormat::Json);
        let known = known.and_then(|stream| stream.column(column));
        known.map_or_else(|| vec![column.to_owned()], |column| column.path.clone())
    }

    /// Returns the rows of records as JSON.
    pub(super) fn as_json<'r>(&self, records: &'r [Vec<u8>]) -> Cow<'r, [Vec<u8>]> {
        self.stream.as_ref().map_or(Cow::Borrowed(records), |stream| stream.as_json(records))
    }

    fn table(&mut self, rows: &[Row]) -> Result<(), Error> {
        for row in rows {
            self.learn(row);
        }
        let order = window_first(&self.columns);
        let cells = |row: &Row| {
            let cells = order.iter().map(|place| shown(row.get(&self.columns[*place])));
            self.mark.iter().map(|mark| (*mark).to_owned()).chain(cells).collect()
        };
        let cells: Vec<Vec<String>> = rows.iter().map(cells).collect();
        if let Some(title) = &self.title {
            self.line(title)?;
            self.table.head_again();
        }
        let names = order.iter().map(|place| self.columns[*place].as_str());
        let names: Vec<&str> = self.mark.iter().map(|_| "").chain(names).collect();
        let lines = self.table.lines(&names, &cells);
        lines.iter().try_for_each(|line| self.line(line))
    }

    /// Adds the columns that a row has and that are not known yet.
    fn learn(&mut self, row: &Row) {
        for column in row.names() {
            if self.columns.iter().all(|known| known != column) {
                self.columns.push(column.to_owned());
            }
        }
    }

    fn line(&self, text: &str) -> Result<(), Error> {
        self.ui.data(text).map_err(Error::stdout)
    }
}

/// One JSON value on one line, as it is; a record that is none becomes the text or the bytes that it is.
fn json_line(record: &[u8]) -> String {
    match serde_json::from_slice::<&RawValue>(record) {
        // A line end is never part of a JSON string, only between values.
        Ok(value) => value.get().replace(['\n', '\r'], " "),
        Err(_) => serde_json::json!({ DATA: String::from_utf8_lossy(record) }).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_every_digit() {
        let record = b"{\"a\":12345678901234567890.10,\n \"b\":\"x\\ny\",\"c\":null,\"d\":[1.50]}";
        assert_eq!(json_line(record), String::from_utf8_lossy(record).replace('\n', " "));
        let row = Row::of(record);
        let texts: Vec<String> = ["a", "b", "c", "d", "e"].map(|name| text(row.get(name))).to_vec();
        assert_eq!(texts, ["12345678901234567890.10", "x\ny", "", "[1.50]", ""]);
    }

    #[test]
    fn what_is_no_object_is_shown_as_it_is() {
        assert_eq!(json_line(b"{oops"), r#"{"data":"{oops"}"#);
        assert_eq!(json_line(b"[1.0]"), "[1.0]");
        assert_eq!(text(Row::of(b"\xff").get("data")), "\u{fffd}");
        assert_eq!(text(Row::of(b"[1]").get("data")), "[1]");
    }
}
