//! Queries.

use sqlparser::tokenizer::Token;

use super::super::SqlError;
use super::prefix::word_is;
use super::statement::Reader;
use super::tree::{Body, Grouping, Name, NamedWindow, OrderBy, Query, Select, SelectItem, Stagger};

/// Words that are no name of what stands before them.
const NO_ALIAS: &[&str] = &[
    "FROM",
    "WHERE",
    "GROUP",
    "WINDOWED",
    "HAVING",
    "WINDOW",
    "ORDER",
    "UNION",
    "EXCEPT",
    "INTERSECT",
    "MINUS",
    "ON",
    "USING",
    "JOIN",
    "INNER",
    "LEFT",
    "RIGHT",
    "FULL",
    "CROSS",
    "NATURAL",
    "OVER",
    "AS",
    "LIMIT",
    "FETCH",
    "OFFSET",
    "CREATE",
    "SELECT",
    "PARTITION",
    "RANGE",
    "ROWS",
    "AND",
    "OR",
    "NOT",
    "IS",
    "IN",
    "LIKE",
    "BETWEEN",
    "SIMILAR",
    "FILTER",
    "WITHIN",
];

impl Reader<'_> {
    /// Reads SELECTs with UNION ALL between them, and their order.
    pub(super) fn query(&mut self) -> Result<Query, SqlError> {
        self.nested(|reader| {
            let start = reader.next_span().start;
            let first = reader.term()?;
            let mut all = vec![Query { span: start..reader.last_span().end, body: first, order_by: Vec::new() }];
            loop {
                for (word, instead) in
                    [("EXCEPT", "filter with WHERE"), ("INTERSECT", "join the streams"), ("MINUS", "filter with WHERE")]
                {
                    if word_is(&reader.parser, 0, word) {
                        return Err(SqlError::new(format!("{word} is not supported"))
                            .at(Some(reader.next_span()))
                            .label("KDA allowed no set operation on streams but UNION ALL")
                            .help(instead));
                    }
                }
                if !reader.word("UNION") {
                    break;
                }
                if !reader.word("ALL") {
                    return Err(SqlError::new("UNION without ALL is not supported")
                        .at(Some(reader.last_span()))
                        .label("KDA allowed no set operation on streams but UNION ALL")
                        .help("write UNION ALL; SELECT DISTINCT removes rows that are there twice"));
                }
                let start = reader.next_span().start;
                let body = reader.term()?;
                all.push(Query { span: start..reader.last_span().end, body, order_by: Vec::new() });
            }
            let body = if all.len() == 1 { all.remove(0).body } else { Body::UnionAll(all) };
            let order_by = reader.order_by()?;
            Ok(Query { body, order_by, span: start..reader.last_span().end })
        })
    }

    fn term(&mut self) -> Result<Body, SqlError> {
        if self.parser.consume_token(&Token::LParen) {
            let query = self.query()?;
            self.expect(&Token::RParen)?;
            return Ok(Body::Query(Box::new(query)));
        }
        if word_is(&self.parser, 0, "VALUES") || word_is(&self.parser, 0, "WITH") {
            let word = self.next_text().to_ascii_uppercase();
            return Err(SqlError::new(format!("{word} is not supported"))
                .at(Some(self.next_span()))
                .label("a pump selects from streams")
                .help("write SELECT STREAM … FROM …"));
        }
        if !word_is(&self.parser, 0, "SELECT") {
            return Err(self.unexpected("`SELECT`"));
        }
        Ok(Body::Select(Box::new(self.select()?)))
    }

    fn select(&mut self) -> Result<Select, SqlError> {
        let start = self.next_span().start;
        self.expect_word("SELECT")?;
        let column = matches!(self.parser.peek_nth_token_ref(1).token, Token::Comma | Token::Period)
            || ["FROM", "AS"].iter().any(|word| word_is(&self.parser, 1, word));
        if word_is(&self.parser, 0, "STREAM") && !column {
            self.word("STREAM");
        }
        let mut distinct = None;
        if self.word("DISTINCT") {
            distinct = Some(self.last_span());
        } else {
            self.word("ALL");
        }
        let items = self.commas(Self::item)?;
        if !self.word("FROM") {
            return Err(self.unexpected("`FROM`"));
        }
        let from = self.commas(Self::source)?;
        let filter = if self.word("WHERE") { Some(self.expr()?) } else { None };
        let grouping = self.grouping()?;
        let having = if self.word("HAVING") { Some(self.expr()?) } else { None };
        let windows = if self.word("WINDOW") { self.commas(Self::named_window)? } else { Vec::new() };
        let span = start..self.last_span().end;
        Ok(Select { distinct, items, from, filter, grouping, having, windows, span })
    }

    fn item(&mut self) -> Result<SelectItem, SqlError> {
        if self.parser.consume_token(&Token::Mul) {
            return Ok(SelectItem::All { span: self.last_span() });
        }
        let all_of = matches!(self.parser.peek_token_ref().token, Token::Word(_))
            && self.parser.peek_nth_token_ref(1).token == Token::Period
            && self.parser.peek_nth_token_ref(2).token == Token::Mul;
        if all_of {
            let name = self.name("a stream")?;
            self.expect(&Token::Period)?;
            self.expect(&Token::Mul)?;
            return Ok(SelectItem::AllOf(name));
        }
        let start = self.next_span().start;
        let expr = Box::new(self.expr()?);
        let span = start..self.last_span().end;
        Ok(SelectItem::Expr { expr, alias: self.alias()?, span })
    }

    fn grouping(&mut self) -> Result<Grouping, SqlError> {
        let start = self.next_span().start;
        if self.word("GROUP") {
            self.expect_word("BY")?;
            let keys = self.commas(Self::expr)?;
            return Ok(Grouping::By { keys, span: start..self.last_span().end });
        }
        if !self.word("WINDOWED") {
            return Ok(Grouping::None);
        }
        self.expect_word("BY")?;
        self.expect_word("STAGGER")?;
        self.expect(&Token::LParen)?;
        self.expect_word("PARTITION")?;
        self.expect_word("BY")?;
        let keys = self.commas(Self::expr)?;
        self.expect_word("RANGE")?;
        let range = self.expr()?;
        self.expect(&Token::RParen)?;
        Ok(Grouping::Stagger(Box::new(Stagger { keys, range, span: start..self.last_span().end })))
    }

    fn named_window(&mut self) -> Result<NamedWindow, SqlError> {
        let name = self.name("a window")?;
        self.expect_word("AS")?;
        self.expect(&Token::LParen)?;
        let spec = self.parsed(sqlparser::parser::Parser::parse_window_spec)?;
        Ok(NamedWindow { name, spec })
    }

    fn order_by(&mut self) -> Result<Vec<OrderBy>, SqlError> {
        if !self.word("ORDER") {
            return Ok(Vec::new());
        }
        self.expect_word("BY")?;
        self.commas(|reader| {
            let start = reader.next_span().start;
            let expr = reader.expr()?;
            let descending = reader.descending();
            if word_is(&reader.parser, 0, "NULLS") {
                return Err(SqlError::new("NULLS FIRST and NULLS LAST are not supported")
                    .at(Some(reader.next_span()))
                    .label("not supported, as on KDA"));
            }
            Ok(OrderBy { expr, descending, span: start..reader.last_span().end })
        })
    }

    /// Reads the name given to what stands before it.
    pub(super) fn alias(&mut self) -> Result<Option<Name>, SqlError> {
        if self.word("AS") {
            return self.name("what stands before it").map(Some);
        }
        match &self.parser.peek_token_ref().token {
            Token::Word(word)
                if word.quote_style.is_some() || !NO_ALIAS.contains(&word.value.to_ascii_uppercase().as_str()) =>
            {
                self.name("what stands before it").map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Reads one or several things with commas between.
    pub(super) fn commas<T>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Result<T, SqlError>,
    ) -> Result<Vec<T>, SqlError> {
        let mut found = vec![read(self)?];
        while self.parser.consume_token(&Token::Comma) {
            found.push(read(self)?);
        }
        Ok(found)
    }
}
