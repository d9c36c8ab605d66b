//! What a SELECT reads.

use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

use super::super::SqlError;
use super::prefix::word_is;
use super::statement::Reader;
use super::tree::{FromItem, Join, JoinKind, Name, Over, TableFunction};

/// How many joins may stand in a row: they nest to the left.
const MAX_JOINS: usize = 20;

/// What a FROM item is called, and what its columns are.
type Called = (Option<Over>, Option<Name>, Vec<Name>);

impl Reader<'_> {
    /// Reads one item of FROM with what is joined to it.
    pub(super) fn source(&mut self) -> Result<FromItem, SqlError> {
        let mut left = self.factor()?;
        for _ in 0..=MAX_JOINS {
            let start = self.next_span().start;
            let Some(kind) = self.join_kind()? else { return Ok(left) };
            let span = start..self.last_span().end;
            let right = self.factor()?;
            if word_is(&self.parser, 0, "USING") {
                return Err(SqlError::new("USING is not supported in a join")
                    .at(Some(self.next_span()))
                    .help("write ON a.column = b.column"));
            }
            let on = if kind == JoinKind::Cross {
                None
            } else {
                self.expect_word("ON")?;
                Some(self.expr()?)
            };
            left = FromItem::Join(Box::new(Join { left, right, kind, on, span }));
        }
        Err(SqlError::new("there are too many joins in a row")
            .at(Some(self.last_span()))
            .help(format!("at most {MAX_JOINS}")))
    }

    fn join_kind(&mut self) -> Result<Option<JoinKind>, SqlError> {
        if word_is(&self.parser, 0, "NATURAL") {
            return Err(SqlError::new("NATURAL JOIN is not supported")
                .at(Some(self.next_span()))
                .help("write JOIN … ON a.column = b.column"));
        }
        let kind = match () {
            () if self.word("INNER") => JoinKind::Inner,
            () if self.word("CROSS") => JoinKind::Cross,
            () if self.word("LEFT") => JoinKind::Left,
            () if self.word("RIGHT") => JoinKind::Right,
            () if self.word("FULL") => JoinKind::Full,
            () if word_is(&self.parser, 0, "JOIN") => JoinKind::Inner,
            () => return Ok(None),
        };
        if matches!(kind, JoinKind::Left | JoinKind::Right | JoinKind::Full) {
            self.word("OUTER");
        }
        self.expect_word("JOIN")?;
        Ok(Some(kind))
    }

    fn factor(&mut self) -> Result<FromItem, SqlError> {
        let start = self.next_span().start;
        if word_is(&self.parser, 0, "TABLE") && self.parser.peek_nth_token_ref(1).token == Token::LParen {
            return self.table_function(start);
        }
        for word in ["LATERAL", "UNNEST", "VALUES"] {
            if word_is(&self.parser, 0, word) {
                return Err(SqlError::new(format!("{word} is not supported")).at(Some(self.next_span())));
            }
        }
        if self.parser.consume_token(&Token::LParen) {
            let query = Box::new(self.query()?);
            self.expect(&Token::RParen)?;
            let (over, alias, columns) = self.called()?;
            return Ok(FromItem::Query { query, over, alias, columns });
        }
        if word_is(&self.parser, 0, "SELECT") {
            return Err(SqlError::new("a query within a query stands in parentheses").at(Some(self.next_span())));
        }
        let name = self.name("a stream")?;
        if self.parser.peek_token_ref().token == Token::Period {
            return Err(SqlError::new(format!("`{}` is no schema", name.text))
                .at(Some(name.span))
                .label("a stream has no qualifier")
                .help("KDA has no schemas to choose from"));
        }
        let (over, alias, columns) = self.called()?;
        Ok(FromItem::Relation { name, over, alias, columns })
    }

    fn called(&mut self) -> Result<Called, SqlError> {
        let mut over = self.over()?;
        let alias = self.alias()?;
        let columns = if alias.is_some() && self.parser.peek_token_ref().token == Token::LParen {
            self.name_list()?
        } else {
            Vec::new()
        };
        if over.is_none() {
            over = self.over()?;
        }
        Ok((over, alias, columns))
    }

    fn over(&mut self) -> Result<Option<Over>, SqlError> {
        if !self.word("OVER") {
            return Ok(None);
        }
        let start = self.last_span().start;
        if !self.parser.consume_token(&Token::LParen) {
            return self.name("a window").map(|name| Some(Over::Named(name)));
        }
        let spec = Box::new(self.parsed(Parser::parse_window_spec)?);
        Ok(Some(Over::Spec { spec, span: start..self.last_span().end }))
    }

    fn table_function(&mut self, start: usize) -> Result<FromItem, SqlError> {
        self.expect_word("TABLE")?;
        self.expect(&Token::LParen)?;
        let name = self.name("a function")?;
        self.expect(&Token::LParen)?;
        self.expect_word("CURSOR")?;
        self.expect(&Token::LParen)?;
        let cursor = self.query()?;
        self.expect(&Token::RParen)?;
        let (mut arguments, mut argument_spans) = (Vec::new(), Vec::new());
        while self.parser.consume_token(&Token::Comma) {
            let start = self.next_span().start;
            arguments.push(self.expr()?);
            argument_spans.push(start..self.last_span().end);
        }
        self.expect(&Token::RParen)?;
        self.expect(&Token::RParen)?;
        let span = start..self.last_span().end;
        let (over, alias, columns) = self.called()?;
        if let Some(Over::Spec { span, .. } | Over::Named(Name { span, .. })) = over {
            return Err(SqlError::new("a table function has no window over its rows").at(Some(span)));
        }
        let function = TableFunction { name, cursor, arguments, argument_spans, alias, columns, span };
        Ok(FromItem::Function(Box::new(function)))
    }
}
