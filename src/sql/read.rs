//! Text → typed expression.

use std::ops::Range;

use sqlparser::ast::{
    BinaryOperator, CastKind, CeilFloorKind, DuplicateTreatment, Expr as Parsed, Function as ParsedCall, FunctionArg,
    FunctionArgExpr, FunctionArguments, Ident, Spanned, UnaryOperator, Value,
};
use sqlparser::dialect::AnsiDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Location, Token};

use super::coerce::{digits, meet};
use super::function::{FUNCTIONS, known_as};
use super::types::MAX_PRECISION;
use super::{Aggregate, AggregateFunction, Expr, ExprKind, Function, Literal, Operator, SqlError, SqlType};

/// How deep an expression may nest: far beyond what people write, and safe on any thread's stack.
const MAX_DEPTH: usize = 40;

/// The columns that an expression may name.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// Names and types of the input's columns.
    pub columns: &'a [(String, SqlType)],
}

/// An expression, and the aggregates that it stands on.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The expression.
    pub expr: Expr,
    /// The aggregates of the query so far, among them those of this expression.
    pub aggregates: Vec<Aggregate>,
}

/// Reads the condition of a `where`.
pub fn read_filter(text: &str, scope: Scope<'_>) -> Result<Expr, SqlError> {
    let mut reader = Reader { text, scope, grouped: None, aggregates: Vec::new(), within: None };
    let expr = reader.whole()?;
    match expr.sql_type {
        None | Some(SqlType::Boolean) => Ok(expr),
        Some(found) => Err(not_a_condition(found)),
    }
}

/// Reads one output of a windowed query: columns that it groups by, and aggregates. `aggregates` are those that the
/// query has already; an equal one is used again.
pub fn read_select(
    text: &str,
    scope: Scope<'_>,
    group_by: &[String],
    aggregates: Vec<Aggregate>,
) -> Result<Reading, SqlError> {
    let mut reader = Reader { text, scope, grouped: Some(group_by), aggregates, within: None };
    let expr = reader.whole()?;
    if expr.sql_type.is_none() {
        return Err(SqlError::new("a bare NULL has no type").help("write CAST(NULL AS …)"));
    }
    Ok(Reading { expr, aggregates: reader.aggregates })
}

struct Reader<'a> {
    text: &'a str,
    scope: Scope<'a>,
    /// The group columns, where aggregates are legal.
    grouped: Option<&'a [String]>,
    aggregates: Vec<Aggregate>,
    /// The aggregate whose argument is being read.
    within: Option<AggregateFunction>,
}

impl Reader<'_> {
    fn whole(&mut self) -> Result<Expr, SqlError> {
        if self.text.trim().is_empty() {
            return Err(SqlError::new("the expression is empty"));
        }
        let mut parser = Parser::new(&AnsiDialect {})
            .with_recursion_limit(MAX_DEPTH)
            .try_with_sql(self.text)
            .map_err(|error| self.syntax(&error.to_string()))?;
        let parsed = parser.parse_expr().map_err(|error| self.syntax(&error.to_string()))?;
        let next = parser.peek_token();
        if next.token != Token::EOF {
            return Err(SqlError::new(format!("`{}` was not expected here", next.token))
                .at(self.range(next.span))
                .label("the expression ends before it"));
        }
        self.expr(&parsed)
    }

    /// Turns the parser's message, which ends in a place, into a mistake at that place.
    fn syntax(&self, message: &str) -> SqlError {
        let message = message.trim_start_matches("sql parser error: ");
        let (what, place) = match message.rsplit_once(" at Line: ") {
            Some((what, place)) => (what, Some(place)),
            None => (message, None),
        };
        let span = place.and_then(|place| {
            let (line, column) = place.split_once(", Column: ")?;
            let start = self.offset(Location { line: line.parse().ok()?, column: column.trim().parse().ok()? });
            Some(start..(start + 1).min(self.text.len()))
        });
        let at_end = Some(self.text.trim_end().len()..self.text.len());
        if what.starts_with("Unterminated string") {
            let span = span.map(|span| span.start..self.text.len());
            return SqlError::new("a text in single quotes does not end").at(span).label("expected `'` behind it");
        }
        if what == "recursion limit exceeded" {
            return SqlError::new("the expression nests too deeply").help(format!("at most {MAX_DEPTH} levels"));
        }
        let (expected, found) = match what.strip_prefix("Expected: ").and_then(|rest| rest.split_once(", found: ")) {
            Some(("an expression", found)) => ("an expression".to_owned(), found),
            Some((expected, found)) => (format!("`{expected}`"), found),
            None => return SqlError::new(format!("the expression cannot be read: {}", lower_first(what))).at(span),
        };
        if found == "EOF" {
            return SqlError::new(format!("the expression ends where {expected} should follow")).at(at_end);
        }
        SqlError::new(format!("`{found}` stands where {expected} should stand")).at(span)
    }

    fn range(&self, span: sqlparser::tokenizer::Span) -> Option<Range<usize>> {
        if span.start.line == 0 {
            return None;
        }
        let (start, end) = (self.offset(span.start), self.offset(span.end));
        Some(start..end.max(start))
    }

    fn offset(&self, place: Location) -> usize {
        let line = usize::try_from(place.line).unwrap_or(1).max(1);
        let column = usize::try_from(place.column).unwrap_or(1).max(1);
        let start: usize = self.text.split_inclusive('\n').take(line - 1).map(str::len).sum();
        let rest = &self.text[start..];
        start + rest.char_indices().nth(column - 1).map_or(rest.len(), |(at, _)| at)
    }

    fn expr(&mut self, parsed: &Parsed) -> Result<Expr, SqlError> {
        self.unplaced(parsed).map_err(|error| {
            let span = self.range(parsed.span());
            error.at(span)
        })
    }

    fn unplaced(&mut self, parsed: &Parsed) -> Result<Expr, SqlError> {
        match parsed {
            Parsed::Nested(inner) => self.expr(inner),
            Parsed::Identifier(name) => self.column(name),
            Parsed::Value(value) => literal(&value.value),
            Parsed::TypedString(typed) => {
                let to = SqlType::from_parsed(&typed.data_type, &typed.data_type.to_string())?;
                moment(&literal(&typed.value.value)?, to)
            }
            Parsed::UnaryOp { op, expr } => self.unary(*op, expr),
            Parsed::BinaryOp { left, op, right } => self.binary(left, op, right),
            Parsed::IsNull(inner) => Ok(boolean(ExprKind::IsNull(Box::new(self.expr(inner)?)))),
            Parsed::IsNotNull(inner) => Ok(boolean(ExprKind::IsNotNull(Box::new(self.expr(inner)?)))),
            Parsed::Between { expr, negated, low, high } => {
                let above = self.compare(expr, Operator::GreaterOrEqual, low)?;
                let below = self.compare(expr, Operator::LessOrEqual, high)?;
                let both = boolean(ExprKind::Binary(Box::new(above), Operator::And, Box::new(below)));
                Ok(if *negated { boolean(ExprKind::Not(Box::new(both))) } else { both })
            }
            Parsed::InList { expr, list, negated } => self.in_list(expr, list, *negated),
            Parsed::Like { negated, any: false, expr, pattern, escape_char: None } => {
                let text = self.text_of(expr, "LIKE")?;
                let constant = match &**pattern {
                    Parsed::Value(value) => Some(&value.value),
                    _ => None,
                };
                let Some(Value::SingleQuotedString(pattern)) = constant else {
                    return Err(SqlError::new("the pattern of LIKE is a constant text")
                        .at(self.range(pattern.span()))
                        .help("write it in single quotes, such as 'A%'"));
                };
                Ok(boolean(ExprKind::Like { expr: Box::new(text), pattern: pattern.clone(), negated: *negated }))
            }
            Parsed::Cast { kind: CastKind::Cast, expr, data_type, format: None, .. } => {
                let to = SqlType::from_parsed(data_type, &data_type.to_string())?;
                let inner = self.expr(expr)?;
                castable(inner.sql_type, to)?;
                Ok(inner.cast(to, false))
            }
            Parsed::Case { operand, conditions, else_result, .. } => {
                let mut whens = Vec::new();
                for case in conditions {
                    let condition = match operand {
                        Some(operand) => self.compare(operand, Operator::Equal, &case.condition)?,
                        None => self.condition(&case.condition)?,
                    };
                    whens.push((condition, self.expr(&case.result)?));
                }
                let otherwise = else_result.as_ref().map(|expr| self.expr(expr)).transpose()?;
                case(whens, otherwise)
            }
            Parsed::Ceil { expr, field } => self.rounding("CEIL", expr, field),
            Parsed::Floor { expr, field } => self.rounding("FLOOR", expr, field),
            Parsed::Trim { trim_where: None, trim_what: None, expr, trim_characters: None } => {
                self.scalar("TRIM", &[expr])
            }
            Parsed::Substring { expr, substring_from: Some(from), substring_for, .. } => {
                let mut arguments: Vec<&Parsed> = vec![expr, from];
                arguments.extend(substring_for.as_deref());
                self.scalar("SUBSTRING", &arguments)
            }
            Parsed::Function(call) => self.call(call),
            other => Err(SqlError::new(format!("`{other}` is not supported in an expression"))),
        }
    }

    fn column(&self, name: &Ident) -> Result<Expr, SqlError> {
        let exact = self.scope.columns.iter().find(|(column, _)| *column == name.value);
        let folded = || {
            let mut same = self.scope.columns.iter().filter(|(column, _)| column.eq_ignore_ascii_case(&name.value));
            same.next().filter(|_| name.quote_style.is_none() && same.next().is_none())
        };
        let names = self.scope.columns.iter().map(|(column, _)| column.as_str());
        let (column, sql_type) = exact.or_else(folded).ok_or_else(|| {
            SqlError::new(format!("there is no column `{}`", name.value))
                .label("unknown column")
                .legal(&name.value, names)
        })?;
        if let (Some(grouped), None) = (self.grouped, self.within)
            && !grouped.contains(column)
        {
            return Err(SqlError::new(format!("`{column}` has many values in a window"))
                .label("one value is needed")
                .help(format!("put it into an aggregate such as MIN({column}), or into `group_by`")));
        }
        Ok(Expr::column(column, *sql_type))
    }

    fn unary(&mut self, op: UnaryOperator, inner: &Parsed) -> Result<Expr, SqlError> {
        match op {
            UnaryOperator::Not => Ok(boolean(ExprKind::Not(Box::new(self.condition(inner)?)))),
            UnaryOperator::Plus | UnaryOperator::Minus => {
                let expr = self.expr(inner)?;
                match expr.sql_type {
                    Some(sql_type) if sql_type.is_numeric() => Ok(match (op, &expr.kind) {
                        (UnaryOperator::Plus, _) => expr,
                        (_, ExprKind::Literal(Literal::Integer(number))) => integer(-*number),
                        (_, ExprKind::Literal(Literal::Number(number))) => {
                            Expr::new(ExprKind::Literal(Literal::Number(format!("-{number}"))), sql_type)
                        }
                        _ => Expr::new(ExprKind::Negate(Box::new(expr)), sql_type),
                    }),
                    found => Err(SqlError::new(format!("{op} takes a number, not {}", name_of(found)))),
                }
            }
            other => Err(SqlError::new(format!("the operator `{other}` is not supported"))),
        }
    }

    fn binary(&mut self, left: &Parsed, op: &BinaryOperator, right: &Parsed) -> Result<Expr, SqlError> {
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
                let length = [left.sql_type, right.sql_type].into_iter().map(|found| match found {
                    Some(SqlType::Varchar(length)) => length,
                    _ => 0,
                });
                let sql_type = SqlType::Varchar(length.sum::<u32>().clamp(1, super::types::MAX_VARCHAR));
                Ok(Expr::new(ExprKind::Binary(Box::new(left), operator, Box::new(right)), sql_type))
            }
            _ if operator.compares() => self.compare(left, operator, right),
            _ => {
                let (left, right) = (self.number(left, operator)?, self.number(right, operator)?);
                arithmetic(left, operator, right)
            }
        }
    }

    /// Reads an operand of an operation on numbers.
    fn number(&mut self, parsed: &Parsed, operator: Operator) -> Result<Expr, SqlError> {
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

    fn compare(&mut self, left: &Parsed, operator: Operator, right: &Parsed) -> Result<Expr, SqlError> {
        let (left_span, right_span) = (self.range(left.span()), self.range(right.span()));
        let (left, right) = (self.expr(left)?, self.expr(right)?);
        let left = dated(left, &right).map_err(|error| error.at(left_span))?;
        let right = dated(right, &left).map_err(|error| error.at(right_span))?;
        let (left, right) = meet(left, right)?;
        Ok(boolean(ExprKind::Binary(Box::new(left), operator, Box::new(right))))
    }

    fn in_list(&mut self, expr: &Parsed, list: &[Parsed], negated: bool) -> Result<Expr, SqlError> {
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

    fn condition(&mut self, parsed: &Parsed) -> Result<Expr, SqlError> {
        let expr = self.expr(parsed)?;
        match expr.sql_type {
            None | Some(SqlType::Boolean) => Ok(expr.cast(SqlType::Boolean, true)),
            Some(found) => Err(not_a_condition(found).at(self.range(parsed.span()))),
        }
    }

    fn text_of(&mut self, parsed: &Parsed, taker: &str) -> Result<Expr, SqlError> {
        let expr = self.expr(parsed)?;
        match expr.sql_type {
            None => Ok(expr.cast(SqlType::Varchar(1), true)),
            Some(SqlType::Varchar(_)) => Ok(expr),
            Some(found) => Err(SqlError::new(format!("{taker} takes text, not {found}"))
                .at(self.range(parsed.span()))
                .help("make it text with CAST(… AS VARCHAR(n))")),
        }
    }

    fn rounding(&mut self, name: &str, expr: &Parsed, field: &CeilFloorKind) -> Result<Expr, SqlError> {
        match field {
            CeilFloorKind::DateTimeField(sqlparser::ast::DateTimeField::NoDateTime) => self.scalar(name, &[expr]),
            _ => Err(SqlError::new(format!("{name} takes one number here"))),
        }
    }

    fn call(&mut self, call: &ParsedCall) -> Result<Expr, SqlError> {
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
        if list.duplicate_treatment == Some(DuplicateTreatment::Distinct) {
            return Err(SqlError::new(format!("DISTINCT inside {name} is not supported in this version")));
        }
        let mut arguments = Vec::new();
        for argument in &list.args {
            match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => arguments.push(Some(expr)),
                FunctionArg::Unnamed(FunctionArgExpr::Wildcard) => arguments.push(None),
                other => return Err(SqlError::new(format!("`{other}` is not an argument that {name} takes"))),
            }
        }
        if let Some(function) = AggregateFunction::find(&name) {
            return self.aggregate(function, &arguments);
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

    fn scalar(&mut self, name: &str, arguments: &[&Parsed]) -> Result<Expr, SqlError> {
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

    fn aggregate(&mut self, function: AggregateFunction, arguments: &[Option<&Parsed>]) -> Result<Expr, SqlError> {
        let name = function.name();
        if self.grouped.is_none() {
            return Err(SqlError::new(format!("{name} cannot stand in a `where`"))
                .label("a `where` sees one row at a time")
                .help("aggregates belong to `select`"));
        }
        if let Some(outer) = self.within {
            return Err(SqlError::new(format!("{name} cannot stand inside {}", outer.name()))
                .label("an aggregate inside an aggregate"));
        }
        let argument = match (function, arguments) {
            (AggregateFunction::Count, [None]) => None,
            (_, [Some(argument)]) => {
                self.within = Some(function);
                let read = self.expr(argument);
                self.within = None;
                Some(read?)
            }
            (AggregateFunction::Count, _) => return Err(SqlError::new("COUNT takes `*` or one argument")),
            _ => return Err(SqlError::new(format!("{name} takes one argument"))),
        };
        let given = match &argument {
            None => SqlType::BigInt,
            Some(argument) => {
                argument.sql_type.ok_or_else(|| SqlError::new(format!("{name} of a bare NULL has no type")))?
            }
        };
        let aggregate = Aggregate { function, argument, sql_type: function.result(given)? };
        let sql_type = aggregate.sql_type;
        let index = self.aggregates.iter().position(|known| *known == aggregate).unwrap_or_else(|| {
            self.aggregates.push(aggregate);
            self.aggregates.len() - 1
        });
        Ok(Expr::new(ExprKind::Aggregate(index), sql_type))
    }
}

fn not_a_condition(found: SqlType) -> SqlError {
    SqlError::new(format!("a condition is BOOLEAN, and this is {found}"))
        .help("compare it with something, such as `price > 100`")
}

fn boolean(kind: ExprKind) -> Expr {
    Expr::new(kind, SqlType::Boolean)
}

fn integer(number: i64) -> Expr {
    let sql_type = if i32::try_from(number).is_ok() { SqlType::Integer } else { SqlType::BigInt };
    Expr::new(ExprKind::Literal(Literal::Integer(number)), sql_type)
}

fn literal(value: &Value) -> Result<Expr, SqlError> {
    match value {
        Value::Null => Ok(Expr::null()),
        Value::Boolean(boolean) => Ok(Expr::new(ExprKind::Literal(Literal::Boolean(*boolean)), SqlType::Boolean)),
        Value::SingleQuotedString(text) => {
            let length = u32::try_from(text.chars().count()).unwrap_or(u32::MAX).clamp(1, super::types::MAX_VARCHAR);
            Ok(Expr::new(ExprKind::Literal(Literal::Text(text.clone())), SqlType::Varchar(length)))
        }
        Value::Number(text, _) => number(text),
        other => Err(SqlError::new(format!("`{other}` is not a constant that is supported"))),
    }
}

fn number(text: &str) -> Result<Expr, SqlError> {
    if let Ok(number) = text.parse::<i64>() {
        return Ok(integer(number));
    }
    let too_long = || SqlError::new(format!("`{text}` has more digits than fit"));
    // SQL: a number with an exponent is approximate, one with a point only is exact.
    if text.contains(['e', 'E']) {
        let finite = text.parse::<f64>().is_ok_and(f64::is_finite);
        return if finite {
            Ok(Expr::new(ExprKind::Literal(Literal::Number(text.to_owned())), SqlType::Double))
        } else {
            Err(too_long())
        };
    }
    let scale = text.split_once('.').map_or(0, |(_, behind)| behind.len());
    let precision = text.bytes().filter(u8::is_ascii_digit).count();
    match (u8::try_from(precision), u8::try_from(scale)) {
        (Ok(precision), Ok(scale)) if (1..=MAX_PRECISION).contains(&precision) => {
            Ok(Expr::new(ExprKind::Literal(Literal::Number(text.to_owned())), SqlType::Decimal { precision, scale }))
        }
        _ => Err(too_long()),
    }
}

/// Reads a constant text as a moment or a day where that is what it is compared with.
fn dated(expr: Expr, with: &Expr) -> Result<Expr, SqlError> {
    match (&expr.kind, with.sql_type) {
        (ExprKind::Literal(Literal::Text(_)), Some(to @ (SqlType::Timestamp(_) | SqlType::Date))) => moment(&expr, to),
        _ => Ok(expr),
    }
}

fn moment(expr: &Expr, to: SqlType) -> Result<Expr, SqlError> {
    let ExprKind::Literal(Literal::Text(text)) = &expr.kind else {
        return Err(SqlError::new(format!("a constant {to} is written as text in quotes")));
    };
    let wrong = |form: &str| SqlError::new(format!("`{text}` is not a {to}")).help(format!("write it as '{form}'"));
    match to {
        SqlType::Date => {
            let day: chrono::NaiveDate = text.trim().parse().map_err(|_| wrong("2026-02-28"))?;
            let days = day.signed_duration_since(chrono::NaiveDate::default()).num_days();
            let days = i32::try_from(days).map_err(|_| wrong("2026-02-28"))?;
            Ok(Expr::new(ExprKind::Literal(Literal::Date(days)), to))
        }
        SqlType::Timestamp(_) => {
            let text = text.trim().replacen(' ', "T", 1);
            let parsed: Result<chrono::NaiveDateTime, _> = text.parse();
            let whole_day = || text.parse::<chrono::NaiveDate>().ok().and_then(|day| day.and_hms_opt(0, 0, 0));
            let moment = parsed.ok().or_else(whole_day).ok_or_else(|| wrong("2026-02-28 10:15:00"))?;
            Ok(Expr::new(ExprKind::Literal(Literal::Timestamp(moment.and_utc().timestamp_micros())), to))
        }
        _ => Err(SqlError::new(format!("`{to} '…'` is not a constant that is supported"))),
    }
}

fn case(whens: Vec<(Expr, Expr)>, otherwise: Option<Expr>) -> Result<Expr, SqlError> {
    let mut meeting: Option<SqlType> = None;
    for found in whens.iter().map(|(_, then)| then).chain(&otherwise).filter_map(|value| value.sql_type) {
        meeting = Some(match meeting {
            None => found,
            Some(known) => super::coerce::common(known, found).ok_or_else(|| {
                SqlError::new(format!("{known} and {found} do not go together in a CASE"))
                    .help("make them one type with CAST(… AS …)")
            })?,
        });
    }
    let to = meeting.ok_or_else(|| SqlError::new("a CASE of nothing but NULL has no type"))?;
    let whens = whens.into_iter().map(|(when, then)| (when, then.cast(to, true))).collect();
    let otherwise = otherwise.map(|value| Box::new(value.cast(to, true)));
    Ok(Expr::new(ExprKind::Case { whens, otherwise }, to))
}

/// The type of `left operator right`, with the operands cast to what the operation takes.
fn arithmetic(left: Expr, operator: Operator, right: Expr) -> Result<Expr, SqlError> {
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
fn capped(precision: u8, scale: u8) -> SqlType {
    if precision <= MAX_PRECISION {
        return SqlType::Decimal { precision: precision.max(1), scale };
    }
    let scale = (MAX_PRECISION.saturating_sub(precision - scale)).max(scale.min(6));
    SqlType::Decimal { precision: MAX_PRECISION, scale }
}

fn castable(from: Option<SqlType>, to: SqlType) -> Result<(), SqlError> {
    let Some(from) = from else { return Ok(()) };
    let text = |sql_type| matches!(sql_type, SqlType::Varchar(_));
    let time = |sql_type| matches!(sql_type, SqlType::Date | SqlType::Timestamp(_));
    let legal = from == to
        || text(from)
        || text(to)
        || (from.is_numeric() && to.is_numeric())
        || (time(from) && time(to))
        || (from == SqlType::Boolean && to.is_integer());
    if legal { Ok(()) } else { Err(SqlError::new(format!("{from} cannot become {to}"))) }
}

fn name_of(sql_type: Option<SqlType>) -> String {
    sql_type.map_or_else(|| "NULL".to_owned(), |sql_type| sql_type.to_string())
}

fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns() -> Vec<(String, SqlType)> {
        [
            ("ticker", SqlType::Varchar(8)),
            ("price", SqlType::Double),
            ("volume", SqlType::Integer),
            ("at", SqlType::Timestamp(3)),
            ("fee", SqlType::Decimal { precision: 10, scale: 2 }),
        ]
        .map(|(name, sql_type)| (name.to_owned(), sql_type))
        .to_vec()
    }

    fn select(text: &str) -> Result<Reading, SqlError> {
        read_select(text, Scope { columns: &columns() }, &["ticker".to_owned()], Vec::new())
    }

    #[test]
    fn every_expression_has_the_type_that_sql_gives_it() {
        for (text, expected) in [
            ("COUNT(*)", "BIGINT"),
            ("AVG(volume)", "INTEGER"),
            ("SUM(volume)", "BIGINT"),
            ("AVG(price)", "DOUBLE"),
            ("SUM(price * volume) / SUM(volume)", "DOUBLE"),
            ("MAX(at)", "TIMESTAMP(3)"),
            ("SUM(fee)", "DECIMAL(38, 2)"),
            ("MIN(fee * 2)", "DECIMAL(20, 2)"),
            ("UPPER(ticker) || '!'", "VARCHAR(9)"),
            ("CASE WHEN COUNT(*) > 10 THEN 1 ELSE 2.5 END", "DECIMAL(11, 1)"),
            ("CAST(AVG(price) AS INTEGER)", "INTEGER"),
            ("MIN(CHAR_LENGTH(ticker))", "INTEGER"),
            ("COUNT(*) BETWEEN 1 AND 2", "BOOLEAN"),
        ] {
            let read = select(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(read.expr.sql_type.expect("typed").to_string(), expected, "{text}");
        }
    }

    #[test]
    fn an_aggregate_used_twice_is_kept_once() {
        assert_eq!(select("SUM(volume) / SUM(volume)").expect("legal").aggregates.len(), 1);
    }

    #[test]
    fn mistakes_have_a_place() {
        let error = select("COUNT(*) + MIN(prise)").expect_err("a slip");
        assert_eq!(error.span, Some(15..20));
        assert_eq!(error.unknown.expect("a slip").0, "prise");
        for wrong in
            ["price", "SUM(ticker)", "MIN(MAX(price))", "COUNT(DISTINCT price)", "1 +", "f(1)", "", "a b", "ticker > 1"]
        {
            select(wrong).expect_err(wrong);
        }
        let filter = |text| read_filter(text, Scope { columns: &columns() });
        filter("volume > 0 AND ticker IN ('A', 'B') AND at >= '2026-01-01'").expect("legal");
        for wrong in ["volume", "COUNT(*) > 1", "at > 'soon'", "volume LIKE 'a'"] {
            filter(wrong).expect_err(wrong);
        }
    }

    #[test]
    fn deep_nesting_is_refused_and_not_run_into() {
        let deep = format!("{}1{}", "(".repeat(5000), ")".repeat(5000));
        read_filter(&deep, Scope { columns: &columns() }).expect_err("too deep");
    }
}
