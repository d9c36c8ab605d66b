//! Going through an expression, and putting others in the place of its parts.

use sqlparser::ast::{Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments};

use super::super::SqlError;

/// What becomes of a part of an expression.
pub(super) enum Step {
    /// It stays, and its own parts are asked about.
    Into,
    /// It stays with all that is in it.
    Keep,
    /// Another stands in its place.
    With(Box<Expr>),
}

impl Step {
    pub(super) fn with(expr: Expr) -> Self {
        Self::With(Box::new(expr))
    }
}

/// Puts others in the place of parts, the outer ones first.
pub(super) fn rewrite(expr: &mut Expr, with: &mut impl FnMut(&Expr) -> Result<Step, SqlError>) -> Result<(), SqlError> {
    match with(expr)? {
        Step::Keep => Ok(()),
        Step::With(other) => {
            *expr = *other;
            Ok(())
        }
        Step::Into => parts_mut(expr).into_iter().try_for_each(|part| rewrite(part, with)),
    }
}

/// Returns whether the expression or a part of it is such.
pub(super) fn any(expr: &Expr, such: &mut impl FnMut(&Expr) -> bool) -> bool {
    let mut found = false;
    let mut copy = expr.clone();
    let looked = rewrite(&mut copy, &mut |part| {
        found = found || such(part);
        Ok(if found { Step::Keep } else { Step::Into })
    });
    looked.is_ok() && found
}

/// Returns the direct parts of what the dialect can read. The window of a call is none of them.
fn parts_mut(expr: &mut Expr) -> Vec<&mut Expr> {
    match expr {
        Expr::Nested(one)
        | Expr::IsFalse(one)
        | Expr::IsNotFalse(one)
        | Expr::IsTrue(one)
        | Expr::IsNotTrue(one)
        | Expr::IsNull(one)
        | Expr::IsNotNull(one)
        | Expr::IsUnknown(one)
        | Expr::IsNotUnknown(one)
        | Expr::UnaryOp { expr: one, .. }
        | Expr::Cast { expr: one, .. }
        | Expr::Extract { expr: one, .. }
        | Expr::Ceil { expr: one, .. }
        | Expr::Floor { expr: one, .. }
        | Expr::Collate { expr: one, .. } => vec![one],
        Expr::Interval(interval) => vec![&mut *interval.value],
        Expr::IsDistinctFrom(one, other)
        | Expr::IsNotDistinctFrom(one, other)
        | Expr::BinaryOp { left: one, right: other, .. }
        | Expr::AnyOp { left: one, right: other, .. }
        | Expr::AllOp { left: one, right: other, .. }
        | Expr::Like { expr: one, pattern: other, .. }
        | Expr::SimilarTo { expr: one, pattern: other, .. }
        | Expr::Position { expr: one, r#in: other } => vec![one, other],
        Expr::Between { expr, low, high, .. } => vec![expr, low, high],
        Expr::InList { expr, list, .. } => std::iter::once(&mut **expr).chain(list).collect(),
        Expr::Substring { expr, substring_from, substring_for, .. } => {
            std::iter::once(expr).chain(substring_from).chain(substring_for).map(|part| &mut **part).collect()
        }
        Expr::Trim { expr, trim_what, .. } => std::iter::once(expr).chain(trim_what).map(|part| &mut **part).collect(),
        Expr::Overlay { expr, overlay_what, overlay_from, overlay_for } => {
            [expr, overlay_what, overlay_from].into_iter().chain(overlay_for).map(|part| &mut **part).collect()
        }
        Expr::Case { operand, conditions, else_result, .. } => {
            let whens = conditions.iter_mut().flat_map(|case| [&mut case.condition, &mut case.result]);
            let ends = operand.iter_mut().chain(else_result).map(|part| &mut **part);
            whens.chain(ends).collect()
        }
        Expr::Function(function) => arguments_mut(function),
        _ => Vec::new(),
    }
}

fn arguments_mut(function: &mut Function) -> Vec<&mut Expr> {
    let FunctionArguments::List(list) = &mut function.args else { return Vec::new() };
    list.args
        .iter_mut()
        .filter_map(|argument| match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
            _ => None,
        })
        .collect()
}

/// Returns the plain arguments of a call.
pub(super) fn arguments(function: &Function) -> Vec<&Expr> {
    let FunctionArguments::List(list) = &function.args else { return Vec::new() };
    list.args
        .iter()
        .filter_map(|argument| match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
            _ => None,
        })
        .collect()
}

/// Takes the parentheses off.
pub(super) fn bare(mut expr: &Expr) -> &Expr {
    while let Expr::Nested(inner) = expr {
        expr = inner;
    }
    expr
}
