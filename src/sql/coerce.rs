//! The one type in which two operands meet.

use super::types::MAX_PRECISION;
use super::{Expr, SqlError, SqlType};

/// Returns the type in which values of two types can be compared or put side by side; `None` where there is none.
pub(super) fn common(left: SqlType, right: SqlType) -> Option<SqlType> {
    use SqlType::{Date, Decimal, Double, Timestamp, Varchar};
    if left == right {
        return Some(left);
    }
    if left.is_numeric() && right.is_numeric() {
        if left.is_floating() || right.is_floating() {
            return Some(Double);
        }
        if left.is_integer() && right.is_integer() {
            return Some(if width(left) > width(right) { left } else { right });
        }
        let ((p1, s1), (p2, s2)) = (digits(left), digits(right));
        let scale = s1.max(s2);
        let precision = ((p1 - s1).max(p2 - s2) + scale).min(MAX_PRECISION);
        return Some(Decimal { precision, scale });
    }
    match (left, right) {
        (Varchar(a), Varchar(b)) => Some(Varchar(a.max(b))),
        (Timestamp(a), Timestamp(b)) => Some(Timestamp(a.max(b))),
        (Timestamp(a), Date) | (Date, Timestamp(a)) => Some(Timestamp(a)),
        _ => None,
    }
}

/// Casts operands to the type in which they meet. Two bare NULLs stay as they are.
pub(super) fn meet(left: Expr, right: Expr) -> Result<(Expr, Expr), SqlError> {
    let meeting = match (left.sql_type, right.sql_type) {
        (None, None) => return Ok((left, right)),
        (Some(one), None) | (None, Some(one)) => one,
        (Some(a), Some(b)) => common(a, b).ok_or_else(|| {
            SqlError::new(format!("{a} and {b} do not go together")).help("make them one type with CAST(… AS …)")
        })?,
    };
    Ok((left.cast(meeting, true), right.cast(meeting, true)))
}

/// Returns the digits of a number's exact type: in all, and behind the point.
pub(super) fn digits(sql_type: SqlType) -> (u8, u8) {
    match sql_type {
        SqlType::Decimal { precision, scale } => (precision, scale),
        SqlType::TinyInt => (3, 0),
        SqlType::SmallInt => (5, 0),
        SqlType::Integer => (10, 0),
        _ => (19, 0),
    }
}

fn width(sql_type: SqlType) -> u8 {
    match sql_type {
        SqlType::TinyInt => 8,
        SqlType::SmallInt => 16,
        SqlType::Integer => 32,
        _ => 64,
    }
}
