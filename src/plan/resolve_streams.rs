//! Streams, and the generators that feed them.

use crate::document::{Diagnostic, Span, Spanned};
use crate::record::RecordFormat;
use crate::spec::{APPLICATION, ColumnSpec, EventTimeSpec, GeneratorSpec, StreamSpec};
use crate::sql::SqlType;

use super::queries::kda;
use super::resolve::{Context, find, source};
use super::{Column, ERROR_STREAM, GeneratedField, Generator, Source, Stream, Time};

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

    fn column(&self, what: &str, name: &Spanned<String>, columns: &[Column]) -> Option<usize> {
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

    pub(super) fn generators(&self, streams: &[Stream]) -> Vec<Generator> {
        self.spec.generators.iter().filter_map(|generator| self.generator(generator, streams)).collect()
    }

    fn generator(&self, spec: &GeneratorSpec, streams: &[Stream]) -> Option<Generator> {
        if !self.known("stream", &spec.stream, streams.iter().map(|stream| stream.name.as_str())) {
            return None;
        }
        let stream = find(streams, &spec.stream.value)?;
        let what = match &stream.source {
            Source::Producers => None,
            Source::Query(query) => Some((query, "is written by a query")),
            Source::Late(query) => Some((query, "takes the late rows of a query")),
        };
        if let Some((query, what)) = what {
            let diagnostic = Diagnostic::new(format!("stream `{}` {what}", stream.name), spec.stream.span.clone())
                .label("a generator cannot feed it too");
            let query = self.spec.queries.iter().find(|spec| spec.name.value == *query);
            self.add(match query {
                Some(query) => diagnostic.other(query.name.span.clone(), "this query"),
                None => diagnostic,
            });
            return None;
        }
        let declaration = self.spec.streams.iter().find(|spec| spec.name.value == stream.name);
        for field in &spec.fields.value {
            self.column("column", &field.column, &stream.columns);
        }
        let mut fields = Vec::new();
        for column in &stream.columns {
            let Some(field) = spec.fields.value.iter().find(|field| field.column.value == column.name) else {
                if self.findings.is_unread(&column.name) {
                    continue;
                }
                self.add(
                    Diagnostic::new(
                        format!("generator `{}` has no field for column `{}`", stream.name, column.name),
                        spec.fields.span.clone(),
                    )
                    .label(format!("`{}` is needed here", column.name))
                    .help(format!("add `{} = {{ kind = \"…\" }}`", column.name)),
                );
                continue;
            };
            let place = declaration.and_then(|stream| declared(stream, &column.name));
            let conflict = |message: String, label: String| {
                let diagnostic = Diagnostic::new(message, field.span.clone()).label(label);
                self.add(match place.clone() {
                    Some(place) => diagnostic.other(place, "declared here"),
                    None => diagnostic,
                });
            };
            if let Err(reason) = field.field.check(column.sql_type) {
                conflict(
                    format!("field `{}` does not fit its column of type {}", column.name, column.sql_type),
                    reason,
                );
            }
            if field.null_share > 0.0 && column.not_null {
                conflict(format!("column `{}` is NOT NULL", column.name), "this field makes NULL".to_owned());
            }
            let per = field.field.per().and_then(|per| self.column("column", per, &stream.columns));
            fields.push(GeneratedField {
                field: std::sync::Arc::clone(&field.field),
                null_share: field.null_share,
                per,
            });
        }
        self.circles(spec, &fields, stream);
        let overridden = self.target.overrides.rates.iter().find(|(name, _)| name.value == stream.name);
        let rate = overridden.map_or(spec.rate, |(_, rate)| *rate);
        Some(Generator { stream: stream.name.clone(), rate, seed: spec.seed, fields })
    }

    /// Reports a chain of `per` that comes back to where it began: no value of it could be the first.
    fn circles(&self, spec: &GeneratorSpec, fields: &[GeneratedField], stream: &Stream) {
        // With a field missing, an index is not that of a column.
        if fields.len() != stream.columns.len() {
            return;
        }
        let mut reported = vec![false; fields.len()];
        for start in 0..fields.len() {
            let mut chain = vec![start];
            while let Some(next) = chain.last().and_then(|last| fields[*last].per).filter(|next| !chain.contains(next))
            {
                chain.push(next);
            }
            let closes = chain.last().and_then(|last| fields[*last].per) == Some(start);
            if !closes || reported[start] {
                continue;
            }
            for index in &chain {
                reported[*index] = true;
            }
            let name = |index: &usize| format!("`{}`", stream.columns[*index].name);
            let field = spec.fields.value.iter().find(|field| field.column.value == stream.columns[start].name);
            let Some(per) = field.and_then(|field| field.field.per()) else { continue };
            let diagnostic = Diagnostic::new(
                format!("by `per`, the values of {} depend on themselves", name(&start)),
                per.span.clone(),
            );
            self.add(if chain.len() == 1 {
                diagnostic.label("this is the column itself")
            } else {
                let round: Vec<String> = chain[1..].iter().chain([&start]).map(name).collect();
                diagnostic.label(format!("{} depends on {}", name(&start), round.join(", which depends on ")))
            });
        }
    }
}

/// Returns the place of a column's type.
fn declared(stream: &StreamSpec, column: &str) -> Option<Span> {
    let columns = stream.columns.as_ref()?;
    columns.value.iter().find(|spec| spec.name.value == column).map(|spec| spec.column_type.span.clone())
}
