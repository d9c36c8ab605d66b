//! Files of records.

use crate::document::Scalar;

use super::super::Stream;
use super::{Datum, Record};

/// Reads the records of a file, or says at which line something is wrong. JSON lines are taken as they are; the rows of a
/// CSV file name columns, and a field without a letter is NULL.
pub(super) fn records(bytes: &[u8], csv: bool, stream: &Stream) -> Result<Vec<Record>, String> {
    if csv {
        return rows(bytes, stream);
    }
    let lines = bytes.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    Ok(lines.filter(|line| !line.is_empty()).map(|line| Record::of(line.to_vec(), stream)).collect())
}

fn rows(bytes: &[u8], stream: &Stream) -> Result<Vec<Record>, String> {
    let mut reader = csv::Reader::from_reader(bytes);
    let header = reader.headers().map_err(|error| error.to_string())?.clone();
    let heading = Heading::of(header.iter(), stream)
        .map_err(|name| format!("line 1: stream `{}` has no column `{name}`", stream.name))?;
    let mut records = Vec::new();
    for row in reader.records() {
        let row = row.map_err(|error| error.to_string())?;
        let line = row.position().map_or(0, csv::Position::line);
        records.push(heading.record(row.iter(), stream).map_err(|reason| format!("line {line}, {reason}"))?);
    }
    Ok(records)
}

/// The columns that the values of a file's rows are of, in their order.
#[derive(Debug)]
pub struct Heading {
    places: Vec<usize>,
}

impl Heading {
    /// Takes the names in a file's first line. Fails with one that no column of the stream has.
    pub fn of<'n>(names: impl Iterator<Item = &'n str>, stream: &Stream) -> Result<Self, String> {
        let place = |name: &str| {
            let found = stream.columns.iter().position(|column| column.name == name);
            found.ok_or_else(|| name.to_owned())
        };
        Ok(Self { places: names.map(|name| place(name.trim_start_matches('\u{feff}'))).collect::<Result<_, _>>()? })
    }

    /// Makes a record of a row; a value without a letter is NULL. Says which value is none of its column.
    pub fn record<'v>(&self, row: impl Iterator<Item = &'v str>, stream: &Stream) -> Result<Record, String> {
        let mut values: Vec<Option<Datum>> = vec![None; stream.columns.len()];
        for (field, index) in row.zip(&self.places) {
            if field.is_empty() {
                continue;
            }
            let column = &stream.columns[*index];
            let datum = Datum::read(column.sql_type, field)
                .map_err(|expected| format!("column `{}`: expected {expected}", column.name))?;
            values[*index] = Some(datum);
        }
        Ok(Record::made(&values, stream))
    }
}

impl Datum {
    /// Reads text without quotes as a value of a type.
    fn read(sql_type: crate::sql::SqlType, text: &str) -> Result<Self, String> {
        let number = Scalar::Number(text.trim().to_owned());
        let given = match text.trim().to_ascii_lowercase().as_str() {
            "true" => Scalar::Boolean(true),
            "false" => Scalar::Boolean(false),
            _ => Scalar::Text(text.to_owned()),
        };
        let text = Scalar::Text(text.to_owned());
        Self::given(sql_type, &text)
            .or_else(|_| Self::given(sql_type, &number))
            .or_else(|_| Self::given(sql_type, &given))
    }
}
