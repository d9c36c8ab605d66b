//! Queries.

use std::sync::Arc;

use crate::sql::{Aggregate, Expr};
use crate::window::Window;

/// A windowed query: rows of one stream, grouped per window and key, each group giving one row of another stream.
///
/// Its rows hold the group columns, `window_start`, `window_end`, and then `select`.
#[derive(Debug, Clone)]
pub struct Query {
    /// Its name, and that of the stream that it writes.
    pub name: String,
    /// The stream that it reads.
    pub from: String,
    /// Which rows count; all where left out.
    pub filter: Option<Expr>,
    /// The window.
    pub window: Arc<dyn Window>,
    /// The columns of the stream that make the group, by index, in order.
    pub group_by: Vec<usize>,
    /// The aggregates that `select` stands on.
    pub aggregates: Vec<Aggregate>,
    /// The outputs by name, in order.
    pub select: Vec<(String, Expr)>,
    /// The stream that takes late rows as they were, where one is declared.
    pub late: Option<String>,
}
