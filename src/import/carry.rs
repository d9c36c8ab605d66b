//! Applications and streams → the sections of a pipeline file.

use crate::document::{Diagnostic, Document, Spanned};
use crate::plan::ERROR_STREAM;
use crate::sql::SqlType;
use crate::streams::Capacity;

use super::application::{Application, End, EndKind, Input, Output, Table};
use super::columns::columns;
use super::draft::{ColumnDraft, Draft, QueryDraft, QueryForm, StreamDraft, TableDraft};
use super::fields::is_time;
use super::names;
use super::report::{Report, Verdict};
use super::resources::Resources;
use super::schema::RecordFormat;
use super::template::Template;

/// The characters of a time to the second, such as `2026-02-02T10:15:30`.
const TIME_LENGTH: u32 = 19;

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
    pub(super) place: crate::document::Span,
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

    fn sql(&self, application: &Application, file: Option<&Document>) -> Option<(Document, crate::document::Span)> {
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

    /// Carries an input over: the names of its in-application streams with the stream that feeds them.
    fn input(&mut self, input: &Input, construct: &str) -> Vec<(String, String)> {
        let name = names::stream(&input.source.name.value);
        let owner = format!("stream `{name}`");
        if input.source.kind == EndKind::Firehose {
            self.report
                .add(
                    Verdict::Different,
                    construct,
                    format!(
                        "it read the Firehose delivery stream `{}`; here `{name}` is a Kinesis stream",
                        input.source.name.value
                    ),
                    Some(&input.source.name.span),
                )
                .help("let producers put records into the stream, and let Firehose read from there");
        }
        if let Some(processor) = &input.processor {
            self.report
                .add(
                    Verdict::Unsupported,
                    construct,
                    format!("its records went through the Lambda function `{}` first", processor.value),
                    Some(&processor.span),
                )
                .help("do in the producer what the function did: the columns are those of its output");
        }
        let found = columns(&input.schema, &owner, self.template.findings, self.report);
        if found.is_empty() && self.template.findings.is_empty() {
            let place = input.schema.format.span.clone();
            self.template.findings.add(
                Diagnostic::new(format!("no column of {owner} can be carried over"), place)
                    .label("a stream has at least one column"),
            );
        }
        for column in &found {
            self.naive_time(column, &owner, input);
        }
        let comment = self.comment(&input.source);
        let capacity = self.capacity(&input.source);
        match self.draft.stream(&name) {
            None => {
                self.draft.streams.push(StreamDraft {
                    name: name.clone(),
                    comment,
                    capacity,
                    partition_key: None,
                    columns: Some(found),
                });
                self.told_input(input, &owner);
            }
            Some(StreamDraft { columns: None, .. }) => {
                self.report.add(
                    Verdict::Different,
                    &owner,
                    "another application of the template writes it: its columns come from there",
                    Some(&input.schema.format.span),
                );
            }
            Some(StreamDraft { columns: Some(columns), .. }) => {
                for column in found {
                    match columns.iter().find(|known| known.name == column.name) {
                        None => columns.push(column),
                        Some(known) if *known == column => {}
                        Some(known) => {
                            self.report.add(
                                Verdict::Different,
                                format!("column `{}` of {owner}", column.name),
                                format!("two applications declare it differently: it is {} here", known.sql_type),
                                Some(&input.schema.format.span),
                            );
                        }
                    }
                }
            }
        }
        let first = format!("{}_001", input.prefix.value);
        vec![(first, name)]
    }

    fn told_input(&mut self, input: &Input, owner: &str) {
        let name = &input.source.name;
        if input.source.kind == EndKind::Firehose {
            return;
        }
        let (verdict, detail) = if self.resources.streams.contains_key(&name.value) {
            (Verdict::Same, "its shards and columns")
        } else {
            (Verdict::Different, "it is not in the template: one shard, and the columns of the input")
        };
        self.report.add(verdict, owner, detail, Some(&name.span));
    }

    fn naive_time(&mut self, column: &ColumnDraft, owner: &str, input: &Input) {
        if !matches!(column.sql_type, SqlType::Varchar(_) | SqlType::Timestamp(_)) || !is_time(&column.name) {
            return;
        }
        let place =
            input.schema.columns.iter().find(|known| known.name.value == column.name).map(|known| &known.name.span);
        let construct = format!("column `{}` of {owner}", column.name);
        if let SqlType::Varchar(length) = column.sql_type
            && length < TIME_LENGTH
        {
            let detail = format!("it is named like a time, and VARCHAR({length}) cuts one silently");
            self.report.add(Verdict::Lint, construct, detail, place).help("make it TIMESTAMP, or longer");
            return;
        }
        let detail = "it is named like a time and has no zone: a producer's local time would be taken for UTC";
        self.report.add(Verdict::Lint, construct, detail, place).help("let producers write UTC");
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

    /// Carries an output over: the in-application stream and the stream that takes its rows.
    fn output(
        &mut self,
        output: &Output,
        inputs: &[(String, String)],
        outputs: &[(String, String)],
        construct: &str,
    ) -> Option<(String, String)> {
        let in_app = &output.stream.value;
        let destination = &output.destination;
        let place = Some(&output.stream.span);
        if in_app == ERROR_STREAM {
            self.report
                .add(
                    Verdict::Different,
                    construct,
                    format!(
                        "its errors went to `{}`; here they are in the stream `{ERROR_STREAM}`",
                        destination.name.value
                    ),
                    place,
                )
                .help(format!("`pipe tail --stream {ERROR_STREAM}` shows them"));
            return None;
        }
        if output.format != "JSON" {
            self.report
                .add(
                    Verdict::Unsupported,
                    construct,
                    format!("its output `{in_app}` was {}; here rows are JSON objects", output.format),
                    place,
                )
                .help("let consumers read JSON");
        }
        let wanted = match destination.kind {
            EndKind::Stream => destination.name.value.as_str(),
            // Where rows went is no stream; theirs is named for what they are.
            EndKind::Firehose | EndKind::Lambda => in_app,
        };
        let wanted = names::stream(wanted);
        let is_loop = inputs.iter().any(|(_, input)| *input == wanted);
        let name = if is_loop { format!("{wanted}-out") } else { wanted.clone() };
        let draft = &*self.draft;
        let taken = |name: &str| {
            outputs.iter().any(|(_, known)| known == name)
                || name == ERROR_STREAM
                || draft.streams.iter().any(|stream| stream.name == name && stream.columns.is_none())
        };
        let free = names::free(&name, taken);
        if is_loop {
            self.report
                .add(
                    Verdict::Lint,
                    construct,
                    format!("it writes the stream `{wanted}` that it reads, and would read its own rows"),
                    place,
                )
                .help(format!("the rows of `{in_app}` go to `{free}` here"));
        } else if free != name {
            self.report
                .add(
                    Verdict::Different,
                    construct,
                    format!("several outputs went to `{name}`; here each has a stream of its own"),
                    place,
                )
                .help(format!("the rows of `{in_app}` are in `{free}`"));
        }
        let comment = self.comment(destination);
        match self.draft.stream(&free) {
            Some(stream) => stream.columns = None,
            None => self.draft.streams.push(StreamDraft {
                name: free.clone(),
                comment,
                capacity: self.capacity(destination),
                partition_key: None,
                columns: None,
            }),
        }
        self.told(output, &free, construct);
        Some((in_app.clone(), free))
    }

    fn told(&mut self, output: &Output, name: &str, construct: &str) {
        let (in_app, destination) = (&output.stream.value, &output.destination);
        let place = Some(&output.stream.span);
        match destination.kind {
            EndKind::Stream => {
                self.report.add(Verdict::Same, format!("stream `{name}`"), format!("takes the rows of `{in_app}`"), place);
            }
            EndKind::Firehose => self
                .report
                .add(
                    Verdict::Unsupported,
                    construct,
                    format!("the rows of `{in_app}` went to the Firehose delivery stream `{}`; here they go to the stream `{name}`", destination.name.value),
                    place,
                )
                .help("give the delivery stream the Kinesis stream as its source"),
            EndKind::Lambda => self
                .report
                .add(
                    Verdict::Unsupported,
                    construct,
                    format!("the rows of `{in_app}` went to the Lambda function `{}`; here they go to the stream `{name}`", destination.name.value),
                    place,
                )
                .help("give the function an event source mapping on the Kinesis stream"),
        }
    }

    fn table(&mut self, table: &Table) {
        let name = &table.name.value;
        let construct = format!("reference table `{name}`");
        if self.draft.tables.iter().any(|known| known.name == *name) {
            self.report.add(
                Verdict::Different,
                &construct,
                "two applications have a table of this name: the first one's file is read",
                Some(&table.name.span),
            );
            return;
        }
        let mut schema = table.schema.clone();
        let is_csv = matches!(schema.format.value, RecordFormat::Csv { .. });
        if let RecordFormat::Csv { column_delimiter } = &schema.format.value {
            if column_delimiter != "," {
                let delimiter = column_delimiter.escape_default();
                self.report
                    .add(
                        Verdict::Unsupported,
                        &construct,
                        format!("its file is delimited by `{delimiter}`; here by commas"),
                        Some(&schema.format.span),
                    )
                    .help("write the file with commas");
            }
            // A CSV file is read as one: only records of a stream are not.
            schema.format.value = RecordFormat::Json { row_path: "$".to_owned() };
        }
        let mut columns = columns(&schema, &construct, self.template.findings, self.report);
        if is_csv {
            for column in &mut columns {
                column.path = vec![column.name.clone()];
            }
        }
        let file = table.key.rsplit('/').next().filter(|file| !file.is_empty());
        let file = file.map_or_else(|| names::stream(name), str::to_owned);
        let endings: &[&str] = if is_csv { &["csv"] } else { &["json", "jsonl", "ndjson"] };
        let ending = file.rsplit_once('.').map_or("", |(_, ending)| ending);
        let is_told = endings.iter().any(|known| ending.eq_ignore_ascii_case(known));
        let format = if is_told { None } else { Some(endings[0]) };
        self.report
            .add(
                Verdict::Different,
                &construct,
                format!("it was loaded from {}; here it is the file `{file}` beside the pipeline file", table.object),
                Some(&table.name.span),
            )
            .help(format!("aws s3 cp {} {file}", table.object));
        self.draft.tables.push(TableDraft {
            name: name.clone(),
            comment: format!("was {}", table.object),
            file,
            format,
            key: Vec::new(),
            columns,
        });
    }
}
