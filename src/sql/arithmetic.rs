//! The types of arithmetic.

use super::coerce::{digits, meet};
use super::types::MAX_PRECISION;
use super::{Expr, ExprKind, Operator, SqlError, SqlType};

/// The type of `left operator right`, with the operands cast to what the operation takes.
pub(super) fn arithmetic(left: Expr, operator: Operator, right: Expr) -> Result<Expr, SqlError> {
    let (left, right) = match (left.sql_type, right.sql_type) {
        (None, None) => return Err(SqlError::new("NULL and NULL have no type")),
        (None, Some(to)) => (left.cast(to, true), right),
        (Some(to), None) => {
            let right = right.cast(to, true);
            (left, right)
        }
        _ => (left, right),
    };
    let (a, b) = (left.sql_type.unwrap_or(SqlType::Double), right.sql_type.unwrap_or(SqlType::Double));
    let exact = matches!((a, b), (SqlType::Decimal { .. }, _) | (_, SqlType::Decimal { .. }))
        && !a.is_floating()
        && !b.is_floating();
    if !exact {
        let (left, right) = meet(left, right)?;
        let sql_type = left.sql_type.unwrap_or(SqlType::Double);
        return Ok(Expr::new(ExprKind::Binary(Box::new(left), operator, Box::new(right)), sql_type));
    }
    let ((p1, s1), (p2, s2)) = (digits(a), digits(b));
    // The rules of the KDA SQL reference (numeric types and precision), which Flink shares but for the cap of 38.
    let (precision, scale) = match operator {
        Operator::Multiply => (p1 + p2, s1 + s2),
        Operator::Divide => {
            let scale = (s1 + p2 + 1).max(6);
            (p1 - s1 + s2 + scale, scale)
        }
        Operator::Modulo => ((p1 - s1).min(p2 - s2) + s1.max(s2), s1.max(s2)),
        _ => ((p1 - s1).max(p2 - s2) + s1.max(s2) + 1, s1.max(s2)),
    };
    let sql_type = capped(precision, scale);
    let as_decimal = |expr: Expr, (precision, scale)| expr.cast(SqlType::Decimal { precision, scale }, true);
    let (left, right) = (as_decimal(left, (p1, s1)), as_decimal(right, (p2, s2)));
    Ok(Expr::new(ExprKind::Binary(Box::new(left), operator, Box::new(right)), sql_type))
}

/// Fits a decimal into the most digits there are; digits in front of the point go first, down to six behind it.
pub(super) fn capped(precision: u8, scale: u8) -> SqlType {
    if precision <= MAX_PRECISION {
        return SqlType::Decimal { precision: precision.max(1), scale };
    }
    let scale = (MAX_PRECISION.saturating_sub(precision - scale)).max(scale.min(6));
    SqlType::Decimal { precision: MAX_PRECISION, scale }
}
