//! Records as rows and columns.

use std::collections::HashMap;

use serde_json::{Map, Value};

use crate::streams::Millis;

use super::cells::Cell;

/// The most columns: KDA's limit for the columns of a row (developer guide, "Limits").
const MAX_COLUMNS: usize = 1000;

/// Records out of a stream or a file.
#[derive(Debug, Clone, Default)]
pub struct Sample {
    /// The name of the stream.
    pub stream: String,
    /// Where they are from, in words.
    pub origin: String,
    /// The names of the columns, where the file says them in its first line.
    pub header: Option<Vec<String>>,
    /// The records, in the order in which they came.
    pub records: Vec<Sampled>,
}

/// A record of a sample.
#[derive(Debug, Clone)]
pub struct Sampled {
    /// When it arrived, where that is known.
    pub arrival: Option<Millis>,
    /// Its partition key, where that is known.
    pub key: Option<String>,
    /// Its bytes.
    pub data: Vec<u8>,
}

/// A sample that nothing can be concluded from.
#[derive(Debug, thiserror::Error)]
pub enum InferError {
    /// It is empty.
    #[error("there are no records in {origin}")]
    Empty {
        /// Where they should be.
        origin: String,
    },
    /// None of the records is of a form that is known.
    #[error("none of the {count} records in {origin} is a JSON object or a line of values")]
    Unread {
        /// How many there are.
        count: usize,
        /// Where they are.
        origin: String,
    },
}

/// A sample, read.
pub(super) struct Table {
    pub(super) columns: Vec<Cells>,
    /// The records that could be read, by index.
    pub(super) rows: Vec<usize>,
    pub(super) left_out: Vec<String>,
    pub(super) is_csv: bool,
}

/// The values of a column, a value for each row.
pub(super) struct Cells {
    pub(super) path: Vec<String>,
    pub(super) name: String,
    pub(super) values: Vec<Cell>,
}

/// Reads a sample as what most of its records are.
pub(super) fn read(sample: &Sample) -> Result<Table, InferError> {
    let (origin, count) = (sample.origin.clone(), sample.records.len());
    if count == 0 {
        return Err(InferError::Empty { origin });
    }
    let objects: Vec<(usize, Map<String, Value>)> = sample
        .records
        .iter()
        .enumerate()
        .filter_map(|(row, record)| Some((row, serde_json::from_slice(&record.data).ok()?)))
        .collect();
    let is_most = |some: usize| some * 2 > count;
    let begins_as_json = |record: &&Sampled| matches!(record.data.trim_ascii_start().first(), Some(b'{' | b'['));
    let table = if sample.header.is_some() {
        csv(sample)
    } else if is_most(objects.len()) {
        json(objects)
    } else if is_most(sample.records.iter().filter(begins_as_json).count()) {
        return Err(InferError::Unread { count, origin });
    } else {
        csv(sample)
    };
    if table.rows.is_empty() || table.columns.is_empty() {
        return Err(InferError::Unread { count, origin });
    }
    Ok(table)
}

fn json(objects: Vec<(usize, Map<String, Value>)>) -> Table {
    let mut table = Table { columns: Vec::new(), rows: Vec::new(), left_out: Vec::new(), is_csv: false };
    let mut known: HashMap<Vec<String>, Option<usize>> = HashMap::new();
    for (index, (record, object)) in objects.into_iter().enumerate() {
        table.rows.push(record);
        let mut open = vec![(Vec::new(), object)];
        while let Some((path, object)) = open.pop() {
            for (name, value) in object {
                let mut path: Vec<String> = path.clone();
                path.push(name);
                let value = match value {
                    Value::Object(inner) => {
                        open.push((path, inner));
                        continue;
                    }
                    value => value,
                };
                let column = *known.entry(path).or_insert_with_key(|path| table.begin(path, &value));
                if let (Some(column), Some(cell)) = (column, Cell::of(&value)) {
                    let values = &mut table.columns[column].values;
                    values.resize(index, Cell::Null);
                    values.push(cell);
                }
            }
        }
    }
    for column in &mut table.columns {
        column.values.resize(table.rows.len(), Cell::Null);
    }
    // What is a value in one record and an object in another has no place.
    let paths: Vec<Vec<String>> = table.columns.iter().map(|column| column.path.clone()).collect();
    let is_outer = |path: &Vec<String>| paths.iter().any(|other| other.len() > path.len() && other.starts_with(path));
    let (kept, outer): (Vec<Cells>, Vec<Cells>) = table.columns.into_iter().partition(|column| !is_outer(&column.path));
    table.columns = kept;
    table
        .left_out
        .extend(outer.iter().map(|column| format!("$.{} is an object in some records", column.path.join("."))));
    table
}

impl Table {
    /// Makes room for the values at a path, where they can be those of a column.
    fn begin(&mut self, path: &[String], value: &Value) -> Option<usize> {
        let illegal = |name: &String| name.is_empty() || name.contains(['[', ']', '*', '\'', '"', ' ', '.', '$']);
        let reason = if value.is_array() {
            "is a list"
        } else if path.iter().any(illegal) {
            "has a name that no path can have"
        } else if self.columns.len() >= MAX_COLUMNS {
            "is one column too many"
        } else {
            let last = path.last().map_or("", String::as_str);
            let name = self.free(&name(last), &name(&path.join("_")));
            self.columns.push(Cells { path: path.to_vec(), name, values: Vec::new() });
            return Some(self.columns.len() - 1);
        };
        self.left_out.push(format!("$.{} {reason}", path.join(".")));
        None
    }

    /// Returns the first of two names that is free, or the second with a number.
    fn free(&self, short: &str, long: &str) -> String {
        let is_taken = |name: &str| {
            RESERVED.iter().any(|reserved| name.eq_ignore_ascii_case(reserved))
                || self.columns.iter().any(|column| column.name.eq_ignore_ascii_case(name))
        };
        let numbered = (2..).map(|number: u32| format!("{long}_{number}"));
        let mut candidates = [short.to_owned(), long.to_owned()].into_iter().chain(numbered);
        candidates.find(|name| !is_taken(name)).unwrap_or_default()
    }
}

/// Names that windows give to their own columns, and that expressions give to something else.
const RESERVED: &[&str] = &["window_start", "window_end", "window_time", "rowtime", "previous", "records"];

/// Makes a name of a column: letters, digits and `_`, no digit first.
fn name(text: &str) -> String {
    let kept: String = text
        .chars()
        .take(100)
        .map(|letter| if letter.is_ascii_alphanumeric() || letter == '_' { letter } else { '_' })
        .collect();
    if kept.starts_with(|first: char| first.is_ascii_alphabetic()) { kept } else { format!("c_{kept}") }
}

fn csv(sample: &Sample) -> Table {
    let mut rows: Vec<(usize, Vec<Cell>)> = Vec::new();
    for (index, record) in sample.records.iter().enumerate() {
        let mut reader =
            csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(record.data.as_slice());
        let read = reader.records().next().and_then(Result::ok);
        if let Some(read) = read.filter(|_| std::str::from_utf8(&record.data).is_ok()) {
            rows.push((index, read.iter().map(Cell::of_text).collect()));
        }
    }
    let mut widths: HashMap<usize, usize> = HashMap::new();
    for (_, cells) in &rows {
        *widths.entry(cells.len()).or_default() += 1;
    }
    let usual = widths.into_iter().max_by_key(|(width, count)| (*count, *width)).map_or(0, |(width, _)| width);
    let width = sample.header.as_ref().map_or(usual, Vec::len);
    rows.retain(|(_, cells)| cells.len() == width);
    let mut table = Table { columns: Vec::new(), rows: Vec::new(), left_out: Vec::new(), is_csv: true };
    for index in 0..width.min(MAX_COLUMNS) {
        let number = format!("c{}", index + 1);
        let wanted =
            sample.header.as_ref().and_then(|header| header.get(index)).map_or(number.clone(), |text| name(text));
        let name = table.free(&wanted, &number);
        table.columns.push(Cells { path: vec![name.clone()], name, values: Vec::new() });
    }
    for (row, cells) in rows {
        table.rows.push(row);
        for (column, cell) in table.columns.iter_mut().zip(cells) {
            column.values.push(cell);
        }
    }
    table
}
