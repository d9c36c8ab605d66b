//! Applications and streams → the sections of a pipeline file.

mod input;
mod output;
mod table;

use crate::document::{Diagnostic, Document, Span, Spanned};
use crate::streams::Capacity;

use super::application::{Application, End, EndKind};
use super::draft::{Draft, QueryDraft, QueryForm};
use super::names;
use super::report::Report;
use super::resources::Resources;
use super::template::Template;

/// An application whose connections are part of the draft, with its SQL.
#[derive(Debug)]
pub(super) struct Carried {
    /// Its logical name.
    pub(super) id: Spanned<String>,
    /// What the report calls it.
    pub(super) construct: String,
    /// Its SQL, as a text of its own.
    pub(super) sql: Document,
    /// The place of the SQL in the template, or that of the application where it comes from a file.
    pub(super) place: Span,
    /// In-application input streams and the streams that feed them.
    pub(super) inputs: Vec<(String, String)>,
    /// In-application streams and the streams that take their rows.
    pub(super) outputs: Vec<(String, String)>,
    /// Prefixes of in-application input streams of which there were several, and how many.
    pub(super) parallel: Vec<(String, Spanned<u32>)>,
    /// The name of its query.
    pub(super) query: String,
}

/// Carries streams and applications over.
pub(super) struct Carrier<'a, 't, 'f> {
    pub(super) template: &'a Template<'f>,
    pub(super) resources: &'a Resources,
    pub(super) report: &'a mut Report<'t>,
    pub(super) draft: &'a mut Draft,
}

impl Carrier<'_, '_, '_> {
    /// Carries an application over with everything that it is connected to.
    pub(super) fn application(&mut self, application: &Application, sql: Option<&Document>) -> Option<Carried> {
        let construct = format!("application `{}`", application.name);
        let sql = self.sql(application, sql);
        let mut inputs = Vec::new();
        for input in &application.inputs {
            inputs.extend(self.input(input, &construct));
        }
        let mut outputs = Vec::new();
        for output in &application.outputs {
            outputs.extend(self.output(output, &inputs, &outputs, &construct));
        }
        for table in &application.tables {
            self.table(table);
        }
        let draft = &*self.draft;
        let taken = |name: &str| {
            draft.streams.iter().any(|stream| stream.name == name)
                || draft.queries.iter().any(|query| query.name == name)
                || draft.tables.iter().any(|table| table.name == name)
        };
        let name = names::stream(&application.name);
        let name = if taken(&name) { names::free(&format!("{name}-sql"), taken) } else { name };
        let form = QueryForm::Text { file: format!("{name}.sql"), inputs: inputs.clone(), outputs: outputs.clone() };
        let comment = format!("the SQL of the application `{}`, as it was", application.id.value);
        self.draft.queries.push(QueryDraft { name: name.clone(), comment, form });
        let (sql, place) = sql?;
        let id = application.id.clone();
        let several = application.inputs.iter().filter(|input| input.parallelism.value > 1);
        let parallel = several.map(|input| (input.prefix.value.clone(), input.parallelism.clone())).collect();
        Some(Carried { id, construct, sql, place, inputs, outputs, parallel, query: name })
    }

    fn sql(&self, application: &Application, file: Option<&Document>) -> Option<(Document, Span)> {
        if let Some(file) = file {
            return Some((file.clone(), application.id.span.clone()));
        }
        if let Some(code) = &application.sql {
            return Some((
                Document::new(format!("SQL of {}", application.id.value), code.value.clone()),
                code.span.clone(),
            ));
        }
        self.template.findings.add(
            Diagnostic::new(
                format!("application `{}` has no SQL in the template", application.id.value),
                application.id.span.clone(),
            )
            .label("its SQL is needed")
            .help("give it: --sql FILE"),
        );
        None
    }

    fn comment(&self, end: &End) -> String {
        match (end.kind, self.resources.streams.get(&end.name.value)) {
            (EndKind::Stream, Some(stream)) => format!("AWS::Kinesis::Stream `{}`", stream.id.value),
            (EndKind::Stream, None) => "not in the template".to_owned(),
            (EndKind::Firehose, _) => format!("was the Firehose delivery stream `{}`", end.name.value),
            (EndKind::Lambda, _) => format!("was the Lambda function `{}`", end.name.value),
        }
    }

    fn capacity(&self, end: &End) -> Capacity {
        let stream = self.resources.streams.get(&end.name.value).filter(|_| end.kind == EndKind::Stream);
        stream.map_or(Capacity::Provisioned(1), |stream| stream.capacity)
    }
}
