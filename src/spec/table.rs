//! `[tables.NAME]`

use crate::document::{Diagnostic, Spanned, Value, help_for};

use super::name;
use super::query::texts;
use super::stream::{ColumnSpec, read_columns};

/// One table as written.
#[derive(Debug, Clone)]
pub struct TableSpec {
    /// Its name.
    pub name: Spanned<String>,
    /// `file`
    pub file: Spanned<String>,
    /// Whether its rows are comma-separated values; JSON otherwise.
    pub csv: bool,
    /// `columns`
    pub columns: Spanned<Vec<ColumnSpec>>,
    /// `key`
    pub key: Vec<Spanned<String>>,
}

/// The formats, and whether each is CSV.
const FORMATS: [(&str, bool); 2] = [("csv", true), ("json", false)];

pub(super) fn read(value: &Value<'_>) -> Option<TableSpec> {
    let table_name = name::stream(value);
    let mut reader = value.table(format!("table `{}`", value.key()))?;
    let file = reader.take("file").and_then(|value| value.text());
    let format = reader.optional("format").map(|value| {
        let text = value.text()?;
        let found = FORMATS.iter().find(|(name, _)| *name == text.value);
        if found.is_none() {
            value.findings().add(
                Diagnostic::new(format!("`{}` is not the format of a table", text.value), text.span)
                    .label("not one of them")
                    .help(help_for(&text.value, FORMATS.map(|(name, _)| name))),
            );
        }
        found.map(|(_, csv)| *csv)
    });
    let columns = reader.take("columns").and_then(|value| read_columns(&value));
    let key = reader.optional("key").map_or(Some(Vec::new()), |value| texts(&value));
    reader.finish();
    let file = file?;
    let ending = file.value.rsplit_once('.').map_or("", |(_, ending)| ending).to_ascii_lowercase();
    let csv = match format {
        Some(format) => format?,
        None => match ending.as_str() {
            "csv" => true,
            "json" | "jsonl" | "ndjson" => false,
            _ => {
                value.findings().add(
                    Diagnostic::new("the name of this file does not say how its rows are written", file.span)
                        .label("expected .csv, .json or .jsonl")
                        .help("add `format = \"csv\"` or `format = \"json\"`"),
                );
                return None;
            }
        },
    };
    Some(TableSpec { name: table_name?, file, csv, columns: columns?, key: key? })
}
