//! Intervals.

use sqlparser::ast::{DateTimeField, Expr, Interval, Value, ValueWithSpan};
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;

use super::super::SqlError;
use super::dialect::Kda;
use super::prefix::{take_word, word_is};

/// The units of an interval.
const UNITS: &[(&str, DateTimeField)] = &[
    ("YEAR", DateTimeField::Year),
    ("MONTH", DateTimeField::Month),
    ("DAY", DateTimeField::Day),
    ("HOUR", DateTimeField::Hour),
    ("MINUTE", DateTimeField::Minute),
    ("SECOND", DateTimeField::Second),
];

/// Reads `INTERVAL '3' MINUTE`, `INTERVAL -'1' DAY(3)`, `INTERVAL '59:59.999' MINUTE TO SECOND(3)`.
pub(super) fn interval(dialect: &Kda, parser: &mut Parser<'_>) -> Result<Expr, ParserError> {
    parser.advance_token();
    let start = parser.get_current_token().span;
    let sign = match parser.peek_token_ref().token {
        Token::Minus => "-",
        Token::Plus => "+",
        _ => "",
    };
    if !sign.is_empty() {
        parser.advance_token();
    }
    let next = parser.peek_token();
    let Token::SingleQuotedString(text) = next.token else {
        let mistake = SqlError::new("the value of an INTERVAL stands in single quotes")
            .label("expected a text")
            .help("write it as INTERVAL '10' SECOND");
        return dialect.refuse(mistake, next);
    };
    parser.advance_token();
    let text = if sign == "-" { format!("-{text}") } else { text };
    let span = start.union(&next.span);
    qualified(dialect, parser, Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(text), span }))
}

/// Reads the unit behind an interval's value.
pub(super) fn qualified(dialect: &Kda, parser: &mut Parser<'_>, value: Expr) -> Result<Expr, ParserError> {
    let field = |parser: &mut Parser<'_>| {
        let Some(unit) = unit(parser) else {
            let mistake = SqlError::new("an INTERVAL has no unit")
                .help("one of YEAR, MONTH, DAY, HOUR, MINUTE and SECOND stands behind its value");
            return dialect.refuse(mistake, parser.peek_token());
        };
        parser.advance_token();
        Ok(unit)
    };
    let leading_field = field(parser)?;
    let mut fraction = None;
    let mut precision = None;
    if parser.consume_token(&Token::LParen) {
        precision = Some(parser.parse_literal_uint()?);
        if leading_field == DateTimeField::Second && parser.consume_token(&Token::Comma) {
            fraction = Some(parser.parse_literal_uint()?);
        }
        parser.expect_token(&Token::RParen)?;
    }
    let mut last_field = None;
    if take_word(parser, "TO") {
        last_field = Some(field(parser)?);
        if parser.consume_token(&Token::LParen) {
            fraction = Some(parser.parse_literal_uint()?);
            parser.expect_token(&Token::RParen)?;
        }
    }
    Ok(Expr::Interval(Interval {
        value: Box::new(value),
        leading_field: Some(leading_field),
        leading_precision: precision,
        last_field,
        fractional_seconds_precision: fraction,
    }))
}

/// Returns the unit of an interval that stands next.
pub(super) fn unit(parser: &Parser<'_>) -> Option<DateTimeField> {
    UNITS.iter().find(|(word, _)| word_is(parser, 0, word)).map(|(_, field)| field.clone())
}
