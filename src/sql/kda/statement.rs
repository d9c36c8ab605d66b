//! Statements: streams and pumps.

use std::ops::Range;

use sqlparser::ast::Expr;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::super::{SqlError, SqlType};
use super::dialect::Kda;
use super::place::Places;
use super::prefix::{data_type, take_word, word_is};
use super::tree::{CreatePump, CreateStream, Insert, Name, Statement, StreamColumn};

/// How deep an expression may nest, as in the expressions of a declared query.
const MAX_DEPTH: usize = 40;
/// How deep queries may nest: far beyond what people write.
const MAX_QUERIES: usize = 20;
/// The longest name (KDA SQL reference, identifiers).
const MAX_NAME: usize = 128;
/// The most columns of a stream (KDA developer guide, limits).
pub const MAX_COLUMNS: usize = 1000;

/// Reads the tokens of one statement.
pub(super) struct Reader<'t> {
    pub(super) parser: Parser<'t>,
    pub(super) dialect: &'t Kda,
    places: &'t Places<'t>,
    text: &'t str,
    tokens: &'t [TokenWithSpan],
    /// The queries around the place of the reading.
    depth: usize,
}

impl<'t> Reader<'t> {
    pub(super) fn new(dialect: &'t Kda, places: &'t Places<'t>, text: &'t str, tokens: &'t [TokenWithSpan]) -> Self {
        let parser = Parser::new(dialect).with_recursion_limit(MAX_DEPTH).with_tokens_with_locations(tokens.to_vec());
        Self { parser, dialect, places, text, tokens, depth: 0 }
    }

    /// Reads the statement, all of it.
    pub(super) fn statement(mut self) -> Result<Statement, SqlError> {
        let statement = self.create()?;
        self.end()?;
        Ok(statement)
    }

    fn create(&mut self) -> Result<Statement, SqlError> {
        if !self.word("CREATE") {
            let next = self.next_text();
            let mistake = match next.to_ascii_uppercase().as_str() {
                "SELECT" => SqlError::new("a SELECT stands alone").help("CREATE PUMP … AS INSERT INTO … SELECT …"),
                "INSERT" => SqlError::new("an INSERT stands alone").help("CREATE PUMP … AS INSERT INTO …"),
                "FROM" | "WHERE" | "GROUP" | "HAVING" | "WINDOW" | "ORDER" | "WINDOWED" | "UNION" => {
                    SqlError::new(format!("a statement begins with {next}"))
                        .help("is there a `;` in the middle of the query before it?")
                }
                _ => SqlError::new(format!("`{next}` begins no statement of KDA"))
                    .help("a statement is CREATE STREAM or CREATE PUMP"),
            };
            return Err(mistake.at(Some(self.next_span())));
        }
        if self.word("OR") {
            self.expect_word("REPLACE")?;
        }
        match () {
            () if self.word("STREAM") => self.stream().map(Statement::Stream),
            () if self.word("PUMP") => self.pump().map(Statement::Pump),
            () => {
                let next = self.next_text();
                let mistake = match next.to_ascii_uppercase().as_str() {
                    "FUNCTION" => SqlError::new("CREATE FUNCTION is not supported")
                        .help("write its expression where it is called"),
                    "TABLE" => SqlError::new("CREATE TABLE is not supported")
                        .help("a reference table is declared in the pipeline file, as [tables.NAME]"),
                    _ => SqlError::new(format!("CREATE {next} is not supported"))
                        .help("a statement is CREATE STREAM or CREATE PUMP"),
                };
                Err(mistake.at(Some(self.next_span())))
            }
        }
    }

    fn stream(&mut self) -> Result<CreateStream, SqlError> {
        let name = self.new_name("a stream")?;
        self.expect(&Token::LParen)?;
        let mut columns: Vec<StreamColumn> = Vec::new();
        loop {
            let column = self.stream_column()?;
            if columns.iter().any(|known| known.name.text == column.name.text) {
                return Err(SqlError::new(format!("stream `{}` has two columns `{}`", name.text, column.name.text))
                    .at(Some(column.name.span))
                    .label("the second one"));
            }
            columns.push(column);
            if !self.parser.consume_token(&Token::Comma) {
                break;
            }
        }
        self.expect(&Token::RParen)?;
        self.description()?;
        if columns.len() > MAX_COLUMNS {
            return Err(SqlError::new(format!("stream `{}` has {} columns", name.text, columns.len()))
                .at(Some(name.span))
                .help(format!("at most {MAX_COLUMNS}")));
        }
        Ok(CreateStream { name, columns })
    }

    fn stream_column(&mut self) -> Result<StreamColumn, SqlError> {
        let name = self.new_name("a column")?;
        let start = self.next_span().start;
        let dialect = self.dialect;
        let parsed = self.parsed(|parser| data_type(dialect, parser))?;
        let span = start..self.last_span().end;
        let written = self.text.get(span.clone()).unwrap_or_default();
        let sql_type = SqlType::from_parsed(&parsed, written).map_err(|error| error.at(Some(span)))?;
        let not_null = self.word("NOT");
        if not_null {
            self.expect_word("NULL")?;
        }
        Ok(StreamColumn { name, sql_type, not_null })
    }

    fn pump(&mut self) -> Result<CreatePump, SqlError> {
        let name = self.new_name("a pump")?;
        let mut stopped = None;
        if self.word("STOPPED") {
            stopped = Some(self.last_span());
        } else {
            self.word("STARTED");
        }
        self.description()?;
        self.expect_word("AS")?;
        self.expect_word("INSERT")?;
        self.word("EXPEDITED");
        self.expect_word("INTO")?;
        let into = self.name("a stream")?;
        let columns = if self.parser.peek_token_ref().token == Token::LParen
            && !word_is(&self.parser, 1, "SELECT")
            && self.parser.peek_nth_token_ref(1).token != Token::LParen
        {
            self.name_list()?
        } else {
            Vec::new()
        };
        let query = self.query()?;
        Ok(CreatePump { name, stopped, insert: Insert { into, columns, query } })
    }

    /// Reads `DESCRIPTION 'text'`, which says nothing to an engine.
    fn description(&mut self) -> Result<(), SqlError> {
        if self.word("DESCRIPTION") {
            self.parsed(Parser::parse_literal_string)?;
        }
        Ok(())
    }

    /// Reads `(name, name)`.
    pub(super) fn name_list(&mut self) -> Result<Vec<Name>, SqlError> {
        self.expect(&Token::LParen)?;
        let mut names = Vec::new();
        loop {
            names.push(self.name("a column")?);
            if !self.parser.consume_token(&Token::Comma) {
                break;
            }
        }
        self.expect(&Token::RParen)?;
        Ok(names)
    }

    /// Reads a name; `what` says of what.
    pub(super) fn name(&mut self, what: &str) -> Result<Name, SqlError> {
        let next = self.parser.peek_token();
        let span = self.next_span();
        let Token::Word(word) = next.token else {
            return Err(self.unexpected(&format!("the name of {what}")));
        };
        self.parser.advance_token();
        Ok(Name { text: word.value, span })
    }

    fn new_name(&mut self, what: &str) -> Result<Name, SqlError> {
        let name = self.name(what)?;
        if name.text.is_empty() || name.text.chars().any(|letter| letter <= '\u{1f}') {
            return Err(SqlError::new(format!("`{}` is no name for {what}", name.text)).at(Some(name.span)));
        }
        if name.text.chars().count() > MAX_NAME {
            return Err(SqlError::new(format!("the name of {what} is too long"))
                .at(Some(name.span))
                .help(format!("at most {MAX_NAME} characters")));
        }
        if self.parser.peek_token_ref().token == Token::Period {
            return Err(SqlError::new(format!("the name of {what} has no qualifier"))
                .at(Some(name.span))
                .help("KDA has no schemas to choose from"));
        }
        Ok(name)
    }

    /// Reads an expression.
    pub(super) fn expr(&mut self) -> Result<Expr, SqlError> {
        self.parsed(Parser::parse_expr)
    }

    /// Goes into a query, and out again behind it.
    pub(super) fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, SqlError>) -> Result<T, SqlError> {
        if self.depth == MAX_QUERIES {
            return Err(SqlError::new("the queries nest too deeply")
                .at(Some(self.next_span()))
                .help(format!("at most {MAX_QUERIES} levels")));
        }
        self.depth += 1;
        let read = read(self);
        self.depth -= 1;
        read
    }

    /// Lets sqlparser read something, and gives its errors a place.
    pub(super) fn parsed<T>(
        &mut self,
        read: impl FnOnce(&mut Parser<'t>) -> Result<T, ParserError>,
    ) -> Result<T, SqlError> {
        self.dialect.begin();
        read(&mut self.parser).map_err(|error| {
            if let Some((mistake, token)) = self.dialect.refused() {
                return mistake.at(Some(self.span(&token)));
            }
            let said = match error {
                ParserError::RecursionLimitExceeded => {
                    return SqlError::new("the expression nests too deeply")
                        .at(Some(self.next_span()))
                        .help(format!("at most {MAX_DEPTH} levels"));
                }
                ParserError::TokenizerError(said) | ParserError::ParserError(said) => said,
            };
            self.said(&said)
        })
    }

    /// Turns sqlparser's message, which ends in a place, into a mistake at that place.
    fn said(&self, said: &str) -> SqlError {
        let (what, place) = said.rsplit_once(" at Line: ").unwrap_or((said, ""));
        let place = place.split_once(", Column: ").and_then(|(line, column)| {
            let (line, column): (u64, u64) = (line.parse().ok()?, column.trim().parse().ok()?);
            self.tokens.iter().find(|token| token.span.start.line == line && token.span.start.column == column)
        });
        let Some(expected) = what
            .strip_prefix("Expected: ")
            .and_then(|rest| rest.rsplit_once(", found: "))
            .map(|(expected, _)| expected)
        else {
            let span = place.map_or_else(|| self.next_span(), |token| self.span(token));
            return SqlError::new(format!("this cannot be read: {what}")).at(Some(span));
        };
        let expected = match expected {
            "an expression" | "identifier" | "date/time field" | "literal string" | "literal int" => {
                expected.to_owned()
            }
            _ => format!("`{expected}`"),
        };
        self.stands(place, &expected)
    }

    /// A mistake about the next token, where something else was expected.
    pub(super) fn unexpected(&self, expected: &str) -> SqlError {
        let next = self.parser.peek_token();
        self.stands((next.token != Token::EOF).then_some(&next), expected)
    }

    fn stands(&self, found: Option<&TokenWithSpan>, expected: &str) -> SqlError {
        let Some(found) = found else {
            return SqlError::new(format!("the statement ends where {expected} should follow"))
                .at(Some(self.end_span()))
                .label("ends here");
        };
        let span = self.span(found);
        let text = self.text.get(span.clone()).unwrap_or_default();
        SqlError::new(format!("`{text}` stands where {expected} should stand")).at(Some(span))
    }

    /// Takes a word where it stands next.
    pub(super) fn word(&mut self, word: &str) -> bool {
        take_word(&mut self.parser, word)
    }

    pub(super) fn expect_word(&mut self, word: &str) -> Result<(), SqlError> {
        if self.word(word) { Ok(()) } else { Err(self.unexpected(&format!("`{word}`"))) }
    }

    pub(super) fn expect(&mut self, token: &Token) -> Result<(), SqlError> {
        if self.parser.consume_token(token) { Ok(()) } else { Err(self.unexpected(&format!("`{token}`"))) }
    }

    fn end(&mut self) -> Result<(), SqlError> {
        if self.parser.peek_token_ref().token == Token::EOF {
            return Ok(());
        }
        let next = self.next_text();
        let mistake = match next.to_ascii_uppercase().as_str() {
            "CREATE" => SqlError::new("the statement before this one has no end").help("put a `;` between them"),
            "LIMIT" | "FETCH" | "OFFSET" => SqlError::new(format!("{next} is not supported"))
                .label("a stream has no end to count to")
                .help("TOP_K_ITEMS_TUMBLING gives the most frequent values of a window"),
            "WHERE" | "GROUP" | "WINDOWED" | "HAVING" | "WINDOW" => SqlError::new(format!("{next} stands too late"))
                .help("the order is WHERE, GROUP BY or WINDOWED BY, HAVING, WINDOW, ORDER BY"),
            _ => SqlError::new(format!("`{next}` was not expected here"))
                .label("the statement could end before it")
                .help("a name of more than letters, digits and `_` stands in double quotes"),
        };
        Err(mistake.at(Some(self.next_span())))
    }

    pub(super) fn next_text(&self) -> &'t str {
        self.text.get(self.next_span()).unwrap_or_default()
    }

    /// Returns the place of the next token.
    pub(super) fn next_span(&self) -> Range<usize> {
        let next = self.parser.peek_token_ref();
        if next.token == Token::EOF { self.end_span() } else { self.span(next) }
    }

    /// Returns the place of the token before.
    pub(super) fn last_span(&self) -> Range<usize> {
        self.span(self.parser.get_current_token())
    }

    fn span(&self, token: &TokenWithSpan) -> Range<usize> {
        self.places.range(token.span).unwrap_or_else(|| self.end_span())
    }

    /// Returns the place behind the last token.
    fn end_span(&self) -> Range<usize> {
        let last = self.tokens.iter().rev().find(|token| !matches!(token.token, Token::Whitespace(_) | Token::EOF));
        let end = last.and_then(|token| self.places.range(token.span)).map_or(self.text.len(), |span| span.end);
        end..end
    }

    /// Reads the direction of an order.
    pub(super) fn descending(&mut self) -> bool {
        let descending = self.word("DESC");
        if !descending {
            self.word("ASC");
        }
        descending
    }
}
