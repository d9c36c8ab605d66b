//! The resources of a template, sorted by what becomes of them.

use std::collections::BTreeMap;

use crate::document::{Diagnostic, Span, Spanned};
use crate::streams::Capacity;

use super::application::{self, Application};
use super::report::{Report, Verdict};
use super::section::Section;
use super::template::{Resource, Template};

/// The shards that an on-demand stream begins with are the service's business.
const ON_DEMAND: &str = "ON_DEMAND";

/// A stream of the template.
#[derive(Debug)]
pub(super) struct KinesisStream {
    /// Its logical name.
    pub(super) id: Spanned<String>,
    pub(super) capacity: Capacity,
}

/// What of a template becomes part of a pipeline.
#[derive(Debug)]
pub(super) struct Resources {
    /// Streams by their names on AWS.
    pub(super) streams: BTreeMap<String, KinesisStream>,
    pub(super) applications: Vec<Application>,
}

/// Reads the resources; what cannot be part of a pipeline is told.
pub(super) fn read(template: &Template<'_>, report: &mut Report<'_>) -> Resources {
    let (resources, left_out) = template.resources();
    for id in left_out {
        report
            .add(
                Verdict::Different,
                format!("resource `{}`", id.value),
                "it is left out: its condition does not hold with these parameters",
                Some(&id.span),
            )
            .help("give the parameters of the stack that ran: --parameter NAME=VALUE");
    }
    let mut found = Resources { streams: BTreeMap::new(), applications: Vec::new() };
    let mut outputs = Vec::new();
    let mut tables = Vec::new();
    let mut other_runtimes = Vec::new();
    for resource in &resources {
        match resource.kind.value.as_str() {
            "AWS::Kinesis::Stream" => stream(template, resource, &mut found.streams, report),
            "AWS::KinesisAnalytics::Application" | "AWS::KinesisAnalyticsV2::Application" => {
                if application::is_sql(template, resource) {
                    found.applications.extend(application::read(template, resource));
                } else {
                    other_runtimes.push(resource.id.clone());
                    other_runtime(resource, report);
                }
            }
            "AWS::KinesisAnalytics::ApplicationOutput" | "AWS::KinesisAnalyticsV2::ApplicationOutput" => {
                outputs.extend(application::read_output(template, resource));
            }
            "AWS::KinesisAnalytics::ApplicationReferenceDataSource"
            | "AWS::KinesisAnalyticsV2::ApplicationReferenceDataSource" => {
                tables.extend(application::read_table(template, resource));
            }
            _ => other(resource, report),
        }
    }
    if found.applications.is_empty() && template.findings.is_empty() {
        let place = other_runtimes.first().map_or_else(|| resources_key(template), |id| id.span.clone());
        template.findings.add(
            Diagnostic::new("the template has no SQL application", place)
                .label("nothing here is one")
                .help("expected AWS::KinesisAnalytics::Application, or AWS::KinesisAnalyticsV2::Application with the runtime SQL-1_0"),
        );
    }
    for (application, output) in outputs {
        if let Some(application) = owner(template, &mut found.applications, &application, &other_runtimes) {
            application.outputs.push(output);
        }
    }
    for (application, table) in tables {
        if let Some(application) = owner(template, &mut found.applications, &application, &other_runtimes) {
            application.tables.push(table);
        }
    }
    found
}

fn resources_key(template: &Template<'_>) -> Span {
    template.root().entry("Resources").map_or(0..0, |entry| entry.key_span.clone())
}

/// Finds the application that an output or a table names; by its logical name too, which is a common slip.
fn owner<'a>(
    template: &Template<'_>,
    applications: &'a mut [Application],
    name: &Spanned<String>,
    other_runtimes: &[Spanned<String>],
) -> Option<&'a mut Application> {
    let found = applications.iter_mut().find(|known| known.name == name.value || known.id.value == name.value);
    // Where an application could not be read, that is the mistake.
    if found.is_none() && other_runtimes.is_empty() && template.findings.is_empty() {
        template.findings.add(
            Diagnostic::new(format!("there is no application `{}`", name.value), name.span.clone())
                .label("no SQL application of this template has this name"),
        );
    }
    found
}

fn stream(
    template: &Template<'_>,
    resource: &Resource,
    streams: &mut BTreeMap<String, KinesisStream>,
    report: &mut Report<'_>,
) {
    let id = &resource.id;
    let Some(name) = template.name_of(&id.value) else { return };
    let construct = format!("stream `{name}`");
    let mut capacity = Capacity::Provisioned(1);
    if !resource.properties.is_nothing()
        && let Some(properties) = Section::new(template, &resource.properties, &construct)
    {
        let mode = properties.optional_map("StreamModeDetails").and_then(|mode| mode.optional_text("StreamMode"));
        let shards = properties.optional_count("ShardCount");
        capacity = match (mode, shards) {
            (Some(mode), _) if mode.value == ON_DEMAND => Capacity::OnDemand,
            (_, shards) => Capacity::Provisioned(shards.unwrap_or(1).max(1)),
        };
        if let Some(hours) = properties.optional_count("RetentionPeriodHours") {
            report.add(
                Verdict::Different,
                &construct,
                format!("its records were kept for {hours} hours; on this machine they are kept until `pipe down`"),
                Some(&id.span),
            );
        }
        if properties.optional("StreamEncryption").is_some() {
            report
                .add(
                    Verdict::Different,
                    &construct,
                    "it was encrypted at rest; on this machine the records lie in plain files",
                    Some(&id.span),
                )
                .help("keep .pipe/ on an encrypted disk where that matters");
        }
    }
    streams.insert(name, KinesisStream { id: id.clone(), capacity });
}

fn other_runtime(resource: &Resource, report: &mut Report<'_>) {
    report
        .add(
            Verdict::Unsupported,
            format!("application `{}`", resource.id.value),
            "it is not a SQL application, and is not carried over",
            Some(&resource.id.span),
        )
        .help("an Apache Flink application runs on as it is: AWS removed only the SQL runtime");
}

/// What is said of types of resource that are no part of a pipeline: the beginning of the type, what becomes of it, and
/// what to do.
const OTHERS: &[(&str, Verdict, &str, &str)] = &[
    (
        "AWS::IAM::",
        Verdict::Different,
        "no permission is needed on this machine",
        "`pipe render` writes the roles that the pipeline needs on AWS",
    ),
    ("AWS::Logs::", Verdict::Different, "it is not carried over: `pipe` says what it does on stderr", ""),
    (
        "AWS::KinesisAnalytics::ApplicationCloudWatchLoggingOption",
        Verdict::Different,
        "it is not carried over: bad records go to error_stream with the reason, and `pipe status` counts them",
        "",
    ),
    (
        "AWS::KinesisAnalyticsV2::ApplicationCloudWatchLoggingOption",
        Verdict::Different,
        "it is not carried over: bad records go to error_stream with the reason, and `pipe status` counts them",
        "",
    ),
    (
        "AWS::Lambda::EventSourceMapping",
        Verdict::Unsupported,
        "it is not carried over",
        "keep it, and let it read the Kinesis stream that the pipeline writes",
    ),
    ("AWS::Lambda::", Verdict::Unsupported, "it is not carried over", "keep it in a stack of its own"),
    ("AWS::Serverless::Function", Verdict::Unsupported, "it is not carried over", "keep it in a stack of its own"),
    (
        "AWS::KinesisFirehose::DeliveryStream",
        Verdict::Unsupported,
        "it is not carried over",
        "keep it, with the Kinesis stream of the pipeline as its source",
    ),
];

fn other(resource: &Resource, report: &mut Report<'_>) {
    let kind = &resource.kind.value;
    let known = OTHERS.iter().find(|(beginning, ..)| kind.starts_with(beginning));
    let (verdict, detail, help) =
        known.map_or((Verdict::Unsupported, "it is not carried over", ""), |known| (known.1, known.2, known.3));
    let entry = report.add(verdict, format!("{kind} `{}`", resource.id.value), detail, Some(&resource.id.span));
    if !help.is_empty() {
        entry.help(help);
    }
}
