//! Rows of a stream in one form, whatever the format of its records: JSON objects with a member for each column.

use std::borrow::Cow;

use crate::record::{CsvReader, RecordFormat};
use crate::sql::SqlType;

use super::{Column, Plan, Source, Stream};

impl Plan {
    /// Returns what a stream's records are: those of late rows have the columns of the stream that they come from.
    pub fn shape(&self, name: &str) -> Option<Stream> {
        let stream = self.stream(name)?;
        let Source::Late(query) = &stream.source else { return Some(stream.clone()) };
        let query = self.queries.iter().find(|known| known.name == *query)?;
        let origin = self.stream(self.streams_read(query).first()?)?;
        Some(Stream { columns: origin.columns.clone(), format: origin.format, ..stream.clone() })
    }
}

impl Stream {
    /// Returns the rows of a record as JSON. What has no value for each column stays the text that it is.
    pub fn json_rows(&self, record: &[u8]) -> Vec<Vec<u8>> {
        let RecordFormat::Csv { delimiter } = self.format else { return vec![record.to_vec()] };
        let mut reader = CsvReader::new(delimiter);
        let (mut rows, mut place) = (Vec::new(), 0);
        while let Some(row) = reader.next(record, &mut place) {
            let whole = record.get(row.start..row.end).unwrap_or(record);
            rows.push(match row.values() {
                Ok(values) if row.len() == self.columns.len() => object(&self.columns, values),
                _ => whole.to_vec(),
            });
        }
        if rows.is_empty() {
            rows.push(record.to_vec());
        }
        rows
    }

    /// Returns the rows of records as JSON; records that are JSON are their own.
    pub fn as_json<'r>(&self, records: &'r [Vec<u8>]) -> Cow<'r, [Vec<u8>]> {
        match self.format {
            RecordFormat::Json => Cow::Borrowed(records),
            RecordFormat::Csv { .. } => records.iter().flat_map(|record| self.json_rows(record)).collect(),
        }
    }

    /// Writes a row of JSON values by column as a record in CSV.
    pub(crate) fn write_csv<'v>(&self, delimiter: u8, values: impl Iterator<Item = &'v [u8]>, out: &mut Vec<u8>) {
        let values: Vec<(&[u8], bool)> =
            values.zip(&self.columns).map(|(json, column)| (json, is_moment(column.sql_type))).collect();
        crate::record::write_csv_row(delimiter, values.into_iter(), out);
    }
}

fn is_moment(sql_type: SqlType) -> bool {
    matches!(sql_type, SqlType::Timestamp(_))
}

fn object<'t>(columns: &[Column], values: impl Iterator<Item = &'t str>) -> Vec<u8> {
    let mut out = b"{".to_vec();
    for (index, (column, text)) in columns.iter().zip(values).enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(serde_json::Value::from(column.name.as_str()).to_string().as_bytes());
        out.push(b':');
        out.extend_from_slice(json(column.sql_type, text).as_bytes());
    }
    out.push(b'}');
    out
}

/// Returns a value as JSON; a text that is no value of its type stays one.
fn json(sql_type: SqlType, text: &str) -> String {
    let is_number = |text: &str| serde_json::from_str::<serde_json::Number>(text).is_ok();
    match sql_type {
        _ if text.is_empty() => "null".to_owned(),
        SqlType::Boolean if matches!(text, "true" | "false") => text.to_owned(),
        SqlType::Boolean | SqlType::Varchar(_) | SqlType::Date => serde_json::Value::from(text).to_string(),
        SqlType::Timestamp(_) => serde_json::Value::from(text.replacen(' ', "T", 1)).to_string(),
        _ if is_number(text.trim()) => text.trim().to_owned(),
        _ => serde_json::Value::from(text).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::Time;
    use super::*;
    use crate::streams::Capacity;

    fn stream(format: RecordFormat) -> Stream {
        let column = |name: &str, sql_type| Column {
            name: name.to_owned(),
            sql_type,
            not_null: false,
            path: vec![name.to_owned()],
        };
        let scale = SqlType::Decimal { precision: 20, scale: 2 };
        Stream {
            name: "s".to_owned(),
            capacity: Capacity::OnDemand,
            retention_hours: 24,
            format,
            columns: vec![
                column("at", SqlType::Timestamp(3)),
                column("n", scale),
                column("ok", SqlType::Boolean),
                column("t", SqlType::Varchar(9)),
            ],
            partition_key: None,
            time: Time::Event { column: 0, delay: Duration::ZERO, idle: Duration::ZERO },
            source: Source::Producers,
        }
    }

    fn rows(format: RecordFormat, record: &str) -> Vec<String> {
        let rows = stream(format).json_rows(record.as_bytes()).into_iter();
        rows.map(|row| String::from_utf8(row).expect("UTF-8")).collect()
    }

    #[test]
    fn each_row_is_an_object() {
        let csv = RecordFormat::Csv { delimiter: b'|' };
        assert_eq!(
            rows(csv, "2026-01-01 10:00:00.5|123456789012345678.90|true|\"a|b\"\n|x|yes|7\n"),
            [
                r#"{"at":"2026-01-01T10:00:00.5","n":123456789012345678.90,"ok":true,"t":"a|b"}"#,
                r#"{"at":null,"n":"x","ok":"yes","t":"7"}"#,
            ]
        );
        assert_eq!(rows(csv, "1|2\n|||\"x"), ["1|2", "|||\"x"]);
        assert_eq!(rows(csv, ""), [""]);
        assert_eq!(rows(RecordFormat::Json, "{}"), ["{}"]);
    }

    #[test]
    fn values_become_a_row_that_gives_them_again() {
        let csv = RecordFormat::Csv { delimiter: b',' };
        let mut out = Vec::new();
        let values = [r#""2026-01-01T10:00:00.500""#, "1.50", "null", r#""a,\"b\"""#];
        stream(csv).write_csv(b',', values.iter().map(|json| json.as_bytes()), &mut out);
        let text = String::from_utf8(out).expect("UTF-8");
        assert_eq!(text, "2026-01-01 10:00:00.500,1.50,,\"a,\"\"b\"\"\"");
        assert_eq!(rows(csv, &text), [r#"{"at":"2026-01-01T10:00:00.500","n":1.50,"ok":null,"t":"a,\"b\""}"#]);
    }
}
