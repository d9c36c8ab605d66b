//! JSON records → values by column.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::{Column, Datum};

/// One row, a value for each column.
pub type Row = Vec<Datum>;

/// Reads a record. What is no value of its column stands as the text that it is, which equals no value of the column.
pub fn read_values(record: &[u8], columns: &[Column]) -> Row {
    let whole = String::from_utf8_lossy(record);
    columns.iter().map(|column| member(&whole, column)).collect()
}

fn member(record: &str, column: &Column) -> Datum {
    let mut json = record;
    for name in &column.path {
        let Ok(members) = serde_json::from_str::<BTreeMap<String, &RawValue>>(json) else { return Datum::Null };
        match members.get(name) {
            Some(value) => json = value.get(),
            None => return Datum::Null,
        }
    }
    let value = serde_json::from_str::<&RawValue>(json).ok();
    value.and_then(|value| Datum::found(column.sql_type, value)).unwrap_or_else(|| Datum::Text(json.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::SqlType;

    #[test]
    fn values_are_found_where_their_columns_lie() {
        let column = |name: &str, path: &[&str], sql_type| Column {
            name: name.to_owned(),
            sql_type,
            not_null: false,
            path: path.iter().map(|&name| name.to_owned()).collect(),
        };
        let columns = [
            column("n", &["n"], SqlType::Integer),
            column("bid", &["q", "bid"], SqlType::Double),
            column("t", &["t"], SqlType::Varchar(4)),
            column("none", &["q", "x"], SqlType::Double),
        ];
        let row = read_values(br#"{"t":"a\u00e4","n":"seven","q":{"bid":1.50}}"#, &columns);
        let text = |text: &str| Datum::Text(text.to_owned());
        assert_eq!(row, [text("\"seven\""), Datum::Floating(1.5), text("a\u{e4}"), Datum::Null]);
    }
}
