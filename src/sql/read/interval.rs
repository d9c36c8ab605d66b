//! Lengths of time: `INTERVAL '10' SECOND`.

use sqlparser::ast::{DateTimeField, Expr as Parsed, Interval, Value};

use super::super::SqlError;

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Returns the microseconds of a unit of fixed length.
pub(in crate::sql) fn unit(field: &DateTimeField) -> Option<i64> {
    match field {
        DateTimeField::Second | DateTimeField::Seconds => Some(SECOND),
        DateTimeField::Minute | DateTimeField::Minutes => Some(MINUTE),
        DateTimeField::Hour | DateTimeField::Hours => Some(HOUR),
        DateTimeField::Day | DateTimeField::Days => Some(DAY),
        _ => None,
    }
}

/// Returns the microseconds of an interval of days to seconds.
pub(in crate::sql) fn micros(interval: &Interval) -> Result<i64, SqlError> {
    let form = "write it as INTERVAL '10' SECOND, or INTERVAL '1 02:30' DAY TO MINUTE";
    let wrong = || SqlError::new(format!("`{interval}` is not a length of time")).help(form);
    let Parsed::Value(value) = &*interval.value else { return Err(wrong()) };
    let Value::SingleQuotedString(text) = &value.value else { return Err(wrong()) };
    let first = interval.leading_field.as_ref().ok_or_else(wrong)?;
    let last = interval.last_field.as_ref().unwrap_or(first);
    if matches!(first, DateTimeField::Year | DateTimeField::Month) {
        return Err(SqlError::new(format!("`{interval}` has no fixed length"))
            .help("years and months differ in length; write it in days"));
    }
    let (first, last) = (unit(first).ok_or_else(wrong)?, unit(last).ok_or_else(wrong)?);
    let (negative, text) = match text.trim().strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.trim().trim_start_matches('+')),
    };
    let units: Vec<i64> =
        [DAY, HOUR, MINUTE, SECOND].into_iter().filter(|unit| (last..=first).contains(unit)).collect();
    let parts: Vec<&str> = text.split([' ', ':']).collect();
    if parts.len() != units.len() {
        return Err(wrong());
    }
    let mut total = 0i64;
    for (part, unit) in parts.iter().zip(units) {
        let number = if unit == SECOND {
            seconds(part)
        } else {
            part.parse::<u32>().ok().and_then(|number| i64::from(number).checked_mul(unit))
        };
        total = number.and_then(|number| total.checked_add(number)).ok_or_else(wrong)?;
    }
    Ok(if negative { -total } else { total })
}

/// Reads seconds with up to six digits behind the point.
fn seconds(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if fraction.is_empty() || fraction.len() > 6 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let micros: i64 = format!("{fraction:0<6}").parse().ok()?;
    i64::from(whole.parse::<u32>().ok()?).checked_mul(SECOND)?.checked_add(micros)
}
