//! Records as people and programs read them.

use std::fmt::{self, Formatter};

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::{RawValue, to_raw_value};

use crate::error::Error;
use crate::plan::{Plan, Stream};
use crate::record::RecordFormat;
use crate::ui::{Format, Ui, csv_line, table};

/// How many digits behind the point a table shows of a number that has more; JSON and CSV have them all.
const SHOWN_DIGITS: usize = 4;
/// The column by which rows belong together in one table.
const WINDOW: &str = "window_start";
/// The column that stands for a record that is no JSON object.
const DATA: &str = "data";

/// Writes the records of one stream.
pub(super) struct Rows<'a> {
    ui: &'a Ui,
    /// The stream whose records are no JSON, where it is one.
    stream: Option<Stream>,
    /// The columns in order, where they are known beforehand.
    columns: Vec<String>,
    /// Stands above each table, where records of several streams are shown.
    title: Option<String>,
    header_written: bool,
}

impl<'a> Rows<'a> {
    /// Takes the columns, where they are known.
    pub(super) fn new(ui: &'a Ui, columns: Vec<String>, title: Option<String>) -> Self {
        Self { ui, stream: None, columns, title, header_written: false }
    }

    /// Prepares for the records of streams, each with its columns where they are known; a plan says how they are written.
    pub(super) fn of_streams(ui: &'a Ui, streams: &[(String, Vec<String>)], plan: Option<&Plan>) -> Vec<Self> {
        let of = |(name, columns): &(String, Vec<String>)| {
            let stream = plan.and_then(|plan| plan.shape(name));
            let title = (streams.len() > 1).then(|| name.clone());
            Self {
                stream: stream.filter(|stream| stream.format != RecordFormat::Json),
                ..Self::new(ui, columns.clone(), title)
            }
        };
        streams.iter().map(of).collect()
    }

    /// Writes some records that follow each other.
    pub(super) fn write(&mut self, records: &[Vec<u8>]) -> Result<(), Error> {
        let rows: Option<Vec<Vec<u8>>> =
            self.stream.as_ref().map(|stream| records.iter().flat_map(|record| stream.json_rows(record)).collect());
        let records = rows.as_deref().unwrap_or(records);
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
                let window = |row: &Row| text(row.get(WINDOW));
                rows.chunk_by(|a, b| window(a) == window(b)).try_for_each(|rows| self.table(rows))
            }
        }
    }

    fn table(&mut self, rows: &[Row]) -> Result<(), Error> {
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
    fn learn(&mut self, row: &Row) {
        for (column, _) in &row.0 {
            if !self.columns.contains(column) {
                self.columns.push(column.clone());
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

/// The members of a record in their order. Numbers stay as they are written: a DECIMAL has more digits than a double.
struct Row(Vec<(String, Box<RawValue>)>);

impl Row {
    fn of(record: &[u8]) -> Self {
        serde_json::from_slice(record).unwrap_or_else(|_| {
            let text = to_raw_value(&String::from_utf8_lossy(record)).expect("any text is a JSON string");
            Self(vec![(DATA.to_owned(), text)])
        })
    }

    fn get(&self, column: &str) -> Option<&RawValue> {
        self.0.iter().find(|(name, _)| name == column).map(|(_, value)| &**value)
    }
}

impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Row;

            fn expecting(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Row, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Row(members))
            }
        }

        deserializer.deserialize_map(Members)
    }
}

fn text(value: Option<&RawValue>) -> String {
    match value.map(RawValue::get) {
        None | Some("null") => String::new(),
        Some(json) if json.starts_with('"') => serde_json::from_str(json).unwrap_or_else(|_| json.to_owned()),
        Some(json) => json.replace(['\n', '\r'], " "),
    }
}

fn shown(value: Option<&RawValue>) -> String {
    let full = text(value);
    let is_number =
        value.is_some_and(|value| value.get().starts_with(|first: char| first == '-' || first.is_ascii_digit()));
    if is_number && full.split_once('.').is_some_and(|(_, digits)| digits.len() > SHOWN_DIGITS) {
        return full.parse().map_or(full, |number: f64| format!("{number:.SHOWN_DIGITS$}"));
    }
    // A terminal would obey them.
    if full.contains(char::is_control) {
        return full
            .chars()
            .flat_map(|letter| if letter.is_control() { letter.escape_default().collect() } else { vec![letter] })
            .collect();
    }
    full
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
    fn tables_are_for_reading() {
        let row = Row::of(br#"{"a":1.23456,"b":-0.5,"c":"1.23456"}"#);
        assert_eq!(["a", "b", "c"].map(|name| shown(row.get(name))), ["1.2346", "-0.5", "1.23456"]);
    }

    #[test]
    fn what_is_no_object_is_shown_as_it_is() {
        assert_eq!(json_line(b"{oops"), r#"{"data":"{oops"}"#);
        assert_eq!(json_line(b"[1.0]"), "[1.0]");
        assert_eq!(text(Row::of(b"\xff").get("data")), "\u{fffd}");
        assert_eq!(text(Row::of(b"[1]").get("data")), "[1]");
    }
}
