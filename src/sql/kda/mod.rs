//! The text of a Kinesis Data Analytics (KDA) SQL application → a tree of its statements, with a place for everything.
//!
//! Owns the grammar of the program; the expressions in it are read by sqlparser and typed by `sql::read`. May import
//! nothing of this crate but `sql`. Never resolves a name, and knows nothing of streams that exist.

mod call;
mod dialect;
mod from;
mod interval;
mod lenient;
mod period;
mod place;
mod prefix;
mod query;
mod reads;
mod rewrite;
mod scope;
mod statement;
mod tree;
mod typing;
mod window;

use std::collections::BTreeSet;

use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer, Whitespace};

use super::SqlError;
use dialect::Kda;
use statement::Reader;

pub use place::Places;
pub use scope::{INPUT_TIME, NameScope, OUTPUT_TIME, ROWTIME, ScopeColumn, ScopeItem};
pub use sqlparser::ast::{Expr as Parsed, WindowSpec};
pub use statement::MAX_COLUMNS;
pub use tree::{
    Body, CreatePump, CreateStream, FromItem, Grouping, Insert, Join, JoinKind, Name, NamedWindow, OrderBy, Over,
    Program, Query, Select, SelectItem, Stagger, Statement, StreamColumn, TableFunction,
};
pub use typing::{
    ARRIVAL_TIME, GroupNames, OverCall, Typing, WINDOW_END, WINDOW_START, arrival_as_time, column_name, condition,
    field_of, is_record, on_input, quoted, same, take_over, with_moments, without_promises,
};
pub use window::{
    Constant, Extent, Moment, Trigger, constant, extent, goes_by_time, interval_micros, names_row_time, trigger,
    window_keys,
};

/// The most characters of an application's text (KDA developer guide, limits).
pub const MAX_TEXT: usize = 102_400;

/// What was read of a text: the statements that could be, every mistake, and what was read although it is no SQL.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// The statements without a mistake.
    pub program: Program,
    /// What could not be read, in the order of the text.
    pub mistakes: Vec<SqlError>,
    /// What KDA would have refused and is read all the same.
    pub warnings: Vec<SqlError>,
}

impl Reading {
    /// Returns whether every statement could be read.
    pub fn is_whole(&self) -> bool {
        self.mistakes.is_empty()
    }
}

/// Reads the text of an application. A mistake in one statement hides none in the next.
pub fn read(text: &str) -> Reading {
    let mut reading = Reading::default();
    let length = text.chars().count();
    if length > MAX_TEXT {
        reading.mistakes.push(
            SqlError::new(format!("the SQL text has {length} characters"))
                .at(Some(0..text.len().min(1)))
                .label("too long")
                .help(format!("at most {MAX_TEXT}, as KDA allowed")),
        );
        return reading;
    }
    let (code, comments) = lenient::without_odd_comments(text);
    reading.warnings.extend(comments);
    let places = Places::new(text);
    let dialect = Kda::default();
    let tokens = match Tokenizer::new(&dialect, &code).tokenize_with_location() {
        Ok(tokens) => tokens,
        Err(error) => {
            reading.mistakes.push(unclosed(&error.message, places.offset(error.location), text));
            return reading;
        }
    };
    let tokens: Vec<TokenWithSpan> = tokens.into_iter().map(folded).collect();
    reading.program.words = words(&tokens);
    for statement in tokens.split(|token| token.token == Token::SemiColon) {
        if statement.iter().all(|token| matches!(token.token, Token::Whitespace(_) | Token::EOF)) {
            continue;
        }
        match Reader::new(&dialect, &places, text, statement).statement() {
            Ok(statement) => reading.program.statements.push(statement),
            Err(mistake) => reading.mistakes.push(mistake),
        }
    }
    if reading.program.statements.is_empty() && reading.mistakes.is_empty() {
        reading.mistakes.push(
            SqlError::new("the SQL text has no statement")
                .at(Some(0..text.len()))
                .help("it holds CREATE STREAM and CREATE PUMP statements"),
        );
    }
    reading
}

/// Folds a name without quotes to upper case, as KDA did before it stored or looked up any.
fn folded(mut token: TokenWithSpan) -> TokenWithSpan {
    match &mut token.token {
        Token::Word(word) if word.quote_style.is_none() => word.value.make_ascii_uppercase(),
        // What a comment says is nobody's business from here on.
        Token::Whitespace(space) => *space = Whitespace::Space,
        _ => {}
    }
    token
}

/// Returns every word of a text as KDA knew it.
fn words(tokens: &[TokenWithSpan]) -> BTreeSet<String> {
    let word = |token: &TokenWithSpan| match &token.token {
        Token::Word(word) => Some(word.value.clone()),
        _ => None,
    };
    tokens.iter().filter_map(word).collect()
}

/// Turns what the tokenizer says into a mistake.
fn unclosed(message: &str, start: usize, text: &str) -> SqlError {
    let to_the_end = Some(start..text.len());
    if message.starts_with("Unterminated string") {
        return SqlError::new("a text in single quotes does not end").at(to_the_end).label("expected `'` behind it");
    }
    if message.contains("quoted identifier") || message.contains("close delimiter") {
        return SqlError::new("a name in double quotes does not end").at(to_the_end).label("expected `\"` behind it");
    }
    if message.contains("multi-line comment") {
        return SqlError::new("a comment does not end").at(to_the_end).label("expected `*/` behind it");
    }
    SqlError::new(format!("the SQL text cannot be read: {message}")).at(Some(start..text.len().min(start + 1)))
}

#[cfg(test)]
mod tests;
