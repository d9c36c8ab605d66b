//! Expressions with one thing wrong.

use crate::sql::{Aggregate, Expr, ExprKind, Literal, Operator, SqlType};

use super::text;

/// Returns what an expression could be by mistake, and what that is in words.
pub(super) fn wrongs(expr: &Expr, aggregates: &[Aggregate]) -> Vec<(String, Expr)> {
    let in_words = |Wrong { whole, part, other }: Wrong| {
        (format!("{} becomes {}", text(&part, aggregates), text(&other, aggregates)), whole)
    };
    all(expr).into_iter().map(in_words).collect()
}

struct Wrong {
    whole: Expr,
    /// The part that is not as it was.
    part: Expr,
    other: Expr,
}

fn all(expr: &Expr) -> Vec<Wrong> {
    let mut all: Vec<Wrong> =
        own(expr).into_iter().map(|other| Wrong { whole: other.clone(), part: expr.clone(), other }).collect();
    for (index, child) in expr.children().into_iter().enumerate() {
        for wrong in self::all(child) {
            let mut whole = expr.clone();
            *whole.children_mut()[index] = wrong.whole;
            all.push(Wrong { whole, ..wrong });
        }
    }
    all
}

/// Returns what the outermost part of an expression could be.
fn own(expr: &Expr) -> Vec<Expr> {
    let like = |kind: ExprKind| Expr { kind, sql_type: expr.sql_type };
    match &expr.kind {
        ExprKind::Binary(left, operator, right) => {
            let swapped =
                other(*operator).map(|operator| like(ExprKind::Binary(left.clone(), operator, right.clone())));
            let sides = match operator {
                Operator::And | Operator::Or => vec![(**left).clone(), (**right).clone()],
                _ => Vec::new(),
            };
            swapped.into_iter().chain(sides).collect()
        }
        ExprKind::Not(inner) => vec![(**inner).clone()],
        ExprKind::IsNull(inner) => vec![like(ExprKind::IsNotNull(inner.clone()))],
        ExprKind::IsNotNull(inner) => vec![like(ExprKind::IsNull(inner.clone()))],
        ExprKind::In { expr, list, negated } => {
            vec![like(ExprKind::In { expr: expr.clone(), list: list.clone(), negated: !negated })]
        }
        ExprKind::Like { expr, pattern, negated } => {
            vec![like(ExprKind::Like { expr: expr.clone(), pattern: pattern.clone(), negated: !negated })]
        }
        ExprKind::Literal(Literal::Integer(number)) => {
            let next = number.checked_add(1).filter(|next| holds(expr.sql_type, *next));
            next.map(|next| like(ExprKind::Literal(Literal::Integer(next)))).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

fn other(operator: Operator) -> Option<Operator> {
    Some(match operator {
        Operator::Add => Operator::Subtract,
        Operator::Subtract => Operator::Add,
        Operator::Equal => Operator::NotEqual,
        Operator::NotEqual => Operator::Equal,
        Operator::Less => Operator::LessOrEqual,
        Operator::LessOrEqual => Operator::Less,
        Operator::Greater => Operator::GreaterOrEqual,
        Operator::GreaterOrEqual => Operator::Greater,
        Operator::And => Operator::Or,
        Operator::Or => Operator::And,
        Operator::Multiply | Operator::Divide | Operator::Modulo | Operator::Concat => return None,
    })
}

/// Returns whether a type has a number.
fn holds(sql_type: Option<SqlType>, number: i64) -> bool {
    match sql_type {
        Some(SqlType::TinyInt) => i8::try_from(number).is_ok(),
        Some(SqlType::SmallInt) => i16::try_from(number).is_ok(),
        Some(SqlType::Integer) => i32::try_from(number).is_ok(),
        Some(SqlType::Decimal { .. }) => false,
        _ => true,
    }
}
