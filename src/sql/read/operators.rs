//! Operators and what they stand between.

use sqlparser::ast::{BinaryOperator, Expr as Parsed, Spanned, UnaryOperator};

use super::super::arithmetic::arithmetic;
use super::super::coerce::meet;
use super::super::types::MAX_VARCHAR;
use super::super::{Expr, ExprKind, Literal, Operator, SqlError, SqlType};
use super::call::{built, renamed};
use super::constant::{self, dated, integer};
use super::{Reader, boolean, name_of, not_a_condition};

impl Reader<'_> {
    pub(super) fn unary(&mut self, op: UnaryOperator, inner: &Parsed) -> Result<Expr, SqlError> {
        match op {
            UnaryOperator::Not => Ok(boolean(ExprKind::Not(Box::new(self.condition(inner)?)))),
            UnaryOperator::Plus | UnaryOperator::Minus => {
                let expr = self.expr(inner)?;
                match expr.sql_type {
                    Some(sql_type) if sql_type.is_numeric() => Ok(match (op, &expr.kind) {
                        (UnaryOperator::Plus, _) => expr,
                        (_, ExprKind::Literal(Literal::Integer(number))) => integer(-*number),
                        (_, ExprKind::Literal(Literal::Number(number))) => {
                            let negated = number.strip_prefix('-').map_or_else(|| format!("-{number}"), str::to_owned);
                            Expr::new(ExprKind::Literal(Literal::Number(negated)), sql_type)
                        }
                        _ => Expr::new(ExprKind::Negate(Box::new(expr)), sql_type),
                    }),
                    found => Err(SqlError::new(format!("{op} takes a number, not {}", name_of(found)))),
                }
            }
            other => Err(SqlError::new(format!("the operator `{other}` is not supported"))),
        }
    }

    pub(super) fn binary(&mut self, left: &Parsed, op: &BinaryOperator, right: &Parsed) -> Result<Expr, SqlError> {
        let operator = match op {
            BinaryOperator::Plus => Operator::Add,
            BinaryOperator::Minus => Operator::Subtract,
            BinaryOperator::Multiply => Operator::Multiply,
            BinaryOperator::Divide => Operator::Divide,
            BinaryOperator::Modulo => Operator::Modulo,
            BinaryOperator::StringConcat => Operator::Concat,
            BinaryOperator::Eq => Operator::Equal,
            BinaryOperator::NotEq => Operator::NotEqual,
            BinaryOperator::Lt => Operator::Less,
            BinaryOperator::LtEq => Operator::LessOrEqual,
            BinaryOperator::Gt => Operator::Greater,
            BinaryOperator::GtEq => Operator::GreaterOrEqual,
            BinaryOperator::And => Operator::And,
            BinaryOperator::Or => Operator::Or,
            other => return Err(SqlError::new(format!("the operator `{other}` is not supported"))),
        };
        match operator {
            Operator::And | Operator::Or => {
                let (left, right) = (self.condition(left)?, self.condition(right)?);
                Ok(boolean(ExprKind::Binary(Box::new(left), operator, Box::new(right))))
            }
            Operator::Concat => {
                let (left, right) = (self.text_of(left, "||")?, self.text_of(right, "||")?);
                Ok(joined(left, right))
            }
            _ if operator.compares() => self.compare(left, operator, right),
            Operator::Add | Operator::Subtract => self.sum(left, operator, right),
            _ => self.pair(left, right, operator),
        }
    }

    /// Reads `+` and `-`, between numbers or of a moment and a length of time.
    fn sum(&mut self, left: &Parsed, operator: Operator, right: &Parsed) -> Result<Expr, SqlError> {
        let (moment, length) = match (self.length(left)?, self.length(right)?) {
            (None, Some(length)) => (left, length),
            (Some(length), None) if operator == Operator::Add => (right, length),
            (None, None) => {
                let of = self.range(left.span());
                let first = self.expr(left)?;
                if matches!(first.sql_type, Some(SqlType::Timestamp(_) | SqlType::Date)) {
                    return Err(SqlError::new(format!("`{}` takes numbers, not {}", operator.text(), name_of(first.sql_type)))
                        .at(of)
                        .label("not a number")
                        .help("a length of time is added as INTERVAL '10' SECOND, and TIMESTAMPDIFF(SECOND, a, b) counts from a to b"));
                }
                let right = self.number(right, operator)?;
                if let Some(found) = first.sql_type.filter(|found| !found.is_numeric()) {
                    return Err(SqlError::new(format!("`{}` takes numbers, not {found}", operator.text()))
                        .at(of)
                        .label("not a number"));
                }
                return arithmetic(first, operator, right);
            }
            _ => return Err(SqlError::new("a length of time stands beside a moment")),
        };
        let length = match (operator, length.kind) {
            (Operator::Subtract, ExprKind::Literal(Literal::Interval(micros))) => constant::interval(-micros),
            (_, kind) => Expr { kind, sql_type: length.sql_type },
        };
        let moment = self.expr(moment)?;
        built("$ADD_INTERVAL", vec![moment, length]).map_err(|error| renamed(error, "$ADD_INTERVAL", operator.text()))
    }

    /// Reads an operand of an operation on numbers.
    pub(super) fn number(&mut self, parsed: &Parsed, operator: Operator) -> Result<Expr, SqlError> {
        let expr = self.expr(parsed)?;
        match expr.sql_type {
            Some(found) if !found.is_numeric() => {
                Err(SqlError::new(format!("`{}` takes numbers, not {found}", operator.text()))
                    .at(self.range(parsed.span()))
                    .label("not a number"))
            }
            _ => Ok(expr),
        }
    }

    pub(super) fn compare(&mut self, left: &Parsed, operator: Operator, right: &Parsed) -> Result<Expr, SqlError> {
        let (left_span, right_span) = (self.range(left.span()), self.range(right.span()));
        let (left, right) = (self.expr(left)?, self.expr(right)?);
        let left = dated(left, &right).map_err(|error| error.at(left_span))?;
        let right = dated(right, &left).map_err(|error| error.at(right_span))?;
        let (left, right) = meet(left, right)?;
        Ok(boolean(ExprKind::Binary(Box::new(left), operator, Box::new(right))))
    }

    pub(super) fn in_list(&mut self, expr: &Parsed, list: &[Parsed], negated: bool) -> Result<Expr, SqlError> {
        let mut wanted = self.expr(expr)?;
        let mut items = Vec::new();
        for item in list {
            let span = self.range(item.span());
            let item = self.expr(item)?;
            let item = dated(item, &wanted).map_err(|error| error.at(span.clone()))?;
            wanted = meet(wanted, item.clone()).map_err(|error| error.at(span))?.0;
            items.push(item);
        }
        let to = wanted.sql_type;
        let list = items.into_iter().map(|item| to.map_or(item.clone(), |to| item.cast(to, true))).collect();
        Ok(boolean(ExprKind::In { expr: Box::new(wanted), list, negated }))
    }

    pub(super) fn condition(&mut self, parsed: &Parsed) -> Result<Expr, SqlError> {
        let expr = self.expr(parsed)?;
        match expr.sql_type {
            None | Some(SqlType::Boolean) => Ok(expr.cast(SqlType::Boolean, true)),
            Some(found) => Err(not_a_condition(found).at(self.range(parsed.span()))),
        }
    }

    pub(super) fn text_of(&mut self, parsed: &Parsed, taker: &str) -> Result<Expr, SqlError> {
        let expr = self.expr(parsed)?;
        match expr.sql_type {
            None => Ok(expr.cast(SqlType::Varchar(1), true)),
            Some(SqlType::Varchar(_)) => Ok(expr),
            Some(found) => Err(SqlError::new(format!("{taker} takes text, not {found}"))
                .at(self.range(parsed.span()))
                .help("make it text with CAST(… AS VARCHAR(n))")),
        }
    }
}

/// `left || right`
pub(super) fn joined(left: Expr, right: Expr) -> Expr {
    let length = [left.sql_type, right.sql_type].into_iter().map(|found| match found {
        Some(SqlType::Varchar(length)) => length,
        _ => 0,
    });
    let sql_type = SqlType::Varchar(length.fold(0, u32::saturating_add).clamp(1, MAX_VARCHAR));
    Expr::new(ExprKind::Binary(Box::new(left), Operator::Concat, Box::new(right)), sql_type)
}
