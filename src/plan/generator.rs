//! Generators.

use std::sync::Arc;

use crate::field::Field;

/// Makes records for one stream.
#[derive(Debug, Clone)]
pub struct Generator {
    /// The stream that it feeds.
    pub stream: String,
    /// Records per second, above 0.
    pub rate: f64,
    /// The seed: equal seeds give equal records, the clock's fields aside.
    pub seed: u64,
    /// One field per column of the stream, in the columns' order.
    pub fields: Vec<GeneratedField>,
}

/// How one column's values are made.
#[derive(Debug, Clone)]
pub struct GeneratedField {
    /// The kind with its options.
    pub field: Arc<dyn Field>,
    /// The share of records in which the value is NULL, 0 to 1.
    pub null_share: f64,
    /// For a kind that keeps a state per key: the column whose value is the key, by index.
    pub per: Option<usize>,
}
