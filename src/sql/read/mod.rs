//! Text → typed expression.

mod aggregate;
mod call;
mod constant;
mod interval;
mod operators;

use std::ops::Range;

use sqlparser::ast::{CastKind, Expr as Parsed, Ident, Spanned, Value};
use sqlparser::dialect::AnsiDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Location, Token};

use super::{Aggregate, AggregateFunction, Expr, ExprKind, Operator, SqlError, SqlType};
use constant::{literal, moment};

/// How deep an expression may nest: far beyond what people write, and safe on any thread's stack.
const MAX_DEPTH: usize = 40;
/// How many operators may stand in a row, which nest to the left: each takes room on the stack of whoever walks over the
/// expression.
const MAX_CHAIN: usize = 100;
/// How many operators an expression may have in all: the parser's own tree of it must be safe to walk too.
const MAX_OPERATORS: usize = 500;

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
    let mut reader = Reader { text, scope, grouped: None, aggregates: Vec::new(), within: None, depth: 0 };
    let expr = reader.whole()?;
    match expr.sql_type {
        None | Some(SqlType::Boolean) => Ok(expr),
        Some(found) => Err(SqlError::condition(found)),
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
    let mut reader = Reader { text, scope, grouped: Some(group_by), aggregates, within: None, depth: 0 };
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
    /// How deep in the expression the reading is.
    depth: usize,
}

impl Reader<'_> {
    fn whole(&mut self) -> Result<Expr, SqlError> {
        if self.text.trim().is_empty() {
            return Err(SqlError::new("the expression is empty"));
        }
        if operators(self.text) > MAX_OPERATORS {
            return Err(SqlError::new("the expression has too many operators").help(format!("at most {MAX_OPERATORS}")));
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
        if self.depth == MAX_CHAIN {
            // At the whole of it: to find a place within would walk over the rest.
            return Err(SqlError::new("the expression has too many operators in a row")
                .at(Some(0..self.text.len()))
                .help(format!("at most {MAX_CHAIN}; for many values of one column there is IN (…)")));
        }
        self.depth += 1;
        let read = self.unplaced(parsed);
        self.depth -= 1;
        read.map_err(|error| {
            let span = if error.span.is_none() { self.range(parsed.span()) } else { None };
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
}

/// Returns about how many operators a text has: those written with signs, and the words AND and OR.
fn operators(text: &str) -> usize {
    let signs = text.bytes().filter(|byte| b"+-*/%=<>|".contains(byte)).count();
    let words = text.split(|letter: char| !letter.is_ascii_alphabetic());
    signs + words.filter(|word| word.eq_ignore_ascii_case("AND") || word.eq_ignore_ascii_case("OR")).count()
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

fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

#[cfg(test)]
mod tests;
