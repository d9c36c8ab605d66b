//! Regions of space in which many of the last rows lie.

use super::RelationId;

/// Rows, each with the hotspots among it and those before it, as JSON text. The attributes are those of the input, and the
/// hotspots behind them.
#[derive(Debug, Clone)]
pub struct Hotspots {
    /// The rows.
    pub input: RelationId,
    /// The numbers that are a row's place, by index.
    pub columns: Vec<usize>,
    /// How many rows are looked at, the row itself among them.
    pub window: usize,
    /// How far two neighbours lie apart at most, in the unit of the columns; more than zero.
    pub radius: f64,
    /// How many rows, itself among them, lie around one that makes a hotspot.
    pub min_points: usize,
}
