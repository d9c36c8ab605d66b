//! Constants.

use sqlparser::ast::Value;

use super::super::types::{MAX_PRECISION, MAX_VARCHAR};
use super::super::{Expr, ExprKind, Literal, SqlError, SqlType};

pub(super) fn integer(number: i64) -> Expr {
    let sql_type = if i32::try_from(number).is_ok() { SqlType::Integer } else { SqlType::BigInt };
    Expr::new(ExprKind::Literal(Literal::Integer(number)), sql_type)
}

/// The units that moments are rounded to.
pub(super) const ROUNDED: &[&str] = &["YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"];
/// The units that time is counted in.
pub(super) const COUNTED: &[&str] = &["YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"];
/// The parts of a moment.
pub(super) const PARTS: &[&str] =
    &["YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "DOY", "DOW", "HOUR", "MINUTE", "SECOND", "MILLISECOND"];

/// Returns a unit as a constant, where it is one of the legal ones.
pub(super) fn unit(name: &str, legal: &[&str]) -> Result<Expr, SqlError> {
    let name = name.to_ascii_uppercase();
    if !legal.contains(&name.as_str()) {
        return Err(SqlError::new(format!("`{name}` is not a unit that is taken here"))
            .help(format!("one of {}", legal.join(", "))));
    }
    Ok(Expr::new(ExprKind::Literal(Literal::Text(name)), SqlType::Varchar(16)))
}

/// Returns the microseconds of a unit of fixed length.
pub(super) fn micros_of(unit: &str) -> Option<i64> {
    let seconds = match unit.to_ascii_uppercase().as_str() {
        "SECOND" => 1,
        "MINUTE" => 60,
        "HOUR" => 3_600,
        "DAY" => 86_400,
        _ => return None,
    };
    Some(seconds * 1_000_000)
}

/// Returns a length of time.
pub(super) fn interval(micros: i64) -> Expr {
    Expr::new(ExprKind::Literal(Literal::Interval(micros)), SqlType::BigInt)
}

pub(super) fn literal(value: &Value) -> Result<Expr, SqlError> {
    match value {
        Value::Null => Ok(Expr::null()),
        Value::Boolean(boolean) => Ok(Expr::new(ExprKind::Literal(Literal::Boolean(*boolean)), SqlType::Boolean)),
        Value::SingleQuotedString(constant) => Ok(text(constant)),
        Value::Number(text, _) => number(text),
        other => Err(SqlError::new(format!("`{other}` is not a constant that is supported"))),
    }
}

/// Returns a constant text.
pub(super) fn text(text: &str) -> Expr {
    let length = u32::try_from(text.chars().count()).unwrap_or(u32::MAX).clamp(1, MAX_VARCHAR);
    Expr::new(ExprKind::Literal(Literal::Text(text.to_owned())), SqlType::Varchar(length))
}

pub(super) fn number(text: &str) -> Result<Expr, SqlError> {
    if let Ok(number) = text.parse::<i64>() {
        return Ok(integer(number));
    }
    let too_long = || SqlError::new(format!("`{text}` has more digits than fit"));
    // SQL: a number with an exponent is approximate, one with a point only is exact.
    if text.contains(['e', 'E']) {
        let finite = text.parse::<f64>().is_ok_and(f64::is_finite);
        return if finite {
            Ok(Expr::new(ExprKind::Literal(Literal::Number(text.to_owned())), SqlType::Double))
        } else {
            Err(too_long())
        };
    }
    let scale = text.split_once('.').map_or(0, |(_, behind)| behind.len());
    let precision = text.bytes().filter(u8::is_ascii_digit).count();
    match (u8::try_from(precision), u8::try_from(scale)) {
        (Ok(precision), Ok(scale)) if (1..=MAX_PRECISION).contains(&precision) => {
            Ok(Expr::new(ExprKind::Literal(Literal::Number(text.to_owned())), SqlType::Decimal { precision, scale }))
        }
        _ => Err(too_long()),
    }
}

/// Reads a constant text as a moment or a day where that is what it is compared with.
pub(super) fn dated(expr: Expr, with: &Expr) -> Result<Expr, SqlError> {
    match (&expr.kind, with.sql_type) {
        (ExprKind::Literal(Literal::Text(_)), Some(to @ (SqlType::Timestamp(_) | SqlType::Date))) => moment(&expr, to),
        _ => Ok(expr),
    }
}

pub(super) fn moment(expr: &Expr, to: SqlType) -> Result<Expr, SqlError> {
    let ExprKind::Literal(Literal::Text(text)) = &expr.kind else {
        return Err(SqlError::new(format!("a constant {to} is written as text in quotes")));
    };
    let wrong = |form: &str| SqlError::new(format!("`{text}` is not a {to}")).help(format!("write it as '{form}'"));
    match to {
        SqlType::Date => {
            let day: chrono::NaiveDate = text.trim().parse().map_err(|_| wrong("2026-02-28"))?;
            let days = day.signed_duration_since(chrono::NaiveDate::default()).num_days();
            let days = i32::try_from(days).map_err(|_| wrong("2026-02-28"))?;
            Ok(Expr::new(ExprKind::Literal(Literal::Date(days)), to))
        }
        SqlType::Timestamp(_) => {
            let text = text.trim().replacen(' ', "T", 1);
            let parsed: Result<chrono::NaiveDateTime, _> = text.parse();
            let whole_day = || text.parse::<chrono::NaiveDate>().ok().and_then(|day| day.and_hms_opt(0, 0, 0));
            let moment = parsed.ok().or_else(whole_day).ok_or_else(|| wrong("2026-02-28 10:15:00"))?;
            Ok(Expr::new(ExprKind::Literal(Literal::Timestamp(moment.and_utc().timestamp_micros())), to))
        }
        _ => Err(SqlError::new(format!("`{to} '…'` is not a constant that is supported"))),
    }
}
