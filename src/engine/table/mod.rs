//! Reference tables: files whose rows streams are joined with.
//!
//! Owns how such a file becomes rows. Values follow the rules of records: the same text gives the same value in a stream
//! and in a table. Never looks at a clock: when a file is read again is the lookup's choice.

mod csv;
mod json;

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::row::{RowConverter, SortField};

use crate::plan::{Column, Table, TableFormat};
use crate::record::RecordFormat;

use super::decode::Decoder;
use super::json::write_value;

/// The largest file of a table: KDA's limit for a reference data source (developer guide, "Limits").
const MAX_BYTES: u64 = 1 << 30;

/// Why a table cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("table `{table}` cannot be read: `{}`{}: {reason}", path.display(), place(*.line))]
pub struct TableError {
    /// The table.
    pub table: String,
    /// Its file.
    pub path: PathBuf,
    /// The line that is meant, where one is.
    pub line: Option<u64>,
    /// What is wrong.
    pub reason: String,
    /// What to do.
    pub help: String,
}

fn place(line: Option<u64>) -> String {
    line.map_or_else(String::new, |line| format!(", line {line}"))
}

/// What is wrong with a file, before it is known which one it is: the line, what, and what to do.
#[derive(Debug)]
struct Mistake {
    line: Option<u64>,
    reason: String,
    help: String,
}

/// Tells one state of a file from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    inode: u64,
    length: u64,
    modified: (i64, i64),
}

/// The rows of a table, and the state of the file that they are of.
pub(super) struct Loaded {
    pub(super) batch: RecordBatch,
    pub(super) stamp: Stamp,
}

/// The rows on the way out of a file.
struct Rows {
    decoder: Decoder,
    /// The line of every row.
    lines: Vec<u64>,
}

impl Mistake {
    fn new(line: Option<u64>, reason: impl Into<String>, help: impl Into<String>) -> Self {
        Self { line, reason: reason.into(), help: help.into() }
    }
}

impl Stamp {
    /// Looks at a file.
    pub(super) fn of(path: &Path) -> std::io::Result<Self> {
        let found = fs::metadata(path)?;
        Ok(Self { inode: found.ino(), length: found.len(), modified: (found.mtime(), found.mtime_nsec()) })
    }
}

/// Returns where the file of a table lies. `folder` is that of the pipeline file.
pub(super) fn path(table: &Table, folder: &Path) -> PathBuf {
    folder.join(&table.file)
}

/// Reads a table's file, to find what is wrong with it. `folder` is that of the pipeline file.
pub fn check_table(table: &Table, folder: &Path) -> Result<(), TableError> {
    load(table, &path(table, folder)).map(drop)
}

/// Reads some columns of a table's file: of each row, in order, their values as JSON.
pub fn read_texts(table: &Table, path: &Path, columns: &[usize]) -> Result<Vec<Vec<Vec<u8>>>, TableError> {
    let batch = load(table, path)?.batch;
    let text = |row: usize, column: usize| {
        let mut json = Vec::new();
        write_value(batch.column(column).as_ref(), row, &mut json);
        json
    };
    Ok((0..batch.num_rows()).map(|row| columns.iter().map(|column| text(row, *column)).collect()).collect())
}

/// Reads a table's file.
pub(super) fn load(table: &Table, path: &Path) -> Result<Loaded, TableError> {
    let (data, stamp) = read(path).map_err(|mistake| whose(mistake, table, path))?;
    let batch = rows(table, &data).map_err(|mistake| whose(mistake, table, path))?;
    Ok(Loaded { batch, stamp })
}

fn whose(mistake: Mistake, table: &Table, path: &Path) -> TableError {
    let Mistake { line, reason, help } = mistake;
    TableError { table: table.name.clone(), path: path.to_owned(), line, reason, help }
}

/// Reads the bytes of a file, all of one state of it.
fn read(path: &Path) -> Result<(Vec<u8>, Stamp), Mistake> {
    let failed = |error: &std::io::Error| {
        let help = if error.kind() == std::io::ErrorKind::NotFound {
            "put the file there, or correct `file`: it starts at the folder of the pipeline file"
        } else {
            "`file` names a file that this user may read"
        };
        Mistake::new(None, error.to_string(), help)
    };
    let stamp = Stamp::of(path).map_err(|error| failed(&error))?;
    let mut data = Vec::new();
    // One byte more than is legal tells what is too long, whatever the file says of itself.
    let file = File::open(path).map_err(|error| failed(&error))?;
    file.take(MAX_BYTES + 1).read_to_end(&mut data).map_err(|error| failed(&error))?;
    if data.len() as u64 > MAX_BYTES {
        let help = "leave out rows and columns that no query needs";
        return Err(Mistake::new(None, format!("the file is longer than {MAX_BYTES} bytes"), help));
    }
    if Stamp::of(path).map_err(|error| failed(&error))? != stamp {
        let help = "write it under another name and rename it: then it changes at once";
        return Err(Mistake::new(None, "the file changed while it was read", help));
    }
    Ok((data, stamp))
}

/// Decodes the rows of a file.
fn rows(table: &Table, data: &[u8]) -> Result<RecordBatch, Mistake> {
    let columns: Vec<Column> = table
        .columns
        .iter()
        .zip(&table.paths)
        .map(|(attribute, path)| Column {
            name: attribute.name.clone(),
            sql_type: attribute.sql_type,
            not_null: attribute.not_null,
            path: path.clone(),
        })
        .collect();
    let mut rows = Rows { decoder: Decoder::new(RecordFormat::Json, &columns, &table.key), lines: Vec::new() };
    let text = std::str::from_utf8(data).map_err(|error| {
        let line = data[..error.valid_up_to()].split(|byte| *byte == b'\n').count() as u64;
        Mistake::new(Some(line), "the file is not UTF-8 from here", "save it as UTF-8")
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match table.format {
        TableFormat::Csv => csv::read(&columns, text, &mut rows)?,
        TableFormat::Json => json::read(text, &mut rows)?,
    }
    let batch = rows.decoder.finish();
    unique(table, &batch, &rows.lines)?;
    Ok(batch)
}

/// Finds two rows that share the values of the key.
fn unique(table: &Table, batch: &RecordBatch, lines: &[u64]) -> Result<(), Mistake> {
    if table.key.is_empty() {
        return Ok(());
    }
    let internal = |error: arrow::error::ArrowError| Mistake::new(None, error.to_string(), "leave `key` out");
    let columns: Vec<_> = table.key.iter().map(|index| Arc::clone(batch.column(*index))).collect();
    let fields = columns.iter().map(|column| SortField::new(column.data_type().clone())).collect();
    let converter = RowConverter::new(fields).map_err(internal)?;
    let keys = converter.convert_columns(&columns).map_err(internal)?;
    let mut known: HashMap<&[u8], u64> = HashMap::with_capacity(lines.len());
    for (row, line) in lines.iter().enumerate() {
        if let Some(first) = known.insert(keys.row(row).data(), *line) {
            let names: Vec<String> =
                table.key.iter().map(|index| format!("`{}`", table.columns[*index].name)).collect();
            let reason = format!("the row has the same {} as that of line {first}", names.join(" and "));
            let help = "remove one of the rows, or leave `key` out where every row counts";
            return Err(Mistake::new(Some(*line), reason, help));
        }
    }
    Ok(())
}
