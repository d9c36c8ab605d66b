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
    let place = |name: &str| {
        let found = stream.columns.iter().position(|column| column.name == name);
        found.ok_or_else(|| format!("line 1: stream `{}` has no column `{name}`", stream.name))
    };
    let places: Vec<usize> = header.iter().map(place).collect::<Result<_, _>>()?;
    let mut records = Vec::new();
    for row in reader.records() {
        let row = row.map_err(|error| error.to_string())?;
        let line = row.position().map_or(0, csv::Position::line);
        let mut values: Vec<Option<Datum>> = vec![None; stream.columns.len()];
        for (field, index) in row.iter().zip(&places) {
            if field.is_empty() {
                continue;
            }
            let column = &stream.columns[*index];
            let datum = Datum::read(column.sql_type, field)
                .map_err(|expected| format!("line {line}, column `{}`: expected {expected}", column.name))?;
            values[*index] = Some(datum);
        }
        records.push(Record::made(&values, stream));
    }
    Ok(records)
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
