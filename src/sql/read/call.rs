//! Calls of functions and aggregates.

use sqlparser::ast::{
    CeilFloorKind, DuplicateTreatment, Expr as Parsed, Function as ParsedCall, FunctionArg, FunctionArgExpr,
    FunctionArguments, Spanned,
};

use super::super::arithmetic::arithmetic;
use super::super::function::{FUNCTIONS, known_as};
use super::super::{AggregateFunction, Expr, ExprKind, Function, Operator, SqlError, SqlType};
use super::Reader;

impl Reader<'_> {
    pub(super) fn rounding(&mut self, name: &str, expr: &Parsed, field: &CeilFloorKind) -> Result<Expr, SqlError> {
        match field {
            CeilFloorKind::DateTimeField(sqlparser::ast::DateTimeField::NoDateTime) => self.scalar(name, &[expr]),
            _ => Err(SqlError::new(format!("{name} takes one number here"))),
        }
    }

    pub(super) fn call(&mut self, call: &ParsedCall) -> Result<Expr, SqlError> {
        let name = call.name.to_string();
        if call.over.is_some()
            || call.filter.is_some()
            || call.null_treatment.is_some()
            || !call.within_group.is_empty()
        {
            return Err(SqlError::new(format!("{name} is followed by nothing but its arguments"))
                .help("OVER, FILTER and the like are not supported: the window of a query is its `window`"));
        }
        let FunctionArguments::List(list) = &call.args else {
            return Err(SqlError::new(format!("{name} needs its arguments in parentheses")));
        };
        let distinct = list.duplicate_treatment == Some(DuplicateTreatment::Distinct);
        let mut arguments = Vec::new();
        for argument in &list.args {
            match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => arguments.push(Some(expr)),
                FunctionArg::Unnamed(FunctionArgExpr::Wildcard) => arguments.push(None),
                other => return Err(SqlError::new(format!("`{other}` is not an argument that {name} takes"))),
            }
        }
        if let Some(function) = AggregateFunction::find(&name) {
            return self.aggregate(function, &arguments, distinct);
        }
        if distinct {
            return Err(SqlError::new(format!("DISTINCT has no meaning inside {name}")));
        }
        let known = match name.to_ascii_uppercase().as_str() {
            "CHARACTER_LENGTH" => "CHAR_LENGTH".to_owned(),
            "CEILING" => "CEIL".to_owned(),
            "MOD" if arguments.len() == 2 => {
                let [Some(left), Some(right)] = arguments[..] else {
                    return Err(SqlError::new("MOD takes two numbers"));
                };
                let (left, right) = (self.number(left, Operator::Modulo)?, self.number(right, Operator::Modulo)?);
                return arithmetic(left, Operator::Modulo, right);
            }
            other => other.to_owned(),
        };
        let given: Option<Vec<&Parsed>> = arguments.into_iter().collect();
        let given = given.ok_or_else(|| SqlError::new(format!("`*` is not an argument that {name} takes")))?;
        if Function::find(&known).is_none() {
            // The name alone is the mistake.
            let span = self.range(call.name.span());
            return self.scalar(&known, &given).map_err(|error| error.at(span));
        }
        self.scalar(&known, &given)
    }

    pub(super) fn scalar(&mut self, name: &str, arguments: &[&Parsed]) -> Result<Expr, SqlError> {
        let Some(function) = Function::find(name) else {
            let aggregates = AggregateFunction::ALL.iter().map(|function| function.name());
            let names: Vec<&str> = FUNCTIONS.iter().map(|function| function.name).chain(aggregates).collect();
            let unknown = SqlError::new(format!("there is no function `{name}`")).label("unknown function");
            return Err(match known_as(name) {
                Some(known) => unknown.help(format!("here it is called `{known}`")),
                None => unknown.legal(name, names.iter().copied()),
            });
        };
        let arguments = arguments.iter().map(|argument| self.expr(argument)).collect::<Result<Vec<_>, _>>()?;
        let given: Vec<Option<SqlType>> = arguments.iter().map(|argument| argument.sql_type).collect();
        let (types, result) = function.signature(&given)?;
        let arguments = arguments.into_iter().zip(types).map(|(argument, to)| argument.cast(to, true)).collect();
        Ok(Expr::new(ExprKind::Call(function, arguments), result))
    }
}
