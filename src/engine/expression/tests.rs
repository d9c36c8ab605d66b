//! What expressions give, row by row.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{Field, Schema};
use arrow::util::display::array_value_to_string;

use crate::sql::{Expr, ExprKind, SqlType, Visible, read_row};

use super::*;

fn names() -> Vec<Visible> {
    let mut names: Vec<Visible> = [
        ("s", SqlType::Varchar(64)),
        ("i", SqlType::Integer),
        ("l", SqlType::BigInt),
        ("f", SqlType::Double),
        ("d", SqlType::Decimal { precision: 9, scale: 2 }),
        ("at", SqlType::Timestamp(3)),
    ]
    .map(|(name, sql_type)| Visible::column(name, sql_type))
    .to_vec();
    names.push(Visible {
        path: vec!["t".to_owned(), "ROWTIME".to_owned()],
        expr: Expr::new(ExprKind::RowTime, SqlType::Timestamp(3)),
    });
    names
}

/// One row of values, and one of NULL.
fn batch() -> RecordBatch {
    let moment = |text: &str| text.parse::<chrono::NaiveDateTime>().expect("a moment").and_utc().timestamp_micros();
    let at = moment("2026-02-08T15:04:05.067");
    let decimals = arrow::array::Decimal128Array::from(vec![Some(-1_250), None]);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("s", Arc::new(StringArray::from(vec![Some("Ärger im Büro"), None]))),
        ("i", Arc::new(Int32Array::from(vec![Some(-7), None]))),
        ("l", Arc::new(Int64Array::from(vec![Some(i64::MIN), None]))),
        ("f", Arc::new(Float64Array::from(vec![Some(2.675), None]))),
        ("d", Arc::new(decimals.with_precision_and_scale(9, 2).expect("fits"))),
        ("at", Arc::new(TimestampMicrosecondArray::from(vec![Some(at), None]))),
        (ROW_TIME, Arc::new(TimestampMicrosecondArray::from(vec![at + 1_000_000, at]))),
    ];
    let fields: Vec<Field> =
        columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true)).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns.into_iter().map(|(_, array)| array).collect())
        .expect("alike")
}

/// Evaluates an expression over one of the rows.
fn value(text: &str, row: usize) -> Result<String, String> {
    let expr = read_row(text, &names()).unwrap_or_else(|error| panic!("{text}: {error}"));
    let batch = batch().slice(row, 1);
    let physical = lower(&expr, Names { schema: batch.schema_ref(), aggregates: &[] })
        .unwrap_or_else(|error| panic!("{text}: {error}"));
    let array = evaluate(&physical, &batch).map_err(|error| error.strip_backtrace())?;
    assert_eq!(*array.data_type(), expr.sql_type.expect("typed").arrow(), "{text}");
    if array.is_null(0) {
        return Ok("NULL".to_owned());
    }
    array_value_to_string(&array, 0).map_err(|error| error.to_string())
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn functions_give_what_they_say() {
    for (text, expected) in [
        // Text.
        ("INITCAP('hello wORLD-wide 2nd')", "Hello World-Wide 2nd"),
        ("TRIM('  a b ')", "a b"),
        ("TRIM(BOTH 'x' FROM 'xxaxbx')", "axb"),
        ("TRIM(LEADING 'x' FROM 'xax')", "ax"),
        ("TRIM(TRAILING 'x' FROM 'xax')", "xa"),
        ("LTRIM('  a ')", "a "),
        ("RTRIM('axyx', 'xy')", "a"),
        ("LEFT(s, 3)", "Ärg"),
        ("LEFT(s, 0 - 1)", ""),
        ("RIGHT(s, 4)", "Büro"),
        ("RIGHT(s, 99)", "Ärger im Büro"),
        ("REVERSE('äb')", "bä"),
        ("REPEAT('ab', 3)", "ababab"),
        ("REPEAT('ab', -3)", ""),
        ("REPLACE('aXbX', 'X', 'yy')", "ayybyy"),
        ("REPLACE('ab', '', 'y')", "ab"),
        ("LPAD('ab', 5, 'xy')", "xyxab"),
        ("LPAD('abc', 2, 'x')", "ab"),
        ("RPAD('ab', 5, 'xy')", "abxyx"),
        ("RPAD('ab', -1, 'x')", "NULL"),
        ("RPAD('ab', 3, '')", "NULL"),
        ("CONCAT(LEFT(s, 1), '-', 'b')", "Ä-b"),
        ("POSITION('im' IN s)", "7"),
        ("POSITION('' IN s)", "1"),
        ("POSITION('zz' IN s)", "0"),
        ("OVERLAY('12345' PLACING 'ab' FROM 2)", "1ab45"),
        ("OVERLAY('12345' PLACING 'ab' FROM 2 FOR 0)", "1ab2345"),
        ("OVERLAY('12345' PLACING 'ab' FROM 6)", "12345ab"),
        ("SUBSTRING(s FROM 7)", "im Büro"),
        ("SUBSTRING('12345', 2, 2)", "23"),
        ("SUBSTRING('12345' FROM 0 FOR 3)", "12"),
        ("SUBSTRING('12345' FROM -5 FOR 2)", ""),
        ("SUBSTRING('12345' FROM 9)", ""),
        ("SUBSTRING('abc 123 x' FROM '[0-9]+')", "123"),
        ("SUBSTRING('abc' FROM '[0-9]+')", "NULL"),
        ("CHARACTER_LENGTH(s)", "13"),
        ("SPLIT_INDEX('a,,c', ',', 1)", ""),
        ("SPLIT_INDEX('a,,c', ',', 2)", "c"),
        ("SPLIT_INDEX('a,,c', ',', 3)", "NULL"),
        ("SPLIT_INDEX('a,,c', ',', -1)", "NULL"),
        ("MD5('')", "d41d8cd98f00b204e9800998ecf8427e"),
        ("SHA256('')", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        // Patterns.
        ("REGEXP_EXTRACT('k=12; k=3', 'k=([0-9]+)', 1)", "12"),
        ("REGEXP_EXTRACT('none', 'k=([0-9]+)', 1)", "NULL"),
        ("REGEXP_REPLACE('a1b22', '([0-9]+)', '<$1>')", "a<1>b<22>"),
        ("REGEX_REPLACE('aXbXcX', 'X', 'y', 1, 0)", "aybycy"),
        ("REGEX_REPLACE('aXbXcX', 'X', 'y', 3, 2)", "aXbXcy"),
        ("REGEX_REPLACE('aX', 'X', 'y', 9, 0)", "aX"),
        ("'50%' LIKE '%!%' ESCAPE '!'", "true"),
        ("'50' NOT LIKE '%!%' ESCAPE '!'", "true"),
        (r"'a\b' LIKE 'a\_'", "true"),
        ("'abab' SIMILAR TO '(ab)+'", "true"),
        ("'a+b' NOT SIMILAR TO 'a.b'", "true"),
        // Numbers.
        ("SIGN(i)", "-1"),
        ("SIGN(d)", "-1.00"),
        ("SIGN(f)", "1.0"),
        ("ROUND(f, 2)", "2.68"),
        ("ROUND(f)", "3.0"),
        ("ROUND(0 - f, 1)", "-2.7"),
        ("ROUND(d, 1)", "-12.5"),
        ("ROUND(d)", "-13"),
        ("ROUND(i, 2)", "-7"),
        ("ROUND(1e300, 2)", "1e300"),
        ("GREATEST(i, 3, 2)", "3"),
        ("LEAST(i, 3, 2.5)", "-7.0"),
        ("GREATEST('a', 'b')", "b"),
        ("STEP(i BY 5)", "-10"),
        ("STEP(12.5 BY 5)", "10.0"),
        ("CEILING(d)", "-12.00"),
        ("MOD(i, 4)", "-3"),
        ("NULLIF(i, -7)", "NULL"),
        // Moments.
        ("FLOOR(at TO MINUTE)", "2026-02-08T15:04:00"),
        ("FLOOR(at TO MONTH)", "2026-02-01T00:00:00"),
        ("CEIL(at TO HOUR)", "2026-02-08T16:00:00"),
        ("CEIL(at TO YEAR)", "2027-01-01T00:00:00"),
        ("CEIL(TIMESTAMP '2026-02-01 00:00:00' TO MONTH)", "2026-02-01T00:00:00"),
        ("FLOOR(TIMESTAMP '1969-12-31 23:59:59.5' TO SECOND)", "1969-12-31T23:59:59"),
        ("STEP(at BY INTERVAL '10' SECOND)", "2026-02-08T15:04:00"),
        ("STEP(TIMESTAMP '1969-12-31 23:59:55' BY INTERVAL '10' SECOND)", "1969-12-31T23:59:50"),
        ("EXTRACT(YEAR FROM at)", "2026"),
        ("EXTRACT(SECOND FROM at)", "5"),
        ("EXTRACT(MILLISECOND FROM at)", "67"),
        ("EXTRACT(DOW FROM at)", "1"),
        ("EXTRACT(WEEK FROM at)", "6"),
        ("at + INTERVAL '1 02' DAY TO HOUR", "2026-02-09T17:04:05.067"),
        ("INTERVAL '1' MINUTE + at", "2026-02-08T15:05:05.067"),
        ("at - INTERVAL '5.067' SECOND", "2026-02-08T15:04:00"),
        ("TIMESTAMPADD(HOUR, -1, at)", "2026-02-08T14:04:05.067"),
        ("TSDIFF(FLOOR(at TO MINUTE), at)", "5067"),
        ("TIMESTAMPDIFF(SECOND, at, FLOOR(at TO MINUTE))", "-5"),
        ("TIMESTAMPDIFF(MONTH, TIMESTAMP '2026-01-09 00:00:00', at)", "0"),
        ("TIMESTAMPDIFF(YEAR, TIMESTAMP '2020-02-08 15:04:05', at)", "6"),
        ("(at - FLOOR(at TO DAY)) MINUTE(10, 0)", "904"),
        ("UNIX_TIMESTAMP(at)", "1770563045067"),
        ("TO_TIMESTAMP(1770563045067)", "2026-02-08T15:04:05.067"),
        ("CHAR_TO_TIMESTAMP('dd/MM/yyyy HH:mm', '08/02/2026 15:04')", "2026-02-08T15:04:00"),
        ("TO_TIMESTAMP('2026', 'yyyy')", "2026-01-01T00:00:00"),
        ("CHAR_TO_DATE('yyyyMMdd', '20260208')", "2026-02-08"),
        ("TIMESTAMP_TO_CHAR('yyyy-MM-dd hh:mm a', at)", "2026-02-08 03:04 PM"),
        ("DATE_TO_CHAR('EEE d', CAST(at AS DATE))", "Sun 8"),
        ("DATE_FORMAT(at, 'HH:mm:ss.SSS')", "15:04:05.067"),
        ("t.ROWTIME", "2026-02-08T15:04:06.067"),
        ("CURRENT_TIMESTAMP", "2026-02-08T15:04:06.067"),
        ("CURRENT_DATE", "2026-02-08"),
        ("MONOTONIC(i)", "-7"),
        // Lines of logs.
        ("REGEX_LOG_PARSE('GET /a 200', '([A-Z]+) ([^ ]+) ([0-9]+)', 2)", "/a"),
        ("REGEX_LOG_PARSE('?', '([A-Z]+) ([^ ]+) ([0-9]+)', 2)", "NULL"),
        ("FIXED_COLUMN_LOG_PARSE('ab 12', 'a TYPE VARCHAR(2) START 0 FOR 2, b TYPE INTEGER START 3', 2)", "12"),
        (r#"VARIABLE_COLUMN_LOG_PARSE('a,"b,c",d', 'x,y,z', ',', '\', '"', 2)"#, "b,c"),
        (r#"VARIABLE_COLUMN_LOG_PARSE('a\,b,c', '2', ',', '\', '"', 1)"#, "a,b"),
        (r#"VARIABLE_COLUMN_LOG_PARSE('a', '2', ',', '\', '"', 2)"#, "NULL"),
        ("VARIABLE_COLUMN_LOG_PARSE('a|b', 2, '|', 2)", "b"),
        ("SYS_LOG_PARSE('Feb  8 15:04:05 host sshd[42]: Accepted key', 4)", "sshd"),
        ("SYS_LOG_PARSE('Feb  8 15:04:05 host sshd[42]: Accepted key', 6)", "Accepted key"),
        (
            r#"W3C_LOG_PARSE('127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /a HTTP/1.0" 200 2326', 'COMMON', 5)"#,
            "GET /a HTTP/1.0",
        ),
        (r#"W3C_LOG_PARSE('1.2.3.4 "x y"', '%h "%{User-agent}i"', 2)"#, "x y"),
    ] {
        assert_eq!(value(text, 0).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn of_null_functions_give_null() {
    for text in [
        "INITCAP(s)",
        "TRIM(BOTH 'x' FROM s)",
        "LPAD('a', i, 'x')",
        "POSITION(s IN 'a')",
        "OVERLAY(s PLACING 'a' FROM 1)",
        "REGEXP_EXTRACT(s, 'a')",
        "REGEX_REPLACE('a', 'a', s, 1, 0)",
        "s LIKE 'a!%' ESCAPE '!'",
        "s NOT SIMILAR TO 'a'",
        "SIGN(d)",
        "ROUND(f, 1)",
        "GREATEST(1, i)",
        "LEAST(i, 1)",
        "STEP(i BY 5)",
        "FLOOR(at TO DAY)",
        "STEP(at BY INTERVAL '1' DAY)",
        "EXTRACT(DAY FROM at)",
        "at + INTERVAL '1' DAY",
        "TSDIFF(at, at)",
        "UNIX_TIMESTAMP(at)",
        "TO_TIMESTAMP(l)",
        "CHAR_TO_TIMESTAMP('yyyy', s)",
        "TIMESTAMP_TO_CHAR('yyyy', at)",
        "REGEX_LOG_PARSE(s, '(a)', 1)",
        "SYS_LOG_PARSE(s, 1)",
    ] {
        assert_eq!(value(text, 1).as_deref(), Ok("NULL"), "{text}");
    }
}

#[test]
fn a_row_that_cannot_be_computed_fails() {
    for text in [
        "REPEAT(s, 100000)",
        "LPAD('a', 70000, 'x')",
        "REGEX_REPLACE(s, 'r', 'x', 0, 0)",
        "REGEX_REPLACE(s, 'r', 'x', 1, -1)",
        "REGEXP_REPLACE(s, 'r', '$1')",
        "STEP(i BY i)",
        "STEP(l BY 7)",
        "TO_TIMESTAMP(l)",
        "CHAR_TO_TIMESTAMP('yyyy-MM-dd', s)",
        "l + TSDIFF(at, at) - 1",
    ] {
        value(text, 0).expect_err(text);
    }
}

#[test]
fn what_has_no_meaning_is_refused_before_anything_runs() {
    for text in [
        "REGEXP_EXTRACT(s, '(?=a)')",
        "REGEXP_EXTRACT(s, s)",
        "CHAR_TO_TIMESTAMP('qq', s)",
        "CHAR_TO_TIMESTAMP(s, s)",
        "STEP(at BY INTERVAL '0' SECOND)",
        "STEP(at BY 5)",
        "STEP(f BY 5)",
        "FLOOR(at TO CENTURY)",
        "EXTRACT(EPOCH FROM at)",
        "EXTRACT(YEAR FROM i)",
        "at + 1",
        "at - at",
        "at + INTERVAL '1' MONTH",
        "INTERVAL '1' DAY",
        "(i + 1) SECOND",
        "TIMESTAMPDIFF(at, at)",
        "s LIKE 'a' ESCAPE 'ab'",
        "s SIMILAR TO '('",
        "CURRENT_TIME",
        "SUM(i)",
        "LAG(i) OVER (ROWS 1 PRECEDING)",
        "$FLOOR_TO('DAY', at)",
        "u.s",
        "ROUND(i, -1)",
        "GREATEST(s, i)",
    ] {
        read_row(text, &names()).expect_err(text);
    }
}
