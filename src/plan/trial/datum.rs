//! One value of a row, as what it means: what is written in two ways is one value.

use arrow::compute::kernels::cast_utils::string_to_datetime;
use chrono::{DateTime, NaiveDate, Utc};

use crate::document::Scalar;
use crate::sql::SqlType;

/// How far two floating-point numbers may lie apart and count as equal, as a share of the larger one: sums of the same
/// numbers in another order.
const TOLERANCE: f64 = 1e-9;

/// A value of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Datum {
    /// No value.
    Null,
    /// A BOOLEAN.
    Boolean(bool),
    /// A whole number or a DECIMAL.
    Exact(Exact),
    /// A REAL or a DOUBLE.
    Floating(f64),
    /// A VARCHAR.
    Text(String),
    /// A TIMESTAMP, in microseconds since 1970.
    Moment(i64),
    /// A DATE.
    Day(NaiveDate),
}

/// A number by its digits: `digits * 10^-scale`, without zeros at the end of the digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exact {
    digits: i128,
    scale: i32,
}

impl Datum {
    /// Reads what the file has for a column; says what was expected where it does not fit.
    pub(super) fn given(sql_type: SqlType, given: &Scalar) -> Result<Self, String> {
        let read = match (sql_type, given) {
            (SqlType::Boolean, Scalar::Boolean(value)) => Some(Self::Boolean(*value)),
            (SqlType::Decimal { .. }, Scalar::Number(text) | Scalar::Text(text)) => {
                Exact::read(text).filter(|exact| exact.fits(sql_type)).map(Self::Exact)
            }
            (_, Scalar::Number(text)) if sql_type.is_integer() => {
                Exact::read(text).filter(|exact| exact.fits(sql_type)).map(Self::Exact)
            }
            (SqlType::Real | SqlType::Double, Scalar::Number(text)) => {
                text.trim().parse().ok().filter(|number: &f64| number.is_finite()).map(Self::Floating)
            }
            (SqlType::Varchar(_), Scalar::Text(text)) => Some(Self::Text(text.clone())),
            (SqlType::Timestamp(_), Scalar::Text(text) | Scalar::Moment(text)) => moment(text).map(Self::Moment),
            (SqlType::Date, Scalar::Text(text) | Scalar::Moment(text)) => text.trim().parse().ok().map(Self::Day),
            _ => None,
        };
        read.ok_or_else(|| match sql_type {
            SqlType::Boolean => "`true` or `false`".to_owned(),
            SqlType::Varchar(_) => "text in quotes".to_owned(),
            SqlType::Timestamp(_) => "a time such as \"2026-01-01T00:00:00\"".to_owned(),
            SqlType::Date => "a day such as \"2026-01-01\"".to_owned(),
            SqlType::Real | SqlType::Double => "a number".to_owned(),
            SqlType::Decimal { .. } => format!("a number that is a {sql_type}"),
            _ => format!("a whole number that is a {sql_type}"),
        })
    }

    /// Reads what a record has for a column; `None` where that is no value of the type.
    pub fn found(sql_type: SqlType, json: &serde_json::value::RawValue) -> Option<Self> {
        let text = json.get();
        if text == "null" {
            return Some(Self::Null);
        }
        let given = match text.as_bytes().first()? {
            b'"' => Scalar::Text(serde_json::from_str(text).ok()?),
            b't' | b'f' => Scalar::Boolean(text == "true"),
            _ => Scalar::Number(text.to_owned()),
        };
        Self::given(sql_type, &given).ok()
    }

    /// Returns whether two values are one and the same.
    pub fn matches(&self, other: &Self) -> bool {
        match (self, other) {
            #[expect(clippy::float_cmp, reason = "what is equal needs no tolerance; the rest has one")]
            (Self::Floating(one), Self::Floating(other)) => {
                one == other || (one - other).abs() <= TOLERANCE * one.abs().max(other.abs())
            }
            _ => self == other,
        }
    }

    /// Writes the value as JSON.
    pub fn json(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Boolean(value) => value.to_string(),
            Self::Exact(exact) => exact.text(),
            Self::Floating(number) => serde_json::to_string(number).unwrap_or_else(|_| "null".to_owned()),
            Self::Text(text) => serde_json::Value::from(text.as_str()).to_string(),
            Self::Moment(_) | Self::Day(_) => format!("\"{}\"", self.shown()),
        }
    }

    /// Writes the value for reading.
    pub fn shown(&self) -> String {
        match self {
            Self::Null => "NULL".to_owned(),
            Self::Text(text) => text.chars().flat_map(visible).collect(),
            Self::Moment(micros) => {
                let moment = DateTime::from_timestamp_micros(*micros).unwrap_or_default();
                let form = if micros % 1000 == 0 { "%Y-%m-%dT%H:%M:%S%.3f" } else { "%Y-%m-%dT%H:%M:%S%.6f" };
                moment.format(form).to_string()
            }
            Self::Day(day) => day.to_string(),
            Self::Boolean(_) | Self::Exact(_) | Self::Floating(_) => self.json(),
        }
    }

    /// Writes the value as the partition key of its record has it: text as it is, anything else as in JSON.
    pub(super) fn key(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            _ => self.json().trim_matches('"').to_owned(),
        }
    }
}

/// A terminal would obey control characters.
fn visible(letter: char) -> Vec<char> {
    if letter.is_control() { letter.escape_default().collect() } else { vec![letter] }
}

fn moment(text: &str) -> Option<i64> {
    string_to_datetime(&Utc, text.trim()).ok().map(|moment| moment.timestamp_micros())
}

impl Exact {
    /// Reads a number as JSON, TOML and SQL write it; `None` where it has more digits than any type.
    fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let (number, exponent) = match text.split_once(['e', 'E']) {
            Some((number, exponent)) => (number, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let fraction = fraction.trim_end_matches('0');
        if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let mut digits: i128 = format!("{whole}{fraction}").parse().ok()?;
        let mut scale = i32::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
        while digits != 0 && digits % 10 == 0 {
            digits /= 10;
            scale = scale.checked_sub(1)?;
        }
        Some(if digits == 0 { Self { digits: 0, scale: 0 } } else { Self { digits, scale } })
    }

    /// Returns whether a type has the number.
    fn fits(self, sql_type: SqlType) -> bool {
        if let SqlType::Decimal { precision, scale } = sql_type {
            let length = i32::try_from(self.digits.unsigned_abs().checked_ilog10().map_or(0, |log| log + 1));
            let before = length.unwrap_or(i32::MAX).saturating_sub(self.scale);
            return self.digits == 0
                || (self.scale <= i32::from(scale) && before <= i32::from(precision) - i32::from(scale));
        }
        let Some(number) = self.whole() else { return false };
        match sql_type {
            SqlType::TinyInt => i8::try_from(number).is_ok(),
            SqlType::SmallInt => i16::try_from(number).is_ok(),
            SqlType::Integer => i32::try_from(number).is_ok(),
            _ => i64::try_from(number).is_ok(),
        }
    }

    /// Returns the number where it is a whole one.
    fn whole(self) -> Option<i128> {
        let zeros = u32::try_from(self.scale.checked_neg()?).ok()?;
        10_i128.checked_pow(zeros)?.checked_mul(self.digits)
    }

    /// Writes the number with a point and no exponent.
    fn text(self) -> String {
        if let Some(whole) = self.whole() {
            return whole.to_string();
        }
        let sign = if self.digits < 0 { "-" } else { "" };
        let digits = self.digits.unsigned_abs().to_string();
        let Ok(scale) = usize::try_from(self.scale) else {
            return format!("{sign}{digits}e{}", self.scale.saturating_neg());
        };
        let digits = format!("{digits:0>width$}", width = scale.saturating_add(1));
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        format!("{sign}{whole}.{fraction}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(sql_type: SqlType, text: &str) -> Result<Datum, String> {
        Datum::given(sql_type, &Scalar::Number(text.to_owned()))
    }

    #[test]
    fn what_is_written_in_two_ways_is_one_value() {
        let decimal = SqlType::Decimal { precision: 10, scale: 2 };
        assert_eq!(number(decimal, "100"), number(decimal, "1.00e2"));
        assert_eq!(number(decimal, "-0.50"), number(decimal, "-0.5"));
        assert_eq!(number(SqlType::Integer, "5.0"), number(SqlType::Integer, "5"));
        assert_eq!(number(decimal, "0"), number(decimal, "0.00"));
        let moment = |text: &str| Datum::given(SqlType::Timestamp(3), &Scalar::Text(text.to_owned()));
        assert_eq!(moment("2026-01-01T01:00:00+01:00"), moment("2026-01-01 00:00:00.000"));
        let float = |text| number(SqlType::Double, text).expect("a number");
        assert!(float("0.1").matches(&float("0.10000000000000003")));
        assert!(!float("0.1").matches(&float("0.100000001")));
    }

    #[test]
    fn what_a_type_does_not_have_is_refused() {
        let decimal = SqlType::Decimal { precision: 4, scale: 2 };
        for (sql_type, text) in [
            (SqlType::TinyInt, "128"),
            (SqlType::Integer, "1.5"),
            (SqlType::Integer, "2147483648"),
            (decimal, "123.4"),
            (decimal, "1.234"),
            (SqlType::BigInt, "1e30"),
            (SqlType::BigInt, "1e999999999"),
            (SqlType::Varchar(3), "1"),
            (SqlType::Boolean, "1"),
        ] {
            number(sql_type, text).expect_err(text);
        }
    }

    #[test]
    fn numbers_are_written_with_their_digits() {
        for text in ["0", "-7", "1200", "0.05", "-12.5", "12345678901234567890.12"] {
            assert_eq!(Exact::read(text).expect("a number").text(), text);
        }
    }
}
