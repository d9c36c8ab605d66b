//! Places of rows among those of the same time.

use super::RelationId;

/// Rows, each with its place among those of the same time. The attributes are those of the input, and the place behind
/// them; rows that are equal share one, and leave out as many behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rank {
    /// The rows.
    pub input: RelationId,
    /// The attribute that they are ranked by, by index.
    pub by: usize,
    /// Whether the greatest value has the first place.
    pub falls: bool,
    /// Whether the last place is given first.
    pub last_first: bool,
    /// How many rows of one time are given; all where left out.
    pub count: Option<usize>,
}
