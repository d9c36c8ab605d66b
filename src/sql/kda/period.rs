//! Predicates on periods, as comparisons of their ends. A period holds its first moment, and not its last.

use sqlparser::ast::{BinaryOperator, Expr};

use super::rewrite::{arguments, bare};

/// The two ends of a period; one moment is both of its own.
struct Ends<'e> {
    start: &'e Expr,
    end: &'e Expr,
    is_period: bool,
}

/// Returns the comparisons that a predicate on periods stands for; none where the expression is no such predicate.
pub(super) fn comparisons(expr: &Expr) -> Option<Expr> {
    use BinaryOperator::{Eq, Gt, GtEq, Lt, LtEq};
    let Expr::BinaryOp { left, op, right } = expr else { return None };
    let predicate = match op {
        BinaryOperator::Custom(predicate) => predicate.as_str(),
        BinaryOperator::Overlaps => "OVERLAPS",
        _ => return None,
    };
    let (one, other) = (ends(left), ends(right));
    if !one.is_period && !other.is_period {
        return None;
    }
    let moment = !other.is_period;
    let both = |left: Expr, right: Expr| compared(&left, BinaryOperator::And, &right);
    Some(match predicate {
        "CONTAINS" if moment => both(compared(one.start, LtEq, other.start), compared(other.start, Lt, one.end)),
        "CONTAINS" => both(compared(one.start, LtEq, other.start), compared(other.end, LtEq, one.end)),
        "OVERLAPS" if !moment => both(compared(one.start, Lt, other.end), compared(other.start, Lt, one.end)),
        "EQUALS" if !moment => both(compared(one.start, Eq, other.start), compared(one.end, Eq, other.end)),
        "PRECEDES" => compared(one.end, LtEq, other.start),
        "IMMEDIATELY PRECEDES" => compared(one.end, Eq, other.start),
        "STRICTLY PRECEDES" => compared(one.end, Lt, other.start),
        "SUCCEEDS" => compared(one.start, GtEq, other.end),
        "IMMEDIATELY SUCCEEDS" => compared(one.start, Eq, other.end),
        "STRICTLY SUCCEEDS" => compared(one.start, Gt, other.end),
        _ => return None,
    })
}

fn ends(expr: &Expr) -> Ends<'_> {
    if let Expr::Function(call) = bare(expr)
        && call.name.to_string() == "PERIOD"
        && let [start, end] = arguments(call)[..]
    {
        return Ends { start, end, is_period: true };
    }
    Ends { start: expr, end: expr, is_period: false }
}

fn compared(left: &Expr, op: BinaryOperator, right: &Expr) -> Expr {
    let nested = |expr: &Expr| Box::new(Expr::Nested(Box::new(expr.clone())));
    Expr::BinaryOp { left: nested(left), op, right: nested(right) }
}
