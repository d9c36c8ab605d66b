//! SQL applications of either version, with the outputs and reference tables that belong to them.

use crate::document::{Diagnostic, Spanned};

use super::schema::{self, Schema};
use super::section::Section;
use super::template::{Resource, Template};

/// The most characters of an application's SQL (KDA quota, `ApplicationCode`).
const MAX_SQL: usize = 102_400;
/// The runtime of version 2 whose applications are SQL.
const SQL_RUNTIME: &str = "SQL-1_0";

/// A Kinesis Data Analytics SQL application.
#[derive(Debug)]
pub(super) struct Application {
    /// Its logical name.
    pub(super) id: Spanned<String>,
    /// Its name on AWS.
    pub(super) name: String,
    /// Its SQL, where the template holds it.
    pub(super) sql: Option<Spanned<String>>,
    /// What it reads.
    pub(super) inputs: Vec<Input>,
    /// What it writes.
    pub(super) outputs: Vec<Output>,
    /// What it looks up.
    pub(super) tables: Vec<Table>,
}

/// A streaming source.
#[derive(Debug)]
pub(super) struct Input {
    /// `NamePrefix`
    pub(super) prefix: Spanned<String>,
    /// Where the records come from.
    pub(super) source: End,
    /// How a record becomes a row.
    pub(super) schema: Schema,
    /// Into how many in-application streams the records are spread.
    pub(super) parallelism: Spanned<u32>,
    /// The Lambda function through which records go first.
    pub(super) processor: Option<Spanned<String>>,
}

/// A destination.
#[derive(Debug)]
pub(super) struct Output {
    /// The in-application stream whose rows go there.
    pub(super) stream: Spanned<String>,
    /// Where they go.
    pub(super) destination: End,
    /// `RecordFormatType`
    pub(super) format: String,
}

/// A reference table.
#[derive(Debug)]
pub(super) struct Table {
    /// `TableName`
    pub(super) name: Spanned<String>,
    /// How a line becomes a row.
    pub(super) schema: Schema,
    /// The S3 object: `s3://bucket/key`.
    pub(super) object: String,
    /// Its key alone.
    pub(super) key: String,
}

/// What an application is connected to, by its name.
#[derive(Debug, Clone)]
pub(super) struct End {
    /// What it is.
    pub(super) kind: EndKind,
    /// Its name.
    pub(super) name: Spanned<String>,
    /// The region of its ARN.
    pub(super) region: Option<String>,
}

/// What an application can be connected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EndKind {
    /// A Kinesis data stream.
    Stream,
    /// A Firehose delivery stream.
    Firehose,
    /// A Lambda function.
    Lambda,
}

/// Reads an application; `None` where the resource is none, or cannot be read.
pub(super) fn read(template: &Template<'_>, resource: &Resource) -> Option<Application> {
    let properties = Section::new(template, &resource.properties, format!("application `{}`", resource.id.value))?;
    let (code, inputs) = if resource.kind.value == "AWS::KinesisAnalytics::Application" {
        let code = properties.optional_text("ApplicationCode");
        (code, properties.maps("Inputs"))
    } else {
        let configuration = properties.map("ApplicationConfiguration")?;
        let content = configuration.optional_map("ApplicationCodeConfiguration");
        let content = content.and_then(|code| code.optional_map("CodeContent"));
        let code = content.and_then(|content| content.optional_text("TextContent"));
        (code, configuration.map("SqlApplicationConfiguration").and_then(|sql| sql.maps("Inputs")))
    };
    if let Some(long) = code.as_ref().filter(|code| code.value.chars().count() > MAX_SQL) {
        template.findings.add(
            Diagnostic::new("the SQL is too long", long.span.start..long.span.start)
                .label(format!("expected at most {MAX_SQL} characters")),
        );
    }
    let inputs: Vec<Input> = inputs?.iter().filter_map(|input| read_input(template, input)).collect();
    let name = template.name_of(&resource.id.value)?;
    Some(Application {
        id: resource.id.clone(),
        name,
        sql: code.filter(|code| !code.value.trim().is_empty()),
        inputs,
        outputs: Vec::new(),
        tables: Vec::new(),
    })
}

/// Returns whether a resource is a SQL application; one of version 2 can be of another runtime.
pub(super) fn is_sql(template: &Template<'_>, resource: &Resource) -> bool {
    match resource.kind.value.as_str() {
        "AWS::KinesisAnalytics::Application" => true,
        "AWS::KinesisAnalyticsV2::Application" => {
            let runtime = resource.properties.get("RuntimeEnvironment");
            runtime.and_then(|runtime| template.text(runtime)).is_some_and(|runtime| runtime == SQL_RUNTIME)
        }
        _ => false,
    }
}

fn read_input(template: &Template<'_>, input: &Section<'_, '_>) -> Option<Input> {
    let prefix = input.text("NamePrefix");
    let schema = input.map("InputSchema").and_then(|schema| schema::read(template, &schema));
    let source =
        read_end(input, &[("KinesisStreamsInput", EndKind::Stream), ("KinesisFirehoseInput", EndKind::Firehose)]);
    let parallelism = input.optional_map("InputParallelism");
    let place = parallelism.as_ref().map_or_else(|| input.span(), Section::span);
    let parallelism = parallelism.and_then(|parallelism| parallelism.optional_count("Count")).unwrap_or(1);
    let processing = input.optional_map("InputProcessingConfiguration");
    let processor = processing.and_then(|processing| processing.optional_map("InputLambdaProcessor"));
    let processor = processor.and_then(|processor| processor.optional_text("ResourceARN"));
    Some(Input {
        prefix: prefix?,
        source: source?,
        schema: schema?,
        parallelism: Spanned::new(parallelism, place),
        processor: processor.map(|arn| arn.map(|arn| name_in(&arn))),
    })
}

/// Reads an `ApplicationOutput` of either version: the name of its application, and what it says.
pub(super) fn read_output(template: &Template<'_>, resource: &Resource) -> Option<(Spanned<String>, Output)> {
    let properties = Section::new(template, &resource.properties, format!("output `{}`", resource.id.value))?;
    let application = properties.text("ApplicationName");
    let output = properties.map("Output")?;
    let stream = output.text("Name");
    let format = output.optional_map("DestinationSchema").and_then(|schema| schema.optional_text("RecordFormatType"));
    let destination = read_end(
        &output,
        &[
            ("KinesisStreamsOutput", EndKind::Stream),
            ("KinesisFirehoseOutput", EndKind::Firehose),
            ("LambdaOutput", EndKind::Lambda),
        ],
    );
    let format = format.map_or_else(|| "JSON".to_owned(), |format| format.value);
    Some((application?, Output { stream: stream?, destination: destination?, format }))
}

/// Reads an `ApplicationReferenceDataSource` of either version: the name of its application, and what it says.
pub(super) fn read_table(template: &Template<'_>, resource: &Resource) -> Option<(Spanned<String>, Table)> {
    let properties = Section::new(template, &resource.properties, format!("reference data `{}`", resource.id.value))?;
    let application = properties.text("ApplicationName");
    let source = properties.map("ReferenceDataSource")?;
    let name = source.text("TableName");
    let schema = source.map("ReferenceSchema").and_then(|schema| schema::read(template, &schema));
    let object = source.map("S3ReferenceDataSource");
    let (bucket, key) = match &object {
        Some(object) => (object.text("BucketARN"), object.text("FileKey")),
        None => (None, None),
    };
    let (bucket, key) = (bucket?.value, key?.value);
    let bucket = bucket.rsplit(':').next().unwrap_or_default();
    Some((application?, Table { name: name?, schema: schema?, object: format!("s3://{bucket}/{key}"), key }))
}

/// Reads the one of several keys that is there: what an application is connected to.
fn read_end(section: &Section<'_, '_>, kinds: &[(&str, EndKind)]) -> Option<End> {
    for (key, kind) in kinds {
        if let Some(found) = section.optional_map(key) {
            let arn = found.text("ResourceARN")?;
            let region = region_in(&arn.value);
            return Some(End { kind: *kind, name: arn.map(|arn| name_in(&arn)), region });
        }
    }
    section.missing_one_of(&kinds.iter().map(|(key, _)| *key).collect::<Vec<_>>());
    None
}

/// Returns the name in an ARN; what is no ARN is a name.
fn name_in(arn: &str) -> String {
    let parts: Vec<&str> = arn.split(':').collect();
    match parts.as_slice() {
        // arn:aws:lambda:region:account:function:name[:alias]
        ["arn", _, "lambda", _, _, "function", name, ..] => (*name).to_owned(),
        // arn:aws:kinesis:region:account:stream/name
        ["arn", _, _, _, _, resource, ..] => resource.rsplit('/').next().unwrap_or(resource).to_owned(),
        _ => arn.to_owned(),
    }
}

/// Returns the region in an ARN.
fn region_in(arn: &str) -> Option<String> {
    let region = arn.strip_prefix("arn:")?.split(':').nth(2)?;
    (!region.is_empty()).then(|| region.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_in_an_arn_is_found() {
        for (arn, name) in [
            ("arn:aws:kinesis:us-east-1:123456789012:stream/trades", "trades"),
            ("arn:aws:firehose:us-east-1:123456789012:deliverystream/logs", "logs"),
            ("arn:aws:lambda:us-east-1:123456789012:function:clean", "clean"),
            ("arn:aws:lambda:us-east-1:123456789012:function:clean:live", "clean"),
            ("trades", "trades"),
            ("arn:aws:kinesis", "arn:aws:kinesis"),
        ] {
            assert_eq!(name_in(arn), name, "{arn}");
        }
    }
}
