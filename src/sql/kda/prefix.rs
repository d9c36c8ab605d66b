//! How an operand begins. All of it is read here, word by word and without trying anything twice, which keeps the time
//! for any text proportional to its length.

use sqlparser::ast::{CastKind, DataType, Expr, FunctionArguments, Ident, TimezoneInfo, TypedString};
use sqlparser::dialect::{Dialect, Precedence};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Token, Word};

use super::super::SqlError;
use super::call::{call, function, list};
use super::dialect::Kda;
use super::interval::{interval, qualified, unit};

/// Words that begin or go on with something else than an expression.
const NO_OPERANDS: &[&str] = &[
    "SELECT",
    "FROM",
    "WHERE",
    "GROUP",
    "HAVING",
    "WINDOW",
    "WINDOWED",
    "ORDER",
    "UNION",
    "EXCEPT",
    "INTERSECT",
    "ON",
    "JOIN",
    "INNER",
    "LEFT",
    "RIGHT",
    "FULL",
    "CROSS",
    "NATURAL",
    "OVER",
    "PARTITION",
    "BY",
    "AS",
    "AND",
    "OR",
    "WHEN",
    "THEN",
    "ELSE",
    "END",
    "INSERT",
    "CREATE",
    "VALUES",
];
/// Functions that are called without parentheses.
const BARE_CALLS: &[&str] =
    &["CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "CURRENT_ROW_TIMESTAMP", "LOCALTIME", "LOCALTIMESTAMP"];
/// Returns whether the word `behind` words ahead is this one, without quotes.
pub(super) fn word_is(parser: &Parser<'_>, behind: usize, word: &str) -> bool {
    matches!(&parser.peek_nth_token_ref(behind).token,
             Token::Word(found) if found.quote_style.is_none() && found.value.eq_ignore_ascii_case(word))
}

/// Takes a word where it stands next.
pub(super) fn take_word(parser: &mut Parser<'_>, word: &str) -> bool {
    let found = word_is(parser, 0, word);
    if found {
        parser.advance_token();
    }
    found
}

/// A query where an expression should stand.
pub(super) fn no_query() -> SqlError {
    SqlError::new("a query cannot stand in an expression")
        .label("not supported, as on KDA")
        .help("join with the stream or the table instead")
}

/// Reads an operand that begins with a word or a parenthesis; `None` leaves it to sqlparser.
pub(super) fn prefix(dialect: &Kda, parser: &mut Parser<'_>) -> Option<Result<Expr, ParserError>> {
    match &parser.peek_token_ref().token {
        Token::Word(word) => {
            let word = word.clone();
            Some(operand(dialect, parser, &word))
        }
        Token::LParen => Some(parenthesis(dialect, parser)),
        Token::Number(..)
        | Token::SingleQuotedString(_)
        | Token::HexStringLiteral(_)
        | Token::NationalStringLiteral(_)
        | Token::UnicodeStringLiteral(_)
        | Token::Plus
        | Token::Minus => None,
        _ => Some(parser.expected_ref("an expression", parser.peek_token_ref())),
    }
}

fn operand(dialect: &Kda, parser: &mut Parser<'_>, word: &Word) -> Result<Expr, ParserError> {
    if word.quote_style.is_some() {
        return name_or_call(dialect, parser);
    }
    let called = parser.peek_nth_token_ref(1).token == Token::LParen;
    let name = word.value.as_str();
    match name {
        "NULL" | "TRUE" | "FALSE" => Ok(Expr::Value(parser.parse_value()?)),
        "DATE" | "TIME" | "TIMESTAMP" if matches!(parser.peek_nth_token_ref(1).token, Token::SingleQuotedString(_)) => {
            parser.advance_token();
            let data_type = match name {
                "DATE" => DataType::Date,
                "TIME" => DataType::Time(None, TimezoneInfo::None),
                _ => DataType::Timestamp(None, TimezoneInfo::None),
            };
            Ok(Expr::TypedString(TypedString { data_type, value: parser.parse_value()?, uses_odbc_syntax: false }))
        }
        "INTERVAL" => interval(dialect, parser),
        "CASE" => {
            parser.advance_token();
            parser.parse_case_expr()
        }
        "NOT" => {
            parser.advance_token();
            if word_is(parser, 0, "EXISTS") {
                return dialect.refuse(no_query(), parser.peek_token());
            }
            parser.parse_not()
        }
        "EXISTS" if called => dialect.refuse(no_query(), parser.peek_token()),
        "CAST" if called => cast(dialect, parser),
        "EXTRACT" if called => {
            parser.advance_token();
            parser.parse_extract_expr()
        }
        "FLOOR" | "CEIL" | "CEILING" if called => {
            parser.advance_token();
            parser.parse_ceil_floor_expr(name != "FLOOR")
        }
        "TRIM" if called => {
            parser.advance_token();
            parser.parse_trim_expr()
        }
        "OVERLAY" if called => {
            parser.advance_token();
            parser.parse_overlay_expr()
        }
        "POSITION" if called => position(dialect, parser),
        "SUBSTRING" if called => substring(parser),
        "STEP" if called => step(parser),
        _ if NO_OPERANDS.contains(&name) => parser.expected_ref("an expression", parser.peek_token_ref()),
        _ if BARE_CALLS.contains(&name) && !called => {
            let name = parser.parse_identifier()?;
            Ok(Expr::Function(function(name, FunctionArguments::None)))
        }
        _ => name_or_call(dialect, parser),
    }
}

/// Reads `(expression)`, and `(a - b) SECOND(10, 3)`: an interval whose value is the difference.
fn parenthesis(dialect: &Kda, parser: &mut Parser<'_>) -> Result<Expr, ParserError> {
    parser.advance_token();
    if word_is(parser, 0, "SELECT") {
        return dialect.refuse(no_query(), parser.peek_token());
    }
    let inner = parser.parse_expr()?;
    parser.expect_token(&Token::RParen)?;
    let nested = Expr::Nested(Box::new(inner));
    if unit(parser).is_none() {
        return Ok(nested);
    }
    qualified(dialect, parser, nested)
}

fn cast(dialect: &Kda, parser: &mut Parser<'_>) -> Result<Expr, ParserError> {
    parser.advance_token();
    parser.expect_token(&Token::LParen)?;
    let expr = Box::new(parser.parse_expr()?);
    parser.expect_keyword_is(Keyword::AS)?;
    let data_type = data_type(dialect, parser)?;
    parser.expect_token(&Token::RParen)?;
    Ok(Expr::Cast { kind: CastKind::Cast, expr, data_type, array: false, format: None })
}

/// Reads a type of KDA. sqlparser knows types within types, which nest without end and which KDA has not.
pub(super) fn data_type(dialect: &Kda, parser: &mut Parser<'_>) -> Result<DataType, ParserError> {
    /// Those that no column has here: what a stream is given of them is refused by name.
    const WITHOUT_COLUMNS: [&str; 3] = ["BINARY", "VARBINARY", "TIME"];
    const KNOWN: &[&str] = &[
        "TINYINT",
        "SMALLINT",
        "INT",
        "INTEGER",
        "BIGINT",
        "DECIMAL",
        "DEC",
        "NUMERIC",
        "REAL",
        "FLOAT",
        "DOUBLE",
        "BOOLEAN",
        "CHAR",
        "CHARACTER",
        "VARCHAR",
        "BINARY",
        "VARBINARY",
        "DATE",
        "TIME",
        "TIMESTAMP",
    ];
    if KNOWN.iter().any(|known| word_is(parser, 0, known)) {
        return parser.parse_data_type();
    }
    let next = parser.peek_token();
    let what = match &next.token {
        Token::Word(word) => format!("`{}` is not a type of KDA", word.value),
        _ => "a type is missing".to_owned(),
    };
    let legal: Vec<&str> = KNOWN.iter().copied().filter(|known| !WITHOUT_COLUMNS.contains(known)).collect();
    dialect.refuse(SqlError::new(what).help(format!("one of {}", legal.join(", "))), next)
}

fn position(dialect: &Kda, parser: &mut Parser<'_>) -> Result<Expr, ParserError> {
    parser.advance_token();
    parser.expect_token(&Token::LParen)?;
    // Up to IN, which is no operator here.
    let expr = Box::new(parser.parse_subexpr(dialect.prec_value(Precedence::Between))?);
    parser.expect_keyword_is(Keyword::IN)?;
    let within = Box::new(parser.parse_expr()?);
    parser.expect_token(&Token::RParen)?;
    Ok(Expr::Position { expr, r#in: within })
}

/// Reads `SUBSTRING(s FROM i FOR n)`, `SUBSTRING(s, i, n)`, and `SUBSTRING(s SIMILAR p ESCAPE e)`: a call of
/// `SUBSTRING_SIMILAR`.
fn substring(parser: &mut Parser<'_>) -> Result<Expr, ParserError> {
    let name = parser.parse_identifier()?;
    parser.expect_token(&Token::LParen)?;
    let expr = parser.parse_expr()?;
    if take_word(parser, "SIMILAR") {
        let pattern = parser.parse_expr()?;
        parser.expect_keyword_is(Keyword::ESCAPE)?;
        let escape = parser.parse_expr()?;
        parser.expect_token(&Token::RParen)?;
        let name = Ident::with_span(name.span, "SUBSTRING_SIMILAR");
        return Ok(Expr::Function(function(name, list(vec![expr, pattern, escape]))));
    }
    let special = parser.consume_token(&Token::Comma);
    let from = if special || parser.parse_keyword(Keyword::FROM) { Some(parser.parse_expr()?) } else { None };
    let behind = from.is_some() && (parser.parse_keyword(Keyword::FOR) || parser.consume_token(&Token::Comma));
    let length = if behind { Some(parser.parse_expr()?) } else { None };
    parser.expect_token(&Token::RParen)?;
    Ok(Expr::Substring {
        expr: Box::new(expr),
        substring_from: from.map(Box::new),
        substring_for: length.map(Box::new),
        special,
        shorthand: false,
    })
}

/// Reads `STEP(x BY INTERVAL '3' MINUTE)`: a call of `STEP` with two arguments.
fn step(parser: &mut Parser<'_>) -> Result<Expr, ParserError> {
    let name = parser.parse_identifier()?;
    parser.expect_token(&Token::LParen)?;
    let expr = parser.parse_expr()?;
    parser.expect_keyword_is(Keyword::BY)?;
    let by = parser.parse_expr()?;
    parser.expect_token(&Token::RParen)?;
    Ok(Expr::Function(function(name, list(vec![expr, by]))))
}

/// Reads `name`, `qualifier.name`, `table.record.field` or `name(…)` and what follows a call.
fn name_or_call(dialect: &Kda, parser: &mut Parser<'_>) -> Result<Expr, ParserError> {
    let first = parser.parse_identifier()?;
    if parser.peek_token_ref().token == Token::LParen {
        return call(dialect, parser, first);
    }
    let mut parts = vec![first];
    while parser.peek_token_ref().token == Token::Period {
        if !matches!(parser.peek_nth_token_ref(1).token, Token::Word(_)) {
            break;
        }
        parser.advance_token();
        parts.push(parser.parse_identifier()?);
    }
    match parts.len() {
        1 => Ok(Expr::Identifier(parts.remove(0))),
        _ => Ok(Expr::CompoundIdentifier(parts)),
    }
}
