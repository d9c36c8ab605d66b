//! Reference tables in S3 → files beside the pipeline.

use crate::import::application::Table;
use crate::import::columns::columns;
use crate::import::draft::TableDraft;
use crate::import::names;
use crate::import::report::Verdict;
use crate::import::schema::RecordFormat;

use super::Carrier;

impl Carrier<'_, '_, '_> {
    pub(super) fn table(&mut self, table: &Table) {
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
        if let RecordFormat::Csv { column_delimiter, .. } = &schema.format.value {
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
            .help(if is_csv {
                // A file of the service had no header line, and is read by position.
                let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
                format!("aws s3 cp {} {file}, and put a first line before it: {}", table.object, names.join(","))
            } else {
                format!("aws s3 cp {} {file}", table.object)
            });
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
