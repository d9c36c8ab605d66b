//! Rows, each with what a table has for it at the moment at which it is processed.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{Array, ArrayRef, RecordBatch, UInt32Array};
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType, SchemaRef};
use arrow::row::{RowConverter, SortField};
use datafusion_common::DataFusionError;

use crate::plan::{JoinKind, Lookup, Table};

use super::each_row::{EachHolds, each_holds};
use super::expression::{Names, Physical, lower};
use super::join::key_type;
use super::operator::{Operator, Turn};
use super::parallel::in_parallel;
use super::rows::{Flow, Rows, Stray};
use super::table::{self, Loaded, Stamp, TableError};

/// How often it is looked whether a table's file has changed.
const LOOK: Duration = Duration::from_secs(1);

/// A join with a table.
pub(super) struct Joined {
    table: Table,
    /// Whether a row for which the table has nothing stays.
    left: bool,
    /// The columns that are equal: of the input, of the table, and the type as which they are compared.
    on: Vec<(usize, usize, DataType)>,
    filter: Option<Physical>,
    schema: SchemaRef,
    source: Option<Source>,
}

/// The file of a table, and what it held.
struct Source {
    path: PathBuf,
    loaded: Loaded,
    index: Index,
    looked: Instant,
    /// The state of the file at the last attempt; none where there was no file.
    tried: Option<Stamp>,
    /// Why the rows are older than the file.
    trouble: Option<String>,
}

/// The rows of a table by their keys.
struct Index {
    converter: RowConverter,
    rows: HashMap<Box<[u8]>, Vec<u32>>,
}

impl Joined {
    /// Takes the schema of the input, and that of the rows. The table is to be read before the first rows come.
    pub(super) fn new(
        lookup: &Lookup,
        table: &Table,
        input: &SchemaRef,
        schema: &SchemaRef,
    ) -> Result<Self, DataFusionError> {
        let compared = |(one, other): &(usize, usize)| {
            let of_table = table.columns[*other].sql_type.arrow();
            (*one, *other, key_type(input.field(*one).data_type(), &of_table))
        };
        let names = Names { schema, aggregates: &[] };
        Ok(Self {
            table: table.clone(),
            left: lookup.kind == JoinKind::Left,
            on: lookup.on.iter().map(compared).collect(),
            filter: lookup.filter.as_ref().map(|filter| lower(filter, names)).transpose()?,
            schema: Arc::clone(schema),
            source: None,
        })
    }

    fn index(&self, batch: &RecordBatch) -> Result<Index, DataFusionError> {
        let types = self.on.iter().map(|(.., data_type)| SortField::new(data_type.clone())).collect();
        let converter = RowConverter::new(types)?;
        let mut rows: HashMap<Box<[u8]>, Vec<u32>> = HashMap::new();
        let columns = self.on.iter().map(|(_, column, data_type)| (*column, data_type));
        each_key(&converter, batch, columns, |row, key| {
            if let Some(key) = key {
                rows.entry(key.into()).or_default().push(row);
            }
        })?;
        Ok(Index { converter, rows })
    }

    /// Reads the file again where it has changed. What cannot be read leaves the rows as they are.
    fn refresh(&mut self) -> Result<(), DataFusionError> {
        let Some(source) = self.source.as_mut().filter(|source| source.looked.elapsed() >= LOOK) else { return Ok(()) };
        source.looked = Instant::now();
        let stamp = Stamp::of(&source.path).ok();
        if stamp == source.tried {
            return Ok(());
        }
        let path = source.path.clone();
        match table::load(&self.table, &path) {
            Ok(loaded) => {
                let index = self.index(&loaded.batch)?;
                if let Some(source) = &mut self.source {
                    source.tried = Some(loaded.stamp);
                    (source.loaded, source.index, source.trouble) = (loaded, index, None);
                }
            }
            Err(error) => {
                source.tried = stamp;
                source.trouble = Some(format!("{error}; the rows that it had before count on ({})", error.help));
            }
        }
        Ok(())
    }

    /// Joins the rows of one lane; returns what could not be computed, and why.
    fn join(&self, rows: &Rows) -> Result<(Rows, Vec<(Stray, String)>), DataFusionError> {
        let source = self.source.as_ref().ok_or_else(|| DataFusionError::Internal("no table was read".to_owned()))?;
        let mut pairs: Vec<(u32, Option<u32>)> = Vec::with_capacity(rows.len());
        let columns = self.on.iter().map(|(column, _, data_type)| (*column, data_type));
        each_key(&source.index.converter, &rows.batch, columns, |row, key| {
            let found = key.and_then(|key| source.index.rows.get(key)).map(Vec::as_slice).unwrap_or_default();
            pairs.extend(found.iter().map(|of_table| (row, Some(*of_table))));
            if self.left && found.is_empty() {
                pairs.push((row, None));
            }
        })?;
        let mut bad = Vec::new();
        if let Some(filter) = &self.filter {
            pairs = self.filtered(rows, &pairs, filter, &mut bad)?;
        }
        let taken: Vec<u32> = pairs.iter().map(|(row, _)| *row).collect();
        Ok((Rows { batch: self.batch(&rows.batch, &pairs)?, ..rows.take(&taken)? }, bad))
    }

    /// Leaves out the pairs for which the condition does not hold.
    fn filtered(
        &self,
        rows: &Rows,
        pairs: &[(u32, Option<u32>)],
        filter: &Physical,
        bad: &mut Vec<(Stray, String)>,
    ) -> Result<Vec<(u32, Option<u32>)>, DataFusionError> {
        let batch = self.batch(&rows.batch, pairs)?;
        let EachHolds { held, failed } = each_holds(filter, &batch)?;
        for (pair, reason) in failed {
            // There is nothing that could hold of a row for which the table has nothing.
            if pairs[pair].1.is_some() {
                bad.push((rows.stray(pairs[pair].0 as usize), reason));
            }
        }
        let mut kept: Vec<(u32, Option<u32>)> = Vec::with_capacity(pairs.len());
        let mut first = 0;
        for of_row in pairs.chunk_by(|one, other| one.0 == other.0) {
            let before = kept.len();
            let pairs = of_row.iter().zip(&held[first..first + of_row.len()]);
            kept.extend(pairs.filter(|(pair, held)| **held && pair.1.is_some()).map(|(pair, _)| *pair));
            if self.left && kept.len() == before {
                kept.push((of_row[0].0, None));
            }
            first += of_row.len();
        }
        Ok(kept)
    }

    fn batch(&self, rows: &RecordBatch, pairs: &[(u32, Option<u32>)]) -> Result<RecordBatch, DataFusionError> {
        let source = self.source.as_ref().ok_or_else(|| DataFusionError::Internal("no table was read".to_owned()))?;
        let left = UInt32Array::from_iter_values(pairs.iter().map(|(row, _)| *row));
        let right: UInt32Array = pairs.iter().map(|(_, of_table)| *of_table).collect();
        let mut columns = Vec::with_capacity(self.schema.fields().len());
        for column in rows.columns() {
            columns.push(take(column, &left, None)?);
        }
        for column in source.loaded.batch.columns() {
            columns.push(take(column, &right, None)?);
        }
        Ok(RecordBatch::try_new(Arc::clone(&self.schema), columns)?)
    }
}

/// Visits every row of a batch with its key; `None` where that has a NULL, which equals nothing.
fn each_key<'a>(
    converter: &RowConverter,
    batch: &RecordBatch,
    columns: impl Iterator<Item = (usize, &'a DataType)>,
    mut visit: impl FnMut(u32, Option<&[u8]>),
) -> Result<(), DataFusionError> {
    let columns: Vec<ArrayRef> =
        columns.map(|(column, data_type)| cast(batch.column(column), data_type)).collect::<Result<_, _>>()?;
    let keys = converter.convert_columns(&columns)?;
    for (number, row) in (0u32..).zip(0..batch.num_rows()) {
        let null = columns.iter().any(|column| column.is_null(row));
        visit(number, (!null).then(|| keys.row(row).data()));
    }
    Ok(())
}

impl Operator for Joined {
    fn push(&mut self, inputs: Vec<Flow>, turn: &mut Turn) -> Result<Flow, DataFusionError> {
        self.refresh()?;
        let input = Flow::only(inputs)?;
        let mut made: Vec<(Rows, Vec<(Stray, String)>)> =
            input.lanes.into_iter().map(|rows| (rows, Vec::new())).collect();
        let this = &*self;
        in_parallel(made.iter_mut(), |(rows, bad)| {
            (*rows, *bad) = if rows.len() == 0 { (Rows::none(&this.schema), Vec::new()) } else { this.join(rows)? };
            Ok(())
        })?;
        let mut lanes = Vec::with_capacity(made.len());
        for (rows, bad) in made {
            turn.bad.extend(bad);
            lanes.push(rows);
        }
        Ok(Flow { lanes, watermark: input.watermark })
    }

    fn read_table(&mut self, folder: &Path) -> Result<(), LookupError> {
        let path = table::path(&self.table, folder);
        let loaded = table::load(&self.table, &path)?;
        let index = self.index(&loaded.batch)?;
        let tried = Some(loaded.stamp);
        self.source = Some(Source { path, loaded, index, looked: Instant::now(), tried, trouble: None });
        Ok(())
    }

    fn trouble(&self) -> Option<&str> {
        self.source.as_ref()?.trouble.as_deref()
    }
}

/// A failure to read a table, or to find its rows by their keys.
#[derive(Debug, thiserror::Error)]
pub(super) enum LookupError {
    #[error(transparent)]
    Table(#[from] TableError),
    #[error(transparent)]
    Index(#[from] DataFusionError),
}
