//! Typed expressions → `DataFusion`'s physical expressions, with one meaning: overflow, division by zero and a cast that
//! cannot hold the value fail, and the row that fails is diverted by the caller.

mod log;
mod number;
mod own;
mod pattern;
#[cfg(test)]
mod tests;
mod text;
mod time;

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch, new_empty_array};
use arrow::datatypes::{DECIMAL256_MAX_PRECISION, DataType, Schema};
use datafusion_common::config::ConfigOptions;
use datafusion_common::{DataFusionError, ScalarValue};
use datafusion_expr::{Operator as Op, ScalarUDF};
use datafusion_functions::{core, math, string, unicode};
use datafusion_physical_expr::expressions::{
    BinaryExpr, CaseExpr, Column, IsNotNullExpr, IsNullExpr, Literal as Constant, NegativeExpr, NotExpr, cast, in_list,
    like,
};
use datafusion_physical_expr::{PhysicalExpr, ScalarFunctionExpr};

use crate::sql::{Expr, ExprKind, Literal, Operator, SqlType};

/// An expression ready to be evaluated over batches of one schema.
pub(super) type Physical = Arc<dyn PhysicalExpr>;

/// The hidden column with the time of every row, a TIMESTAMP: batches have it where an expression asks for it.
pub(crate) const ROW_TIME: &str = "$row_time";

/// What an expression may name.
#[derive(Clone, Copy)]
pub(super) struct Names<'a> {
    /// The columns of the batches.
    pub(super) schema: &'a Schema,
    /// The value of each aggregate over the batches, where the expression stands behind the aggregation.
    pub(super) aggregates: &'a [Physical],
}

/// Builds the physical form of an expression.
pub(super) fn lower(expr: &Expr, names: Names<'_>) -> Result<Physical, DataFusionError> {
    let schema = names.schema;
    Ok(match &expr.kind {
        ExprKind::Column(name) => column(schema, name)?,
        ExprKind::Aggregate(index) => Arc::clone(&names.aggregates[*index]),
        ExprKind::RowTime => column(schema, ROW_TIME)?,
        ExprKind::WindowStart => column(schema, "window_start")?,
        ExprKind::WindowEnd => column(schema, "window_end")?,
        ExprKind::Literal(literal) => Arc::new(Constant::new(constant(literal, expr.sql_type)?)),
        // Negation of the least whole number overflows; subtraction notices, NegativeExpr would wrap around.
        ExprKind::Negate(inner) => {
            let physical = lower(inner, names)?;
            let arrow_type = physical.data_type(schema)?;
            if arrow_type.is_integer() {
                let zero = Arc::new(Constant::new(ScalarValue::new_zero(&arrow_type)?));
                Arc::new(BinaryExpr::new(zero, Op::Minus, physical).with_fail_on_overflow(true))
            } else {
                Arc::new(NegativeExpr::new(physical))
            }
        }
        ExprKind::Not(inner) => Arc::new(NotExpr::new(lower(inner, names)?)),
        ExprKind::IsNull(inner) => Arc::new(IsNullExpr::new(lower(inner, names)?)),
        ExprKind::IsNotNull(inner) => Arc::new(IsNotNullExpr::new(lower(inner, names)?)),
        // SQL lets a condition guard what stands behind it: `v <> 0 AND 10 / v > 1`.
        ExprKind::Binary(left, operator @ (Operator::And | Operator::Or), right) if can_fail(right) => {
            // The left side is the base of the CASE, so that each side is in the tree, and evaluated for a row, once.
            let (base, guarded) = (lower(left, names)?, lower(right, names)?);
            let constant = |value: Option<bool>| Arc::new(Constant::new(ScalarValue::from(value))) as Physical;
            let (op, decides) = if *operator == Operator::And { (Op::And, false) } else { (Op::Or, true) };
            let unknown = Arc::new(BinaryExpr::new(constant(None), op, Arc::clone(&guarded)));
            let whens = vec![(constant(Some(decides)), constant(Some(decides))), (constant(Some(!decides)), guarded)];
            Arc::new(CaseExpr::try_new(Some(base), whens, Some(unknown))?)
        }
        ExprKind::Binary(left, operator, right) => binary(expr, (left, *operator, right), names)?,
        ExprKind::Cast { expr: inner, .. } => convert(lower(inner, names)?, expr.sql_type, schema)?,
        ExprKind::Case { whens, otherwise } => {
            let whens = whens
                .iter()
                .map(|(when, then)| Ok((lower(when, names)?, lower(then, names)?)))
                .collect::<Result<Vec<_>, DataFusionError>>()?;
            let otherwise = otherwise.as_ref().map(|value| lower(value, names)).transpose()?;
            Arc::new(CaseExpr::try_new(None, whens, otherwise)?)
        }
        ExprKind::In { expr, list, negated } => {
            let list = list.iter().map(|item| lower(item, names)).collect::<Result<Vec<_>, _>>()?;
            in_list(lower(expr, names)?, list, negated, schema)?
        }
        ExprKind::Like { expr, pattern, negated } => {
            let pattern = Arc::new(Constant::new(ScalarValue::from(pattern.replace('\\', r"\\"))));
            like(*negated, false, lower(expr, names)?, pattern, schema)?
        }
        ExprKind::Call(function, arguments) => {
            let lowered = arguments.iter().map(|argument| lower(argument, names)).collect::<Result<Vec<_>, _>>()?;
            call(function.name, (arguments, lowered), expr.sql_type, schema)?
        }
    })
}

/// Evaluates an expression over a batch, as one value per row.
pub(super) fn evaluate(expr: &Physical, batch: &RecordBatch) -> Result<ArrayRef, DataFusionError> {
    // A constant such as `1 / 0` fails even where there is no row to fail for.
    if batch.num_rows() == 0 {
        return Ok(new_empty_array(&expr.data_type(&batch.schema())?));
    }
    expr.evaluate(batch)?.into_array(batch.num_rows())
}

/// Evaluates a condition over a batch: true where it holds, and NULL does not hold.
pub(super) fn holds(expr: &Physical, batch: &RecordBatch) -> Result<BooleanArray, DataFusionError> {
    let array = evaluate(expr, batch)?;
    // A bare NULL as a condition has no type of its own, and never holds.
    let Some(booleans) = array.as_any().downcast_ref::<BooleanArray>() else {
        return Ok(BooleanArray::from(vec![false; batch.num_rows()]));
    };
    Ok(if booleans.null_count() == 0 {
        booleans.clone()
    } else {
        booleans.iter().map(|value| Some(value == Some(true))).collect()
    })
}

/// Returns a physical expression's value as another type.
pub(super) fn convert(expr: Physical, to: Option<SqlType>, schema: &Schema) -> Result<Physical, DataFusionError> {
    let Some(to) = to else { return Ok(expr) };
    let from = expr.data_type(schema)?;
    let cast_to = cast(expr, schema, to.arrow())?;
    // Text that is longer than its type is cut, as in SQL's CAST.
    match (to, from) {
        (SqlType::Varchar(length), from) => {
            // SQL writes TRUE and FALSE.
            let cast_to = match from {
                DataType::Boolean => function(string::upper(), vec![cast_to], schema)?,
                _ => cast_to,
            };
            let length = Arc::new(Constant::new(ScalarValue::from(i64::from(length))));
            function(unicode::left(), vec![cast_to, length], schema)
        }
        _ => Ok(cast_to),
    }
}

/// Returns whether evaluating an expression may fail for some row.
fn can_fail(expr: &Expr) -> bool {
    let own = match &expr.kind {
        ExprKind::Binary(_, operator, _) => {
            !operator.compares() && !matches!(operator, Operator::And | Operator::Or | Operator::Concat)
        }
        ExprKind::Negate(_) | ExprKind::Cast { implicit: false, .. } | ExprKind::Call(..) => true,
        _ => false,
    };
    own || expr.children().into_iter().any(can_fail)
}

/// Returns a column of the batches.
pub(super) fn column(schema: &Schema, name: &str) -> Result<Physical, DataFusionError> {
    Ok(Arc::new(Column::new(name, schema.index_of(name)?)))
}

fn constant(literal: &Literal, sql_type: Option<SqlType>) -> Result<ScalarValue, DataFusionError> {
    let arrow_type = sql_type.map_or(DataType::Null, SqlType::arrow);
    match literal {
        Literal::Null => ScalarValue::try_from(&arrow_type),
        Literal::Boolean(boolean) => Ok(ScalarValue::from(*boolean)),
        Literal::Integer(number) => ScalarValue::from(*number).cast_to(&arrow_type),
        Literal::Number(digits) => ScalarValue::from(digits.as_str()).cast_to(&arrow_type),
        Literal::Text(text) => Ok(ScalarValue::from(text.as_str())),
        Literal::Timestamp(micros) => Ok(ScalarValue::TimestampMicrosecond(Some(*micros), None)),
        Literal::Interval(micros) => Ok(ScalarValue::from(*micros)),
        Literal::Date(days) => Ok(ScalarValue::Date32(Some(*days))),
    }
}

fn binary(
    whole: &Expr,
    (left, operator, right): (&Expr, Operator, &Expr),
    names: Names<'_>,
) -> Result<Physical, DataFusionError> {
    let (lowered_left, lowered_right) = (lower(left, names)?, lower(right, names)?);
    let op = match operator {
        Operator::Add => Op::Plus,
        Operator::Subtract => Op::Minus,
        Operator::Multiply => Op::Multiply,
        Operator::Divide => Op::Divide,
        Operator::Modulo => Op::Modulo,
        Operator::Concat => Op::StringConcat,
        Operator::Equal => Op::Eq,
        Operator::NotEqual => Op::NotEq,
        Operator::Less => Op::Lt,
        Operator::LessOrEqual => Op::LtEq,
        Operator::Greater => Op::Gt,
        Operator::GreaterOrEqual => Op::GtEq,
        Operator::And => Op::And,
        Operator::Or => Op::Or,
    };
    let (lowered_left, lowered_right) = match (operator, whole.sql_type) {
        (Operator::Divide, Some(SqlType::Decimal { scale, .. })) => {
            divided(lowered_left, lowered_right, scale, names.schema)?
        }
        _ => (lowered_left, lowered_right),
    };
    let physical: Physical = Arc::new(BinaryExpr::new(lowered_left, op, lowered_right).with_fail_on_overflow(true));
    // Arrow has digits of its own for the results of decimals; SQL's are those of the expression.
    match whole.sql_type {
        Some(to @ SqlType::Decimal { .. }) => cast(physical, names.schema, to.arrow()),
        _ => Ok(physical),
    }
}

/// Gives two decimals so many digits that their quotient has one more than `scale` behind the point, by which it is
/// rounded.
fn divided(
    left: Physical,
    right: Physical,
    scale: u8,
    schema: &Schema,
) -> Result<(Physical, Physical), DataFusionError> {
    let (DataType::Decimal128(_, of_left), DataType::Decimal128(_, of_right)) =
        (left.data_type(schema)?, right.data_type(schema)?)
    else {
        return Ok((left, right));
    };
    // Arrow's quotient has four digits more than its dividend.
    let wanted = i8::try_from(scale).unwrap_or(i8::MAX).saturating_sub(3).max(of_left);
    let left = cast(left, schema, DataType::Decimal256(DECIMAL256_MAX_PRECISION, wanted))?;
    let right = cast(right, schema, DataType::Decimal256(DECIMAL256_MAX_PRECISION, of_right))?;
    Ok((left, right))
}

fn call(
    name: &str,
    (given, arguments): (&[Expr], Vec<Physical>),
    result: Option<SqlType>,
    schema: &Schema,
) -> Result<Physical, DataFusionError> {
    let whole = result.is_some_and(SqlType::is_integer);
    let udf = match name {
        "CEIL" | "FLOOR" if whole => return Ok(Arc::clone(&arguments[0])),
        "CEIL" => math::ceil(),
        "FLOOR" => math::floor(),
        "ABS" => math::abs(),
        "EXP" => math::exp(),
        "LN" => math::ln(),
        "LOG10" => math::log10(),
        "POWER" => math::power(),
        "SQRT" => math::sqrt(),
        "LOWER" => string::lower(),
        "UPPER" => string::upper(),
        "CHAR_LENGTH" => unicode::character_length(),
        "SUBSTRING" => unicode::substr(),
        "COALESCE" => return coalesce(arguments, result, schema),
        "NULLIF" => core::nullif(),
        other => own(other, given, result)?.udf(other, given),
    };
    convert_exactly(function(udf, arguments, schema)?, result, schema)
}

/// Finds a function of our own.
fn own(name: &str, arguments: &[Expr], result: Option<SqlType>) -> Result<own::Own, DataFusionError> {
    let found = match text::find(name) {
        Some(found) => Some(found),
        None => pattern::find(name, arguments)?,
    };
    let found = match found {
        Some(found) => Some(found),
        None => time::find(name, arguments)?,
    };
    let found = match (found, result) {
        (None, Some(result)) => number::find(name, arguments, result)?,
        (found, _) => found,
    };
    let found = match found {
        Some(found) => Some(found),
        None => log::find(name, arguments)?,
    };
    found.ok_or_else(|| DataFusionError::NotImplemented(format!("the function {name}")))
}

/// COALESCE as a CASE, so that an argument that is not reached cannot fail.
fn coalesce(
    mut arguments: Vec<Physical>,
    result: Option<SqlType>,
    schema: &Schema,
) -> Result<Physical, DataFusionError> {
    let last = arguments.pop().ok_or_else(|| DataFusionError::Plan("COALESCE of nothing".to_owned()))?;
    if arguments.is_empty() {
        return Ok(last);
    }
    let whens = arguments
        .into_iter()
        .map(|argument| (Arc::new(IsNotNullExpr::new(Arc::clone(&argument))) as Physical, argument))
        .collect();
    convert_exactly(Arc::new(CaseExpr::try_new(None, whens, Some(last))?), result, schema)
}

fn function(udf: Arc<ScalarUDF>, arguments: Vec<Physical>, schema: &Schema) -> Result<Physical, DataFusionError> {
    Ok(Arc::new(ScalarFunctionExpr::try_new(udf, arguments, schema, Arc::new(ConfigOptions::default()))?))
}

/// Gives a function's value the type of the expression where the function has another.
fn convert_exactly(expr: Physical, to: Option<SqlType>, schema: &Schema) -> Result<Physical, DataFusionError> {
    match to {
        Some(to) if expr.data_type(schema)? != to.arrow() => cast(expr, schema, to.arrow()),
        _ => Ok(expr),
    }
}
