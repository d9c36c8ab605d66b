//! Rows as records.

use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard};

use crate::plan::{Generator, Stream};
use crate::record::RecordFormat;
use crate::streams::Appends;
use crate::window::Micros;

use super::column::Column;
use super::frame::Frame;
use super::key::Keys;
use super::seed::{Purpose, Seed};
use super::texts::Texts;
use super::{GenerateError, tasks};

/// From how many records on a block is worth a second thread.
const PARALLEL: usize = 1024;
/// The most threads: the columns of a stream are few.
const MAX_THREADS: usize = 8;

/// Makes the records of one generator, one after the other.
///
/// Equal seeds and moments give equal bytes, however the records are cut into blocks and on however
/// many threads they are made: each column draws its values of a block in their order, from numbers of its own.
pub struct Records {
    columns: Vec<Mutex<Column>>,
    /// What each column drew for the block at hand. Those of a column are read where its drawing is done.
    values: Vec<RwLock<Texts>>,
    /// By column, those whose values it needs.
    needs: Vec<Vec<usize>>,
    form: Form,
    keys: Keys,
    threads: usize,
    /// What each thread but the caller's puts together.
    parts: Vec<Appends>,
}

/// How the values become a record.
enum Form {
    Json(Frame),
    Csv(Box<Stream>, u8),
}

impl Records {
    /// Begins behind the `skip` records of earlier runs: sequences go on, and everything else is drawn anew, from
    /// other numbers than before. Fails where the fields cannot make the stream's columns.
    pub fn new(generator: &Generator, stream: &Stream, skip: u64) -> Result<Self, GenerateError> {
        let seed = Seed { seed: generator.seed, skip };
        let name = |index: usize| stream.columns.get(index).map(|column| column.name.clone()).unwrap_or_default();
        let paths: Vec<&[String]> = stream.columns.iter().map(|column| column.path.as_slice()).collect();
        let form = match stream.format {
            RecordFormat::Json => Form::Json(
                Frame::new(&paths)
                    .map_err(|(column, other)| GenerateError::Overlap { column: name(column), other: name(other) })?,
            ),
            RecordFormat::Csv { delimiter } => Form::Csv(Box::new(stream.clone()), delimiter),
        };
        let fields = &generator.fields;
        let needs: Vec<Vec<usize>> = fields.iter().map(|field| field.making.needs()).collect();
        if let Some(column) = tasks::stuck(&needs) {
            return Err(GenerateError::Circle { column: name(column) });
        }
        let begun = fields.iter().enumerate().map(|(index, field)| Column::begin(stream, index, field, seed));
        let columns: Vec<Mutex<Column>> = begun.map(|column| column.map(Mutex::new)).collect::<Result<_, _>>()?;
        let keys = Keys::new(stream.partition_key, || seed.numbers("", Purpose::Keys));
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS);
        Ok(Self {
            values: columns.iter().map(|_| RwLock::default()).collect(),
            columns,
            needs,
            form,
            keys,
            threads,
            parts: Vec::new(),
        })
    }

    /// Makes records on so many threads at the most, in place of as many as the machine runs at a time.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads.max(1);
        self
    }

    /// Adds the next records, one for each moment.
    pub fn fill(&mut self, moments: &[Micros], into: &mut Appends) {
        let threads = if moments.len() < PARALLEL { 1 } else { self.threads };
        tasks::run(threads, &self.needs, |column| {
            let needed: Vec<RwLockReadGuard<'_, Texts>> =
                self.needs[column].iter().map(|needed| read(&self.values[*needed])).collect();
            let needed: Vec<&Texts> = needed.iter().map(|texts| &**texts).collect();
            let mut values = self.values[column].write().unwrap_or_else(PoisonError::into_inner);
            let mut column = self.columns[column].lock().unwrap_or_else(PoisonError::into_inner);
            column.make(moments, &needed, &mut values);
        });
        self.keys.draw(moments.len());
        let block = Block { values: self.values.iter().map(read).collect(), form: &self.form, keys: &self.keys };
        let each = moments.len().div_ceil(threads);
        self.parts.resize_with(threads - 1, Appends::new);
        std::thread::scope(|scope| {
            let mut begin = each;
            for part in &mut self.parts {
                let (start, end) = (begin.min(moments.len()), (begin + each).min(moments.len()));
                let block = &block;
                scope.spawn(move || {
                    part.clear();
                    block.write(start..end, part);
                });
                begin = end;
            }
            block.write(0..each.min(moments.len()), into);
        });
        for part in &self.parts {
            into.append(part);
        }
    }
}

fn read(values: &RwLock<Texts>) -> RwLockReadGuard<'_, Texts> {
    values.read().unwrap_or_else(PoisonError::into_inner)
}

/// The values of a block, drawn.
struct Block<'b> {
    values: Vec<RwLockReadGuard<'b, Texts>>,
    form: &'b Form,
    keys: &'b Keys,
}

impl Block<'_> {
    /// Puts rows together as records.
    fn write(&self, rows: std::ops::Range<usize>, into: &mut Appends) {
        let mut room = String::new();
        for row in rows {
            let value = |column: usize| self.values[column].get(row);
            let key = self.keys.get(row, value, &mut room);
            into.push_with(key, |data| match self.form {
                Form::Json(frame) => frame.write(value, data),
                Form::Csv(stream, delimiter) => {
                    stream.write_csv(*delimiter, (0..self.values.len()).map(value), data);
                }
            });
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
