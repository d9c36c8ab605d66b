//! A value of the file as JSON of a column's type.

use std::str::FromStr;

use chrono::{NaiveDate, NaiveDateTime};
use serde_json::{Number, Value};

use crate::sql::SqlType;

use super::now;
use super::number::Grid;

/// Returns a value as the JSON of a type; says why it is none.
pub(super) fn json(value: &Value, sql_type: SqlType) -> Result<Vec<u8>, String> {
    let unfit = || format!("{value} is not {}", described(sql_type));
    match (sql_type, value) {
        (SqlType::Boolean, Value::Bool(_)) | (SqlType::Double, Value::Number(_)) => Ok(value.to_string().into_bytes()),
        (SqlType::Real, Value::Number(number)) => {
            let fits = number.as_f64().is_some_and(|number| number.abs() <= f64::from(f32::MAX));
            if fits { Ok(value.to_string().into_bytes()) } else { Err(unfit()) }
        }
        (SqlType::Decimal { precision, scale }, Value::Number(number)) => decimal(number, precision, scale),
        (SqlType::Varchar(most), Value::String(text)) => {
            let length = text.chars().count();
            if length > most as usize {
                return Err(format!("{value} has {length} characters, and a {sql_type} holds {most}"));
            }
            Ok(value.to_string().into_bytes())
        }
        (SqlType::Date, Value::String(text)) => {
            let day = NaiveDate::from_str(text).map_err(|_| unfit())?;
            Ok(format!("\"{day}\"").into_bytes())
        }
        (SqlType::Timestamp(digits), Value::String(text)) => timestamp(text, digits).ok_or_else(unfit),
        (sql_type, Value::Number(number)) if sql_type.is_integer() => {
            let range = Grid::of(sql_type, None)?;
            let whole = number.as_i64().filter(|whole| (range.low..=range.high).contains(whole));
            whole.map(|whole| whole.to_string().into_bytes()).ok_or_else(unfit)
        }
        _ => Err(unfit()),
    }
}

fn described(sql_type: SqlType) -> String {
    match sql_type {
        SqlType::Boolean => "`true` or `false`".to_owned(),
        SqlType::Varchar(_) => "text".to_owned(),
        SqlType::Date => "a day such as \"2026-02-02\"".to_owned(),
        SqlType::Timestamp(digits) => {
            format!("a time such as \"2026-02-02T10:15:30\" with at most {digits} digits of a second")
        }
        SqlType::Integer => "an INTEGER".to_owned(),
        _ => format!("a {sql_type}"),
    }
}

/// Writes a number with its own digits, without an exponent, where the type holds all of them.
fn decimal(number: &Number, precision: u8, scale: u8) -> Result<Vec<u8>, String> {
    let text = match number.as_i64() {
        Some(whole) => whole.to_string(),
        None => number.as_f64().unwrap_or_default().to_string(),
    };
    let (whole, behind) = text.split_once('.').unwrap_or((&text, ""));
    let before = whole.trim_start_matches('-').trim_start_matches('0').len();
    if before > usize::from(precision - scale) || behind.len() > usize::from(scale) {
        return Err(format!("no DECIMAL({precision}, {scale}) holds {text}"));
    }
    Ok(text.into_bytes())
}

fn timestamp(text: &str, digits: u8) -> Option<Vec<u8>> {
    let text = text.strip_suffix('Z').unwrap_or(text).replacen(' ', "T", 1);
    let micros = NaiveDateTime::from_str(&text).ok()?.and_utc().timestamp_micros();
    if micros % 10_i64.pow(u32::from(6 - digits.min(6))) != 0 {
        return None;
    }
    let mut json = Vec::new();
    now::write_timestamp(micros, digits, &mut json);
    Some(json)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn written(value: &Value, sql_type: SqlType) -> Option<String> {
        json(value, sql_type).ok().map(|json| String::from_utf8(json).expect("UTF-8"))
    }

    #[test]
    fn a_value_is_written_as_its_column_wants_it() {
        let written = |value, sql_type| written(&value, sql_type).expect("a field that fits");
        assert_eq!(written(json!(true), SqlType::Boolean), "true");
        assert_eq!(written(json!(-128), SqlType::TinyInt), "-128");
        assert_eq!(written(json!(0.000_000_1), SqlType::Decimal { precision: 9, scale: 8 }), "0.0000001");
        assert_eq!(written(json!("a\"\n"), SqlType::Varchar(3)), r#""a\"\n""#);
        assert_eq!(written(json!("2026-02-02"), SqlType::Date), r#""2026-02-02""#);
        assert_eq!(written(json!("2026-02-02 10:15:30Z"), SqlType::Timestamp(3)), r#""2026-02-02T10:15:30.000""#);
    }

    #[test]
    fn what_a_column_cannot_hold_is_refused() {
        for (value, sql_type) in [
            (json!(1), SqlType::Boolean),
            (json!(128), SqlType::TinyInt),
            (json!(1.5), SqlType::BigInt),
            (json!("1"), SqlType::Double),
            (json!(1e39), SqlType::Real),
            (json!(10.25), SqlType::Decimal { precision: 4, scale: 1 }),
            (json!(1000), SqlType::Decimal { precision: 4, scale: 1 }),
            (json!("four"), SqlType::Varchar(3)),
            (json!(4), SqlType::Varchar(3)),
            (json!("2026-02-30"), SqlType::Date),
            (json!("10:15"), SqlType::Timestamp(0)),
            (json!("2026-02-02T10:15:30.1234"), SqlType::Timestamp(3)),
        ] {
            assert_eq!(written(&value, sql_type), None, "{value} in a {sql_type}");
        }
    }
}
