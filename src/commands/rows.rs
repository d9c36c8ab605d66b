//! Records as people and programs read them.

use serde_json::{Map, Value};

use crate::error::Error;
use crate::ui::{Format, Ui, csv_line, table};

/// How many digits behind the point a table shows of a number that has more; JSON and CSV have them all.
const SHOWN_DIGITS: usize = 4;
/// The column by which rows belong together in one table.
const WINDOW: &str = "window_start";

/// Writes the records of one stream.
pub(super) struct Rows<'a> {
    ui: &'a Ui,
    /// The columns in order, where they are known beforehand.
    columns: Vec<String>,
    /// Stands above each table, where records of several streams are shown.
    title: Option<String>,
    header_written: bool,
}

impl<'a> Rows<'a> {
    /// Takes the columns, where they are known.
    pub(super) fn new(ui: &'a Ui, columns: Vec<String>, title: Option<String>) -> Self {
        Self { ui, columns, title, header_written: false }
    }

    /// Writes some records that follow each other.
    pub(super) fn write(&mut self, records: &[Vec<u8>]) -> Result<(), Error> {
        match self.ui.format() {
            Format::Json => records.iter().try_for_each(|record| self.line(&json_line(record))),
            Format::Csv => records.iter().try_for_each(|record| {
                let row = object(record);
                if !self.header_written {
                    self.learn(&row);
                    self.line(&csv_line(&self.columns))?;
                    self.header_written = true;
                }
                let values: Vec<String> = self.columns.iter().map(|column| text(row.get(column))).collect();
                self.line(&csv_line(&values))
            }),
            Format::Table => {
                let rows: Vec<Map<String, Value>> = records.iter().map(|record| object(record)).collect();
                rows.chunk_by(|a, b| a.get(WINDOW) == b.get(WINDOW)).try_for_each(|rows| self.table(rows))
            }
        }
    }

    fn table(&mut self, rows: &[Map<String, Value>]) -> Result<(), Error> {
        for row in rows {
            self.learn(row);
        }
        let cells: Vec<Vec<String>> =
            rows.iter().map(|row| self.columns.iter().map(|column| shown(row.get(column))).collect()).collect();
        if let Some(title) = &self.title {
            self.line(title)?;
        }
        self.line(&table(&self.columns, &cells))
    }

    /// Adds the columns that a row has and that are not known yet.
    fn learn(&mut self, row: &Map<String, Value>) {
        for column in row.keys() {
            if !self.columns.contains(column) {
                self.columns.push(column.clone());
            }
        }
    }

    fn line(&self, text: &str) -> Result<(), Error> {
        self.ui.data(text).map_err(Error::stdout)
    }
}

/// One JSON value on one line; a record that is none becomes the text or the bytes that it is.
fn json_line(record: &[u8]) -> String {
    match serde_json::from_slice::<Value>(record) {
        Ok(value) => value.to_string(),
        Err(_) => Value::Object(object(record)).to_string(),
    }
}

fn object(record: &[u8]) -> Map<String, Value> {
    match serde_json::from_slice(record) {
        Ok(Value::Object(object)) => object,
        _ => Map::from_iter([("data".to_owned(), Value::String(String::from_utf8_lossy(record).into_owned()))]),
    }
}

fn text(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

fn shown(value: Option<&Value>) -> String {
    let full = text(value);
    match value {
        Some(Value::Number(number)) if full.split_once('.').is_some_and(|(_, digits)| digits.len() > SHOWN_DIGITS) => {
            number.as_f64().map_or(full, |number| format!("{number:.SHOWN_DIGITS$}"))
        }
        _ => full,
    }
}
