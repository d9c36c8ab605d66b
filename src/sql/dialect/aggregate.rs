//! Aggregates in each dialect.

use super::super::{Aggregate, AggregateFunction as F, Expr, Parameter, SqlType};
use super::{Dialect, Writer};

impl Writer<'_> {
    pub(super) fn aggregate(self, aggregate: &Aggregate) -> String {
        let name = aggregate.function.name();
        let Some(argument) = &aggregate.argument else {
            return format!("{name}(*){}", self.over);
        };
        let distinct = if aggregate.distinct { "DISTINCT " } else { "" };
        if self.dialect == Dialect::Flink {
            return match (aggregate.function, argument.sql_type) {
                // Flink has no order of booleans, and no ANY or EVERY.
                (F::Any, _) | (F::Max, Some(SqlType::Boolean)) => {
                    format!("(MAX({}){} = 1)", self.as_number(argument), self.over)
                }
                (F::Every, _) | (F::Min, Some(SqlType::Boolean)) => {
                    format!("(MIN({}){} = 1)", self.as_number(argument), self.over)
                }
                _ => self.flink_aggregate(aggregate, argument, distinct) + self.over,
            };
        }
        let text = self.write(argument);
        let more = match &aggregate.parameter {
            None => String::new(),
            Some(Parameter::Share(share)) => format!(", {share}"),
            Some(Parameter::Row { number, .. }) => format!(", {number}"),
            Some(Parameter::Back { rows, default }) => self.back(*rows, default.as_ref()),
            Some(Parameter::HalfLife(micros)) => format!(", {}", self.dialect.interval(*micros)),
        };
        format!("{name}({distinct}{text}{more})")
    }

    fn flink_aggregate(self, aggregate: &Aggregate, argument: &Expr, distinct: &str) -> String {
        let function = aggregate.function;
        let name = function.name();
        let text = self.write(argument);
        let of = argument.sql_type;
        match function {
            // Flink's SUM has the type of its argument and wraps around; `pipe`'s has that of the result.
            F::Sum if of != Some(aggregate.sql_type) && !matches!(aggregate.sql_type, SqlType::Decimal { .. }) => {
                format!("{name}({distinct}{})", self.cast(&text, Some(aggregate.sql_type)))
            }
            // Flink's AVG over a floating-point REAL stays REAL.
            F::Avg if of == Some(SqlType::Real) => {
                format!("{name}({distinct}{})", self.cast(&text, Some(aggregate.sql_type)))
            }
            // Flink's spread of whole numbers is a whole number.
            F::StddevPop | F::StddevSamp | F::VarPop | F::VarSamp if of != Some(SqlType::Double) => {
                format!("{name}({})", self.cast(&text, Some(SqlType::Double)))
            }
            // Flink counts exactly, or not at all over a stream.
            F::ApproxCountDistinct => format!("COUNT(DISTINCT {text})"),
            F::Percentile | F::ApproxPercentile => match aggregate.parameter {
                Some(Parameter::Share(share)) => {
                    format!("PERCENTILE({}, {share:?})", self.cast(&text, Some(SqlType::Double)))
                }
                _ => format!("PERCENTILE({text})"),
            },
            F::Lag => match &aggregate.parameter {
                Some(Parameter::Back { rows, default }) => {
                    format!("{name}({text}{})", self.back(*rows, default.as_ref()))
                }
                _ => format!("{name}({text})"),
            },
            _ => format!("{name}({distinct}{text})"),
        }
    }

    /// A condition as 1, 0 or NULL.
    fn as_number(self, condition: &Expr) -> String {
        let (text, negated) = (self.write(condition), self.operand(condition));
        format!("CASE WHEN {text} THEN 1 WHEN NOT {negated} THEN 0 END")
    }

    fn back(self, rows: u32, default: Option<&Expr>) -> String {
        let default = default.map(|default| format!(", {}", self.write(default))).unwrap_or_default();
        format!(", {rows}{default}")
    }
}
