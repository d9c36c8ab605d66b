//! Aggregates over the rows around each row: what `OVER` asks for.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, new_empty_array};
use arrow::datatypes::{DataType, Schema, SchemaRef, i256};
use datafusion_common::{DataFusionError, ScalarValue};
use datafusion_physical_expr::expressions::{Literal, cast};

use crate::sql::{Aggregate, AggregateFunction, Parameter, SqlType};

use super::super::expression::{Names, Physical, ROW_TIME, column, evaluate, lower};
use super::exact_sum::ExactSum;
use super::quantile::Quantiles;
use super::running::{Running, variance};
use super::{ordered, summed};

/// The aggregates of rows in order, for frames of any key.
///
/// A frame is fed row by row, so what it answers depends on the rows in it alone: not on batches, not on rows that have
/// left, and not on whether it was built anew from [`Sliding::rows`].
pub(crate) struct Sliding {
    aggregates: Vec<Planned>,
    /// What a row brings with it, each once.
    arguments: Vec<Physical>,
}

struct Planned {
    aggregate: Aggregate,
    /// The index of its value among the arguments.
    value: usize,
    /// What `LAG` gives where there is no row.
    default: ScalarValue,
}

/// The rows that the aggregates of one key stand over now, oldest first.
#[derive(Clone)]
pub(crate) struct Frame {
    rows: VecDeque<Box<[ScalarValue]>>,
    /// The number of the oldest row: rows are numbered as they come.
    oldest: u64,
    /// One per aggregate.
    running: Vec<Running>,
}

impl Sliding {
    /// Plans the aggregates over batches of a schema, which has [`ROW_TIME`] where `EXP_AVG` is among them.
    pub(crate) fn new(aggregates: &[Aggregate], input: &SchemaRef) -> Result<Self, DataFusionError> {
        let mut this = Self { aggregates: Vec::new(), arguments: Vec::new() };
        let names = Names { schema: input, aggregates: &[] };
        let uses_time = aggregates.iter().any(|aggregate| aggregate.function == AggregateFunction::ExpAvg);
        if uses_time {
            this.arguments.push(column(input, ROW_TIME)?);
        }
        for aggregate in aggregates {
            let argument = match &aggregate.argument {
                Some(argument) => lower(argument, names)?,
                None => Arc::new(Literal::new(ScalarValue::from(true))) as Physical,
            };
            let argument = prepared(aggregate, argument, input)?;
            let known = this.arguments.iter().position(|known| known.eq(&argument));
            let value = known.unwrap_or_else(|| {
                this.arguments.push(argument);
                this.arguments.len() - 1
            });
            let default = match &aggregate.parameter {
                Some(Parameter::Back { default: Some(default), .. }) => constant(default, input)?,
                _ => ScalarValue::try_from(&aggregate.sql_type.arrow())?,
            };
            this.aggregates.push(Planned { aggregate: aggregate.clone(), value, default });
        }
        Ok(this)
    }

    /// Evaluates what the rows of a batch bring with them. Fails where one row's value cannot be computed.
    pub(crate) fn arguments(&self, batch: &RecordBatch) -> Result<Vec<ArrayRef>, DataFusionError> {
        self.arguments.iter().map(|argument| evaluate(argument, batch)).collect()
    }

    /// Returns the types of what a row brings with it.
    pub(crate) fn argument_types(&self, input: &Schema) -> Result<Vec<DataType>, DataFusionError> {
        self.arguments.iter().map(|argument| argument.data_type(input)).collect()
    }

    /// Returns a frame without rows.
    pub(crate) fn start(&self) -> Frame {
        let running = self.aggregates.iter().map(|planned| start(&planned.aggregate)).collect();
        Frame { rows: VecDeque::new(), oldest: 0, running }
    }

    /// Lets a row into a frame; `arguments` are those of its batch.
    pub(crate) fn add(&self, frame: &mut Frame, arguments: &[ArrayRef], row: usize) -> Result<(), DataFusionError> {
        let values: Box<[ScalarValue]> =
            arguments.iter().map(|array| ScalarValue::try_from_array(array, row)).collect::<Result<_, _>>()?;
        let number = frame.oldest + frame.rows.len() as u64;
        for (planned, running) in self.aggregates.iter().zip(&mut frame.running) {
            running.add(number, &values[planned.value])?;
        }
        frame.rows.push_back(values);
        Ok(())
    }

    /// Lets the oldest row out of a frame.
    pub(crate) fn retract(&self, frame: &mut Frame) -> Result<(), DataFusionError> {
        let Some(values) = frame.rows.pop_front() else { return Ok(()) };
        for (planned, running) in self.aggregates.iter().zip(&mut frame.running) {
            running.remove(frame.oldest, &values[planned.value])?;
        }
        frame.oldest += 1;
        Ok(())
    }

    /// Returns the value of each aggregate over the rows that are in a frame. Fails where one cannot be held by its
    /// type.
    pub(crate) fn evaluate(&self, frame: &Frame) -> Result<Vec<ScalarValue>, DataFusionError> {
        let of = |(planned, running): (&Planned, &Running)| planned.evaluate(running, frame);
        self.aggregates.iter().zip(&frame.running).map(of).collect()
    }

    /// Returns what the rows of a frame brought with them, oldest first: added to an empty frame again they give the
    /// same frame.
    pub(crate) fn rows(&self, frame: &Frame, input: &Schema) -> Result<Vec<ArrayRef>, DataFusionError> {
        let column = |(index, of): (usize, DataType)| {
            if frame.rows.is_empty() {
                return Ok(new_empty_array(&of));
            }
            ScalarValue::iter_to_array(frame.rows.iter().map(|values| values[index].clone()))
        };
        self.argument_types(input)?.into_iter().enumerate().map(column).collect()
    }
}

impl Frame {
    /// Returns how many rows are in the frame.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }
}

/// Brings an argument into the type in which it is kept.
fn prepared(aggregate: &Aggregate, argument: Physical, input: &Schema) -> Result<Physical, DataFusionError> {
    use AggregateFunction as F;
    let of = aggregate.argument.as_ref().and_then(|argument| argument.sql_type);
    match aggregate.function {
        F::Sum | F::Avg => summed(argument, of, input),
        F::Min | F::Max | F::Any | F::Every => ordered(argument, of, input),
        F::StddevPop | F::StddevSamp | F::VarPop | F::VarSamp | F::Percentile | F::ApproxPercentile | F::ExpAvg => {
            cast(argument, input, DataType::Float64)
        }
        F::Count | F::FirstValue | F::LastValue | F::ApproxCountDistinct | F::NthValue | F::Lag => Ok(argument),
    }
}

fn start(aggregate: &Aggregate) -> Running {
    use AggregateFunction as F;
    let floating = aggregate.sql_type == SqlType::Double;
    let running = match aggregate.function {
        F::Count | F::ApproxCountDistinct => Running::Count(0),
        F::Sum | F::Avg if floating => Running::Floating(ExactSum::default(), 0),
        F::Sum | F::Avg => Running::Exact(i256::ZERO, 0),
        F::Min | F::Every => Running::Best { greatest: false, values: VecDeque::new() },
        F::Max | F::Any => Running::Best { greatest: true, values: VecDeque::new() },
        F::StddevPop | F::StddevSamp | F::VarPop | F::VarSamp => {
            Running::Spread(ExactSum::default(), ExactSum::default(), 0)
        }
        F::Percentile => Running::Quantiles(Quantiles::default(), true),
        F::ApproxPercentile => Running::Quantiles(Quantiles::default(), false),
        F::FirstValue | F::LastValue | F::NthValue | F::Lag if !aggregate.keeps_nulls => {
            Running::Valued(VecDeque::new())
        }
        F::FirstValue | F::LastValue | F::NthValue | F::Lag | F::ExpAvg => Running::Rows,
    };
    if aggregate.distinct || aggregate.function == F::ApproxCountDistinct {
        return Running::Distinct(hashbrown::HashMap::new(), Box::new(running));
    }
    running
}

impl Planned {
    fn evaluate(&self, running: &Running, frame: &Frame) -> Result<ScalarValue, DataFusionError> {
        use AggregateFunction as F;
        let aggregate = &self.aggregate;
        let to = aggregate.sql_type.arrow();
        let float = |value: Option<f64>| Ok(ScalarValue::Float64(value));
        match running {
            Running::Distinct(_, of) => self.evaluate(of, frame),
            Running::Count(count) => Ok(ScalarValue::Int64(Some(*count))),
            Running::Exact(_, 0) | Running::Floating(_, 0) => ScalarValue::try_from(&to),
            Running::Exact(total, count) if aggregate.function == F::Avg => self.mean(*total, *count),
            Running::Exact(total, _) => decimal(*total, &to),
            #[expect(clippy::cast_precision_loss, reason = "a count of rows")]
            Running::Floating(total, count) if aggregate.function == F::Avg => {
                float(Some(total.value() / *count as f64))
            }
            Running::Floating(total, _) => float(Some(total.value())),
            Running::Spread(total, squares, count) => {
                let sample = matches!(aggregate.function, F::StddevSamp | F::VarSamp);
                let root = matches!(aggregate.function, F::StddevSamp | F::StddevPop);
                let spread = variance(total, squares, *count, sample);
                float(spread.map(|spread| if root { spread.sqrt() } else { spread }))
            }
            Running::Best { values, .. } => match values.front() {
                Some((_, value)) => value.cast_to(&to),
                None => ScalarValue::try_from(&to),
            },
            Running::Quantiles(quantiles, _) => match aggregate.parameter {
                Some(Parameter::Share(share)) => float(quantiles.at(share)),
                _ => float(None),
            },
            Running::Valued(rows) => {
                let picked = match aggregate.parameter {
                    // The row that asks is the newest, whether it has a value or not.
                    Some(Parameter::Back { rows: back, .. }) => {
                        let end = frame.oldest + frame.rows.len() as u64;
                        let before = rows.len() - usize::from(rows.back().is_some_and(|newest| newest + 1 == end));
                        match usize::try_from(back).unwrap_or(usize::MAX) {
                            0 => frame.rows.len().checked_sub(1),
                            back => before.checked_sub(back).and_then(|index| number(rows[index], frame)),
                        }
                    }
                    _ => self.pick(rows.len()).and_then(|index| number(rows[index], frame)),
                };
                Ok(self.value_at(picked, frame))
            }
            Running::Rows if aggregate.function == F::ExpAvg => float(self.fading_mean(frame)),
            Running::Rows => Ok(self.value_at(self.pick(frame.rows.len()), frame)),
        }
    }

    /// Returns which of the rows that count is picked.
    fn pick(&self, rows: usize) -> Option<usize> {
        let (number, from_last) = match self.aggregate.parameter {
            Some(Parameter::Row { number, from_last }) => (number, from_last),
            Some(Parameter::Back { rows: back, .. }) => (back.saturating_add(1), true),
            _ => (1, self.aggregate.function == AggregateFunction::LastValue),
        };
        let number = usize::try_from(number).unwrap_or(usize::MAX);
        if from_last { rows.checked_sub(number) } else { (number <= rows).then(|| number - 1) }
    }

    fn value_at(&self, index: Option<usize>, frame: &Frame) -> ScalarValue {
        let row = index.and_then(|index| frame.rows.get(index));
        row.map_or_else(|| self.default.clone(), |values| values[self.value].clone())
    }

    /// Returns the quotient of a total and a count, as [`super::mean`] does.
    fn mean(&self, total: i256, count: i64) -> Result<ScalarValue, DataFusionError> {
        let to = self.aggregate.sql_type.arrow();
        let count = i256::from_i128(i128::from(count));
        let (SqlType::Decimal { scale, .. }, Some(SqlType::Decimal { scale: own, .. })) =
            (self.aggregate.sql_type, self.aggregate.argument.as_ref().and_then(|argument| argument.sql_type))
        else {
            return decimal(total.wrapping_div(count), &to);
        };
        let ten = i256::from_i128(10);
        // Arrow divides to four digits more (at most 38 in all), and rounds those off.
        let more = (scale + 4).min(38) - scale;
        let shift = ten.wrapping_pow(u32::from(scale - own + more));
        let quotient = total.checked_mul(shift).ok_or_else(|| overflow(&to))?.wrapping_div(count);
        let unit = ten.wrapping_pow(u32::from(more));
        let half = unit.wrapping_div(i256::from_i128(2));
        let rounded = if quotient.is_negative() { quotient.wrapping_sub(half) } else { quotient.wrapping_add(half) };
        decimal(if more == 0 { quotient } else { rounded.wrapping_div(unit) }, &to)
    }

    /// Returns the mean in which a value's weight halves with its age.
    #[expect(clippy::cast_precision_loss, reason = "an age of some microseconds")]
    fn fading_mean(&self, frame: &Frame) -> Option<f64> {
        let Some(Parameter::HalfLife(half_life)) = self.aggregate.parameter else { return None };
        let time = |values: &[ScalarValue]| match values.first() {
            Some(ScalarValue::TimestampMicrosecond(Some(micros), _)) => Some(*micros),
            _ => None,
        };
        let now = time(frame.rows.back()?)?;
        let (mut total, mut weights) = (0.0, 0.0);
        for values in &frame.rows {
            let (Some(at), ScalarValue::Float64(Some(value))) = (time(values), &values[self.value]) else { continue };
            let weight = (-(now.saturating_sub(at) as f64) / half_life as f64).exp2();
            total += weight * value;
            weights += weight;
        }
        (weights > 0.0).then(|| total / weights)
    }
}

/// Returns the index of the row of a number.
fn number(row: u64, frame: &Frame) -> Option<usize> {
    usize::try_from(row.checked_sub(frame.oldest)?).ok()
}

fn constant(expr: &crate::sql::Expr, input: &Schema) -> Result<ScalarValue, DataFusionError> {
    let physical = lower(expr, Names { schema: input, aggregates: &[] })?;
    let batch = RecordBatch::try_new_with_options(
        Arc::new(Schema::empty()),
        Vec::new(),
        &arrow::array::RecordBatchOptions::new().with_row_count(Some(1)),
    )?;
    ScalarValue::try_from_array(&evaluate(&physical, &batch)?, 0)
}

fn overflow(to: &DataType) -> DataFusionError {
    DataFusionError::Execution(format!("the total does not fit into {to}"))
}

/// Puts digits into a type, or fails where they are too many.
fn decimal(digits: i256, to: &DataType) -> Result<ScalarValue, DataFusionError> {
    let digits = digits.to_i128().ok_or_else(|| overflow(to))?;
    if let DataType::Decimal128(precision, scale) = to {
        let most = 10_i128.checked_pow(u32::from(*precision)).map_or(i128::MAX, |most| most - 1);
        let fits = digits.unsigned_abs() <= most.unsigned_abs();
        return if fits { Ok(ScalarValue::Decimal128(Some(digits), *precision, *scale)) } else { Err(overflow(to)) };
    }
    let wide = ScalarValue::Int64(Some(i64::try_from(digits).map_err(|_| overflow(to))?));
    let narrow = wide.cast_to(to)?;
    if narrow.is_null() { Err(overflow(to)) } else { Ok(narrow) }
}
