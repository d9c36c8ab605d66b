//! A `CloudFormation` template with Kinesis Data Analytics SQL applications → a pipeline.toml that runs.
//!
//! Owns reading templates, what becomes of each construct, and writing the file. May import `document`, `sql`, `streams`,
//! `field`, `window`, `spec` and `plan`. Pure. Never changes what a query means without saying so in the report.

mod application;
mod carry;
mod columns;
mod draft;
mod fields;
mod intrinsics;
mod lints;
mod names;
mod node;
mod report;
mod resources;
mod schema;
mod section;
mod template;
mod write;

use crate::document::{Diagnostic, Document, Findings};

pub use report::{Entry, Verdict};

use carry::Carrier;
use draft::Draft;
use report::Report;
use template::Template;

/// What is to be brought over.
#[derive(Debug)]
pub struct Request<'a> {
    /// The template.
    pub template: &'a Document,
    /// The SQL, where it is not in the template or another one is wanted.
    pub sql: Option<&'a Document>,
    /// Values of parameters, and of pseudo parameters such as `AWS::Region`.
    pub parameters: &'a [(String, String)],
    /// Whether a query keeps its SQL even where it fits the declared form.
    pub keep_sql: bool,
}

/// What came of it.
#[derive(Debug)]
pub struct Imported {
    /// The text of the pipeline file.
    pub pipeline: String,
    /// Files that belong beside it, by name.
    pub files: Vec<(String, String)>,
    /// What became of each construct.
    pub report: Vec<Entry>,
}

/// Brings a template over. Fails with every mistake that keeps it from being understood.
pub fn import(request: &Request<'_>) -> Result<Imported, Vec<Diagnostic>> {
    let findings = Findings::new();
    let imported = read(request, &findings);
    match imported {
        Some(imported) if findings.is_empty() => Ok(imported),
        _ => Err(findings.into_sorted()),
    }
}

fn read(request: &Request<'_>, findings: &Findings) -> Option<Imported> {
    let root = node::read(request.template, findings)?;
    let template = Template::new(root, request.parameters, findings);
    template.check_given();
    let mut report = Report::new(request.template.text());
    let resources = resources::read(&template, &mut report);
    lints::of_template(&template, &mut report);
    let mut draft = Draft::default();
    let names: Vec<&str> = resources.applications.iter().map(|application| application.name.as_str()).collect();
    draft.name = names::pipeline(names.first().copied().unwrap_or_default());
    draft.description = format!("The Kinesis Data Analytics application {}", names.join(", "));
    let mut carried = Vec::new();
    for application in &resources.applications {
        let is_only = resources.applications.len() == 1;
        let sql = request.sql.filter(|_| is_only || application.sql.is_none());
        let mut carrier = Carrier { template: &template, resources: &resources, report: &mut report, draft: &mut draft };
        carried.extend(carrier.application(application, sql));
    }
    for stream in resources.streams.iter().filter(|(name, _)| draft.streams.iter().all(|stream| stream.name != **name)) {
        report
            .add(
                Verdict::Unsupported,
                format!("stream `{}`", stream.0),
                "no application reads or writes it, so nothing says what its records hold",
                Some(&stream.1.id.span),
            )
            .help("add it with its columns where a query should read it");
    }
    if !findings.is_empty() {
        return None;
    }
    let mut files = Vec::new();
    for application in &carried {
        if let draft::QueryForm::Text { file, .. } = &draft.queries[application.query].form {
            let text = application.sql.text();
            files.push((file.clone(), if text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") }));
        }
    }
    let pipeline = write::write(&draft, request.template.name());
    Some(Imported { pipeline, files, report: report.into_entries() })
}
