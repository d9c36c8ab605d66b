//! What an expression of KDA may hold, told to sqlparser.

use std::cell::{Cell, RefCell};

use sqlparser::ast::{BinaryOperator, Expr};
use sqlparser::dialect::{Dialect, Precedence};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::super::SqlError;
use super::prefix;

/// How many operators an expression may have in all: the tree of it must be safe to walk.
const MAX_OPERATORS: usize = 500;

/// The dialect of one text. It keeps what sqlparser's own errors cannot carry.
#[derive(Debug, Default)]
pub(super) struct Kda {
    /// The operators of the expression that is being read.
    operators: Cell<usize>,
    /// What a hook refused, and the token that it is about.
    refused: RefCell<Option<(SqlError, TokenWithSpan)>>,
}

impl Kda {
    /// Begins on an expression.
    pub(super) fn begin(&self) {
        self.operators.set(0);
        self.refused.take();
    }

    /// Takes what a hook refused since.
    pub(super) fn refused(&self) -> Option<(SqlError, TokenWithSpan)> {
        self.refused.take()
    }

    /// Refuses what stands at a token. Nothing in this grammar is tried twice, so the error that sqlparser is given goes
    /// through to the caller, who takes the mistake itself.
    pub(super) fn refuse<T>(&self, mistake: SqlError, token: TokenWithSpan) -> Result<T, ParserError> {
        let error = ParserError::ParserError(mistake.message.clone());
        self.refused.replace(Some((mistake, token)));
        Err(error)
    }

    fn infix(&self, parser: &mut Parser<'_>, left: &Expr) -> Option<Result<Expr, ParserError>> {
        self.operators.set(self.operators.get() + 1);
        if self.operators.get() > MAX_OPERATORS {
            let mistake =
                SqlError::new("the expression has too many operators").help(format!("at most {MAX_OPERATORS}"));
            return Some(self.refuse(mistake, parser.peek_token()));
        }
        if let Some((predicate, words)) = period_predicate(parser) {
            for _ in 0..words {
                parser.advance_token();
            }
            let right = parser.parse_subexpr(self.prec_value(Precedence::Between));
            return Some(right.map(|right| Expr::BinaryOp {
                left: Box::new(left.clone()),
                op: BinaryOperator::Custom(predicate),
                right: Box::new(right),
            }));
        }
        // sqlparser tries IN as a query first, and a query is what KDA has not.
        let negated = parser.parse_keyword(Keyword::NOT);
        if !parser.parse_keyword(Keyword::IN) {
            if negated {
                parser.prev_token();
            }
            return None;
        }
        Some(self.in_list(parser, left, negated))
    }

    fn in_list(&self, parser: &mut Parser<'_>, left: &Expr, negated: bool) -> Result<Expr, ParserError> {
        parser.expect_token(&Token::LParen)?;
        if prefix::word_is(parser, 0, "SELECT") {
            return self.refuse(prefix::no_query(), parser.peek_token());
        }
        let list = parser.parse_comma_separated(Parser::parse_expr)?;
        parser.expect_token(&Token::RParen)?;
        Ok(Expr::InList { expr: Box::new(left.clone()), list, negated })
    }
}

impl Dialect for Kda {
    fn is_identifier_start(&self, letter: char) -> bool {
        letter.is_ascii_alphabetic() || letter == '_'
    }

    fn is_identifier_part(&self, letter: char) -> bool {
        letter.is_ascii_alphanumeric() || letter == '_'
    }

    fn is_delimited_identifier_start(&self, sign: char) -> bool {
        sign == '"'
    }

    fn supports_nested_comments(&self) -> bool {
        true
    }

    fn require_interval_qualifier(&self) -> bool {
        true
    }

    fn parse_prefix(&self, parser: &mut Parser<'_>) -> Option<Result<Expr, ParserError>> {
        prefix::prefix(self, parser)
    }

    fn parse_infix(&self, parser: &mut Parser<'_>, expr: &Expr, _precedence: u8) -> Option<Result<Expr, ParserError>> {
        self.infix(parser, expr)
    }

    /// Leaves no operators but those of KDA.
    fn get_next_precedence(&self, parser: &Parser<'_>) -> Option<Result<u8, ParserError>> {
        if period_predicate(parser).is_some() {
            return Some(Ok(self.prec_value(Precedence::Between)));
        }
        let known = match &parser.peek_token_ref().token {
            Token::Word(word) => match word.keyword {
                Keyword::NOT => {
                    return ["IN", "BETWEEN", "LIKE", "SIMILAR"]
                        .iter()
                        .all(|behind| !prefix::word_is(parser, 1, behind))
                        .then(|| Ok(self.prec_unknown()));
                }
                // The other SIMILAR is a part of SUBSTRING.
                Keyword::SIMILAR => prefix::word_is(parser, 1, "TO"),
                Keyword::AND | Keyword::OR | Keyword::IS | Keyword::IN | Keyword::BETWEEN | Keyword::LIKE => true,
                _ => false,
            },
            Token::Eq
            | Token::Neq
            | Token::Lt
            | Token::LtEq
            | Token::Gt
            | Token::GtEq
            | Token::Plus
            | Token::Minus
            | Token::Mul
            | Token::Div
            | Token::Mod
            | Token::StringConcat => true,
            _ => false,
        };
        if known { None } else { Some(Ok(self.prec_unknown())) }
    }
}

/// Returns the predicate on two periods that stands next, in one word, and how many words it has in the text.
fn period_predicate(parser: &Parser<'_>) -> Option<(String, usize)> {
    let at = |behind: usize, words: &[&'static str]| {
        words.iter().copied().find(|word| prefix::word_is(parser, behind, word))
    };
    if let Some(word) = at(0, &["CONTAINS", "OVERLAPS", "EQUALS", "PRECEDES", "SUCCEEDS", "LEADS", "LAGS"]) {
        return Some((word.to_owned(), 1));
    }
    let how = at(0, &["IMMEDIATELY", "STRICTLY"])?;
    let word = at(1, &["CONTAINS", "OVERLAPS", "PRECEDES", "SUCCEEDS", "LEADS", "LAGS"])?;
    Some((format!("{how} {word}"), 2))
}
