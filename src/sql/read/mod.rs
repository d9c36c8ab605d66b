//! Text → typed expression.

mod aggregate;
mod call;
mod constant;
pub(in crate::sql) mod interval;
mod operators;
pub(in crate::sql) mod parser;
mod place;
mod space;

use std::ops::Range;

use sqlparser::ast::{CastKind, Expr as Parsed, Ident, Spanned, Value, ValueWithSpan};
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

use super::{Aggregate, AggregateFunction, Expr, ExprKind, Operator, SqlError, SqlType};
use constant::{literal, moment};
pub use parser::{Grammar, infix, next_precedence, prefix};
use place::{range, syntax};
pub use space::{Aggregates, Folding, Found, Over, Scope, Space, Visible};

/// How deep an expression may nest: far beyond what people write, and safe on any thread's stack.
const MAX_DEPTH: usize = 40;
/// How many operators may stand in a row, which nest to the left: each takes room on the stack of whoever walks over the
/// expression.
const MAX_CHAIN: usize = 100;
/// How many operators an expression may have in all: the parser's own tree of it must be safe to walk too.
const MAX_OPERATORS: usize = 500;

/// An expression, and the aggregates that it stands on.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The expression.
    pub expr: Expr,
    /// The aggregates of the query so far, among them those of this expression.
    pub aggregates: Vec<Aggregate>,
}

/// Why no aggregate may stand in a `where`.
const IN_WHERE: Aggregates<'_> = Aggregates::Nowhere { place: "a `where`", why: "a `where` sees one row at a time" };

/// Reads the condition of a `where`.
pub fn read_filter(text: &str, scope: Scope<'_>) -> Result<Expr, SqlError> {
    let names = Visible::all(scope);
    let space = Space { names: &names, folding: Folding::Lenient, aggregates: IN_WHERE };
    condition(read_expr(text, &space, &mut Found::default())?)
}

/// Reads one output of a windowed query: columns that it groups by, and aggregates. `aggregates` are those that the
/// query has already; an equal one is used again.
pub fn read_select(
    text: &str,
    scope: Scope<'_>,
    group_by: &[String],
    aggregates: Vec<Aggregate>,
) -> Result<Reading, SqlError> {
    let names = Visible::all(scope);
    let keys = columns(scope, group_by);
    let space = Space { names: &names, folding: Folding::Lenient, aggregates: Aggregates::Grouped(&keys) };
    reading(text, &space, aggregates)
}

/// Reads one output of a query over the rows around each row: columns of the row, and aggregates.
pub fn read_sliding(text: &str, scope: Scope<'_>, aggregates: Vec<Aggregate>) -> Result<Reading, SqlError> {
    let names = Visible::all(scope);
    let space = Space { names: &names, folding: Folding::Lenient, aggregates: Aggregates::Sliding };
    reading(text, &space, aggregates)
}

/// Reads the condition of a `having`: over outputs by their names, group columns, and aggregates.
pub fn read_having(
    text: &str,
    scope: Scope<'_>,
    group_by: &[String],
    outputs: &[(String, Expr)],
    aggregates: Vec<Aggregate>,
) -> Result<Reading, SqlError> {
    let read = read_over_outputs(text, scope, group_by, outputs, aggregates)?;
    Ok(Reading { expr: condition(read.expr)?, ..read })
}

/// Reads what rows of groups are ranked by: over outputs by their names, group columns, and aggregates.
pub fn read_over_outputs(
    text: &str,
    scope: Scope<'_>,
    group_by: &[String],
    outputs: &[(String, Expr)],
    aggregates: Vec<Aggregate>,
) -> Result<Reading, SqlError> {
    let mut names = Visible::all(scope);
    names.extend(outputs.iter().map(|(name, expr)| Visible { path: vec![name.clone()], expr: expr.clone() }));
    let keys = columns(scope, group_by);
    let space = Space { names: &names, folding: Folding::Lenient, aggregates: Aggregates::Grouped(&keys) };
    let mut found = Found { aggregates, over: Vec::new() };
    let expr = read_expr(text, &space, &mut found)?;
    Ok(Reading { expr, aggregates: found.aggregates })
}

/// Reads one output of a query without a window, over names of one input or several.
pub fn read_row(text: &str, names: &[Visible]) -> Result<Expr, SqlError> {
    let aggregates = Aggregates::Nowhere {
        place: "a query without a window",
        why: "a query without a window sees one row at a time",
    };
    let space = Space { names, folding: Folding::Lenient, aggregates };
    typed(read_expr(text, &space, &mut Found::default())?)
}

/// Reads an expression. `found` holds the aggregates that the query has already; an equal one is used again.
pub fn read_expr(text: &str, space: &Space<'_>, found: &mut Found) -> Result<Expr, SqlError> {
    let parsed = parse(text)?;
    type_expr(&parsed, text, space, found)
}

/// Gives types to an expression that was parsed out of `text`, which tells where its mistakes are.
pub fn type_expr(parsed: &Parsed, text: &str, space: &Space<'_>, found: &mut Found) -> Result<Expr, SqlError> {
    let mut reader = Reader { text, space, found: std::mem::take(found), within: None, inside_key: false, depth: 0 };
    let expr = reader.expr(parsed);
    *found = reader.found;
    expr
}

fn columns(scope: Scope<'_>, group_by: &[String]) -> Vec<(Expr, String)> {
    let grouped = scope.columns.iter().filter(|(name, _)| group_by.contains(name));
    grouped.map(|(name, sql_type)| (Expr::column(name, *sql_type), name.clone())).collect()
}

fn reading(text: &str, space: &Space<'_>, aggregates: Vec<Aggregate>) -> Result<Reading, SqlError> {
    let mut found = Found { aggregates, over: Vec::new() };
    let expr = typed(read_expr(text, space, &mut found)?)?;
    Ok(Reading { expr, aggregates: found.aggregates })
}

fn condition(expr: Expr) -> Result<Expr, SqlError> {
    match expr.sql_type {
        None | Some(SqlType::Boolean) => Ok(expr),
        Some(found) => Err(not_a_condition(found)),
    }
}

fn typed(expr: Expr) -> Result<Expr, SqlError> {
    if expr.sql_type.is_none() {
        return Err(SqlError::new("a bare NULL has no type").help("write CAST(NULL AS …)"));
    }
    Ok(expr)
}

struct Reader<'a> {
    text: &'a str,
    space: &'a Space<'a>,
    found: Found,
    /// The aggregate whose argument is being read.
    within: Option<AggregateFunction>,
    /// Whether what is read may be part of a group's key, which is told when it is whole.
    inside_key: bool,
    /// How deep in the expression the reading is.
    depth: usize,
}

/// Parses the text of an expression.
fn parse(text: &str) -> Result<Parsed, SqlError> {
    if text.trim().is_empty() {
        return Err(SqlError::new("the expression is empty"));
    }
    if operators(text) > MAX_OPERATORS {
        return Err(SqlError::new("the expression has too many operators").help(format!("at most {MAX_OPERATORS}")));
    }
    let mut parser = Parser::new(&Grammar)
        .with_recursion_limit(MAX_DEPTH)
        .try_with_sql(text)
        .map_err(|error| syntax(text, &error.to_string()))?;
    let parsed = parser.parse_expr().map_err(|error| syntax(text, &error.to_string()))?;
    let next = parser.peek_token();
    if next.token != Token::EOF {
        return Err(SqlError::new(format!("`{}` was not expected here", next.token))
            .at(range(text, next.span))
            .label("the expression ends before it"));
    }
    Ok(parsed)
}

impl Reader<'_> {
    fn range(&self, span: sqlparser::tokenizer::Span) -> Option<Range<usize>> {
        range(self.text, span)
    }

    fn expr(&mut self, parsed: &Parsed) -> Result<Expr, SqlError> {
        if self.depth == MAX_CHAIN {
            // At the whole of it: to find a place within would walk over the rest.
            return Err(SqlError::new("the expression has too many operators in a row")
                .at(Some(0..self.text.len()))
                .help(format!("at most {MAX_CHAIN}; for many values of one column there is IN (…)")));
        }
        self.depth += 1;
        let read = match self.key(parsed) {
            Some(key) => Ok(key),
            None => self.unplaced(parsed),
        };
        self.depth -= 1;
        read.map_err(|error| {
            let span = if error.span.is_none() { self.range(parsed.span()) } else { None };
            error.at(span)
        })
    }

    /// Returns the key of the group that an expression as a whole is.
    fn key(&mut self, parsed: &Parsed) -> Option<Expr> {
        let Aggregates::Grouped(keys) = self.space.aggregates else { return None };
        let computed = keys.iter().any(|(key, _)| !matches!(key.kind, ExprKind::Column(_)));
        let simple = matches!(parsed, Parsed::Identifier(_) | Parsed::CompoundIdentifier(_) | Parsed::Value(_));
        if self.within.is_some() || self.inside_key {
            return None;
        }
        if !simple && !computed {
            return None;
        }
        self.inside_key = true;
        let read = self.unplaced(parsed);
        self.inside_key = false;
        self.space.key(&read.ok()?)
    }

    fn unplaced(&mut self, parsed: &Parsed) -> Result<Expr, SqlError> {
        match parsed {
            Parsed::Nested(inner) => self.expr(inner),
            Parsed::Identifier(name) => self.column(std::slice::from_ref(name)),
            Parsed::CompoundIdentifier(names) => self.column(names),
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
            Parsed::Like { negated, any: false, expr, pattern, escape_char } => {
                self.like("LIKE", (expr, pattern), escape_char.as_ref(), *negated)
            }
            Parsed::SimilarTo { negated, expr, pattern, escape_char } => {
                self.like("SIMILAR TO", (expr, pattern), escape_char.as_ref(), *negated)
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
            Parsed::Trim { trim_where, trim_what, expr, trim_characters: None } => {
                self.trim(*trim_where, trim_what.as_deref(), expr)
            }
            Parsed::Substring { expr, substring_from: Some(from), substring_for, .. } => {
                self.substring(expr, from, substring_for.as_deref())
            }
            Parsed::Overlay { expr, overlay_what, overlay_from, overlay_for } => {
                self.overlay((expr, overlay_what), overlay_from, overlay_for.as_deref())
            }
            Parsed::Position { expr, r#in } => self.scalar("POSITION", &[expr, r#in]),
            Parsed::Extract { field, expr, .. } => {
                let unit = constant::unit(&field.to_string(), constant::PARTS)?;
                let moment = self.expr(expr)?;
                call::built("$EXTRACT", vec![unit, moment]).map_err(|error| call::renamed(error, "$EXTRACT", "EXTRACT"))
            }
            Parsed::Interval(_) => {
                Err(SqlError::new("a length of time stands beside a moment")
                    .help("such as `at + INTERVAL '10' SECOND`"))
            }
            Parsed::Function(call) => self.call(call),
            other => Err(SqlError::new(format!("`{other}` is not supported in an expression"))),
        }
    }

    fn like(
        &mut self,
        name: &str,
        (of, pattern): (&Parsed, &Parsed),
        escape: Option<&ValueWithSpan>,
        negated: bool,
    ) -> Result<Expr, SqlError> {
        let text = self.text_of(of, name)?;
        let constant = match pattern {
            Parsed::Value(value) => Some(&value.value),
            _ => None,
        };
        let Some(Value::SingleQuotedString(wanted)) = constant else {
            return Err(SqlError::new(format!("the pattern of {name} is a constant text"))
                .at(self.range(pattern.span()))
                .help("write it in single quotes, such as 'A%'"));
        };
        let escape = match escape.map(|escape| &escape.value) {
            None => None,
            Some(Value::SingleQuotedString(sign)) if sign.chars().count() == 1 => Some(sign.as_str()),
            Some(_) => return Err(SqlError::new("ESCAPE takes one character in single quotes")),
        };
        if name == "LIKE" && escape.is_none() {
            return Ok(boolean(ExprKind::Like { expr: Box::new(text), pattern: wanted.clone(), negated }));
        }
        let sign = escape.unwrap_or_default();
        let function = if name == "LIKE" { "$LIKE_ESCAPE" } else { "$SIMILAR" };
        let checked =
            if name == "LIKE" { super::regex::like(wanted, sign) } else { super::regex::similar(wanted, sign) };
        checked.map_err(|error| error.at(self.range(pattern.span())))?;
        let constants = [wanted.as_str(), sign].map(|text| literal(&Value::SingleQuotedString(text.to_owned())));
        let [wanted, sign] = constants;
        let found = call::built(function, vec![text, wanted?, sign?])?;
        Ok(if negated { boolean(ExprKind::Not(Box::new(found))) } else { found })
    }

    fn column(&self, name: &[Ident]) -> Result<Expr, SqlError> {
        let expr = self.space.find(name, self.within.is_some())?;
        if self.within.is_some() && expr.any(&|part| matches!(part.kind, ExprKind::Aggregate(_))) {
            return Err(SqlError::new("an aggregate within an aggregate")
                .label("this is one by its name")
                .help("read this query from another one, whose windows hold those of this one"));
        }
        if let (Aggregates::Grouped(_), None, false) = (self.space.aggregates, self.within, self.inside_key) {
            // What is called an output is made of keys and aggregates; a column is a key or has many values.
            let name = match &expr.kind {
                ExprKind::Column(name) => Some((name.as_str(), "put it into an aggregate such as MIN")),
                ExprKind::RowTime => Some(("ROWTIME", "put it into an aggregate such as MAX")),
                _ => None,
            };
            if let (Some((column, help)), None) = (name, self.space.key(expr)) {
                return Err(SqlError::new(format!("`{column}` has many values in a window"))
                    .label("one value is needed")
                    .help(format!("{help}({column}), or into `group_by`")));
            }
        }
        Ok(expr.clone())
    }
}

/// Returns about how many operators a text has: those written with signs, and the words AND and OR.
fn operators(text: &str) -> usize {
    let signs = text.bytes().filter(|byte| b"+-*/%=<>|".contains(byte)).count();
    let words = text.split(|letter: char| !letter.is_ascii_alphabetic());
    signs + words.filter(|word| word.eq_ignore_ascii_case("AND") || word.eq_ignore_ascii_case("OR")).count()
}

fn not_a_condition(found: SqlType) -> SqlError {
    SqlError::new(format!("a condition is BOOLEAN, and this is {found}"))
        .help("compare it with something, such as `price > 100`")
}

fn boolean(kind: ExprKind) -> Expr {
    Expr::new(kind, SqlType::Boolean)
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

#[cfg(test)]
mod tests;
