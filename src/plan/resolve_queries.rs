//! Queries.

use std::sync::Arc;

use crate::document::Diagnostic;
use crate::spec::QuerySpec;
use crate::sql::{Scope, SqlType, read_filter, read_select};

use super::resolve::{Context, find};
use super::{Column, Query, Source, Stream, Time};

/// The columns that every windowed row carries between its group and what it selects.
pub(super) const WINDOW_COLUMNS: [&str; 2] = ["window_start", "window_end"];

impl Context<'_> {
    pub(super) fn queries(&self, streams: &[Stream]) -> Vec<Query> {
        self.spec.queries.iter().filter_map(|query| self.query(query, streams)).collect()
    }

    fn query(&self, spec: &QuerySpec, streams: &[Stream]) -> Option<Query> {
        let names = streams.iter().map(|stream| stream.name.as_str());
        if find(streams, &spec.name.value).is_none() {
            self.add(
                Diagnostic::new(format!("query `{}` has no stream to write", spec.name.value), spec.name.span.clone())
                    .label("a query writes the stream of its own name")
                    .help(format!("add [streams.{}] with `shards = 1`", spec.name.value)),
            );
        }
        self.late(spec, streams);
        if !self.known("stream", &spec.from, names) {
            return None;
        }
        let from = find(streams, &spec.from.value)?;
        if from.source != Source::Producers {
            self.add(
                Diagnostic::new(
                    format!("query `{}` reads what a query writes", spec.name.value),
                    spec.from.span.clone(),
                )
                .label("chained queries are not supported in this version")
                .help("read the stream that the other query reads"),
            );
            return None;
        }
        self.select_from(spec, from)
    }

    fn select_from(&self, spec: &QuerySpec, from: &Stream) -> Option<Query> {
        let columns: Vec<(String, SqlType)> =
            from.columns.iter().map(|column| (column.name.clone(), column.sql_type)).collect();
        if columns.is_empty() {
            return None;
        }
        let scope = Scope { columns: &columns };
        let filter = spec.filter.as_ref().and_then(|text| match read_filter(&text.value, scope) {
            Ok(filter) => Some(filter),
            Err(error) => {
                self.sql(error, text);
                None
            }
        });
        let mut group_by = Vec::new();
        let mut taken: Vec<String> = WINDOW_COLUMNS.map(str::to_owned).to_vec();
        for name in &spec.group_by {
            if !self.known("column", name, columns.iter().map(|(column, _)| column.as_str())) {
                continue;
            }
            self.claim(&mut taken, name.value.clone(), name.span.clone());
            group_by.extend(columns.iter().position(|(column, _)| *column == name.value));
        }
        let grouped: Vec<String> = group_by.iter().map(|index| columns[*index].0.clone()).collect();
        let mut aggregates = Vec::new();
        let mut select = Vec::new();
        for (name, text) in &spec.select {
            self.claim(&mut taken, name.value.clone(), name.span.clone());
            match read_select(&text.value, scope, &grouped, aggregates.clone()) {
                Ok(reading) => {
                    aggregates = reading.aggregates;
                    select.push((name.value.clone(), reading.expr));
                }
                Err(error) => self.sql(error, text),
            }
        }
        Some(Query {
            name: spec.name.value.clone(),
            from: from.name.clone(),
            filter,
            window: Arc::clone(&spec.window),
            group_by,
            aggregates,
            select,
            late: spec.late.as_ref().map(|late| late.value.clone()),
        })
    }

    fn claim(&self, taken: &mut Vec<String>, name: String, span: crate::document::Span) {
        if taken.contains(&name) {
            let help = if WINDOW_COLUMNS.contains(&name.as_str()) {
                "every row has `window_start` and `window_end` already; choose another name"
            } else {
                "group columns are outputs already; choose another name"
            };
            self.add(Diagnostic::new(format!("a row would have two columns `{name}`"), span).label("taken").help(help));
        }
        taken.push(name);
    }

    fn late(&self, spec: &QuerySpec, streams: &[Stream]) {
        let Some(late) = &spec.late else { return };
        if !self.known("stream", late, streams.iter().map(|stream| stream.name.as_str())) {
            return;
        }
        let conflict = if late.value == spec.from.value {
            Some("this is the stream that the query reads")
        } else if find(streams, &late.value).is_some_and(|stream| matches!(stream.source, Source::Query(_))) {
            Some("a query writes this stream")
        } else if find(streams, &spec.from.value).is_some_and(|from| from.time == Time::Arrival) {
            Some("a row by arrival time is never late")
        } else if self.spec.generators.iter().any(|generator| generator.stream.value == late.value) {
            Some("a generator feeds this stream")
        } else {
            None
        };
        if let Some(conflict) = conflict {
            self.add(
                Diagnostic::new(format!("`{}` cannot take late rows", late.value), late.span.clone()).label(conflict),
            );
        }
    }
}

impl Query {
    /// Returns the columns of the stream that the query writes.
    pub(super) fn output_columns(&self, streams: &[Stream]) -> Vec<Column> {
        let column = |name: &str, sql_type: SqlType, not_null: bool| Column {
            name: name.to_owned(),
            sql_type,
            not_null,
            path: vec![name.to_owned()],
        };
        let from = find(streams, &self.from);
        let mut columns: Vec<Column> = self
            .group_by
            .iter()
            .filter_map(|index| from?.columns.get(*index))
            .map(|group| column(&group.name, group.sql_type, group.not_null))
            .collect();
        // Windows are whole milliseconds.
        columns.extend(WINDOW_COLUMNS.map(|name| column(name, SqlType::Timestamp(3), true)));
        columns.extend(self.select.iter().filter_map(|(name, expr)| Some(column(name, expr.sql_type?, false))));
        columns
    }
}
