//! Record bytes → Arrow columns.

mod cell;
mod columns;
mod object;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use crate::plan::Column;

use cell::Cells;
use columns::Columns;
use object::Node;

/// The most bytes of a reason that a bad record is kept with.
const MAX_REASON: usize = 512;

/// Decodes the JSON records of one stream into batches. A record that cannot be read leaves no trace in the batch.
pub(super) struct Decoder {
    root: Node,
    cells: Cells,
    columns: Columns,
    not_null: Vec<(usize, String)>,
}

impl Decoder {
    /// Takes the columns to read; `required` are those, by index, without which a record is bad whatever they declare.
    pub(super) fn new(columns: &[Column], required: &[usize]) -> Self {
        let not_null = columns
            .iter()
            .enumerate()
            .filter(|(index, column)| column.not_null || required.contains(index))
            .map(|(index, column)| (index, column.path.join(".")))
            .collect();
        Self { root: Node::of(columns), cells: Cells::new(columns), columns: Columns::new(columns), not_null }
    }

    /// Returns the schema of the batches.
    pub(super) fn schema(&self) -> SchemaRef {
        self.columns.schema()
    }

    /// Adds a record to the batch, or says why it is bad.
    pub(super) fn push(&mut self, data: &[u8]) -> Result<(), String> {
        self.cells.clear();
        let text = std::str::from_utf8(data)
            .map_err(|error| format!("the record is not UTF-8 from byte {}", error.valid_up_to()))?;
        let mut json = serde_json::Deserializer::from_str(text);
        object::read(&self.root, &mut self.cells, &mut json).and_then(|()| json.end()).map_err(|error| {
            let mut reason = format!("the record cannot be read: {error}");
            if reason.len() > MAX_REASON {
                let end = (0..=MAX_REASON).rev().find(|at| reason.is_char_boundary(*at)).unwrap_or(0);
                reason.truncate(end);
            }
            reason
        })?;
        if let Some((_, path)) = self.not_null.iter().find(|(index, _)| self.cells.is_null(*index)) {
            return Err(format!("the record has no value at `$.{path}`, which is needed"));
        }
        self.columns.append(&self.cells);
        Ok(())
    }

    /// Adds a row whose values are texts, or says of which column the value is bad, and why.
    pub(super) fn push_texts<'t>(
        &mut self,
        texts: impl Iterator<Item = Option<&'t str>>,
    ) -> Result<(), (usize, String)> {
        self.cells.clear();
        for (column, text) in texts.enumerate() {
            if let Some(text) = text {
                self.cells.take_text(column, text).map_err(|error| (column, error.to_string()))?;
            }
        }
        if let Some((column, _)) = self.not_null.iter().find(|(index, _)| self.cells.is_null(*index)) {
            return Err((*column, "there is no value, which is needed".to_owned()));
        }
        self.columns.append(&self.cells);
        Ok(())
    }

    /// Returns what was added since the last time.
    pub(super) fn finish(&mut self) -> RecordBatch {
        self.columns.finish()
    }
}

#[cfg(test)]
mod tests {
    use arrow::util::display::array_value_to_string;

    use super::*;
    use crate::sql::SqlType;

    fn column(name: &str, sql_type: &str, path: &[&str]) -> Column {
        let read = SqlType::read_column(sql_type).expect("a type");
        let path = path.iter().map(|&name| name.to_owned()).collect();
        Column { name: name.to_owned(), sql_type: read.sql_type, not_null: read.not_null, path }
    }

    fn one(sql_type: &str, value: &str) -> Result<String, String> {
        let mut decoder = Decoder::new(&[column("v", sql_type, &["v"])], &[]);
        decoder.push(format!("{{\"v\": {value}}}").as_bytes())?;
        let batch = decoder.finish();
        Ok(array_value_to_string(batch.column(0), 0).expect("a value"))
    }

    #[test]
    fn values_become_what_kda_makes_of_them() {
        for (sql_type, value, expected) in [
            ("INTEGER", "237", "237"),
            ("INTEGER", "5.0", "5"),
            ("INTEGER", "\" 12 \"", "12"),
            ("INTEGER", "true", "1"),
            ("INTEGER", "null", ""),
            ("BIGINT", "9223372036854775807", "9223372036854775807"),
            ("DOUBLE", "1e3", "1000.0"),
            ("DOUBLE", "\"2.5\"", "2.5"),
            ("DECIMAL(20, 2)", "123456789012345678.91", "123456789012345678.91"),
            ("DECIMAL(5, 2)", "\"1.5\"", "1.50"),
            ("BOOLEAN", "1", "true"),
            ("BOOLEAN", "\"TRUE\"", "true"),
            ("BOOLEAN", "\"yes\"", "false"),
            ("VARCHAR(3)", "\"abcdef\"", "abc"),
            ("VARCHAR(3)", "\"äöüß\"", "äöü"),
            ("VARCHAR(9)", "12.5", "12.5"),
            ("VARCHAR(5)", "false", "false"),
            ("VARCHAR(20)", "{\"a\": [1, 2]}", "{\"a\":[1,2]}"),
            ("DATE", "\"2026-02-28\"", "2026-02-28"),
            ("TIMESTAMP(3)", "\"2026-02-02T10:15:30.123456\"", "2026-02-02T10:15:30.123"),
            ("TIMESTAMP(6)", "\"2026-02-02 10:15:30.123456\"", "2026-02-02T10:15:30.123456"),
            ("TIMESTAMP(0)", "\"2026-02-02T11:15:30+01:00\"", "2026-02-02T10:15:30"),
        ] {
            assert_eq!(one(sql_type, value).as_deref(), Ok(expected), "{sql_type} of {value}");
        }
    }

    #[test]
    fn what_does_not_fit_is_bad() {
        for (sql_type, value) in [
            ("INTEGER", "123.4"),
            ("INTEGER", "2147483648"),
            ("TINYINT", "-129"),
            ("INTEGER", "\"12a\""),
            ("INTEGER", "[1]"),
            ("INTEGER", "{}"),
            ("BIGINT", "1e30"),
            ("DECIMAL(4, 2)", "123.45"),
            ("DECIMAL(4, 2)", "1.234"),
            ("BOOLEAN", "[]"),
            ("DATE", "\"2026-02-30\""),
            ("TIMESTAMP(3)", "\"soon\""),
            ("TIMESTAMP(3)", "12"),
            ("INTEGER NOT NULL", "null"),
        ] {
            one(sql_type, value).expect_err(&format!("{sql_type} of {value}"));
        }
    }

    #[test]
    fn paths_lead_inside_and_the_rest_is_passed_over() {
        let columns =
            [column("price", "DOUBLE", &["quote", "price"]), column("bid", "INTEGER NOT NULL", &["quote", "bid"])];
        let mut decoder = Decoder::new(&columns, &[]);
        decoder
            .push(br#"{"x": [{"y": 1}], "quote": {"bid": 2, "z": null, "price": 1.5}, "w": "\u00e4"}"#)
            .expect("good");
        decoder.push(br#"{"quote": {"bid": 3}}"#).expect("good");
        decoder.push(br#"{"quote": null}"#).expect_err("no bid");
        decoder.push(br#"{"quote": 7}"#).expect_err("not an object");
        assert_eq!(decoder.finish().num_rows(), 2);
    }

    #[test]
    fn garbage_leaves_no_trace() {
        let mut decoder = Decoder::new(&[column("v", "INTEGER", &["v"])], &[]);
        let deep = format!("{{\"x\": {}", "[".repeat(100_000));
        let large = vec![0xff; 300 * 1024];
        let cases: [&[u8]; 9] =
            [b"", b"{", b"[]", b"7", b"{\"v\": 1} x", b"{\"v\": 1", b"\xff\xfe", deep.as_bytes(), &large];
        for data in cases {
            let reason = decoder.push(data).expect_err("bad");
            assert!(reason.len() <= MAX_REASON);
        }
        decoder.push(b"{\"v\": 1}").expect("good");
        assert_eq!(decoder.finish().num_rows(), 1);
    }
}
