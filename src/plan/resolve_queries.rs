//! Queries.

use std::sync::Arc;

use crate::document::{Diagnostic, Span, Spanned, nearest};
use crate::spec::{EVENT_TIME, QuerySpec};
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
        if find(streams, &spec.name.value).is_none() && !self.findings.is_unread(&spec.name.value) {
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
        let mut taken: Vec<(&str, Option<&Span>)> = WINDOW_COLUMNS.map(|name| (name, None)).to_vec();
        let mut unknown = false;
        for name in &spec.group_by {
            if !self.known("column", name, columns.iter().map(|(column, _)| column.as_str())) {
                unknown = true;
                continue;
            }
            self.claim(&mut taken, name);
            group_by.extend(columns.iter().position(|(column, _)| *column == name.value));
        }
        // Where a group column is unknown, any column may have been meant.
        let grouped: Vec<String> = if unknown {
            columns.iter().map(|(name, _)| name.clone()).collect()
        } else {
            group_by.iter().map(|index| columns[*index].0.clone()).collect()
        };
        let mut aggregates = Vec::new();
        let mut select = Vec::new();
        for (name, text) in &spec.select {
            self.claim(&mut taken, name);
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

    /// Takes a name for an output column.
    fn claim<'n>(&self, taken: &mut Vec<(&'n str, Option<&'n Span>)>, name: &'n Spanned<String>) {
        if let Some((_, first)) = taken.iter().find(|(known, _)| *known == name.value) {
            let diagnostic =
                Diagnostic::new(format!("a row would have two columns `{}`", name.value), name.span.clone());
            self.add(match first {
                None => diagnostic
                    .label("taken")
                    .help("every row has `window_start` and `window_end` already; choose another name"),
                Some(first) => diagnostic
                    .label("the second")
                    .other((*first).clone(), "the first")
                    .help("group columns are outputs already; leave one of the two out, or choose another name"),
            });
        }
        taken.push((&name.value, Some(&name.span)));
    }

    fn late(&self, spec: &QuerySpec, streams: &[Stream]) {
        let Some(late) = &spec.late else { return };
        if find(streams, &late.value).is_none() && !self.findings.is_unread(&late.value) {
            let names = streams.iter().map(|stream| stream.name.as_str());
            let help = nearest(&late.value, names)
                .map_or_else(|| format!("add [streams.{}]", late.value), |near| format!("did you mean `{near}`?"));
            self.add(
                Diagnostic::new(format!("there is no stream `{}`", late.value), late.span.clone())
                    .label("unknown stream")
                    .help(help),
            );
            return;
        }
        let by_arrival = find(streams, &spec.from.value).is_some_and(|from| from.time == Time::Arrival);
        let (conflict, help) = if late.value == spec.from.value {
            ("this is the stream that the query reads", "declare another stream for them".to_owned())
        } else if find(streams, &late.value).is_some_and(|stream| matches!(stream.source, Source::Query(_))) {
            ("a query writes this stream", "declare another stream for them".to_owned())
        } else if by_arrival && !self.findings.is_unread(EVENT_TIME) {
            let help = format!("give stream `{}` an `event_time`, or leave `late` out", spec.from.value);
            ("a row by arrival time is never late", help)
        } else {
            return;
        };
        self.add(
            Diagnostic::new(format!("`{}` cannot take late rows", late.value), late.span.clone())
                .label(conflict)
                .help(help),
        );
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
