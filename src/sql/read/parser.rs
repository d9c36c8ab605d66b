//! The grammar of expressions: the parser's, and the forms of KDA that it does not know.

use sqlparser::ast::{
    DateTimeField, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments, Ident,
    ObjectName,
};
use sqlparser::dialect::Dialect;
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;

/// The name under which `(a - b) SECOND` is passed on: no function can be called by it.
pub(in crate::sql) const DIFFERENCE: &str = "$DIFFERENCE";
/// How strongly a unit is bound to the difference before it: like a subscript.
const UNIT_PRECEDENCE: u8 = 90;

/// The dialect of expressions: SQL's own, with `STEP(x BY y)` and `(a - b) SECOND`.
#[derive(Debug)]
pub struct Grammar;

impl Dialect for Grammar {
    fn is_identifier_start(&self, letter: char) -> bool {
        letter.is_ascii_alphabetic()
    }

    fn is_identifier_part(&self, letter: char) -> bool {
        letter.is_ascii_alphanumeric() || letter == '_'
    }

    fn require_interval_qualifier(&self) -> bool {
        true
    }

    fn supports_nested_comments(&self) -> bool {
        true
    }

    fn parse_prefix(&self, parser: &mut Parser<'_>) -> Option<Result<Expr, ParserError>> {
        prefix(parser)
    }

    fn get_next_precedence(&self, parser: &Parser<'_>) -> Option<Result<u8, ParserError>> {
        next_precedence(parser)
    }

    fn parse_infix(&self, parser: &mut Parser<'_>, expr: &Expr, _: u8) -> Option<Result<Expr, ParserError>> {
        infix(parser, expr)
    }
}

/// Parses `STEP(x BY y)`, where it stands next. For the `parse_prefix` of a dialect.
pub fn prefix(parser: &mut Parser<'_>) -> Option<Result<Expr, ParserError>> {
    let step = match &parser.peek_token_ref().token {
        Token::Word(word) if word.quote_style.is_none() && word.value.eq_ignore_ascii_case("STEP") => word.clone(),
        _ => return None,
    };
    if parser.peek_nth_token_ref(1).token != Token::LParen {
        return None;
    }
    let token = parser.next_token();
    Some((|| {
        parser.expect_token(&Token::LParen)?;
        let of = parser.parse_expr()?;
        if !parser.parse_keyword(Keyword::BY) {
            parser.expect_token(&Token::Comma)?;
        }
        let by = parser.parse_expr()?;
        parser.expect_token(&Token::RParen)?;
        Ok(call(step.into_ident(token.span), vec![of, by]))
    })())
}

/// Tells that a unit behind a parenthesis belongs to it. For the `get_next_precedence` of a dialect.
pub fn next_precedence(parser: &Parser<'_>) -> Option<Result<u8, ParserError>> {
    let behind = parser.get_current_token().token == Token::RParen;
    (behind && unit(&parser.peek_token_ref().token).is_some()).then_some(Ok(UNIT_PRECEDENCE))
}

/// Parses the unit of `(a - b) SECOND(10, 3)`. For the `parse_infix` of a dialect.
pub fn infix(parser: &mut Parser<'_>, expr: &Expr) -> Option<Result<Expr, ParserError>> {
    unit(&parser.peek_token_ref().token)?;
    if !matches!(expr, Expr::Nested(_)) {
        return None;
    }
    let token = parser.next_token();
    let Token::Word(word) = token.token else { return None };
    Some((|| {
        if parser.consume_token(&Token::LParen) {
            parser.parse_literal_uint()?;
            if parser.consume_token(&Token::Comma) {
                parser.parse_literal_uint()?;
            }
            parser.expect_token(&Token::RParen)?;
        }
        let unit = Expr::Identifier(word.into_ident(token.span));
        Ok(call(Ident::new(DIFFERENCE), vec![unit, expr.clone()]))
    })())
}

fn unit(token: &Token) -> Option<DateTimeField> {
    let Token::Word(word) = token else { return None };
    match word.keyword {
        Keyword::DAY => Some(DateTimeField::Day),
        Keyword::HOUR => Some(DateTimeField::Hour),
        Keyword::MINUTE => Some(DateTimeField::Minute),
        Keyword::SECOND => Some(DateTimeField::Second),
        _ => None,
    }
}

fn call(name: Ident, arguments: Vec<Expr>) -> Expr {
    let args = arguments.into_iter().map(|expr| FunctionArg::Unnamed(FunctionArgExpr::Expr(expr))).collect();
    Expr::Function(Function {
        name: ObjectName::from(vec![name]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList { duplicate_treatment: None, args, clauses: Vec::new() }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}
