//! Record bytes → Arrow columns.

mod cell;
mod columns;
mod object;

use std::ops::Range;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use crate::plan::Column;
use crate::record::{CsvReader, CsvRow, RecordFormat};

use cell::Cells;
use columns::Columns;
use object::Node;

/// The most bytes of a reason that a bad record is kept with.
const MAX_REASON: usize = 512;

/// Decodes the records of one stream into batches. A row that cannot be read leaves no trace in the batch.
pub(super) struct Decoder {
    form: Form,
    rows: Batch,
}

/// How the rows lie in a record.
enum Form {
    Json(Node),
    Csv(Box<CsvReader>),
}

/// The rows of a batch as far as they are read.
struct Batch {
    cells: Cells,
    columns: Columns,
    /// The columns without which a row is bad, with what a reason calls them.
    not_null: Vec<(usize, String)>,
}

impl Decoder {
    /// Takes the columns to read; `required` are those, by index, without which a row is bad whatever they declare.
    pub(super) fn new(format: RecordFormat, columns: &[Column], required: &[usize]) -> Self {
        let not_null = columns
            .iter()
            .enumerate()
            .filter(|(index, column)| column.not_null || required.contains(index))
            .map(|(index, column)| (index, column.path.join(".")))
            .collect();
        let form = match format {
            RecordFormat::Json => Form::Json(Node::of(columns)),
            RecordFormat::Csv { delimiter } => Form::Csv(Box::new(CsvReader::new(delimiter))),
        };
        Self { form, rows: Batch { cells: Cells::new(columns), columns: Columns::new(columns), not_null } }
    }

    /// Returns the schema of the batches.
    pub(super) fn schema(&self) -> SchemaRef {
        self.rows.columns.schema()
    }

    /// Adds the rows of a record to the batch. Tells of each which part of the record it is, and of a bad one why it is.
    pub(super) fn push(&mut self, data: &[u8], mut each: impl FnMut(Range<usize>, Result<(), String>)) {
        let reader = match &mut self.form {
            Form::Json(root) => return each(0..data.len(), self.rows.push_object(root, data).map_err(cut)),
            Form::Csv(reader) => reader,
        };
        let (mut place, mut found) = (0, false);
        while let Some(row) = reader.next(data, &mut place) {
            each(row.start..row.end, self.rows.push_row(&row).map_err(cut));
            found = true;
        }
        if !found {
            each(0..data.len(), Err("the record has no row".to_owned()));
        }
    }

    /// Adds a row whose values are texts, or says of which column the value is bad, and why.
    pub(super) fn push_texts<'t>(
        &mut self,
        texts: impl Iterator<Item = Option<&'t str>>,
    ) -> Result<(), (usize, String)> {
        self.rows.push_texts(texts)
    }

    /// Returns what was added since the last time.
    pub(super) fn finish(&mut self) -> RecordBatch {
        self.rows.columns.finish()
    }
}

/// Cuts a reason that quotes much of a record.
fn cut(mut reason: String) -> String {
    if reason.len() > MAX_REASON {
        let end = (0..=MAX_REASON).rev().find(|at| reason.is_char_boundary(*at)).unwrap_or(0);
        reason.truncate(end);
    }
    reason
}

impl Batch {
    fn push_object(&mut self, root: &Node, data: &[u8]) -> Result<(), String> {
        self.cells.clear();
        let text = std::str::from_utf8(data)
            .map_err(|error| format!("the record is not UTF-8 from byte {}", error.valid_up_to()))?;
        let mut json = serde_json::Deserializer::from_str(text);
        object::read(root, &mut self.cells, &mut json)
            .and_then(|()| json.end())
            .map_err(|error| format!("the record cannot be read: {error}"))?;
        if let Some((_, path)) = self.not_null.iter().find(|(index, _)| self.cells.is_null(*index)) {
            return Err(format!("the record has no value at `$.{path}`, which is needed"));
        }
        self.columns.append(&self.cells);
        Ok(())
    }

    /// An empty value is NULL, in quotes or not.
    fn push_row(&mut self, row: &CsvRow<'_>) -> Result<(), String> {
        let columns = self.columns.schema();
        let (values, wanted) = (row.len(), columns.fields().len());
        let texts = row.values().map_err(|reason| format!("the row cannot be read: {reason}"))?;
        if values != wanted {
            return Err(format!("the row has {values} values, and the stream {wanted} columns"));
        }
        self.push_texts(texts.map(|text| Some(text).filter(|text| !text.is_empty())))
            .map_err(|(column, reason)| format!("column `{}`: {reason}", columns.field(column).name()))
    }

    fn push_texts<'t>(&mut self, texts: impl Iterator<Item = Option<&'t str>>) -> Result<(), (usize, String)> {
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

    /// Reads a record of one row.
    fn push(decoder: &mut Decoder, data: &[u8]) -> Result<(), String> {
        let mut found = Vec::new();
        decoder.push(data, |part, result| {
            assert_eq!(part, 0..data.len());
            found.push(result);
        });
        assert_eq!(found.len(), 1);
        found.swap_remove(0)
    }

    fn one(sql_type: &str, value: &str) -> Result<String, String> {
        let mut decoder = Decoder::new(RecordFormat::Json, &[column("v", sql_type, &["v"])], &[]);
        push(&mut decoder, format!("{{\"v\": {value}}}").as_bytes())?;
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
        let mut decoder = Decoder::new(RecordFormat::Json, &columns, &[]);
        push(&mut decoder, br#"{"x": [{"y": 1}], "quote": {"bid": 2, "z": null, "price": 1.5}, "w": "\u00e4"}"#)
            .expect("good");
        push(&mut decoder, br#"{"quote": {"bid": 3}}"#).expect("good");
        push(&mut decoder, br#"{"quote": null}"#).expect_err("no bid");
        push(&mut decoder, br#"{"quote": 7}"#).expect_err("not an object");
        assert_eq!(decoder.finish().num_rows(), 2);
    }

    #[test]
    fn garbage_leaves_no_trace() {
        let mut decoder = Decoder::new(RecordFormat::Json, &[column("v", "INTEGER", &["v"])], &[]);
        let deep = format!("{{\"x\": {}", "[".repeat(100_000));
        let large = vec![0xff; 300 * 1024];
        let cases: [&[u8]; 9] =
            [b"", b"{", b"[]", b"7", b"{\"v\": 1} x", b"{\"v\": 1", b"\xff\xfe", deep.as_bytes(), &large];
        for data in cases {
            let reason = push(&mut decoder, data).expect_err("bad");
            assert!(reason.len() <= MAX_REASON);
        }
        push(&mut decoder, b"{\"v\": 1}").expect("good");
        assert_eq!(decoder.finish().num_rows(), 1);
    }

    /// The rows of a record in CSV: the part that each is, and its values or why it is bad.
    fn csv(record: &str) -> Vec<(String, Result<Vec<String>, String>)> {
        let columns = [
            column("id", "INTEGER NOT NULL", &["id"]),
            column("at", "TIMESTAMP(3)", &["at"]),
            column("name", "VARCHAR(5)", &["name"]),
        ];
        let mut decoder = Decoder::new(RecordFormat::Csv { delimiter: b',' }, &columns, &[]);
        let mut found = Vec::new();
        decoder.push(record.as_bytes(), |part, result| found.push((record[part].to_owned(), result)));
        let batch = decoder.finish();
        let text = |row: usize| {
            let value = |column| array_value_to_string(batch.column(column), row).expect("a value");
            (0..columns.len()).map(value).collect()
        };
        let mut good = 0..batch.num_rows();
        let rows = found.into_iter().map(|(part, result)| (part, result.map(|()| text(good.next().expect("a row")))));
        rows.collect()
    }

    #[test]
    fn a_record_in_csv_has_a_row_in_each_line() {
        let rows = csv("1,2026-02-02 10:15:30.5,a\r\n 2 ,,\"b,\nc \"\n3,2026-02-02T10:15:30,\"\"\n\n");
        let expected = [
            ("1,2026-02-02 10:15:30.5,a", ["1", "2026-02-02T10:15:30.500", "a"]),
            (" 2 ,,\"b,\nc \"", ["2", "", "b,\nc "]),
            ("3,2026-02-02T10:15:30,\"\"", ["3", "2026-02-02T10:15:30", ""]),
        ];
        let expected = expected.map(|(part, row)| (part.to_owned(), Ok(row.map(str::to_owned).to_vec())));
        assert_eq!(rows, expected);
    }

    #[test]
    fn a_bad_row_leaves_its_neighbours_alone() {
        let rows = csv("1,,a\n2,b\n3,,c,d\n,,e\nx,,f\n5,,g\n6,,\"h\n7,,i");
        let reasons: Vec<Option<&str>> = rows.iter().map(|(_, row)| row.as_ref().err().map(String::as_str)).collect();
        assert_eq!(
            reasons,
            [
                None,
                Some("the row has 2 values, and the stream 3 columns"),
                Some("the row has 4 values, and the stream 3 columns"),
                Some("column `id`: there is no value, which is needed"),
                Some("column `id`: \"x\" is not a INTEGER"),
                None,
                Some("the row cannot be read: a quote is not closed"),
            ]
        );
        assert_eq!(rows[6].0, "6,,\"h\n7,,i");
        for empty in ["", "\n", "\r\n\r\n"] {
            assert_eq!(csv(empty), [(empty.to_owned(), Err("the record has no row".to_owned()))]);
        }
    }
}
