//! Calls of functions, and what follows one.

use sqlparser::ast::{
    DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments, Ident,
    NullTreatment, ObjectName, WindowType,
};
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;

use super::super::SqlError;
use super::dialect::Kda;
use super::prefix::{no_query, take_word, word_is};

/// Reads the call of a function from its parenthesis on.
pub(super) fn call(dialect: &Kda, parser: &mut Parser<'_>, name: Ident) -> Result<Expr, ParserError> {
    let is_nth = name.value == "NTH_VALUE";
    parser.expect_token(&Token::LParen)?;
    let duplicate_treatment = match () {
        () if take_word(parser, "DISTINCT") => Some(DuplicateTreatment::Distinct),
        () if take_word(parser, "ALL") => Some(DuplicateTreatment::All),
        () => None,
    };
    let mut args = Vec::new();
    if parser.peek_token_ref().token != Token::RParen {
        args = parser.parse_comma_separated(|parser| argument(dialect, parser))?;
    }
    parser.expect_token(&Token::RParen)?;
    let arguments = FunctionArgumentList { duplicate_treatment, args, clauses: Vec::new() };
    let mut call = function(name, FunctionArguments::List(arguments));
    if is_nth && take_word(parser, "FROM") {
        let from = parser.parse_identifier()?;
        if !matches!(from.value.as_str(), "FIRST" | "LAST") {
            return parser.expected_ref("FIRST or LAST", parser.get_current_token());
        }
        // There is no place for it in the tree but this one.
        call.parameters = list(vec![Expr::Identifier(from)]);
    }
    call.null_treatment = match () {
        () if word_is(parser, 1, "NULLS") && take_word(parser, "RESPECT") => Some(NullTreatment::RespectNulls),
        () if word_is(parser, 1, "NULLS") && take_word(parser, "IGNORE") => Some(NullTreatment::IgnoreNulls),
        () => None,
    };
    if call.null_treatment.is_some() {
        parser.advance_token();
    }
    if word_is(parser, 0, "FILTER") && parser.peek_nth_token_ref(1).token == Token::LParen {
        let mistake = SqlError::new("FILTER behind an aggregate is not supported")
            .label("not supported, as on KDA")
            .help("aggregate a CASE instead, such as SUM(CASE WHEN … THEN 1 ELSE 0 END)");
        return dialect.refuse(mistake, parser.peek_token());
    }
    if take_word(parser, "OVER") {
        call.over = Some(if parser.consume_token(&Token::LParen) {
            WindowType::WindowSpec(parser.parse_window_spec()?)
        } else {
            WindowType::NamedWindow(parser.parse_identifier()?)
        });
    }
    Ok(Expr::Function(call))
}

fn argument(dialect: &Kda, parser: &mut Parser<'_>) -> Result<FunctionArg, ParserError> {
    if parser.consume_token(&Token::Mul) {
        return Ok(FunctionArg::Unnamed(FunctionArgExpr::Wildcard));
    }
    if word_is(parser, 0, "SELECT") || (word_is(parser, 0, "CURSOR") && word_is(parser, 2, "SELECT")) {
        return dialect.refuse(no_query(), parser.peek_token());
    }
    Ok(FunctionArg::Unnamed(FunctionArgExpr::Expr(parser.parse_expr()?)))
}

/// Returns a call of nothing but arguments.
pub(super) fn function(name: Ident, args: FunctionArguments) -> Function {
    Function {
        name: ObjectName::from(vec![name]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args,
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    }
}

/// Returns plain arguments.
pub(super) fn list(exprs: Vec<Expr>) -> FunctionArguments {
    let args = exprs.into_iter().map(|expr| FunctionArg::Unnamed(FunctionArgExpr::Expr(expr))).collect();
    FunctionArguments::List(FunctionArgumentList { duplicate_treatment: None, args, clauses: Vec::new() })
}
