//! What a query reads: streams, other queries, and several of them as one.

use crate::document::{Diagnostic, Spanned};
use crate::spec::QuerySpec;
use crate::sql::{Expr, Visible};

use super::super::resolve::find;
use super::super::{Attribute, Clock, Operator, Read, RelationId, Source, Time};
use super::{Building, Progress};

impl Building<'_> {
    /// Returns the relation that the rest of a query is built on.
    /// The second part is the columns by the names of what they come from.
    pub(super) fn input(&mut self, spec: &QuerySpec) -> Option<(RelationId, Vec<Visible>)> {
        let found: Vec<Option<RelationId>> = spec.from.iter().map(|name| self.named(name, spec)).collect();
        let inputs = found.into_iter().collect::<Option<Vec<_>>>()?;
        let base = if inputs.len() == 1 { inputs[0] } else { self.union(spec, inputs)? };
        let mut qualified = Vec::new();
        if let [only] = spec.from.as_slice() {
            let attributes = self.relations[base].attributes.iter();
            qualified.extend(attributes.map(|attribute| attribute.qualified(&only.value, &attribute.name)));
        }
        let joined = spec.joins.iter().try_fold(base, |left, join| self.join(spec, (left, &mut qualified), join))?;
        Some((joined, qualified))
    }

    /// Returns the relation of a stream or of a query.
    pub(super) fn named(&mut self, name: &Spanned<String>, reader: &QuerySpec) -> Option<RelationId> {
        let specs = &self.context.spec.queries;
        if let Some(index) = specs.iter().position(|query| query.name.value == name.value) {
            self.query(index);
            return match &self.progress[index] {
                Progress::Built(query) => Some(query.relation),
                Progress::Begun => {
                    self.context.add(
                        Diagnostic::new(
                            format!("query `{}` reads what it writes itself", reader.name.value),
                            name.span.clone(),
                        )
                        .label(if reader.name.value == name.value {
                            "its own rows".to_owned()
                        } else {
                            format!("`{}` is made of its rows", name.value)
                        })
                        .help("rows go one way: let one of the queries read a stream"),
                    );
                    None
                }
                Progress::Open | Progress::Failed => None,
            };
        }
        if self.tables.iter().any(|table| table.name == name.value) {
            self.context.add(
                Diagnostic::new(
                    format!("`{}` is a table, which brings no rows by itself", name.value),
                    name.span.clone(),
                )
                .label("expected a stream or a query")
                .help(format!("read a stream, and write join = {{ with = \"{}\", on = [\"…\"] }}", name.value)),
            );
            return None;
        }
        let names = self.streams.iter().map(|stream| stream.name.as_str());
        let queries = specs.iter().map(|query| query.name.value.as_str());
        if !self.context.known("stream", name, names.chain(queries)) {
            return None;
        }
        let stream = find(self.streams, &name.value)?;
        if let Source::Late(query) = &stream.source {
            self.context.add(
                Diagnostic::new(
                    format!("query `{}` reads the late rows of another one", reader.name.value),
                    name.span.clone(),
                )
                .label(format!("these rows came too late for `{query}`"))
                .help("read the stream that the other query reads, with a longer `delay`"),
            );
            return None;
        }
        if let Source::Query(query) = &stream.source {
            let query = query.clone();
            return self.written_by_application(&query, name);
        }
        // Without columns there is nothing to name, and why is said already.
        (!stream.columns.is_empty()).then(|| self.read(&stream.name))
    }

    /// Returns the relation of a stream's records; there is one for each stream.
    fn read(&mut self, stream: &str) -> RelationId {
        let known = self.relations.iter().position(
            |relation| matches!(&relation.operator, Operator::Read(read) if read.stream == stream && read.system.is_empty()),
        );
        if let Some(known) = known {
            return known;
        }
        let stream = find(self.streams, stream).expect("the caller has found it");
        let event = match stream.time {
            Time::Arrival => None,
            Time::Event { column, .. } => Some(column),
        };
        let attributes = stream.columns.iter().enumerate().map(|(index, column)| Attribute {
            name: column.name.clone(),
            sql_type: column.sql_type,
            not_null: column.not_null || event == Some(index),
        });
        let clock = if event.is_some() { Clock::Event } else { Clock::Arrival };
        let operator = Operator::Read(Read { stream: stream.name.clone(), system: Vec::new() });
        self.add(stream.name.clone(), attributes.collect(), clock, operator)
    }

    fn union(&mut self, spec: &QuerySpec, inputs: Vec<RelationId>) -> Option<RelationId> {
        let first = &self.relations[inputs[0]];
        let shape = |attributes: &[Attribute]| -> Vec<String> {
            attributes.iter().map(|attribute| format!("{} {}", attribute.name, attribute.sql_type)).collect()
        };
        let expected = shape(&first.attributes);
        let mut fits = true;
        for (input, name) in inputs.iter().zip(&spec.from).skip(1) {
            let other = &self.relations[*input];
            let found = shape(&other.attributes);
            let label = if other.clock != first.clock {
                "one goes by event time, the other by arrival".to_owned()
            } else if found != expected {
                let differs = (0..expected.len().max(found.len())).find(|at| expected.get(*at) != found.get(*at));
                let nothing = "nothing".to_owned();
                let at = differs.unwrap_or(0);
                format!(
                    "here is {} where the other has {}",
                    found.get(at).unwrap_or(&nothing),
                    expected.get(at).unwrap_or(&nothing)
                )
            } else {
                continue;
            };
            fits = false;
            self.context.add(
                Diagnostic::new(
                    format!("`{}` and `{}` cannot be read as one", spec.from[0].value, name.value),
                    name.span.clone(),
                )
                .label(label)
                .other(spec.from[0].span.clone(), "the other one")
                .help("rows that are read as one have the same columns, in the same order"),
            );
        }
        if !fits {
            return None;
        }
        let mut attributes = first.attributes.clone();
        for (index, attribute) in attributes.iter_mut().enumerate() {
            attribute.not_null = inputs.iter().all(|input| self.relations[*input].attributes[index].not_null);
        }
        let clock = first.clock;
        Some(self.add(format!("{}:from", spec.name.value), attributes, clock, Operator::Union(inputs)))
    }
}

impl Attribute {
    /// Returns what it is called with the name of what it comes from; `own` is its name there.
    pub(super) fn qualified(&self, from: &str, own: &str) -> Visible {
        Visible { path: vec![from.to_owned(), own.to_owned()], expr: Expr::column(&self.name, self.sql_type) }
    }
}

impl QuerySpec {
    /// Returns whether the query reads a stream or query of a name.
    pub(super) fn reads(&self, name: &str) -> bool {
        self.from.iter().any(|from| from.value == name) || self.joins.iter().any(|join| join.with.value == name)
    }
}
