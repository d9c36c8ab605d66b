//! The time at which the record is made, in UTC.

use chrono::DateTime;
use std::io::Write;

use crate::document::TableReader;
use crate::sql::SqlType;

use super::{Beginning, Depends, Draw, Field, Kind, Source, Way};

/// The kind's entry in the table.
pub(super) const KIND: Kind = Kind { name: "now", read };

/// The digits of fractional seconds in a text column, and the length of such a text.
const TEXT_DIGITS: u8 = 3;
const TEXT_LENGTH: u32 = 23;
/// Microseconds in a second.
const MICROS: i64 = 1_000_000;

#[derive(Debug)]
struct Now;

impl Field for Now {
    fn begin(&self, sql_type: SqlType, _: &Beginning) -> Result<Draw, String> {
        match sql_type {
            SqlType::Timestamp(digits) => Ok(remembered(timestamps(digits))),
            SqlType::Date => Ok(remembered(write_date)),
            SqlType::BigInt => Ok(remembered(|now, json| write!(json, "{}", now.div_euclid(1000)).expect(IN_MEMORY))),
            SqlType::Varchar(most) if most < TEXT_LENGTH => Err(format!("a time takes {TEXT_LENGTH} characters")),
            SqlType::Varchar(_) => Ok(remembered(timestamps(TEXT_DIGITS))),
            _ => Err("the time goes into a TIMESTAMP, DATE, BIGINT or VARCHAR".to_owned()),
        }
    }

    fn depends(&self) -> Depends {
        Depends::Time
    }
}

const IN_MEMORY: &str = "writing to memory does not fail";

/// Writes a time once and again as it was until it changes: the records of one batch may share theirs.
fn remembered(mut write: impl FnMut(i64, &mut Vec<u8>) + Send + 'static) -> Draw {
    let mut last = None;
    let mut text = Vec::new();
    Box::new(move |source: &mut Source, json: &mut Vec<u8>| {
        if last != Some(source.now) {
            text.clear();
            write(source.now, &mut text);
            last = Some(source.now);
        }
        json.extend_from_slice(&text);
    })
}

/// Writes times with so many digits of a second. What stands before them is written once for each second.
fn timestamps(digits: u8) -> impl FnMut(i64, &mut Vec<u8>) + Send + 'static {
    let mut last = None;
    let mut text = Vec::new();
    move |now, json| {
        let second = now.div_euclid(MICROS);
        if last != Some(second) {
            text.clear();
            write_timestamp(second.saturating_mul(MICROS), 0, &mut text);
            // Without the quote at the end.
            text.pop();
            last = Some(second);
        }
        json.extend_from_slice(&text);
        write_fraction(now, digits, json);
        json.push(b'"');
    }
}

/// Writes microseconds since 1970 as `"2026-02-02T10:15:30.123"` with so many digits of a second, the rest cut off.
pub(super) fn write_timestamp(micros: i64, digits: u8, json: &mut Vec<u8>) {
    let moment = DateTime::from_timestamp_micros(micros).unwrap_or_default();
    write!(json, "\"{}", moment.format("%Y-%m-%dT%H:%M:%S")).expect(IN_MEMORY);
    write_fraction(micros, digits, json);
    json.push(b'"');
}

/// Writes a point and so many digits of a second, at most six, the rest cut off; nothing where it is to have none.
fn write_fraction(micros: i64, digits: u8, json: &mut Vec<u8>) {
    let mut text = *b".000000";
    let mut rest = micros.rem_euclid(MICROS);
    for digit in text[1..].iter_mut().rev() {
        *digit += u8::try_from(rest % 10).unwrap_or_default();
        rest /= 10;
    }
    if digits > 0 {
        json.extend_from_slice(&text[..=usize::from(digits.min(6))]);
    }
}

fn write_date(micros: i64, json: &mut Vec<u8>) {
    let moment = DateTime::from_timestamp_micros(micros).unwrap_or_default();
    write!(json, "\"{}\"", moment.date_naive()).expect(IN_MEMORY);
}

#[expect(clippy::unnecessary_wraps, reason = "the signature of every kind's `read`")]
fn read(_reader: &mut TableReader<'_>) -> Option<Way> {
    Some(Way::drawn(Now))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::fixture;

    #[test]
    fn a_time_is_written_as_its_column_wants_it() {
        let written = |sql_type| fixture::draw(&Now, sql_type, 2).pop().expect("a field that fits");
        assert_eq!(written(SqlType::Timestamp(6)), r#""2026-02-02T10:15:30.123456""#);
        assert_eq!(written(SqlType::Timestamp(3)), r#""2026-02-02T10:15:30.123""#);
        assert_eq!(written(SqlType::Timestamp(0)), r#""2026-02-02T10:15:30""#);
        assert_eq!(written(SqlType::Date), r#""2026-02-02""#);
        assert_eq!(written(SqlType::BigInt), "1770027330123");
        assert_eq!(written(SqlType::Varchar(23)), r#""2026-02-02T10:15:30.123""#);
        Now.check(SqlType::Varchar(22)).expect_err("a mistake");
        Now.check(SqlType::Boolean).expect_err("a mistake");
    }

    #[test]
    fn a_time_follows_the_clock() {
        let mut draw = Now.begin(SqlType::Timestamp(3), &Beginning::first()).expect("a field that fits");
        let mut source = fixture::source();
        let mut json = Vec::new();
        source.now = -1;
        draw(&mut source, &mut json);
        source.now = 1_000;
        draw(&mut source, &mut json);
        assert_eq!(json, br#""1969-12-31T23:59:59.999""1970-01-01T00:00:00.001""#);
    }
}
