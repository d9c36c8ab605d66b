//! Calls of functions.

use sqlparser::ast::{
    CeilFloorKind, DuplicateTreatment, Expr as Parsed, Function as ParsedCall, FunctionArg, FunctionArgExpr,
    FunctionArgumentClause, FunctionArgumentList, FunctionArguments, NullTreatment, Spanned, TrimWhereField,
};

use super::super::arithmetic::arithmetic;
use super::super::function::{functions, known_as};
use super::super::{AggregateFunction, Expr, ExprKind, Function, Literal, Operator, SqlError, SqlType};
use super::aggregate::AggregateCall;
use super::parser::DIFFERENCE;
use super::{Aggregates, Reader, constant};

/// What other names a function has here.
const SAME: &[(&str, &str)] = &[
    ("CEILING", "CEIL"),
    ("CHARACTER_LENGTH", "CHAR_LENGTH"),
    ("LOCALTIMESTAMP", "CURRENT_TIMESTAMP"),
    ("CURRENT_ROW_TIMESTAMP", "CURRENT_TIMESTAMP"),
];

/// Functions that KDA had and that are none here: the name under which each comes, what its author wrote, and what there is
/// instead.
const NOT_SUPPORTED: &[(&str, &str, &str)] = &[
    ("SUBSTRING_SIMILAR", "SUBSTRING(… SIMILAR … ESCAPE …)", "SUBSTRING(… FROM '…') takes a regular expression"),
    ("TIME_TO_CHAR", "TIME_TO_CHAR", "TIMESTAMP_TO_CHAR writes the time of a moment"),
    ("CHAR_TO_TIME", "CHAR_TO_TIME", "CHAR_TO_TIMESTAMP reads a moment"),
];

impl Reader<'_> {
    /// Reads `CEIL(x)`, `FLOOR(x)` and both with `TO unit`.
    pub(super) fn rounding(&mut self, name: &str, expr: &Parsed, field: &CeilFloorKind) -> Result<Expr, SqlError> {
        match field {
            CeilFloorKind::DateTimeField(sqlparser::ast::DateTimeField::NoDateTime) => self.scalar(name, &[expr]),
            CeilFloorKind::DateTimeField(unit) => {
                let unit = constant::unit(&unit.to_string(), constant::ROUNDED)?;
                let moment = self.expr(expr)?;
                let function = if name == "CEIL" { "$CEIL_TO" } else { "$FLOOR_TO" };
                built(function, vec![unit, moment]).map_err(|error| renamed(error, function, name))
            }
            CeilFloorKind::Scale(_) => Err(SqlError::new(format!("{name} takes one number here"))),
        }
    }

    pub(super) fn call(&mut self, call: &ParsedCall) -> Result<Expr, SqlError> {
        let written = call.name.to_string();
        let upper = written.to_ascii_uppercase();
        let name = SAME.iter().find(|(other, _)| *other == upper).map_or(upper.as_str(), |(_, same)| *same);
        if call.filter.is_some() || !call.within_group.is_empty() {
            return Err(SqlError::new(format!("{written} is followed by nothing but its arguments"))
                .help("FILTER and the like are not supported"));
        }
        let none = FunctionArgumentList { duplicate_treatment: None, args: Vec::new(), clauses: Vec::new() };
        let list = match &call.args {
            FunctionArguments::List(list) => list,
            FunctionArguments::None if name.starts_with("CURRENT_") || name.starts_with("LOCAL") => &none,
            _ => return Err(SqlError::new(format!("{written} needs its arguments in parentheses"))),
        };
        let distinct = list.duplicate_treatment == Some(DuplicateTreatment::Distinct);
        let mut arguments = Vec::new();
        for argument in &list.args {
            match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => arguments.push(Some(expr)),
                FunctionArg::Unnamed(FunctionArgExpr::Wildcard) => arguments.push(None),
                other => return Err(SqlError::new(format!("`{other}` is not an argument that {written} takes"))),
            }
        }
        let nulls = call.null_treatment.or_else(|| {
            list.clauses.iter().find_map(|clause| match clause {
                FunctionArgumentClause::IgnoreOrRespectNulls(nulls) => Some(*nulls),
                _ => None,
            })
        });
        if let Some(function) = AggregateFunction::find(name) {
            let keeps_nulls = nulls.map(|nulls| nulls == NullTreatment::RespectNulls);
            let over = call.over.as_ref();
            return self.aggregate(&AggregateCall { function, arguments: &arguments, distinct, keeps_nulls, over });
        }
        if call.over.is_some() || nulls.is_some() {
            return Err(SqlError::new(format!("{written} is followed by nothing but its arguments"))
                .help("only aggregates stand before OVER"));
        }
        if distinct {
            return Err(SqlError::new(format!("DISTINCT has no meaning inside {written}")));
        }
        let given: Option<Vec<&Parsed>> = arguments.into_iter().collect();
        let given = given.ok_or_else(|| SqlError::new(format!("`*` is not an argument that {written} takes")))?;
        if let Some(read) = self.special(name, &given) {
            return read;
        }
        if Function::find(name).is_none() || name.starts_with('$') {
            // The name alone is the mistake.
            let span = self.range(call.name.span());
            return self.scalar(name, &given).map_err(|error| error.at(span));
        }
        self.scalar(name, &given)
    }

    /// Reads a call that is not of the common form.
    fn special(&mut self, name: &str, given: &[&Parsed]) -> Option<Result<Expr, SqlError>> {
        Some(match (name, given) {
            ("MOD", [left, right]) => self.pair(left, right, Operator::Modulo),
            ("MONOTONIC", [of]) => self.expr(of),
            ("CONCAT", [first, rest @ ..]) => rest.iter().fold(self.text_of(first, "CONCAT"), |joined, next| {
                let next = self.text_of(next, "CONCAT")?;
                Ok(super::operators::joined(joined?, next))
            }),
            ("STEP", [of, by]) => self.step(of, by),
            ("ROUND", [number]) => self.expr(number).and_then(|number| rounded(number, constant::integer(0))),
            ("ROUND", [number, digits]) => match (self.expr(number), self.expr(digits)) {
                (Ok(number), Ok(digits)) => rounded(number, digits),
                (Err(error), _) | (_, Err(error)) => Err(error),
            },
            ("CURRENT_TIMESTAMP", []) => self.row_time(SqlType::Timestamp(3)),
            ("CURRENT_DATE", []) => self.row_time(SqlType::Date),
            ("CURRENT_TIME" | "LOCALTIME", []) => {
                Err(SqlError::new(format!("{name} has a type that is not supported"))
                    .help("CURRENT_TIMESTAMP is the time of the row with its day"))
            }
            ("TIMESTAMPDIFF", [Parsed::Identifier(unit), from, to]) => {
                let (from, to) = match (self.expr(from), self.expr(to)) {
                    (Ok(from), Ok(to)) => (from, to),
                    (Err(error), _) | (_, Err(error)) => return Some(Err(error)),
                };
                constant::unit(&unit.value, constant::COUNTED).and_then(|unit| built(name, vec![unit, from, to]))
            }
            ("TIMESTAMPDIFF", _) => Err(SqlError::new("TIMESTAMPDIFF takes a unit and two moments")
                .help("such as TIMESTAMPDIFF(SECOND, opened_at, closed_at)")),
            ("TIMESTAMPADD", [Parsed::Identifier(unit), number, moment]) => {
                self.timestamp_add(&unit.value, number, moment)
            }
            (DIFFERENCE, [Parsed::Identifier(unit), of]) => self.difference(&unit.value, of),
            ("VARIABLE_COLUMN_LOG_PARSE", given) if given.len() == 4 || given.len() == 6 => self.columns_of(given),
            ("TO_TIMESTAMP", [text, form]) => self.scalar("CHAR_TO_TIMESTAMP", &[form, text]),
            ("TO_DATE", [text, form]) => self.scalar("CHAR_TO_DATE", &[form, text]),
            ("TO_TIMESTAMP_LTZ", [millis, Parsed::Value(digits)]) if digits.to_string() == "3" => {
                self.scalar("TO_TIMESTAMP", &[millis])
            }
            _ => return None,
        })
    }

    /// Reads `STEP(ts BY INTERVAL …)` and `STEP(i BY n)`.
    fn step(&mut self, of: &Parsed, by: &Parsed) -> Result<Expr, SqlError> {
        let value = self.expr(of)?;
        if let Some(length) = self.length(by)? {
            return built("$STEP_MOMENT", vec![value, length]).map_err(|error| renamed(error, "$STEP_MOMENT", "STEP"));
        }
        let by = self.expr(by)?;
        for part in [&value, &by] {
            if let Some(found) = part.sql_type.filter(|found| !found.is_numeric() || found.is_floating()) {
                return Err(SqlError::new(format!(
                    "STEP takes exact numbers, or a moment and an interval, not {found}"
                )));
            }
        }
        built("$STEP_NUMBER", vec![value, by]).map_err(|error| renamed(error, "$STEP_NUMBER", "STEP"))
    }

    fn row_time(&self, to: SqlType) -> Result<Expr, SqlError> {
        if matches!(self.space.aggregates, Aggregates::Grouped(_)) && self.within.is_none() && !self.inside_key {
            return Err(SqlError::new("the time of the row has many values in a window")
                .label("one value is needed")
                .help("put it into an aggregate, or use `window_end`"));
        }
        Ok(Expr::new(ExprKind::RowTime, SqlType::Timestamp(3)).cast(to, false))
    }

    fn timestamp_add(&mut self, unit: &str, number: &Parsed, moment: &Parsed) -> Result<Expr, SqlError> {
        let ExprKind::Literal(Literal::Integer(number)) = self.expr(number)?.kind else {
            return Err(SqlError::new("TIMESTAMPADD takes a constant whole number"));
        };
        let micros = constant::micros_of(unit).and_then(|unit| unit.checked_mul(number));
        let micros = micros.ok_or_else(|| SqlError::new(format!("`{number} {unit}` is not a length of time")))?;
        let moment = self.expr(moment)?;
        built("$ADD_INTERVAL", vec![moment, constant::interval(micros)])
            .map_err(|error| renamed(error, "$ADD_INTERVAL", "TIMESTAMPADD"))
    }

    /// Reads `(a - b) SECOND`.
    fn difference(&mut self, unit: &str, of: &Parsed) -> Result<Expr, SqlError> {
        let mut inner = of;
        while let Parsed::Nested(nested) = inner {
            inner = nested;
        }
        let Parsed::BinaryOp { left, op: sqlparser::ast::BinaryOperator::Minus, right } = inner else {
            return Err(SqlError::new(format!("{unit} stands behind the difference of two moments"))
                .help(format!("such as (closed_at - opened_at) {unit}")));
        };
        let unit = constant::unit(unit, constant::COUNTED)?;
        let (left, right) = (self.expr(left)?, self.expr(right)?);
        built("TIMESTAMPDIFF", vec![unit, right, left]).map_err(|error| renamed(error, "TIMESTAMPDIFF", "`-`"))
    }

    /// Reads `VARIABLE_COLUMN_LOG_PARSE`, whose columns may be as many as a number says, and whose escape and quote may
    /// be left out.
    fn columns_of(&mut self, given: &[&Parsed]) -> Result<Expr, SqlError> {
        let mut arguments = given.iter().map(|argument| self.expr(argument)).collect::<Result<Vec<_>, _>>()?;
        if let ExprKind::Literal(Literal::Integer(number)) = arguments[1].kind {
            arguments[1] = constant::text(&number.to_string());
        }
        if arguments.len() == 4 {
            arguments.splice(3..3, [constant::text(""), constant::text("")]);
        }
        built("VARIABLE_COLUMN_LOG_PARSE", arguments)
    }

    /// Reads an interval, where that is what stands there.
    pub(super) fn length(&mut self, parsed: &Parsed) -> Result<Option<Expr>, SqlError> {
        match parsed {
            Parsed::Nested(inner) => self.length(inner),
            Parsed::Interval(interval) => {
                let micros = super::interval::micros(interval).map_err(|error| error.at(self.range(parsed.span())))?;
                Ok(Some(constant::interval(micros)))
            }
            _ => Ok(None),
        }
    }

    pub(super) fn trim(
        &mut self,
        place: Option<TrimWhereField>,
        what: Option<&Parsed>,
        of: &Parsed,
    ) -> Result<Expr, SqlError> {
        let name = match place {
            None | Some(TrimWhereField::Both) => "TRIM",
            Some(TrimWhereField::Leading) => "LTRIM",
            Some(TrimWhereField::Trailing) => "RTRIM",
        };
        let arguments: Vec<&Parsed> = std::iter::once(of).chain(what).collect();
        self.scalar(name, &arguments)
    }

    /// Reads OVERLAY as the two ends of a text with another between them.
    pub(super) fn overlay(
        &mut self,
        (of, what): (&Parsed, &Parsed),
        from: &Parsed,
        length: Option<&Parsed>,
    ) -> Result<Expr, SqlError> {
        let (of, what) = (self.text_of(of, "OVERLAY")?, self.text_of(what, "OVERLAY")?);
        let from = whole(self.expr(from)?)?;
        let length = match length {
            Some(length) => whole(self.expr(length)?)?,
            None => built("CHAR_LENGTH", vec![what.clone()])?.cast(SqlType::BigInt, true),
        };
        let behind = arithmetic(from.clone(), Operator::Add, length)?;
        let before = arithmetic(from, Operator::Subtract, constant::integer(1))?;
        let head = built("SUBSTRING", vec![of.clone(), constant::integer(1), before])?;
        let tail = built("SUBSTRING", vec![of, behind])?;
        Ok(super::operators::joined(super::operators::joined(head, what), tail))
    }

    pub(super) fn substring(&mut self, of: &Parsed, from: &Parsed, length: Option<&Parsed>) -> Result<Expr, SqlError> {
        let start = self.expr(from)?;
        if matches!(start.sql_type, Some(SqlType::Varchar(_))) && length.is_none() {
            let of = self.expr(of)?;
            return built("$SUBSTRING_REGEX", vec![of, start])
                .map_err(|error| renamed(error, "$SUBSTRING_REGEX", "SUBSTRING"));
        }
        let arguments: Vec<&Parsed> = [of, from].into_iter().chain(length).collect();
        self.scalar("SUBSTRING", &arguments)
    }

    pub(super) fn scalar(&mut self, name: &str, arguments: &[&Parsed]) -> Result<Expr, SqlError> {
        let found = Function::find(name).filter(|function| !function.name.starts_with('$'));
        let Some(function) = found else {
            if let Some((_, called, help)) = NOT_SUPPORTED.iter().find(|(own, ..)| *own == name) {
                return Err(SqlError::new(format!("{called} is not supported")).help(*help));
            }
            let aggregates = AggregateFunction::ALL.iter().map(|function| function.name());
            let names: Vec<&str> = functions().map(|function| function.name).chain(aggregates).collect();
            let unknown = SqlError::new(format!("there is no function `{name}`")).label("unknown function");
            return Err(match known_as(name) {
                Some(known) => unknown.help(format!("here it is called `{known}`")),
                None => unknown.legal(name, names.iter().copied()),
            });
        };
        let arguments = arguments.iter().map(|argument| self.expr(argument)).collect::<Result<Vec<_>, _>>()?;
        function.call(arguments)
    }

    pub(super) fn pair(&mut self, left: &Parsed, right: &Parsed, operator: Operator) -> Result<Expr, SqlError> {
        let (left, right) = (self.number(left, operator)?, self.number(right, operator)?);
        arithmetic(left, operator, right)
    }
}

/// Calls a function of the table.
pub(super) fn built(name: &str, arguments: Vec<Expr>) -> Result<Expr, SqlError> {
    let function = Function::find(name).ok_or_else(|| SqlError::new(format!("there is no function `{name}`")))?;
    function.call(arguments)
}

/// Calls a function in a message by what its author wrote.
pub(super) fn renamed(mut error: SqlError, own: &str, written: &str) -> SqlError {
    error.message = error.message.replace(own, written);
    error
}

fn whole(place: Expr) -> Result<Expr, SqlError> {
    match place.sql_type {
        Some(found) if !found.is_integer() => {
            Err(SqlError::new(format!("a place in a text is a whole number, not {found}")))
        }
        _ => Ok(place.cast(SqlType::BigInt, true)),
    }
}

/// A DECIMAL is rounded by a cast, which every dialect has.
fn rounded(number: Expr, digits: Expr) -> Result<Expr, SqlError> {
    let (Some(SqlType::Decimal { precision, scale }), ExprKind::Literal(Literal::Integer(to))) =
        (number.sql_type, &digits.kind)
    else {
        return built("ROUND", vec![number, digits]);
    };
    match u8::try_from(*to) {
        Ok(to) if to < scale => {
            let precision = (1 + precision - scale + to).min(super::super::types::MAX_PRECISION);
            Ok(number.cast(SqlType::Decimal { precision, scale: to }, false))
        }
        Ok(_) => Ok(number),
        Err(_) => built("ROUND", vec![number, digits]),
    }
}
