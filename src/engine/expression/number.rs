//! Functions of numbers, and of values of any type.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, Decimal128Array, Float64Array, Int64Array};
use arrow::compute::kernels::cmp::{gt_eq, lt_eq};
use arrow::compute::kernels::zip::zip;
use arrow::compute::{cast, is_null, nullif, or};
use arrow::datatypes::{DataType, Decimal128Type, Float64Type, Int64Type};
use datafusion_common::DataFusionError;

use crate::sql::{Expr, SqlType};

use super::own::{Own, constant_index};

/// Returns the function of a name, where it is one of those.
pub(super) fn find(name: &str, arguments: &[Expr], result: SqlType) -> Result<Option<Own>, DataFusionError> {
    let gives = result.arrow();
    Ok(Some(match name {
        "GREATEST" => Own::new(gives, |arguments| best(arguments, |a, b| gt_eq(&a, &b))),
        "LEAST" => Own::new(gives, |arguments| best(arguments, |a, b| lt_eq(&a, &b))),
        "SIGN" => Own::new(gives.clone(), move |arguments| sign(&arguments[0], &gives)),
        "ROUND" => {
            let digits = if arguments.len() > 1 { constant_index(arguments, 1)? } else { 0 };
            Own::new(gives.clone(), move |arguments| round(&arguments[0], digits, &gives))
        }
        "$STEP_NUMBER" => Own::new(gives.clone(), move |arguments| step(&arguments[0], &arguments[1], &gives)),
        _ => return Ok(None),
    }))
}

/// Picks one of each row's values, or NULL where one of them is.
fn best(
    arguments: &[ArrayRef],
    first: impl Fn(ArrayRef, ArrayRef) -> Result<BooleanArray, arrow::error::ArrowError>,
) -> Result<ArrayRef, DataFusionError> {
    let mut values = arguments.iter().map(Arc::clone);
    let Some(mut best) = values.next() else { return Err(DataFusionError::Internal("nothing to choose".to_owned())) };
    for value in values {
        let unknown = or(&is_null(&best)?, &is_null(&value)?)?;
        let chosen = zip(&first(Arc::clone(&best), Arc::clone(&value))?, &best, &value)?;
        best = nullif(&chosen, &unknown)?;
    }
    Ok(best)
}

fn sign(number: &ArrayRef, gives: &DataType) -> Result<ArrayRef, DataFusionError> {
    if let DataType::Decimal128(precision, scale) = gives {
        let one = 10_i128.pow(u32::try_from(*scale).unwrap_or(0));
        let digits = number.as_primitive::<Decimal128Type>().iter();
        let signs: Decimal128Array = digits.map(|digits| digits.map(|digits| digits.signum() * one)).collect();
        return Ok(Arc::new(signs.with_precision_and_scale(*precision, *scale)?));
    }
    let numbers = cast(number, &DataType::Float64)?;
    let sign = |number: f64| if number == 0.0 { 0.0 } else { number.signum() };
    let signs: Float64Array = numbers.as_primitive::<Float64Type>().iter().map(|number| number.map(sign)).collect();
    Ok(cast(&signs, gives)?)
}

fn round(number: &ArrayRef, digits: usize, gives: &DataType) -> Result<ArrayRef, DataFusionError> {
    if gives.is_integer() {
        return Ok(Arc::clone(number));
    }
    let numbers = cast(number, &DataType::Float64)?;
    let rounded: Float64Array = numbers
        .as_primitive::<Float64Type>()
        .iter()
        .map(|number| number.map(|number| half_up(number, digits)))
        .collect();
    Ok(cast(&rounded, gives)?)
}

/// Rounds the shortest digits that a number is written with, half of them away from zero: as they read, and as Java's
/// `BigDecimal` does.
fn half_up(number: f64, digits: usize) -> f64 {
    let text = format!("{number}");
    let Some((_, behind)) = text.split_once('.') else { return number };
    if behind.len() <= digits {
        return number;
    }
    let cut = text.len() - behind.len() + digits;
    let up = behind.as_bytes()[digits] >= b'5';
    let kept: String = text[..cut].chars().filter(char::is_ascii_digit).collect();
    // A number with a fraction has 17 digits at the most, and zeros in front of them.
    let Ok(whole) = kept.parse::<u128>() else { return number };
    let written = format!("{}e-{digits}", whole + u128::from(up));
    let value: f64 = written.parse().unwrap_or(number);
    if number.is_sign_negative() { -value } else { value }
}

fn step(number: &ArrayRef, by: &ArrayRef, gives: &DataType) -> Result<ArrayRef, DataFusionError> {
    let no_step = || DataFusionError::Execution("a step is greater than 0".to_owned());
    if let DataType::Decimal128(precision, scale) = gives {
        let pairs = number.as_primitive::<Decimal128Type>().iter().zip(by.as_primitive::<Decimal128Type>().iter());
        let steps = pairs.map(|pair| match pair {
            (Some(number), Some(by)) if by > 0 => Ok(Some(number - number.rem_euclid(by))),
            (_, Some(by)) if by <= 0 => Err(no_step()),
            _ => Ok(None),
        });
        let steps: Decimal128Array = steps.collect::<Result<Vec<_>, _>>()?.into_iter().collect();
        let steps = steps.with_precision_and_scale(*precision, *scale)?;
        steps.validate_decimal_precision(*precision)?;
        return Ok(Arc::new(steps));
    }
    let (numbers, by) = (cast(number, &DataType::Int64)?, cast(by, &DataType::Int64)?);
    let pairs = numbers.as_primitive::<Int64Type>().iter().zip(by.as_primitive::<Int64Type>().iter());
    let steps = pairs.map(|pair| match pair {
        (_, Some(by)) if by <= 0 => Err(no_step()),
        (Some(number), Some(by)) => number
            .checked_sub(number.rem_euclid(by))
            .map(Some)
            .ok_or_else(|| DataFusionError::Execution("a step is out of range".to_owned())),
        _ => Ok(None),
    });
    let steps: Int64Array = steps.collect::<Result<Vec<_>, DataFusionError>>()?.into_iter().collect();
    let options = arrow::compute::CastOptions { safe: false, ..Default::default() };
    Ok(arrow::compute::cast_with_options(&steps, gives, &options)?)
}
