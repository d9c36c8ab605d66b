//! A `CloudFormation` template with Kinesis Data Analytics SQL applications → a pipeline.toml that runs.
//!
//! Owns reading templates, what becomes of each construct, and writing the file. May import `document`, `sql`, `streams`,
//! `field`, `window`, `spec` and `plan`. Pure. Never changes what a query means without saying so in the report.

mod application;
mod carry;
mod columns;
mod declare;
mod draft;
mod expression;
mod facts;
mod fields;
mod intrinsics;
mod lints;
mod names;
mod node;
mod program;
mod report;
mod resources;
mod schema;
mod section;
mod template;
mod write;

#[cfg(test)]
mod tests;

use std::path::Path;

use crate::document::{Diagnostic, Document, Findings};
use crate::plan::Plan;

pub use report::{Entry, Verdict};

use carry::Carrier;
use draft::Draft;
use program::Kept;
use report::Report;
use resources::Resources;
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
    let file = Path::new(request.template.name()).file_stem().and_then(|stem| stem.to_str());
    draft.name = names::pipeline(match names.as_slice() {
        [only] => only,
        _ => file.unwrap_or_default(),
    });
    let described = template.root().get("Description").and_then(|text| text.as_text()).map(str::trim);
    let from_names = || match names.as_slice() {
        [only] => format!("The Kinesis Data Analytics application {only}"),
        _ => format!("The Kinesis Data Analytics applications {}", names.join(", ")),
    };
    draft.description = described.filter(|text| !text.is_empty()).map_or_else(from_names, str::to_owned);
    let mut carried = Vec::new();
    for application in &resources.applications {
        let is_only = resources.applications.len() == 1;
        let sql = request.sql.filter(|_| is_only || application.sql.is_none());
        let mut carrying =
            Carrier { template: &template, resources: &resources, report: &mut report, draft: &mut draft };
        carried.extend(carrying.application(application, sql));
    }
    for stream in resources.streams.iter().filter(|(name, _)| draft.streams.iter().all(|stream| stream.name != **name))
    {
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
    draft.region = region(&template, &resources);
    let keep = request.keep_sql;
    let settled: Vec<Kept> =
        carried.into_iter().filter_map(|carried| program::settle(carried, &mut draft, keep, &mut report)).collect();
    let files: Vec<(String, String)> = settled.iter().map(|kept| (kept.file.clone(), kept.text())).collect();
    let pipeline = write::write(&draft, request.template.name());
    let mut written = Document::new("pipeline.toml", pipeline.as_str());
    for (name, text) in &files {
        written = written.with_file(name, Ok(text.clone()));
    }
    let found = Plan::check(&written).err().unwrap_or_default();
    for kept in &settled {
        program::judge(kept, &found, &mut report);
    }
    for (what, value) in template.assumed() {
        let shown = format!("{pipeline}{}", files.iter().map(|(_, text)| text.as_str()).collect::<String>());
        if !value.is_empty() && shown.contains(&value) {
            report
                .add(Verdict::Different, what, format!("taken as `{value}`: only the stack knows it"), None)
                .help("give it with --parameter NAME=VALUE where it has such a name, else put it right in the file");
        }
    }
    Some(Imported { pipeline, files, report: report.into_entries() })
}

/// Returns the region of the stack, where something says it.
fn region(template: &Template<'_>, resources: &Resources) -> Option<String> {
    if let Some(given) = template.given("AWS::Region") {
        return Some(given.to_owned());
    }
    if template.assumed().contains_key("`AWS::Region`") {
        return None;
    }
    let mut inputs = resources.applications.iter().flat_map(|application| &application.inputs);
    inputs.find_map(|input| input.source.region.clone())
}
