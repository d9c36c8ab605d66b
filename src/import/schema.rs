//! `InputSchema` and `ReferenceSchema`: how a record becomes a row.

use crate::document::{Diagnostic, Spanned, help_for};

use super::columns::check_type;
use super::section::Section;
use super::template::Template;

/// How a record becomes a row.
#[derive(Debug, Clone)]
pub(super) struct Schema {
    /// How records are written.
    pub(super) format: Spanned<RecordFormat>,
    /// The columns in order.
    pub(super) columns: Vec<RecordColumn>,
}

/// `RecordFormat`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RecordFormat {
    /// JSON, with the path of the element that holds a row.
    Json {
        /// `RecordRowPath`
        row_path: String,
    },
    /// Delimited text.
    Csv {
        /// `RecordColumnDelimiter`
        column_delimiter: String,
        /// `RecordRowDelimiter`
        row_delimiter: String,
    },
}

/// `RecordColumn`
#[derive(Debug, Clone)]
pub(super) struct RecordColumn {
    /// `Name`
    pub(super) name: Spanned<String>,
    /// `SqlType`
    pub(super) sql_type: Spanned<String>,
    /// `Mapping`
    pub(super) mapping: Option<Spanned<String>>,
}

/// Returns the one character that a delimiter is; a template may write it as an escape.
pub(super) fn single(delimiter: &str) -> Option<u8> {
    let written = match delimiter {
        "\\t" => "\t",
        "\\n" => "\n",
        other => other,
    };
    let mut letters = written.chars();
    let letter = letters.next().filter(|letter| letters.next().is_none() && letter.is_ascii())?;
    u8::try_from(letter).ok()
}

pub(super) fn read(template: &Template<'_>, schema: &Section<'_, '_>) -> Option<Schema> {
    let format = schema.map("RecordFormat").and_then(|format| read_format(template, &format));
    let columns = schema
        .maps("RecordColumns")
        .map(|columns| columns.iter().filter_map(|column| read_column(template, column)).collect());
    Some(Schema { format: format?, columns: columns? })
}

fn read_format(template: &Template<'_>, format: &Section<'_, '_>) -> Option<Spanned<RecordFormat>> {
    let kind = format.text("RecordFormatType")?;
    let parameters = format.optional_map("MappingParameters");
    let of = |key| parameters.as_ref().and_then(|parameters| parameters.optional_map(key));
    let read = match kind.value.as_str() {
        "JSON" => {
            let row_path = of("JSONMappingParameters").and_then(|json| json.optional_text("RecordRowPath"));
            RecordFormat::Json { row_path: row_path.map_or_else(|| "$".to_owned(), |path| path.value) }
        }
        "CSV" => {
            let csv = of("CSVMappingParameters");
            let delimiter = |key, usual: &str| {
                let found = csv.as_ref().and_then(|csv| csv.optional_text(key));
                found.map_or_else(|| usual.to_owned(), |found| found.value)
            };
            RecordFormat::Csv {
                column_delimiter: delimiter("RecordColumnDelimiter", ","),
                row_delimiter: delimiter("RecordRowDelimiter", "\n"),
            }
        }
        other => {
            template.findings.add(
                Diagnostic::new(format!("`{other}` is not a format of records"), kind.span)
                    .label("not one of them")
                    .help(help_for(other, ["JSON", "CSV"])),
            );
            return None;
        }
    };
    Some(Spanned::new(read, kind.span))
}

fn read_column(template: &Template<'_>, column: &Section<'_, '_>) -> Option<RecordColumn> {
    let (name, sql_type) = (column.text("Name"), column.text("SqlType"));
    if let Some(sql_type) = &sql_type {
        check_type(sql_type, template.findings);
    }
    Some(RecordColumn { name: name?, sql_type: sql_type?, mapping: column.optional_text("Mapping") })
}
