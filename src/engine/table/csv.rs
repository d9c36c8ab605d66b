//! Comma-separated values (RFC 4180): the first line names the columns, in any order; what no column is named after is
//! passed over. An empty value is NULL.

use csv::{Position, ReaderBuilder, StringRecord};

use crate::document::help_for;
use crate::plan::Column;

use super::{Mistake, Rows};

pub(super) fn read(columns: &[Column], text: &str, rows: &mut Rows) -> Result<(), Mistake> {
    let mut reader = ReaderBuilder::new().from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| broken(&error))?.clone();
    let mut places = Vec::with_capacity(columns.len());
    for column in columns {
        let name = column.path.join(".");
        let mut found = header.iter().enumerate().filter(|(_, title)| title.trim() == name);
        let Some((place, _)) = found.next() else {
            let help =
                help_for(&name, header.iter().map(str::trim).filter(|title| !title.is_empty()).collect::<Vec<_>>());
            return Err(Mistake::new(Some(1), format!("the header has no column `{name}`"), help));
        };
        if found.next().is_some() {
            let help = "give one of them another name";
            return Err(Mistake::new(Some(1), format!("the header has two columns `{name}`"), help));
        }
        places.push(place);
    }
    let mut record = StringRecord::new();
    while reader.read_record(&mut record).map_err(|error| broken(&error))? {
        let line = record.position().map_or(0, Position::line);
        let texts = places.iter().map(|place| record.get(*place).filter(|text| !text.is_empty()));
        rows.decoder.push_texts(texts).map_err(|(column, reason)| {
            let help = "correct the value, or give the column another type";
            Mistake::new(Some(line), format!("column `{}`: {reason}", columns[column].name), help)
        })?;
        rows.lines.push(line);
    }
    Ok(())
}

fn broken(error: &csv::Error) -> Mistake {
    let line = error.position().map(Position::line);
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => Mistake::new(
            line,
            format!("the line has {len} values, and the header names {expected_len} columns"),
            "a value that holds a comma or a line end stands in double quotes",
        ),
        _ => Mistake::new(line, error.to_string(), "the file holds comma-separated values with a header line"),
    }
}
