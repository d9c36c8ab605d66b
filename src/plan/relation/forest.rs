//! Scores of how unusual a row is.

use super::RelationId;

/// Rows, each with a score of how far it lies from those before it. The attributes are those of the input, and the score
/// behind them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forest {
    /// The rows.
    pub input: RelationId,
    /// The numbers that a row is judged by, by index.
    pub columns: Vec<usize>,
    /// How many trees there are.
    pub trees: usize,
    /// How many rows a tree holds; as many pass before a score is more than zero.
    pub sample: usize,
    /// How many rows back the past still counts.
    pub decay: usize,
    /// How many rows in a row are judged together.
    pub shingle: usize,
}
