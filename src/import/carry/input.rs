//! Inputs → the streams that producers feed.

use crate::document::Diagnostic;
use crate::import::application::{EndKind, Input};
use crate::import::columns::{columns, record_format};
use crate::import::draft::{ColumnDraft, StreamDraft};
use crate::import::fields::is_time;
use crate::import::names;
use crate::import::report::Verdict;
use crate::record::RecordFormat;
use crate::sql::SqlType;

use super::Carrier;

/// The characters of a time to the second, such as `2026-02-02T10:15:30`.
const TIME_LENGTH: u32 = 19;

impl Carrier<'_, '_, '_> {
    /// Carries an input over: the names of its in-application streams with the stream that feeds them.
    pub(super) fn input(&mut self, input: &Input, construct: &str) -> Vec<(String, String)> {
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
        let format = record_format(&input.schema, &owner, self.report);
        let comment = self.comment(&input.source);
        let capacity = self.capacity(&input.source);
        match self.draft.stream(&name) {
            None => {
                self.draft.streams.push(StreamDraft {
                    name: name.clone(),
                    comment,
                    capacity,
                    format,
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
            // A value in CSV lies where its column stands: a column more would move others.
            Some(StreamDraft { columns: Some(columns), format: known, .. })
                if format != RecordFormat::Json || *known != RecordFormat::Json =>
            {
                if *known != format || *columns != found {
                    self.report.add(
                        Verdict::Different,
                        &owner,
                        "two applications declare its records differently: those of the first one are kept",
                        Some(&input.schema.format.span),
                    );
                }
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
}
