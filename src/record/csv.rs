//! Rows of values by position (RFC 4180): quotes around a value that holds a delimiter, a quote or a line end.

use std::borrow::Cow;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

/// How much room a row has at first.
const ROOM: usize = 1024;
/// How many values a row has at first.
const VALUES: usize = 32;

/// Reads the rows of records, with room that is used again for the next.
#[derive(Debug)]
pub(crate) struct CsvReader {
    reader: Reader,
    texts: Vec<u8>,
    ends: Vec<usize>,
}

/// One row, its quotes taken off.
#[derive(Debug)]
pub(crate) struct CsvRow<'r> {
    /// Where its text begins in the record.
    pub(crate) start: usize,
    /// Where it ends, without the line end.
    pub(crate) end: usize,
    texts: &'r [u8],
    ends: &'r [usize],
    is_closed: bool,
}

impl CsvReader {
    /// Reads rows with this character between values.
    pub(crate) fn new(delimiter: u8) -> Self {
        let reader = ReaderBuilder::new().delimiter(delimiter).build();
        Self { reader, texts: vec![0; ROOM], ends: vec![0; VALUES] }
    }

    /// Returns the first row of a record from a place where a row begins, and sets that to where the next one does.
    /// Lines without a letter are no rows.
    pub(crate) fn next(&mut self, record: &[u8], place: &mut usize) -> Option<CsvRow<'_>> {
        let is_line_end = |byte: &u8| matches!(byte, b'\n' | b'\r');
        let start = *place + record.get(*place..)?.iter().take_while(|byte| is_line_end(byte)).count();
        if start >= record.len() {
            *place = record.len();
            return None;
        }
        self.reader.reset();
        let (mut at, mut texts, mut ends, mut is_closed) = (start, 0, 0, true);
        loop {
            // A row is closed by its line end. Behind the record there is one; where that is a part of a value, a quote
            // was left open, and nothing at all ends the row.
            let rest = match &record[at..] {
                [] if is_closed => &b"\n"[..],
                rest => rest,
            };
            let (result, read, written, ended) =
                self.reader.read_record(rest, &mut self.texts[texts..], &mut self.ends[ends..]);
            let is_behind = at == record.len();
            at = (at + read).min(record.len());
            texts += written;
            ends += ended;
            match result {
                ReadRecordResult::Record | ReadRecordResult::End => break,
                ReadRecordResult::OutputFull => self.texts.resize(self.texts.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::InputEmpty => is_closed &= !is_behind,
            }
        }
        *place = at;
        let end = at - record[start..at].iter().rev().take_while(|byte| is_line_end(byte)).count();
        Some(CsvRow { start, end, texts: &self.texts[..texts], ends: &self.ends[..ends], is_closed })
    }
}

impl CsvRow<'_> {
    /// Returns how many values there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Returns the values in order, or why they cannot be told.
    pub(crate) fn values(&self) -> Result<impl Iterator<Item = &str>, String> {
        if !self.is_closed {
            return Err("a quote is not closed".to_owned());
        }
        let texts = std::str::from_utf8(self.texts)
            .map_err(|error| format!("it is not UTF-8 from byte {} of its values", error.valid_up_to()))?;
        let mut start = 0;
        Ok(self.ends.iter().map(move |end| {
            // A delimiter is no part of a character, so that no value begins or ends within one.
            let value = texts.get(start..*end).unwrap_or_default();
            start = *end;
            value
        }))
    }
}

/// Writes a value, in quotes where it needs them; those of a text without a letter tell it from NULL.
pub(crate) fn write_csv_field(delimiter: u8, value: &[u8], out: &mut Vec<u8>) {
    let is_plain = |byte: &u8| *byte != delimiter && !matches!(byte, b'"' | b'\n' | b'\r');
    if !value.is_empty() && value.iter().all(is_plain) {
        out.extend_from_slice(value);
        return;
    }
    out.push(b'"');
    for part in value.split_inclusive(|byte| *byte == b'"') {
        out.extend_from_slice(part);
        if part.ends_with(b"\"") {
            out.push(b'"');
        }
    }
    out.push(b'"');
}

/// Writes NULL: nothing, but for the only value of a row, as a line without a letter is no row.
pub(crate) fn write_csv_null(values: usize, out: &mut Vec<u8>) {
    if values == 1 {
        out.extend_from_slice(b"\"\"");
    }
}

/// Writes a JSON value as one of CSV; with a space between the day and the time where it is a moment, as Flink and
/// Kinesis Data Analytics do.
fn write_csv_json(delimiter: u8, json: &[u8], is_moment: bool, out: &mut Vec<u8>) {
    let text = match json.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")) {
        None => Cow::Borrowed(json),
        Some(plain) if !plain.contains(&b'\\') => Cow::Borrowed(plain),
        Some(plain) => {
            serde_json::from_slice::<String>(json).map_or(Cow::Borrowed(plain), |text| Cow::Owned(text.into_bytes()))
        }
    };
    match text.iter().position(|byte| *byte == b'T').filter(|_| is_moment) {
        None => write_csv_field(delimiter, &text, out),
        Some(at) => {
            let mut text = text.into_owned();
            text[at] = b' ';
            write_csv_field(delimiter, &text, out);
        }
    }
}

/// Writes a row of JSON values, each with whether it is a moment.
pub(crate) fn write_csv_row<'v>(
    delimiter: u8,
    values: impl ExactSizeIterator<Item = (&'v [u8], bool)>,
    out: &mut Vec<u8>,
) {
    let count = values.len();
    for (index, (json, is_moment)) in values.enumerate() {
        if index > 0 {
            out.push(delimiter);
        }
        if json == b"null" {
            write_csv_null(count, out);
        } else {
            write_csv_json(delimiter, json, is_moment, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The values of each row, or why they cannot be told, with the row's own text.
    fn read(delimiter: u8, record: &[u8]) -> Vec<(String, Result<Vec<String>, String>)> {
        let mut reader = CsvReader::new(delimiter);
        let (mut rows, mut place) = (Vec::new(), 0);
        while let Some(row) = reader.next(record, &mut place) {
            let text = String::from_utf8_lossy(&record[row.start..row.end]).into_owned();
            rows.push((text, row.values().map(|values| values.map(str::to_owned).collect())));
        }
        rows
    }

    fn values(delimiter: u8, record: &str) -> Vec<Vec<String>> {
        read(delimiter, record.as_bytes()).into_iter().map(|(_, values)| values.expect(record)).collect()
    }

    #[test]
    fn rows_are_lines_and_values_have_places() {
        assert_eq!(values(b',', "a,b\nc,"), [["a", "b"], ["c", ""]]);
        assert_eq!(values(b'|', "a,b|c\r\n\r\n|\n"), [["a,b", "c"], ["", ""]]);
        assert_eq!(values(b'\t', "a\t\"b\tc\""), [["a", "b\tc"]]);
        assert_eq!(values(b',', "\"a\nb\",\"c\"\"d\"\n\"\""), [vec!["a\nb", "c\"d"], vec![""]]);
        assert_eq!(values(b',', " a , b"), [[" a ", " b"]]);
        assert_eq!(values(b',', "\n\r\n"), [[""; 0]; 0]);
        assert_eq!(values(b',', ""), [[""; 0]; 0]);
    }

    #[test]
    fn json_values_become_texts() {
        let written = |values: &[(&str, bool)]| {
            let mut out = Vec::new();
            write_csv_row(b',', values.iter().map(|(json, is_moment)| (json.as_bytes(), *is_moment)), &mut out);
            String::from_utf8(out).expect("UTF-8")
        };
        assert_eq!(written(&[("1.50", false), ("null", false), ("true", false)]), "1.50,,true");
        assert_eq!(
            written(&[("\"2026-01-01T10:00:00.000\"", true), ("\"T,\"", false)]),
            "2026-01-01 10:00:00.000,\"T,\""
        );
        assert_eq!(written(&[(r#""a\"\u00e4\n""#, false), ("\"\"", false)]), "\"a\"\"ä\n\",\"\"");
        assert_eq!(written(&[("null", true)]), "\"\"");
    }

    #[test]
    fn a_row_knows_its_own_text() {
        let rows = read(b',', b"\n1,\"x\ny\"\r\n2,z\n");
        let texts: Vec<&str> = rows.iter().map(|(text, _)| text.as_str()).collect();
        assert_eq!(texts, ["1,\"x\ny\"", "2,z"]);
    }

    #[test]
    fn what_cannot_be_told_is_said_of_its_row_alone() {
        let rows = read(b',', b"1,\xff\n2,b\n3,\"c\n4,d\n");
        assert_eq!(rows[0].1, Err("it is not UTF-8 from byte 1 of its values".to_owned()));
        assert_eq!(rows[1].1, Ok(vec!["2".to_owned(), "b".to_owned()]));
        assert_eq!(rows[2].1, Err("a quote is not closed".to_owned()));
        assert_eq!(rows.len(), 3);
        assert_eq!(read(b',', b"\"").len(), 1);
        assert_eq!(read(b',', b"\xef\xbb\xbf").len(), 1);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(rows in rows(), delimiter in 0u8..3) {
            let delimiter = [b',', b'|', b' '][usize::from(delimiter)];
            let mut record = Vec::new();
            for row in &rows {
                for (index, value) in row.iter().enumerate() {
                    if index > 0 {
                        record.push(delimiter);
                    }
                    match value {
                        Some(value) => write_csv_field(delimiter, value.as_bytes(), &mut record),
                        None => write_csv_null(row.len(), &mut record),
                    }
                }
                record.push(b'\n');
            }
            let found = values(delimiter, std::str::from_utf8(&record).expect("UTF-8"));
            let plain: Vec<Vec<String>> =
                rows.into_iter().map(|row| row.into_iter().map(Option::unwrap_or_default).collect()).collect();
            prop_assert_eq!(found, plain);
        }

        #[test]
        fn no_bytes_are_too_much(record in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut ends = 0;
            let mut reader = CsvReader::new(b',');
            let mut place = 0;
            while let Some(row) = reader.next(&record, &mut place) {
                prop_assert!(row.start >= ends && row.start < row.end);
                ends = row.end;
                drop(row.values().map(Iterator::count));
            }
            prop_assert_eq!(place, record.len());
        }
    }

    fn rows() -> impl Strategy<Value = Vec<Vec<Option<String>>>> {
        let value = proptest::option::of("[a-c,|\"\n\r ü]{0,6}");
        proptest::collection::vec(proptest::collection::vec(value, 1..40), 0..5)
    }
}
