//! Spec → Plan: looking every name up, and finding what contradicts what.

use crate::document::{Diagnostic, Document, Findings, Span, Spanned, help_for};
use crate::spec::{ApplicationSpec, Spec, TargetSpec};
use crate::sql::SqlError;

use super::queries::{Building, kda};
use super::{ERROR_STREAM, Plan, Source, Stream, Target};

/// The longest name of a delivery stream (Firehose API, `CreateDeliveryStream`).
const MAX_DELIVERY_STREAM: usize = 64;

/// Returns the name of the delivery stream that archives a stream. No pipeline's name has a point in it, so that no two
/// pipelines come to one name.
pub(crate) fn delivery_stream(pipeline: &str, stream: &str) -> String {
    format!("{pipeline}.{stream}")
}

/// What the parts of the resolution share.
pub(super) struct Context<'a> {
    pub(super) document: &'a Document,
    pub(super) spec: &'a Spec,
    pub(super) target: &'a TargetSpec,
    pub(super) findings: &'a Findings,
}

impl Plan {
    /// Resolves a file for one target. Fails with every mistake; the target is one of the spec's.
    pub fn resolve(document: &Document, spec: &Spec, target: &TargetSpec) -> Result<Self, Vec<Diagnostic>> {
        let findings = Findings::new();
        let plan = Self::resolve_into(document, spec, target, &findings);
        plan.ok_or_else(|| findings.into_sorted())
    }

    /// Reads a file and resolves it for each of its targets. Fails with every mistake of the whole file at once.
    pub fn check(document: &Document) -> Result<Vec<Self>, Vec<Diagnostic>> {
        let findings = Findings::new();
        let spec = Spec::read_readable(document, &findings);
        let targets = spec.iter().flat_map(|spec| spec.targets.iter().map(move |target| (spec, target)));
        let plans =
            targets.filter_map(|(spec, target)| Self::resolve_into(document, spec, target, &findings)).collect();
        if findings.is_empty() { Ok(plans) } else { Err(findings.into_sorted()) }
    }

    /// Returns what a file holds that is understood although it should not stand there.
    pub fn warnings(document: &Document, spec: &Spec) -> Vec<Diagnostic> {
        let of = |application: &ApplicationSpec| {
            let warning = |found: &SqlError| in_application(document, found.clone(), application).warning();
            application.reading.warnings.iter().map(warning).collect::<Vec<Diagnostic>>()
        };
        spec.applications.iter().flat_map(of).collect()
    }

    fn resolve_into(document: &Document, spec: &Spec, target: &TargetSpec, findings: &Findings) -> Option<Self> {
        let context = Context { document, spec, target, findings };
        context.check_names();
        let mut streams = context.streams();
        let tables = context.tables();
        let generators = context.generators(&streams, &tables);
        let (relations, mut queries) = Building::build(&context, &streams, &tables).finish();
        if !findings.is_empty() {
            return None;
        }
        for query in &queries {
            let columns = query.output_columns(&relations);
            if let Some(output) = streams.iter_mut().find(|stream| Some(&stream.name) == query.stream.as_ref()) {
                output.columns = columns;
            }
        }
        context.output_partition_keys(&mut streams);
        for query in &mut queries {
            let output = streams.iter().find(|stream| Some(&stream.name) == query.stream.as_ref());
            if let Some(key) = output.and_then(|output| output.partition_key) {
                query.partition_by = vec![key];
            }
        }
        if !findings.is_empty() {
            return None;
        }
        let plan = Self {
            name: spec.name.value.clone(),
            description: spec.description.clone(),
            streams,
            tables,
            generators,
            relations,
            queries,
            target: Target::of(target),
        };
        // The files that tests name are read by those who run them.
        match plan.trials(document, &spec.tests, &|_| Ok(Vec::new())) {
            Ok(_) => Some(plan),
            Err(found) => {
                for mistake in found {
                    findings.add(mistake);
                }
                None
            }
        }
    }
}

impl Context<'_> {
    fn check_names(&self) {
        for stream in &self.spec.streams {
            if stream.name.value.eq_ignore_ascii_case(ERROR_STREAM) {
                self.add(
                    Diagnostic::new(format!("`{}` is reserved", stream.name.value), stream.name.span.clone())
                        .label("every pipeline has this stream already")
                        .help("it takes the records that cannot be read; choose another name"),
                );
            }
        }
        let streams = || self.spec.streams.iter().map(|stream| stream.name.value.as_str());
        for (name, _) in &self.target.overrides.shards {
            self.known("stream", name, streams());
        }
        self.check_archive();
        let generators = || self.spec.generators.iter().map(|generator| generator.stream.value.as_str());
        for (name, _) in &self.target.overrides.rates {
            self.known("generator", name, generators());
        }
    }

    /// Checks the streams that the target archives.
    fn check_archive(&self) {
        let streams = self.spec.streams.iter().map(|stream| stream.name.value.as_str());
        for name in &self.target.stack.archive {
            let length = delivery_stream(&self.spec.name.value, &name.value).len();
            if !self.known("stream", name, streams.clone()) {
                continue;
            }
            let late =
                self.spec.queries.iter().find_map(|query| query.late.as_ref().filter(|late| late.value == name.value));
            if let Some(late) = late {
                self.add(
                    Diagnostic::new(format!("stream `{}` cannot be archived", name.value), name.span.clone())
                        .label("nothing writes it on AWS")
                        .other(late.span.clone(), "late rows go there, and no engine on AWS keeps those"),
                );
            }
            if length > MAX_DELIVERY_STREAM {
                self.add(
                    Diagnostic::new(
                        format!("stream `{}` has too long a name to be archived", name.value),
                        name.span.clone(),
                    )
                    .label(format!("{length} letters with the pipeline's name before it"))
                    .help(format!("a delivery stream has {MAX_DELIVERY_STREAM} at most: shorten one of the names")),
                );
            }
        }
    }

    pub(super) fn add(&self, diagnostic: Diagnostic) {
        self.findings.add(diagnostic);
    }

    /// Reports a name that is none of those known; says whether it is.
    pub(super) fn known<'n>(
        &self,
        what: &str,
        name: &Spanned<String>,
        names: impl Iterator<Item = &'n str> + Clone,
    ) -> bool {
        let known = names.clone().any(|known| known == name.value);
        if !known && !self.findings.is_unread(&name.value) {
            self.add(
                Diagnostic::new(format!("there is no {what} `{}`", name.value), name.span.clone())
                    .label(format!("unknown {what}"))
                    .help(help_for(&name.value, names)),
            );
        }
        known
    }

    /// Reports a mistake in the text of an application, at its place in the file that holds it.
    pub(super) fn application(&self, error: SqlError, spec: &ApplicationSpec) {
        if !self.follows(&error) {
            self.add(in_application(self.document, error, spec));
        }
    }

    /// Reports a mistake in the SQL that stands at `text`, at its place within it.
    pub(super) fn sql(&self, error: SqlError, text: &Spanned<String>) {
        if !self.follows(&error) {
            self.add(in_text(self.document, error, text));
        }
    }

    /// Returns whether a mistake follows from another one, which is known already.
    fn follows(&self, error: &SqlError) -> bool {
        error.unknown.as_ref().is_some_and(|unknown| self.findings.is_unread(&unknown.0))
    }
}

/// Returns what is said of the text of an application, at its place in the file that holds it.
fn in_application(document: &Document, error: SqlError, spec: &ApplicationSpec) -> Diagnostic {
    let Some(file) = &spec.file else { return in_text(document, error, &spec.text) };
    let inner = error.span.clone().unwrap_or(0..spec.text.value.len());
    drawn(error, inner).in_file(file)
}

/// Returns what is said of the SQL that stands at `text`, at its place within it.
fn in_text(document: &Document, error: SqlError, text: &Spanned<String>) -> Diagnostic {
    let inner = error.span.clone().unwrap_or(0..text.value.len());
    let span = within(document, text, &inner).unwrap_or_else(|| text.span.clone());
    drawn(error, span)
}

/// Finds a range of a text value in the file, where the file holds the value letter by letter.
fn within(document: &Document, text: &Spanned<String>, inner: &Span) -> Option<Span> {
    let raw = document.text().get(text.span.clone())?;
    let start = text.span.start + raw.find(&text.value).filter(|_| raw.starts_with('\'') || !raw.contains('\\'))?;
    Some(start + inner.start..start + inner.end)
}

/// Returns a mistake in SQL as one at a place.
fn drawn(error: SqlError, span: Span) -> Diagnostic {
    let diagnostic = Diagnostic::new(error.message, span).label(error.label.unwrap_or_default());
    let help = error.help.or_else(|| {
        let (word, legal) = *error.unknown?;
        Some(help_for(&word, legal.iter().map(String::as_str).collect::<Vec<_>>()))
    });
    match help {
        Some(help) => diagnostic.help(help),
        None => diagnostic,
    }
}

/// Finds the stream of a name among those resolved so far.
pub(super) fn find<'a>(streams: &'a [Stream], name: &str) -> Option<&'a Stream> {
    streams.iter().find(|stream| stream.name == name)
}

/// Returns what makes the records of a stream.
pub(super) fn source(spec: &Spec, stream: &str) -> Source {
    if spec.queries.iter().any(|query| query.name.value == stream) {
        return Source::Query(stream.to_owned());
    }
    let writes =
        |application: &&ApplicationSpec| kda::outputs(spec, application).iter().any(|(_, output)| output == stream);
    if let Some(application) = spec.applications.iter().find(writes) {
        return Source::Query(application.name.value.clone());
    }
    // A query that sends late rows back to where it reads is a mistake of the query, not of the stream.
    let late = spec.queries.iter().find(|query| {
        let takes = query.late.as_ref().is_some_and(|late| late.value == stream);
        takes && query.from.iter().all(|from| from.value != stream)
    });
    late.map_or(Source::Producers, |query| Source::Late(query.name.value.clone()))
}
