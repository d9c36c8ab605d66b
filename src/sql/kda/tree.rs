//! The tree of a program. Names are folded already; expressions are sqlparser's, with places by line and column.

use std::collections::BTreeSet;
use std::ops::Range;

use sqlparser::ast::{Expr, WindowSpec};

use super::super::SqlType;

/// The statements of an application in their order.
#[derive(Debug, Clone, Default)]
pub struct Program {
    /// The statements.
    pub statements: Vec<Statement>,
    /// Every word of the text, names among them.
    pub words: BTreeSet<String>,
}

/// One statement.
#[derive(Debug, Clone)]
pub enum Statement {
    /// `CREATE STREAM`
    Stream(CreateStream),
    /// `CREATE PUMP`
    Pump(CreatePump),
}

/// A name as KDA stored it: in upper case unless it stood in double quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// Its letters.
    pub text: String,
    /// Its place.
    pub span: Range<usize>,
}

/// `CREATE [OR REPLACE] STREAM name (columns)`
#[derive(Debug, Clone)]
pub struct CreateStream {
    /// The stream.
    pub name: Name,
    /// Its columns in order.
    pub columns: Vec<StreamColumn>,
}

/// One column of an in-application stream.
#[derive(Debug, Clone)]
pub struct StreamColumn {
    /// Its name.
    pub name: Name,
    /// Its type.
    pub sql_type: SqlType,
    /// `NOT NULL`
    pub not_null: bool,
}

/// `CREATE [OR REPLACE] PUMP name [STARTED|STOPPED] AS INSERT …`
#[derive(Debug, Clone)]
pub struct CreatePump {
    /// The pump.
    pub name: Name,
    /// The place of `STOPPED`, where it is.
    pub stopped: Option<Range<usize>>,
    /// What it pumps.
    pub insert: Insert,
}

/// `INSERT INTO stream (columns) query`
#[derive(Debug, Clone)]
pub struct Insert {
    /// The stream that it writes.
    pub into: Name,
    /// The columns that it names; none means all by position.
    pub columns: Vec<Name>,
    /// What it writes.
    pub query: Query,
}

/// A query: one or several SELECTs, and an order.
#[derive(Debug, Clone)]
pub struct Query {
    /// What gives the rows.
    pub body: Body,
    /// `ORDER BY`
    pub order_by: Vec<OrderBy>,
    /// Its place.
    pub span: Range<usize>,
}

/// What gives the rows of a query.
#[derive(Debug, Clone)]
pub enum Body {
    /// One SELECT.
    Select(Box<Select>),
    /// A query in parentheses.
    Query(Box<Query>),
    /// Queries with UNION ALL between them.
    UnionAll(Vec<Query>),
}

/// One SELECT.
#[derive(Debug, Clone)]
pub struct Select {
    /// The place of DISTINCT, where it is.
    pub distinct: Option<Range<usize>>,
    /// What it selects.
    pub items: Vec<SelectItem>,
    /// What it reads: one item, or several with commas between.
    pub from: Vec<FromItem>,
    /// `WHERE`
    pub filter: Option<Expr>,
    /// `GROUP BY` or `WINDOWED BY`
    pub grouping: Grouping,
    /// `HAVING`
    pub having: Option<Expr>,
    /// `WINDOW`
    pub windows: Vec<NamedWindow>,
    /// Its place.
    pub span: Range<usize>,
}

/// What a SELECT groups by.
#[derive(Debug, Clone)]
pub enum Grouping {
    /// By nothing.
    None,
    /// `GROUP BY`
    By {
        /// The expressions.
        keys: Vec<Expr>,
        /// The place of it all.
        span: Range<usize>,
    },
    /// `WINDOWED BY STAGGER`
    Stagger(Box<Stagger>),
}

/// `WINDOWED BY STAGGER (PARTITION BY keys RANGE interval)`
#[derive(Debug, Clone)]
pub struct Stagger {
    /// The expressions that it partitions by.
    pub keys: Vec<Expr>,
    /// How long a window stays open.
    pub range: Expr,
    /// Its place.
    pub span: Range<usize>,
}

/// `name AS (window)`
#[derive(Debug, Clone)]
pub struct NamedWindow {
    /// The name.
    pub name: Name,
    /// The window.
    pub spec: WindowSpec,
}

/// One item of a SELECT.
#[derive(Debug, Clone)]
pub enum SelectItem {
    /// `*`
    All {
        /// Its place.
        span: Range<usize>,
    },
    /// `name.*`
    AllOf(Name),
    /// An expression.
    Expr {
        /// The expression.
        expr: Box<Expr>,
        /// Its name, where it has one.
        alias: Option<Name>,
        /// The place of the expression.
        span: Range<usize>,
    },
}

/// One item of FROM.
#[derive(Debug, Clone)]
pub enum FromItem {
    /// A stream or a table.
    Relation {
        /// Its name.
        name: Name,
        /// The window of a join over it.
        over: Option<Over>,
        /// What it is called here.
        alias: Option<Name>,
        /// What its columns are called here.
        columns: Vec<Name>,
    },
    /// A query in parentheses.
    Query {
        /// The query.
        query: Box<Query>,
        /// The window of a join over it.
        over: Option<Over>,
        /// What it is called here.
        alias: Option<Name>,
        /// What its columns are called here.
        columns: Vec<Name>,
    },
    /// `TABLE(function(CURSOR(query), …))`
    Function(Box<TableFunction>),
    /// Two items joined.
    Join(Box<Join>),
}

/// Two items of FROM joined.
#[derive(Debug, Clone)]
pub struct Join {
    /// The item on the left.
    pub left: FromItem,
    /// The item on the right.
    pub right: FromItem,
    /// Which rows without a partner stay.
    pub kind: JoinKind,
    /// The condition; none with CROSS JOIN.
    pub on: Option<Expr>,
    /// The place of the words that join.
    pub span: Range<usize>,
}

/// A function whose rows are read.
#[derive(Debug, Clone)]
pub struct TableFunction {
    /// Its name.
    pub name: Name,
    /// The query whose rows it takes.
    pub cursor: Query,
    /// Its other arguments.
    pub arguments: Vec<Expr>,
    /// The places of the other arguments.
    pub argument_spans: Vec<Range<usize>>,
    /// What it is called here.
    pub alias: Option<Name>,
    /// What its columns are called here.
    pub columns: Vec<Name>,
    /// Its place.
    pub span: Range<usize>,
}

/// Which rows without a partner a join keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinKind {
    /// None.
    Inner,
    /// Those of the left.
    Left,
    /// Those of the right.
    Right,
    /// Those of both.
    Full,
    /// Every pair of rows is one of partners.
    Cross,
}

/// `OVER window`
#[derive(Debug, Clone)]
pub enum Over {
    /// A window of the WINDOW clause.
    Named(Name),
    /// A window written here.
    Spec {
        /// The window.
        spec: Box<WindowSpec>,
        /// Its place.
        span: Range<usize>,
    },
}

/// One expression of ORDER BY.
#[derive(Debug, Clone)]
pub struct OrderBy {
    /// The expression.
    pub expr: Expr,
    /// `DESC`
    pub descending: bool,
    /// Its place.
    pub span: Range<usize>,
}
