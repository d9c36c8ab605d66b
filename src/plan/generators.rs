//! Generators, checked against the streams that they feed.

use std::sync::Arc;

use crate::document::{Diagnostic, Spanned};
use crate::field::{Depends, Field, Way};
use crate::spec::{FieldSpec, GeneratorSpec};

use super::resolve::{Context, find};
use super::resolve_streams::declared;
use super::{Column, GeneratedField, Generator, Making, Source, Stream, Table};

impl Context<'_> {
    pub(super) fn generators(&self, streams: &[Stream], tables: &[Table]) -> Vec<Generator> {
        self.spec.generators.iter().filter_map(|generator| self.generator(generator, streams, tables)).collect()
    }

    fn generator(&self, spec: &GeneratorSpec, streams: &[Stream], tables: &[Table]) -> Option<Generator> {
        if !self.known("stream", &spec.stream, streams.iter().map(|stream| stream.name.as_str())) {
            return None;
        }
        let stream = find(streams, &spec.stream.value)?;
        if self.is_written(spec, stream) {
            return None;
        }
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
            if field.null_share > 0.0 && column.not_null {
                let message = format!("column `{}` is NOT NULL", column.name);
                self.conflict(field, stream, message, "this field makes NULL".to_owned());
            }
            // One that cannot be made is a finding, and hides none in the others.
            if let Some(making) = self.making(field, column, stream, tables) {
                fields.push(GeneratedField { making, null_share: field.null_share });
            }
        }
        self.circles(spec, &fields, stream);
        let overridden = self.target.overrides.rates.iter().find(|(name, _)| name.value == stream.name);
        let rate = overridden.map_or(&spec.rate, |(_, rate)| rate).clone();
        Some(Generator {
            stream: stream.name.clone(),
            rate,
            arrivals: spec.arrivals,
            seed: spec.seed,
            faults: spec.faults.clone(),
            fields,
        })
    }

    /// Reports a stream that something else writes.
    fn is_written(&self, spec: &GeneratorSpec, stream: &Stream) -> bool {
        let (query, what) = match &stream.source {
            Source::Producers => return false,
            Source::Query(query) => (query, "is written by a query"),
            Source::Late(query) => (query, "takes the late rows of a query"),
        };
        let diagnostic = Diagnostic::new(format!("stream `{}` {what}", stream.name), spec.stream.span.clone())
            .label("a generator cannot feed it too");
        let query = self.spec.queries.iter().find(|spec| spec.name.value == *query);
        self.add(match query {
            Some(query) => diagnostic.other(query.name.span.clone(), "this query"),
            None => diagnostic,
        });
        true
    }

    /// Reports that a field and its column do not go together.
    pub(super) fn conflict(&self, field: &FieldSpec, stream: &Stream, message: String, label: String) {
        let diagnostic = Diagnostic::new(message, field.span.clone()).label(label);
        let declaration = self.spec.streams.iter().find(|spec| spec.name.value == stream.name);
        self.add(match declaration.and_then(|stream| declared(stream, &field.column.value)) {
            Some(place) => diagnostic.other(place, "declared here"),
            None => diagnostic,
        });
    }

    fn making(&self, spec: &FieldSpec, column: &Column, stream: &Stream, tables: &[Table]) -> Option<Making> {
        let per = spec.per.as_ref().and_then(|per| self.column("column", per, &stream.columns));
        match &spec.way {
            Way::Drawn(field) => self.drawn(spec, (field, per), column, stream),
            Way::Expression(text) => self.computed(spec, (text, per), column, stream),
            Way::Lookup(lookup) => {
                if let Some(place) = spec.per.as_ref().map(|per| &per.span).or(spec.fixed.as_ref()) {
                    self.add(
                        Diagnostic::new(format!("field `{}` is looked up", column.name), place.clone())
                            .label("`key` says which row is meant")
                            .help("leave this out"),
                    );
                    return None;
                }
                self.looked_up(spec, lookup, column, (stream, tables))
            }
        }
    }

    fn drawn(
        &self,
        spec: &FieldSpec,
        (field, per): (&Arc<dyn Field>, Option<usize>),
        column: &Column,
        stream: &Stream,
    ) -> Option<Making> {
        if let Err(reason) = field.check(column.sql_type) {
            let message = format!("field `{}` does not fit its column of type {}", column.name, column.sql_type);
            self.conflict(spec, stream, message, reason);
            return None;
        }
        let (field, place) = (Arc::clone(field), spec.per.as_ref().map(|per| &per.span));
        let wrong = match (field.depends(), place, &spec.fixed) {
            (_, None, Some(fixed)) => Some((
                fixed,
                "is fixed for nothing",
                "the value of which column is its key?",
                "add `per = \"…\"` with the name of a column",
            )),
            (Depends::Chance | Depends::Pool, Some(per), None) => Some((
                per,
                "has the same chances for every key",
                "this changes nothing",
                "add `fixed = true` for one value per key that stays, or leave this out",
            )),
            (Depends::Before, _, Some(fixed)) => Some((
                fixed,
                "changes from record to record",
                "no value of it is fixed",
                "leave this out: with `per`, the values of each key go on by themselves",
            )),
            (Depends::Time, Some(per), _) => {
                Some((per, "goes with the time", "which is the same for every key", "leave this out"))
            }
            _ => None,
        };
        if let Some((span, what, label, help)) = wrong {
            self.add(Diagnostic::new(format!("field `{}` {what}", column.name), span.clone()).label(label).help(help));
            return None;
        }
        match (spec.per.is_some(), per) {
            // The column of its key is not known.
            (true, None) => None,
            (_, Some(per)) if spec.fixed.is_some() => Some(Making::Fixed { field, per, origin: None }),
            (_, per) => Some(Making::Drawn { field, per, origin: None }),
        }
    }

    /// Reports columns that need each other: no value of them could be the first.
    fn circles(&self, spec: &GeneratorSpec, fields: &[GeneratedField], stream: &Stream) {
        // With a field missing, an index is not that of a column.
        if fields.len() != stream.columns.len() {
            return;
        }
        let mut reported = vec![false; fields.len()];
        for start in 0..fields.len() {
            let Some(chain) = circle(fields, start).filter(|_| !reported[start]) else { continue };
            for index in &chain {
                reported[*index] = true;
            }
            let name = |index: &usize| format!("`{}`", stream.columns[*index].name);
            let Some(field) = spec.fields.value.iter().find(|field| field.column.value == stream.columns[start].name)
            else {
                continue;
            };
            let span = field.per.as_ref().map_or(&field.span, |per: &Spanned<String>| &per.span);
            let diagnostic =
                Diagnostic::new(format!("the values of {} depend on themselves", name(&start)), span.clone());
            self.add(if chain.len() == 1 {
                diagnostic.label("this is the column itself")
            } else {
                let round: Vec<String> = chain[1..].iter().chain([&start]).map(name).collect();
                diagnostic.label(format!("{} depends on {}", name(&start), round.join(", which depends on ")))
            });
        }
    }
}

/// Returns the columns of a way from a column over those that each needs and back to it, where there is one.
fn circle(fields: &[GeneratedField], start: usize) -> Option<Vec<usize>> {
    let mut seen = vec![false; fields.len()];
    let mut open = vec![vec![start]];
    while let Some(way) = open.pop() {
        for next in fields[*way.last()?].making.needs() {
            if next == start {
                return Some(way);
            }
            if !std::mem::replace(&mut seen[next], true) {
                open.push(way.iter().copied().chain([next]).collect());
            }
        }
    }
    None
}
