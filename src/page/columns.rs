//! The columns of a stream's rows, as a chart needs them told apart.

use serde::Serialize;

use crate::plan::{Plan, Query};
use crate::record::Parts;

/// A stream that a query writes.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Output {
    pub(super) stream: String,
    pub(super) query: String,
    /// What the query does, in words.
    summary: String,
    /// All of its columns, in order.
    pub(super) columns: Vec<String>,
    /// Those that make the key of a line, by index.
    keys: Vec<usize>,
    /// Those that a chart can show, by index.
    measures: Vec<usize>,
    /// The one that says when a row is from, by index; none where rows have no time of their own.
    time: Option<usize>,
}

impl Output {
    /// Returns the streams that queries write.
    pub(super) fn all(plan: &Plan) -> Vec<Self> {
        plan.outputs().filter_map(|(query, stream)| Self::of(plan, query, stream)).collect()
    }

    fn of(plan: &Plan, query: &Query, stream: &str) -> Option<Self> {
        let columns = &plan.stream(stream)?.columns;
        let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
        let Parts { keys, time, measures, .. } = Parts::of(&names);
        let is_number = |index: &usize| columns[*index].sql_type.is_numeric();
        Some(Self {
            stream: stream.to_owned(),
            query: query.name.clone(),
            summary: query.summary.clone(),
            keys,
            measures: measures.into_iter().filter(is_number).collect(),
            time,
            columns: names,
        })
    }
}
