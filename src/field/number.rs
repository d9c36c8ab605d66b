//! The numbers of a column: whole multiples of 10^-decimals between two bounds. Drawing in these units keeps every
//! value inside its bounds and free of floating-point dust: 183.27, never 183.26999999999998.

use std::fmt;

use crate::document::{Diagnostic, Spanned, TableReader, Value};
use crate::sql::SqlType;

/// The digits behind the point of a floating-point column, where the file does not say: those of a price.
const DEFAULT_DECIMALS: u8 = 2;
/// The most digits behind the point of a DECIMAL, where the file does not say: beyond, 64 bits would hold no great
/// numbers.
const DEFAULT_SCALE: u8 = 9;
/// The most digits behind the point: a double holds no more than 15 for certain.
const MAX_DECIMALS: i64 = 15;

/// A number of the file, kept exactly where it is whole.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    /// Written without a point.
    Whole(i64),
    /// Written with one; finite.
    Float(f64),
}

impl Number {
    /// Reads a number.
    pub(super) fn read(value: &Value<'_>) -> Option<Spanned<Self>> {
        let number = value.number()?;
        let whole = value.scalar().and_then(|scalar| scalar.value.as_i64());
        Some(number.map(|number| whole.map_or(Self::Float(number), Self::Whole)))
    }

    /// Reads a number above 0.
    pub(super) fn read_above_zero(value: &Value<'_>) -> Option<Spanned<Self>> {
        let number = Self::read(value)?;
        if number.value.as_f64() > 0.0 {
            return Some(number);
        }
        value.findings().add(
            Diagnostic::new(format!("`{}` is not above 0", value.key()), number.span)
                .label("expected a number above 0")
                .help("leave the field to `constant` where its value should not change"),
        );
        None
    }

    /// Returns the nearest double.
    #[expect(clippy::cast_precision_loss, reason = "the nearest double is what is asked for")]
    pub(super) fn as_f64(self) -> f64 {
        match self {
            Self::Whole(whole) => whole as f64,
            Self::Float(float) => float,
        }
    }

    /// Returns whether the number is greater than another.
    pub(super) fn exceeds(self, other: Self) -> bool {
        match (self, other) {
            (Self::Whole(one), Self::Whole(other)) => one > other,
            _ => self.as_f64() > other.as_f64(),
        }
    }

    /// Returns the number in units of 10^-decimals, where it is a whole count of them.
    pub(super) fn exactly(self, decimals: u8) -> Option<i64> {
        let (up, down) = (self.units(decimals, f64::ceil)?, self.units(decimals, f64::floor)?);
        (up == down).then_some(up)
    }

    /// Returns the number in units of 10^-decimals, rounded where it must be; nothing where it exceeds 64 bits.
    fn units(self, decimals: u8, round: fn(f64) -> f64) -> Option<i64> {
        let float = match self {
            Self::Whole(whole) => return whole.checked_mul(power(decimals)),
            Self::Float(float) => float,
        };
        let scaled = float * in_units(decimals);
        let near = scaled.round();
        // 0.07 * 100 is a little more than 7, and means 7.
        let dust = 4.0 * f64::EPSILON * near.abs().max(1.0);
        let units = if (scaled - near).abs() <= dust { near } else { round(scaled) };
        #[expect(clippy::cast_possible_truncation, reason = "checked to be within 64 bits")]
        (units.abs() < 9.2e18).then_some(units as i64)
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(whole) => whole.fmt(f),
            Self::Float(float) => float.fmt(f),
        }
    }
}

/// Which numbers a field may draw, as the file says: `min`, `max`, and `decimals`.
#[derive(Debug, Clone)]
pub(super) struct Numbers {
    pub(super) min: Option<Spanned<Number>>,
    pub(super) max: Option<Spanned<Number>>,
    decimals: Option<u8>,
}

impl Numbers {
    /// Reads the three options, none of which is needed.
    pub(super) fn read(reader: &mut TableReader<'_>) -> Option<Self> {
        let (min, max) = (reader.optional("min"), reader.optional("max"));
        Self::read_between(reader, min, max)
    }

    /// Reads the three options, both bounds of which are needed.
    pub(super) fn read_bounded(reader: &mut TableReader<'_>) -> Option<Self> {
        let (min, max) = (reader.take("min"), reader.take("max"));
        Self::read_between(reader, min, max).filter(|numbers| numbers.min.is_some() && numbers.max.is_some())
    }

    /// Reads `decimals`, where the bounds are known.
    pub(super) fn read_within(
        reader: &mut TableReader<'_>,
        min: Spanned<Number>,
        max: Spanned<Number>,
    ) -> Option<Self> {
        let numbers = Self::read_between(reader, None, None)?;
        Some(Self { min: Some(min), max: Some(max), ..numbers })
    }

    fn read_between(reader: &mut TableReader<'_>, min: Option<Value<'_>>, max: Option<Value<'_>>) -> Option<Self> {
        let min = min.and_then(|value| Number::read(&value));
        let max = max.and_then(|value| Number::read(&value));
        let decimals = reader.optional("decimals").and_then(|value| value.integer(0..=MAX_DECIMALS));
        if let (Some(min), Some(max)) = (&min, &max)
            && min.value.exceeds(max.value)
        {
            reader.findings().add(
                Diagnostic::new(format!("{} has no value between its bounds", reader.name()), min.span.clone())
                    .label("`min` is above `max`")
                    .other(max.span.clone(), "`max` stands here")
                    .help("swap the two"),
            );
            return None;
        }
        Some(Self { min, max, decimals: decimals.and_then(|decimals| u8::try_from(decimals.value).ok()) })
    }

    /// Reports that `number`, the option `key`, lies outside the bounds; says whether it does.
    pub(super) fn excludes(&self, reader: &TableReader<'_>, key: &str, number: &Spanned<Number>) -> bool {
        let below = self.min.as_ref().filter(|min| min.value.exceeds(number.value)).map(|min| (min, "min"));
        let above = self.max.as_ref().filter(|max| number.value.exceeds(max.value)).map(|max| (max, "max"));
        let Some((bound, name)) = below.or(above) else { return false };
        reader.findings().add(
            Diagnostic::new(format!("`{key}` lies outside the bounds"), number.span.clone())
                .label(format!("beyond `{name}`"))
                .other(bound.span.clone(), format!("`{name}` stands here"))
                .help("move one of the two"),
        );
        true
    }

    /// Returns the numbers that may go into a column of a type; says why there are none.
    pub(super) fn grid(&self, sql_type: SqlType) -> Result<Grid, String> {
        let whole = Grid::of(sql_type, self.decimals)?;
        let bound = |number: &Option<Spanned<Number>>, round, edge| match number {
            None => Ok(edge),
            Some(number) => number
                .value
                .units(whole.decimals, round)
                .filter(|units| (whole.low..=whole.high).contains(units))
                .ok_or_else(|| unfit(sql_type, number.value)),
        };
        let low = bound(&self.min, f64::ceil, whole.low)?;
        let high = bound(&self.max, f64::floor, whole.high)?;
        if low > high {
            return Err(format!("no number with {} digits behind the point lies within its bounds", whole.decimals));
        }
        Ok(Grid { low, high, ..whole })
    }
}

/// The numbers of one column: from `low` to `high` in units of 10^-decimals.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grid {
    pub(super) decimals: u8,
    pub(super) low: i64,
    pub(super) high: i64,
}

impl Grid {
    /// Returns all the numbers that a type holds, as far as 64 bits reach.
    pub(super) fn of(sql_type: SqlType, decimals: Option<u8>) -> Result<Self, String> {
        let (most_decimals, usual) = match sql_type {
            SqlType::Real | SqlType::Double => (u8::MAX, DEFAULT_DECIMALS),
            SqlType::Decimal { scale, .. } => (scale, scale.min(DEFAULT_SCALE)),
            _ => (0, 0),
        };
        let decimals = decimals.unwrap_or(usual);
        if decimals > most_decimals {
            return Err(format!("no {sql_type} has {decimals} digits behind the point"));
        }
        let (low, high) = match sql_type {
            SqlType::TinyInt => (i64::from(i8::MIN), i64::from(i8::MAX)),
            SqlType::SmallInt => (i64::from(i16::MIN), i64::from(i16::MAX)),
            SqlType::Integer => (i64::from(i32::MIN), i64::from(i32::MAX)),
            SqlType::BigInt => (i64::MIN, i64::MAX),
            SqlType::Real | SqlType::Double => (-i64::MAX, i64::MAX),
            SqlType::Decimal { precision, scale } => {
                let high = 10_i64.checked_pow(u32::from(precision - scale + decimals)).map_or(i64::MAX, |end| end - 1);
                (-high, high)
            }
            _ => return Err("it makes numbers".to_owned()),
        };
        Ok(Self { decimals, low, high })
    }

    /// Returns a number in units, without rounding or bounds.
    pub(super) fn scale(self, number: Number) -> f64 {
        number.as_f64() * in_units(self.decimals)
    }

    /// Returns the bounds as doubles.
    #[expect(clippy::cast_precision_loss, reason = "the bounds are held by `nearest`, not by these")]
    pub(super) fn bounds(self) -> (f64, f64) {
        (self.low as f64, self.high as f64)
    }

    /// Returns the number of the grid that is nearest to so many units.
    pub(super) fn nearest(self, units: f64) -> i64 {
        #[expect(clippy::cast_possible_truncation, reason = "a cast stops at the ends of 64 bits, as the bounds do")]
        let whole = units.round() as i64;
        whole.clamp(self.low, self.high)
    }

    /// Writes so many units as a JSON number, always with all its decimals.
    pub(super) fn write(self, units: i64, json: &mut Vec<u8>) {
        // 19 digits, a point and a sign, or as many zeros as there are decimals and one before them.
        let mut text = [0; 24];
        let mut at = text.len();
        let mut rest = units.unsigned_abs();
        let decimals = usize::from(self.decimals);
        let mut digits = 0;
        while digits <= decimals || rest > 0 {
            if digits == decimals && decimals > 0 {
                at -= 1;
                text[at] = b'.';
            }
            at -= 1;
            text[at] = digit(rest);
            rest /= 10;
            digits += 1;
        }
        if units < 0 {
            at -= 1;
            text[at] = b'-';
        }
        json.extend_from_slice(&text[at..]);
    }
}

/// Says that a type does not hold a number.
pub(super) fn unfit(sql_type: SqlType, number: Number) -> String {
    format!("no {sql_type} holds {number}")
}

fn digit(number: u64) -> u8 {
    b'0' + (number % 10) as u8
}

fn power(decimals: u8) -> i64 {
    10_i64.pow(u32::from(decimals))
}

#[expect(clippy::cast_precision_loss, reason = "exact up to 10^22")]
fn in_units(decimals: u8) -> f64 {
    power(decimals) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(units: i64, decimals: u8) -> String {
        let mut json = Vec::new();
        Grid { decimals, low: i64::MIN, high: i64::MAX }.write(units, &mut json);
        String::from_utf8(json).expect("UTF-8")
    }

    #[test]
    fn units_are_written_with_their_decimals() {
        assert_eq!(written(18_327, 2), "183.27");
        assert_eq!(written(-5, 2), "-0.05");
        assert_eq!(written(0, 0), "0");
        assert_eq!(written(-12, 0), "-12");
        assert_eq!(written(1, 18), "0.000000000000000001");
        assert_eq!(written(i64::MIN, 18), "-9.223372036854775808");
        assert_eq!(written(i64::MIN, 0), i64::MIN.to_string());
    }

    #[test]
    fn a_number_finds_its_units_without_dust() {
        assert_eq!(Number::Float(0.07).exactly(2), Some(7));
        assert_eq!(Number::Float(0.075).exactly(2), None);
        assert_eq!(Number::Whole(i64::MAX).exactly(0), Some(i64::MAX));
        assert_eq!(Number::Whole(i64::MAX).exactly(1), None);
        assert_eq!(Number::Float(1e30).exactly(0), None);
        assert_eq!(Number::Float(0.071).units(2, f64::ceil), Some(8));
        assert_eq!(Number::Float(0.071).units(2, f64::floor), Some(7));
    }

    #[test]
    fn a_type_bounds_its_numbers() {
        let decimal = Grid::of(SqlType::Decimal { precision: 5, scale: 2 }, None).expect("numbers");
        assert_eq!((decimal.decimals, decimal.low, decimal.high), (2, -99_999, 99_999));
        let wide = Grid::of(SqlType::Decimal { precision: 38, scale: 38 }, None).expect("numbers");
        assert_eq!((wide.decimals, wide.high), (9, 999_999_999));
        Grid::of(SqlType::Integer, Some(1)).expect_err("a mistake");
        Grid::of(SqlType::Varchar(3), None).expect_err("a mistake");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(units: i64, decimals in 0_u8..=18) {
            let text = written(units, decimals);
            let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
            prop_assert!(json.is_number());
            let digits: i128 = text.replace('.', "").parse().expect("digits");
            prop_assert_eq!(digits, i128::from(units));
            prop_assert_eq!(text.split_once('.').map_or(0, |(_, behind)| behind.len()), usize::from(decimals));
        }
    }
}
