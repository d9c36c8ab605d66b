//! `--where`: which records are shown.

use serde_json::Value;

use crate::document::help_for;
use crate::engine::Filter;
use crate::error::Error;
use crate::plan::{Column, Stream};
use crate::record::RecordFormat;
use crate::sql::{MAX_VARCHAR, Scope, SqlError, SqlType, read_filter};
use crate::ui::{Ui, count};

/// A condition over the records of one stream.
///
/// A plan types the columns that it has of the stream. Of any other stream the first JSON objects that come do: their
/// numbers are DOUBLE, their texts VARCHAR and their truths BOOLEAN, by the first value that each member has.
pub(super) struct Condition {
    text: String,
    stream: String,
    /// `None` until the columns are known.
    filter: Option<Filter>,
    untold: usize,
}

impl Condition {
    /// Takes the text, and what a plan knows of the stream.
    pub(super) fn new(text: &str, stream: &str, shape: Option<&Stream>) -> Result<Self, Error> {
        let mut condition = Self { text: text.to_owned(), stream: stream.to_owned(), filter: None, untold: 0 };
        if let Some(shape) = shape.filter(|shape| !shape.columns.is_empty()) {
            condition.filter = Some(condition.typed(shape.format, &shape.columns, "")?);
        }
        Ok(condition)
    }

    /// Returns the rows for which it holds. Says of the first row that cannot be told, why not.
    pub(super) fn pass(&mut self, records: &[Vec<u8>], ui: &Ui) -> Result<Vec<Vec<u8>>, Error> {
        if self.filter.is_none() {
            let columns = guess(records);
            if !columns.is_empty() {
                let help = format!(
                    "; its columns are guessed from its records, `pipe tail PIPELINE --stream {}` takes those of a file",
                    self.stream
                );
                self.filter = Some(self.typed(RecordFormat::Json, &columns, &help)?);
            }
        }
        let (rows, untold, reason) = match &mut self.filter {
            Some(filter) => {
                let passed = filter.pass(records).map_err(|message| self.refused(&message, None))?;
                (passed.rows, passed.untold, passed.reason)
            }
            None => (Vec::new(), records.len(), (!records.is_empty()).then(|| "it is no JSON object".to_owned())),
        };
        if let (0, Some(reason)) = (self.untold, &reason) {
            let stream = &self.stream;
            ui.note(&format!("note: a record of `{stream}` is not shown, as --where cannot be told of it: {reason}"));
        }
        self.untold += untold;
        Ok(rows)
    }

    /// Says of how many rows it could not be told, where there is more than the one that was said at once.
    pub(super) fn tell(&self, ui: &Ui) {
        if self.untold > 1 {
            let (rows, stream) = (count(self.untold, "record", "records"), &self.stream);
            ui.note(&format!("{rows} of `{stream}` were not shown, as --where could not be told of them"));
        }
    }

    fn typed(&self, format: RecordFormat, columns: &[Column], help: &str) -> Result<Filter, Error> {
        let names: Vec<(String, SqlType)> =
            columns.iter().map(|column| (column.name.clone(), column.sql_type)).collect();
        let condition = read_filter(&self.text, Scope::of(&names)).map_err(|error| self.mistaken(error, help))?;
        Filter::new(format, columns, &condition).map_err(|message| self.refused(&message, None))
    }

    fn mistaken(&self, error: SqlError, help: &str) -> Error {
        let known = error.unknown.as_deref();
        let help_of = known.map(|(word, legal)| help_for(word, legal.iter().map(String::as_str).collect::<Vec<_>>()));
        let said = error.help.or(help_of).unwrap_or_else(|| "give a condition such as \"price > 100\"".to_owned());
        self.refused(&error.message, Some(format!("{said}{help}")))
    }

    fn refused(&self, message: &str, hint: Option<String>) -> Error {
        let hint = hint.unwrap_or_else(|| "give another condition".to_owned());
        Error::Usage { message: format!("--where of stream `{}`: {message}", self.stream), hint }
    }
}

/// Returns the members of the JSON objects among some records, as columns.
fn guess(records: &[Vec<u8>]) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::new();
    for record in records {
        let Ok(Value::Object(members)) = serde_json::from_slice(record) else { continue };
        for (name, value) in members {
            let sql_type = match value {
                Value::Number(_) => SqlType::Double,
                Value::String(_) => SqlType::Varchar(MAX_VARCHAR),
                Value::Bool(_) => SqlType::Boolean,
                Value::Null | Value::Array(_) | Value::Object(_) => continue,
            };
            if columns.iter().all(|column| column.name != name) {
                columns.push(Column { path: vec![name.clone()], name, sql_type, not_null: false });
            }
        }
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_guessed_from_the_first_value_of_each_member() {
        let records = [r#"{"a":null,"b":"x","c":{"d":1}}"#, "no object", "[1]", r#"{"a":1,"b":2,"e":true}"#];
        let columns = guess(&records.map(|record| record.as_bytes().to_vec()));
        let found: Vec<_> = columns.iter().map(|column| (column.name.as_str(), column.sql_type)).collect();
        assert_eq!(
            found,
            [("b", SqlType::Varchar(MAX_VARCHAR)), ("a", SqlType::Double), ("e", SqlType::Boolean)],
            "objects and lists have no type"
        );
    }
}
