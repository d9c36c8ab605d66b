//! Streams.

use crate::document::{Diagnostic, Span, Spanned};
use crate::record::RecordFormat;
use crate::spec::{APPLICATION, ColumnSpec, EventTimeSpec, StreamSpec};
use crate::sql::SqlType;

use super::queries::kda;
use super::resolve::{Context, source};
use super::{Column, ERROR_STREAM, Source, Stream, Time};

impl Context<'_> {
    pub(super) fn streams(&self) -> Vec<Stream> {
        self.spec.streams.iter().map(|stream| self.stream(stream)).collect()
    }

    fn stream(&self, spec: &StreamSpec) -> Stream {
        let name = &spec.name.value;
        let source = source(self.spec, name);
        let columns = self.columns(spec, &source);
        let partition_key = match (&spec.partition_key, &source) {
            (Some(key), Source::Producers) => self.column("column", key, &columns),
            _ => None,
        };
        let time = match &spec.event_time {
            None => Time::Arrival,
            Some(event_time) => self.event_time(event_time, spec, &columns, &source),
        };
        let overridden = self.target.overrides.shards.iter().find(|(stream, _)| stream.value == *name);
        let capacity = overridden.map_or(spec.capacity, |(_, capacity)| *capacity);
        let format = self.format(spec, &source);
        let retention_hours = spec.retention_hours;
        Stream { name: name.clone(), capacity, retention_hours, format, columns, partition_key, time, source }
    }

    fn format(&self, spec: &StreamSpec, source: &Source) -> RecordFormat {
        let Source::Late(query) = source else {
            return spec.format.as_ref().map_or(RecordFormat::Json, |format| format.value);
        };
        if let Some(format) = &spec.format {
            self.add(
                Diagnostic::new(
                    format!("stream `{}` takes late rows as they were", spec.name.value),
                    format.span.clone(),
                )
                .label("its format is that of the stream that they come from")
                .help("leave this out"),
            );
        }
        // A query that has late rows reads one stream.
        let query = self.spec.queries.iter().find(|known| known.name.value == *query);
        let from = query.and_then(|query| query.from.first());
        let origin = from.and_then(|from| self.spec.streams.iter().find(|known| known.name.value == from.value));
        origin.and_then(|origin| origin.format.as_ref()).map_or(RecordFormat::Json, |format| format.value)
    }

    fn columns(&self, spec: &StreamSpec, source: &Source) -> Vec<Column> {
        let name = &spec.name;
        match (&spec.columns, source) {
            // A query of this name may be there, and could not be read.
            // That one of this name may not be declared at all is said already.
            (None, Source::Producers) if name.value.eq_ignore_ascii_case(ERROR_STREAM) => {}
            (None, Source::Producers) if self.findings.is_unread(&name.value) || self.writers_are_unknown() => {}
            (None, Source::Producers) => self.add(
                Diagnostic::new(format!("stream `{}` has no columns", name.value), name.span.clone())
                    .label("nothing says what its records hold")
                    .help(format!("add [streams.{}.columns], or a query of this name that writes it", name.value)),
            ),
            (Some(columns), Source::Query(_)) => self.add(
                Diagnostic::new(format!("stream `{}` is written by a query", name.value), columns.span.clone())
                    .label("its columns come from the query")
                    .help("leave these columns out"),
            ),
            (Some(columns), Source::Late(_)) => self.add(
                Diagnostic::new(format!("stream `{}` takes late rows as they were", name.value), columns.span.clone())
                    .label("its columns are those of the stream that they come from")
                    .help("leave these columns out"),
            ),
            _ => {}
        }
        let specs = spec.columns.as_ref().map_or(&[][..], |columns| &columns.value);
        self.places(specs);
        let column = |column: &ColumnSpec| Column {
            name: column.name.value.clone(),
            sql_type: column.column_type.value.sql_type,
            not_null: column.column_type.value.not_null,
            path: column.path.clone(),
        };
        specs.iter().map(column).collect()
    }

    /// Reports columns that read what another one reads.
    pub(super) fn places(&self, columns: &[ColumnSpec]) {
        for (index, column) in columns.iter().enumerate() {
            let inside = |outer: &[String], inner: &[String]| inner.starts_with(outer);
            let mut others = columns[..index].iter();
            if let Some(other) =
                others.find(|other| inside(&other.path, &column.path) || inside(&column.path, &other.path))
            {
                let (path, taken) = (column.path.join("."), other.path.join("."));
                let (one, two) = (&other.name, &column.name);
                self.add(
                    Diagnostic::new(
                        format!("columns `{}` and `{}` read the same place of a record", one.value, two.value),
                        two.span.clone(),
                    )
                    .label(format!("at `$.{path}`"))
                    .other(one.span.clone(), format!("at `$.{taken}`"))
                    .help("give one of them another `path`"),
                );
            }
        }
    }

    /// Returns whether an application writes streams that cannot be told.
    fn writers_are_unknown(&self) -> bool {
        let unknown = |application| kda::outputs(self.spec, application).is_empty();
        self.findings.is_unread(APPLICATION) || self.spec.applications.iter().any(unknown)
    }

    fn event_time(&self, spec: &EventTimeSpec, stream: &StreamSpec, columns: &[Column], source: &Source) -> Time {
        if *source != Source::Producers {
            self.add(
                Diagnostic::new("a stream that a query writes has no `event_time`", spec.column.span.clone())
                    .label("nothing is windowed by it")
                    .help("leave it out: `event_time` belongs to the stream that the query reads"),
            );
            return Time::Arrival;
        }
        let Some(column) = self.column("column", &spec.column, columns) else { return Time::Arrival };
        if !matches!(columns[column].sql_type, SqlType::Timestamp(_)) {
            let diagnostic = Diagnostic::new(
                format!("event time `{}` is a column of type {}", spec.column.value, columns[column].sql_type),
                spec.column.span.clone(),
            )
            .label("expected a TIMESTAMP column");
            self.add(match declared(stream, &spec.column.value) {
                Some(place) => diagnostic.other(place, "declared here"),
                None => diagnostic,
            });
        }
        Time::Event { column, delay: spec.delay, idle: spec.idle }
    }

    pub(super) fn column(&self, what: &str, name: &Spanned<String>, columns: &[Column]) -> Option<usize> {
        if columns.is_empty() {
            return None;
        }
        self.known(what, name, columns.iter().map(|column| column.name.as_str()));
        columns.iter().position(|column| column.name == name.value)
    }

    /// Resolves `partition_key` of the streams that queries write, now that their columns are known.
    pub(super) fn output_partition_keys(&self, streams: &mut [Stream]) {
        for (spec, stream) in self.spec.streams.iter().zip(streams) {
            if let (Some(key), Source::Query(_)) = (&spec.partition_key, &stream.source) {
                stream.partition_key = self.column("column", key, &stream.columns);
            }
            if let (Some(key), Source::Late(_)) = (&spec.partition_key, &stream.source) {
                self.add(
                    Diagnostic::new(
                        format!("stream `{}` takes late rows with the partition keys that they came with", stream.name),
                        key.span.clone(),
                    )
                    .label("leave this out"),
                );
            }
        }
    }
}

/// Returns the place of a column's type.
pub(super) fn declared(stream: &StreamSpec, column: &str) -> Option<Span> {
    let columns = stream.columns.as_ref()?;
    columns.value.iter().find(|spec| spec.name.value == column).map(|spec| spec.column_type.span.clone())
}
