//! What an expression may name.

use sqlparser::ast::{Ident, WindowType};

use super::super::{Aggregate, Expr, ExprKind, SqlError, SqlType};

/// The columns that an expression may name.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// Names and types of the input's columns.
    pub columns: &'a [(String, SqlType)],
    /// What else stands for them: the names of several inputs, each with that of its input before it.
    pub qualified: &'a [Visible],
}

impl<'a> Scope<'a> {
    /// Takes columns that go by their own names only.
    pub fn of(columns: &'a [(String, SqlType)]) -> Self {
        Self { columns, qualified: &[] }
    }
}

/// A name that an expression may use, and what it stands for.
#[derive(Debug, Clone, PartialEq)]
pub struct Visible {
    /// The name and what may stand before it: `["trades", "price"]` is found as `price` and as `trades.price`.
    pub path: Vec<String>,
    /// What it stands for.
    pub expr: Expr,
}

/// How names without quotes are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Folding {
    /// Letter by letter, or whatever their case where that leaves one only.
    Lenient,
    /// In capitals, as KDA stores them.
    Capitals,
}

/// Where aggregates may stand.
#[derive(Debug, Clone, Copy)]
pub enum Aggregates<'a> {
    /// Nowhere.
    Nowhere {
        /// What the expression is: "a `where`".
        place: &'static str,
        /// Why none may stand there.
        why: &'static str,
    },
    /// Over the rows of a group: what is outside of them is one of the group's keys, each an expression over the input
    /// and what it is called behind the grouping.
    Grouped(&'a [(Expr, String)]),
    /// Beside the columns of each row, over the rows before it.
    Sliding,
    /// Before `OVER` only.
    Over,
}

/// Everything that an expression may name and use.
#[derive(Debug, Clone, Copy)]
pub struct Space<'a> {
    /// The names.
    pub names: &'a [Visible],
    /// How they are found.
    pub folding: Folding,
    /// Where aggregates may stand.
    pub aggregates: Aggregates<'a>,
}

/// A call that stands before `OVER`.
#[derive(Debug, Clone, PartialEq)]
pub struct Over {
    /// The call.
    pub aggregate: Aggregate,
    /// Over what, as it was written.
    pub window: WindowType,
}

/// The aggregates that expressions stand on, each once: `ExprKind::Aggregate` counts in one of the two lists.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Found {
    /// Those of the group, or of the one frame that a query has.
    pub aggregates: Vec<Aggregate>,
    /// Those before `OVER`, where [`Aggregates::Over`] is the rule.
    pub over: Vec<Over>,
}

impl Visible {
    /// Makes a column of the input visible under its own name.
    pub fn column(name: &str, sql_type: SqlType) -> Self {
        Self { path: vec![name.to_owned()], expr: Expr::column(name, sql_type) }
    }

    pub(super) fn all(scope: Scope<'_>) -> Vec<Self> {
        let own = scope.columns.iter().map(|(name, sql_type)| Self::column(name, *sql_type));
        own.chain(scope.qualified.iter().cloned()).collect()
    }
}

impl Space<'_> {
    /// Returns whether something has many values in a group.
    fn is_within_groups(&self, expr: &Expr) -> bool {
        matches!(expr.kind, ExprKind::Column(_) | ExprKind::RowTime) && self.key(expr).is_none()
    }

    /// Finds what a name stands for; `inside` an aggregate, that is a column rather than an output of its name.
    pub(super) fn find(&self, name: &[Ident], inside: bool) -> Result<&Expr, SqlError> {
        let written: Vec<&str> = name.iter().map(|part| part.value.as_str()).collect();
        let text = written.join(".");
        let matching = |same: &dyn Fn(&Ident, &str) -> bool| -> Vec<&Visible> {
            let ends_in = |visible: &&Visible| {
                visible.path.len() >= name.len()
                    && name.iter().rev().zip(visible.path.iter().rev()).all(|(part, known)| same(part, known))
            };
            let mut found: Vec<&Visible> = self.names.iter().filter(ends_in).collect();
            // A whole name goes before the end of a longer one.
            if found.iter().any(|visible| visible.path.len() == name.len()) {
                found.retain(|visible| visible.path.len() == name.len());
            }
            if let Aggregates::Grouped(_) = self.aggregates {
                let is_meant = |visible: &&Visible| inside == self.is_within_groups(&visible.expr);
                if found.iter().any(is_meant) {
                    found.retain(is_meant);
                }
            }
            found
        };
        let exact = match self.folding {
            Folding::Lenient => matching(&|part, known| part.value == known),
            Folding::Capitals => matching(&|part, known| match part.quote_style {
                Some(_) => part.value == known,
                None => part.value.to_uppercase() == known,
            }),
        };
        let found = if exact.is_empty() && self.folding == Folding::Lenient {
            matching(&|part, known| match part.quote_style {
                Some(_) => part.value == known,
                None => part.value.eq_ignore_ascii_case(known),
            })
        } else {
            exact
        };
        match found.as_slice() {
            [first, rest @ ..] if rest.iter().all(|other| other.expr == first.expr) => Ok(&first.expr),
            [] => Err(self.unknown(&text, name)),
            // Several differ in case only: none is meant more than another.
            several if several.iter().all(|visible| visible.path.len() == name.len()) && name.len() == 1 => {
                Err(self.unknown(&text, name))
            }
            several => {
                let names: Vec<String> =
                    several.iter().map(|visible| format!("`{}`", visible.path.join("."))).collect();
                Err(SqlError::new(format!("`{text}` stands for several columns"))
                    .label("not clear which")
                    .help(format!("one of {}", names.join(", "))))
            }
        }
    }

    fn unknown(&self, text: &str, name: &[Ident]) -> SqlError {
        let error = SqlError::new(format!("there is no column `{text}`")).label("unknown column");
        let other_case = self.names.iter().find(|visible| {
            visible
                .path
                .last()
                .is_some_and(|known| name.last().is_some_and(|part| part.value.eq_ignore_ascii_case(known)))
        });
        match other_case {
            Some(visible) if self.folding == Folding::Capitals => {
                let quoted: Vec<String> = visible.path.iter().map(|part| format!("\"{part}\"")).collect();
                error.help(format!("write {}: a name without quotes is taken in capitals", quoted.join(".")))
            }
            // As many parts of each name as were written.
            _ => {
                let parts = |visible: &Visible| {
                    let first = visible.path.len().checked_sub(name.len())?;
                    Some(visible.path[first..].join("."))
                };
                let legal: Vec<String> = self.names.iter().filter_map(parts).collect();
                error.legal(text, legal.iter().map(String::as_str))
            }
        }
    }

    /// Returns what the key that an expression is equal to is called behind the grouping.
    pub(super) fn key(&self, expr: &Expr) -> Option<Expr> {
        let Aggregates::Grouped(keys) = self.aggregates else { return None };
        let (_, name) = keys.iter().find(|(key, _)| key == expr)?;
        Some(Expr { kind: ExprKind::Column(name.clone()), sql_type: expr.sql_type })
    }
}
