//! Groups per window.

use std::sync::Arc;

use crate::sql::{Aggregate, Expr};
use crate::window::Window;

use super::RelationId;

/// One row for each group of rows that share a window and their keys, once the window is over.
#[derive(Debug, Clone)]
pub struct Group {
    /// What it is made of.
    pub input: RelationId,
    /// The window.
    pub window: Arc<dyn Window>,
    /// The attributes of the input that make the group, by index, in order.
    pub keys: Vec<usize>,
    /// The aggregates that `outputs`, `having` and `top` stand on.
    pub aggregates: Vec<Aggregate>,
    /// One expression per attribute, over the keys by name, the window's two moments and the aggregates.
    pub outputs: Vec<Expr>,
    /// Which groups give a row; all where left out.
    pub having: Option<Expr>,
    /// How many rows of a window there are at the most; all where left out.
    pub top: Option<Top>,
    /// The time of the rows.
    pub row_time: RowTime,
}

/// The first few rows of each window.
#[derive(Debug, Clone)]
pub struct Top {
    /// How many.
    pub count: usize,
    /// In which order, and whether it falls. Rows that are equal in all of it follow each other by their keys.
    pub by: Vec<(Expr, bool)>,
    /// The keys, by index among them, that have a first few of their own.
    pub per: Vec<usize>,
}

/// The time of a window's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowTime {
    /// The last millisecond of the window, so that a row belongs to the larger window that its own window lies in. This
    /// is Flink's `window_time`.
    LastMilli,
    /// The end of the window. This is KDA's `ROWTIME`.
    End,
}
