//! One aggregate over a frame that rows enter at one end and leave at the other.

use std::collections::VecDeque;

use arrow::datatypes::i256;
use datafusion_common::{DataFusionError, ScalarValue};
use hashbrown::HashMap;

use super::exact_sum::ExactSum;
use super::quantile::{Quantiles, place};

/// What is kept of the rows in a frame. A row that leaves is taken off without a trace, so that what is left never
/// depends on what was there before.
#[derive(Debug, Clone)]
pub(super) enum Running {
    /// How many rows, or values.
    Count(i64),
    /// The total of exact numbers, and how many.
    Exact(i256, i64),
    /// The total of floating-point numbers, and how many.
    Floating(ExactSum, i64),
    /// The totals of numbers and of their squares, and how many.
    Spread(ExactSum, ExactSum, i64),
    /// The values that no later one outdoes, with their row's number; the best in front.
    Best {
        /// Whether the greatest is the best.
        greatest: bool,
        /// The values.
        values: VecDeque<(u64, ScalarValue)>,
    },
    /// The values by size.
    Quantiles(Quantiles, bool),
    /// The numbers of the rows that have a value.
    Valued(VecDeque<u64>),
    /// Nothing: the rows themselves tell.
    Rows,
    /// An aggregate of the distinct values, and how often each is there.
    Distinct(HashMap<ScalarValue, u64>, Box<Self>),
}

impl Running {
    /// Takes in the value of the row of a number. A NULL counts nowhere.
    pub(super) fn add(&mut self, row: u64, value: &ScalarValue) -> Result<(), DataFusionError> {
        match self {
            Self::Rows => {}
            _ if value.is_null() => {}
            Self::Count(count) => *count += 1,
            Self::Exact(total, count) => {
                *total = total.wrapping_add(exact(value)?);
                *count += 1;
            }
            Self::Floating(total, count) => {
                total.add(floating(value)?);
                *count += 1;
            }
            Self::Spread(total, squares, count) => {
                let number = floating(value)?;
                total.add(number);
                squares.add_product(number, number, 1);
                *count += 1;
            }
            Self::Best { greatest, values } => {
                let outdone = |known: &ScalarValue| match known.partial_cmp(value) {
                    Some(order) => {
                        if *greatest {
                            order.is_le()
                        } else {
                            order.is_ge()
                        }
                    }
                    None => false,
                };
                while values.back().is_some_and(|(_, known)| outdone(known)) {
                    values.pop_back();
                }
                values.push_back((row, value.clone()));
            }
            Self::Quantiles(quantiles, exact) => quantiles.add(place(floating(value)?, *exact), 1),
            Self::Valued(rows) => rows.push_back(row),
            Self::Distinct(times, of) => {
                let times = times.entry_ref(value).or_insert(0);
                *times += 1;
                if *times == 1 {
                    of.add(row, value)?;
                }
            }
        }
        Ok(())
    }

    /// Takes out the value of the row of a number: the oldest.
    pub(super) fn remove(&mut self, row: u64, value: &ScalarValue) -> Result<(), DataFusionError> {
        match self {
            Self::Rows => {}
            _ if value.is_null() => {}
            Self::Count(count) => *count -= 1,
            Self::Exact(total, count) => {
                *total = total.wrapping_sub(exact(value)?);
                *count -= 1;
            }
            Self::Floating(total, count) => {
                total.subtract(floating(value)?);
                *count -= 1;
            }
            Self::Spread(total, squares, count) => {
                let number = floating(value)?;
                total.subtract(number);
                squares.add_product(number, number, -1);
                *count -= 1;
            }
            Self::Best { values, .. } => {
                if values.front().is_some_and(|(known, _)| *known == row) {
                    values.pop_front();
                }
            }
            Self::Quantiles(quantiles, exact) => quantiles.remove(place(floating(value)?, *exact)),
            Self::Valued(rows) => {
                rows.pop_front();
            }
            Self::Distinct(times, of) => {
                if let Some(left) = times.get_mut(value) {
                    *left -= 1;
                    if *left == 0 {
                        times.remove(value);
                        of.remove(row, value)?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// Returns the variance of the numbers that two sums are of, or of what they are a sample of.
#[expect(clippy::cast_precision_loss, reason = "a count of rows")]
pub(super) fn variance(total: &ExactSum, squares: &ExactSum, count: i64, sample: bool) -> Option<f64> {
    let divisor = if sample { count - 1 } else { count };
    if divisor <= 0 {
        return None;
    }
    // n·Σx² − (Σx)², where Σx is taken as two numbers that are hardly off it together.
    let near = total.value();
    let mut rest = total.clone();
    rest.subtract(near);
    let rest = rest.value();
    let mut distance = squares.clone();
    distance.multiply(u32::try_from(count).ok()?);
    distance.add_product(near, near, -1);
    distance.add_product(near, rest, -2);
    distance.add_product(rest, rest, -1);
    Some(distance.value().max(0.0) / (count as f64 * divisor as f64))
}

fn exact(value: &ScalarValue) -> Result<i256, DataFusionError> {
    match value {
        ScalarValue::Int64(Some(number)) => Ok(i256::from_i128(i128::from(*number))),
        ScalarValue::Decimal128(Some(number), ..) => Ok(i256::from_i128(*number)),
        other => Err(DataFusionError::Internal(format!("{other} is no exact number"))),
    }
}

fn floating(value: &ScalarValue) -> Result<f64, DataFusionError> {
    match value {
        ScalarValue::Float64(Some(number)) => Ok(*number),
        other => Err(DataFusionError::Internal(format!("{other} is no floating-point number"))),
    }
}
