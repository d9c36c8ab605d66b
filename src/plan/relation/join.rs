//! Joins.

use crate::sql::Expr;
use crate::window::Micros;

use super::RelationId;

/// Which rows without a partner there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinKind {
    /// None.
    Inner,
    /// Those of the left side.
    Left,
    /// Those of the right side.
    Right,
    /// Those of both sides.
    Full,
}

/// Pairs of a left and a right row with equal keys, the right one's time within bounds around the left one's. The
/// attributes are those of the left side, and those of the right side behind them.
#[derive(Debug, Clone)]
pub struct Join {
    /// The left side.
    pub left: RelationId,
    /// The right side.
    pub right: RelationId,
    /// Which rows without a partner there are.
    pub kind: JoinKind,
    /// How far the right row's time may lie before the left row's.
    pub before: Micros,
    /// How far the right row's time may lie behind the left row's.
    pub after: Micros,
    /// The attributes that are equal in a pair: by index on the left, and on the right.
    pub on: Vec<(usize, usize)>,
    /// What else must hold of a pair, over the attributes of the join.
    pub filter: Option<Expr>,
    /// Whether the time of a pair is the later one of the two; the left row's otherwise.
    pub later: bool,
}

/// Rows, each with every row of a table that has the same keys. The attributes are those of the input, and those of the
/// table behind them.
#[derive(Debug, Clone)]
pub struct Lookup {
    /// The rows.
    pub input: RelationId,
    /// The table, by name.
    pub table: String,
    /// `Inner`, or `Left`.
    pub kind: JoinKind,
    /// What is equal: an attribute of the input by index, and a column of the table by index.
    pub on: Vec<(usize, usize)>,
    /// What else must hold, over the attributes of the whole.
    pub filter: Option<Expr>,
}
