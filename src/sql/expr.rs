//! Typed expressions.

use super::{Function, SqlType};

/// An expression whose type is known. Every cast that its meaning needs stands in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// The type of its value; `None` for a bare NULL.
    pub sql_type: Option<SqlType>,
}

/// What an expression is.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// A column of the input, by its exact name.
    Column(String),
    /// An aggregate of the window, by its index in the query's list.
    Aggregate(usize),
    /// The hidden time of the row.
    RowTime,
    /// The window's first moment.
    WindowStart,
    /// The first moment behind the window.
    WindowEnd,
    /// A constant.
    Literal(Literal),
    /// `-x`
    Negate(Box<Expr>),
    /// `NOT x`
    Not(Box<Expr>),
    /// `x IS NULL`
    IsNull(Box<Expr>),
    /// `x IS NOT NULL`
    IsNotNull(Box<Expr>),
    /// Two operands of the same type.
    Binary(Box<Expr>, Operator, Box<Expr>),
    /// Another type for the same value.
    Cast {
        /// The value.
        expr: Box<Expr>,
        /// Whether every dialect makes this conversion of its own.
        implicit: bool,
    },
    /// `CASE WHEN condition THEN value … ELSE value END`
    Case {
        /// Conditions and their values in order.
        whens: Vec<(Expr, Expr)>,
        /// The value where no condition holds; NULL where left out.
        otherwise: Option<Box<Expr>>,
    },
    /// `x [NOT] IN (…)`
    In {
        /// What is looked for.
        expr: Box<Expr>,
        /// What it is looked for among.
        list: Vec<Expr>,
        /// `NOT IN`
        negated: bool,
    },
    /// `x [NOT] LIKE 'pattern'`
    Like {
        /// The text.
        expr: Box<Expr>,
        /// The pattern with `%` and `_`.
        pattern: String,
        /// `NOT LIKE`
        negated: bool,
    },
    /// A call of a scalar function.
    Call(&'static Function, Vec<Expr>),
}

/// A constant.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// NULL.
    Null,
    /// `TRUE` or `FALSE`.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A number with a point or an exponent, in the digits it was written with.
    Number(String),
    /// Text.
    Text(String),
    /// A moment, in microseconds since 1970.
    Timestamp(i64),
    /// A day, in days since 1970.
    Date(i32),
    /// A length of time in microseconds: an argument of functions of moments, of type BIGINT.
    Interval(i64),
}

/// An operator between two operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`; truncates between whole numbers.
    Divide,
    /// The remainder, with the sign of the dividend.
    Modulo,
    /// `||`
    Concat,
    /// `=`
    Equal,
    /// `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `AND`
    And,
    /// `OR`
    Or,
}

impl Expr {
    /// Puts an expression and its type together.
    pub fn new(kind: ExprKind, sql_type: SqlType) -> Self {
        Self { kind, sql_type: Some(sql_type) }
    }

    /// Returns a column.
    pub fn column(name: &str, sql_type: SqlType) -> Self {
        Self::new(ExprKind::Column(name.to_owned()), sql_type)
    }

    /// Returns the NULL of no type yet.
    pub fn null() -> Self {
        Self { kind: ExprKind::Literal(Literal::Null), sql_type: None }
    }

    /// Returns the expression as a value of another type; as it is where the type is the same.
    #[must_use]
    pub fn cast(self, to: SqlType, implicit: bool) -> Self {
        if self.sql_type == Some(to) {
            return self;
        }
        // A NULL takes any type without a conversion.
        if self.sql_type.is_none() {
            return Self { sql_type: Some(to), ..self };
        }
        Self::new(ExprKind::Cast { expr: Box::new(self), implicit }, to)
    }

    /// Returns the direct parts of the expression.
    pub fn children(&self) -> Vec<&Self> {
        match &self.kind {
            ExprKind::Column(_)
            | ExprKind::Aggregate(_)
            | ExprKind::RowTime
            | ExprKind::WindowStart
            | ExprKind::WindowEnd
            | ExprKind::Literal(_) => Vec::new(),
            ExprKind::Negate(expr)
            | ExprKind::Not(expr)
            | ExprKind::IsNull(expr)
            | ExprKind::IsNotNull(expr)
            | ExprKind::Cast { expr, .. }
            | ExprKind::Like { expr, .. } => vec![expr],
            ExprKind::Binary(left, _, right) => vec![left, right],
            ExprKind::Case { whens, otherwise } => {
                whens.iter().flat_map(|(when, then)| [when, then]).chain(otherwise.as_deref()).collect()
            }
            ExprKind::In { expr, list, .. } => std::iter::once(&**expr).chain(list).collect(),
            ExprKind::Call(_, arguments) => arguments.iter().collect(),
        }
    }

    /// Returns the direct parts of the expression, to be changed.
    pub fn children_mut(&mut self) -> Vec<&mut Self> {
        match &mut self.kind {
            ExprKind::Column(_)
            | ExprKind::Aggregate(_)
            | ExprKind::WindowStart
            | ExprKind::WindowEnd
            | ExprKind::RowTime
            | ExprKind::Literal(_) => Vec::new(),
            ExprKind::Negate(expr)
            | ExprKind::Not(expr)
            | ExprKind::IsNull(expr)
            | ExprKind::IsNotNull(expr)
            | ExprKind::Cast { expr, .. }
            | ExprKind::Like { expr, .. } => vec![expr],
            ExprKind::Binary(left, _, right) => vec![left, right],
            ExprKind::Case { whens, otherwise } => {
                whens.iter_mut().flat_map(|(when, then)| [when, then]).chain(otherwise.as_deref_mut()).collect()
            }
            ExprKind::In { expr, list, .. } => std::iter::once(&mut **expr).chain(list).collect(),
            ExprKind::Call(_, arguments) => arguments.iter_mut().collect(),
        }
    }

    /// Returns the expression with every part for which `with` has another in its place.
    #[must_use]
    pub fn replace(mut self, with: &impl Fn(&Self) -> Option<Self>) -> Self {
        if let Some(other) = with(&self) {
            return other;
        }
        for child in self.children_mut() {
            let part = std::mem::replace(child, Self::null());
            *child = part.replace(with);
        }
        self
    }

    /// Returns whether the expression or a part of it is such.
    pub fn any(&self, such: &impl Fn(&Self) -> bool) -> bool {
        such(self) || self.children().into_iter().any(|child| child.any(such))
    }

    /// Calls `visit` with the name of every column in the expression.
    pub fn columns<'a>(&'a self, visit: &mut impl FnMut(&'a str)) {
        if let ExprKind::Column(name) = &self.kind {
            visit(name);
        }
        for child in self.children() {
            child.columns(visit);
        }
    }
}

impl Operator {
    /// Returns how every dialect writes the operator (`Modulo` is a function in some).
    pub fn text(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Modulo => "%",
            Self::Concat => "||",
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::And => "AND",
            Self::Or => "OR",
        }
    }

    /// Returns whether the operator compares.
    pub fn compares(self) -> bool {
        matches!(
            self,
            Self::Equal | Self::NotEqual | Self::Less | Self::LessOrEqual | Self::Greater | Self::GreaterOrEqual
        )
    }
}
