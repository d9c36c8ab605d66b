//! Calls of aggregates.

use sqlparser::ast::{Expr as Parsed, Spanned, WindowType};

use super::super::aggregate::Parameter;
use super::super::{Aggregate, AggregateFunction, Expr, ExprKind, Literal, SqlError};
use super::{Aggregates, Over, Reader};

/// How far back `LAG` and `NTH_VALUE` may reach: more rows than a window of the service could hold (KDA SQL
/// reference, 64 GB of state in all) would be a slip.
const MAX_ROWS: i64 = 1_000_000;

/// A call of an aggregate as it was written.
pub(super) struct AggregateCall<'a> {
    pub(super) function: AggregateFunction,
    /// The arguments; `None` is `*`.
    pub(super) arguments: &'a [Option<&'a Parsed>],
    pub(super) distinct: bool,
    /// `RESPECT NULLS` or `IGNORE NULLS`, where either is there.
    pub(super) keeps_nulls: Option<bool>,
    pub(super) over: Option<&'a WindowType>,
}

impl Reader<'_> {
    pub(super) fn aggregate(&mut self, call: &AggregateCall<'_>) -> Result<Expr, SqlError> {
        let name = call.function.name();
        match (self.space.aggregates, call.over) {
            (Aggregates::Nowhere { place, why }, _) => {
                return Err(SqlError::new(format!("{name} cannot stand in {place}"))
                    .label(why)
                    .help("aggregates belong to the `select` of a query with a `window`"));
            }
            (Aggregates::Over, None) if self.within.is_none() => {
                return Err(SqlError::new(format!("{name} stands over nothing"))
                    .label("no GROUP BY and no OVER")
                    .help("group the rows, or say which rows: OVER (… ROWS 10 PRECEDING)"));
            }
            (Aggregates::Grouped(_) | Aggregates::Sliding, Some(_)) => {
                return Err(SqlError::new(format!("{name} is followed by nothing but its arguments"))
                    .help("OVER is not supported here: the window of a query is its `window`"));
            }
            _ => {}
        }
        if self.inside_key {
            return Err(SqlError::new(format!("{name} is no part of a key")));
        }
        if let Some(outer) = self.within {
            return Err(SqlError::new(format!("{name} cannot stand inside {}", outer.name()))
                .label("an aggregate inside an aggregate"));
        }
        if call.function.needs_order() && matches!(self.space.aggregates, Aggregates::Grouped(_)) {
            return Err(SqlError::new(format!("{name} needs rows in order, and a window has them together"))
                .label("stands over rows in order only")
                .help("a `sliding` window looks back from each row"));
        }
        let mut aggregate = self.called(call)?;
        // Before OVER a row without a value is a row; among the rows of a group it tells nothing.
        let keeps_nulls = call.keeps_nulls.unwrap_or(call.over.is_some());
        if call.keeps_nulls.is_some() && (!call.function.picks() || call.over.is_none()) {
            return Err(SqlError::new(format!("{name} skips NULL, and takes no word about it")));
        }
        aggregate.keeps_nulls = keeps_nulls && call.function.picks();
        let sql_type = aggregate.sql_type;
        let index = match call.over {
            None => place(&mut self.found.aggregates, aggregate),
            Some(window) => place(&mut self.found.over, Over { aggregate, window: window.clone() }),
        };
        Ok(Expr::new(ExprKind::Aggregate(index), sql_type))
    }

    fn called(&mut self, call: &AggregateCall<'_>) -> Result<Aggregate, SqlError> {
        let (function, distinct) = (call.function, call.distinct);
        let name = function.name();
        match (function, call.arguments) {
            (AggregateFunction::Count, [None]) if distinct => {
                Err(SqlError::new("COUNT(DISTINCT *) has no meaning").help("name the column: COUNT(DISTINCT x)"))
            }
            (AggregateFunction::Count, [None]) => Ok(Aggregate::count()),
            (AggregateFunction::Count, arguments) if arguments.len() != 1 => {
                Err(SqlError::new("COUNT takes `*` or one argument"))
            }
            (_, [Some(argument), rest @ ..]) => {
                self.within = Some(function);
                let read = self.expr(argument);
                self.within = None;
                let mut aggregate = Aggregate::over(function, read?)?;
                if distinct && !function.takes_distinct() {
                    return Err(SqlError::new(format!("DISTINCT has no meaning inside {name}")));
                }
                aggregate.distinct = distinct && function.minds_distinct();
                aggregate.parameter = self.parameter(&aggregate, rest)?;
                Ok(aggregate)
            }
            _ => Err(SqlError::new(format!("{name} takes a value"))),
        }
    }

    /// Reads what stands behind the argument of an aggregate.
    fn parameter(&mut self, aggregate: &Aggregate, rest: &[Option<&Parsed>]) -> Result<Option<Parameter>, SqlError> {
        let name = aggregate.function.name();
        match (aggregate.function, rest) {
            (AggregateFunction::Percentile | AggregateFunction::ApproxPercentile, [Some(share)]) => {
                let number = self.constant_number(share);
                match number {
                    Some(share) if (0.0..=1.0).contains(&share) => Ok(Some(Parameter::Share(share))),
                    _ => Err(SqlError::new(format!("{name} takes a constant from 0 to 1 behind its value"))
                        .at(self.range(share.span()))
                        .label("not such a constant")
                        .help(format!("the value that 95 of 100 are below is {name}(x, 0.95)"))),
                }
            }
            (AggregateFunction::Percentile | AggregateFunction::ApproxPercentile, _) => {
                Err(SqlError::new(format!("{name} takes a value and a constant from 0 to 1"))
                    .help(format!("the value that 95 of 100 are below is {name}(x, 0.95)")))
            }
            (AggregateFunction::NthValue, [Some(number)]) => {
                let number = self.rows(name, number, 1)?;
                Ok(Some(Parameter::Row { number, from_last: false }))
            }
            (AggregateFunction::NthValue, _) => {
                Err(SqlError::new("NTH_VALUE takes a value and the number of a row, from 1"))
            }
            (AggregateFunction::Lag, []) => Ok(Some(Parameter::Back { rows: 1, default: None })),
            (AggregateFunction::Lag, [Some(back)]) => {
                Ok(Some(Parameter::Back { rows: self.rows(name, back, 0)?, default: None }))
            }
            (AggregateFunction::Lag, [Some(back), Some(default)]) => {
                let rows = self.rows(name, back, 0)?;
                let given = self.expr(default)?;
                let constant = matches!(given.kind, ExprKind::Literal(_));
                let fits = match given.sql_type {
                    None => true,
                    Some(found) => super::super::coerce::common(found, aggregate.sql_type).is_some(),
                };
                if !constant || !fits {
                    return Err(SqlError::new(format!("the default of LAG is a constant {}", aggregate.sql_type))
                        .at(self.range(default.span())));
                }
                Ok(Some(Parameter::Back { rows, default: Some(given.cast(aggregate.sql_type, true)) }))
            }
            (AggregateFunction::ExpAvg, [Some(Parsed::Interval(interval))]) => {
                match super::interval::micros(interval)? {
                    micros if micros > 0 => Ok(Some(Parameter::HalfLife(micros))),
                    _ => Err(SqlError::new("the half-life of EXP_AVG is longer than nothing")),
                }
            }
            (AggregateFunction::ExpAvg, _) => Err(SqlError::new("EXP_AVG takes a value and its half-life")
                .help("such as EXP_AVG(price, INTERVAL '10' SECOND)")),
            (_, []) => Ok(None),
            _ => Err(SqlError::new(format!("{name} takes one argument"))),
        }
    }

    fn rows(&mut self, name: &str, parsed: &Parsed, least: i64) -> Result<u32, SqlError> {
        match self.expr(parsed)?.kind {
            ExprKind::Literal(Literal::Integer(number)) if (least..=MAX_ROWS).contains(&number) => {
                Ok(u32::try_from(number).unwrap_or(u32::MAX))
            }
            _ => Err(SqlError::new(format!("{name} takes a constant number of rows, {least} to {MAX_ROWS}"))
                .at(self.range(parsed.span()))),
        }
    }

    fn constant_number(&mut self, parsed: &Parsed) -> Option<f64> {
        match self.expr(parsed).ok()?.kind {
            ExprKind::Literal(Literal::Integer(0)) => Some(0.0),
            ExprKind::Literal(Literal::Integer(1)) => Some(1.0),
            ExprKind::Literal(Literal::Number(digits)) => digits.parse().ok(),
            _ => None,
        }
    }
}

/// Returns the index of an equal one, or that of a new one.
fn place<T: PartialEq>(known: &mut Vec<T>, new: T) -> usize {
    known.iter().position(|known| *known == new).unwrap_or_else(|| {
        known.push(new);
        known.len() - 1
    })
}
