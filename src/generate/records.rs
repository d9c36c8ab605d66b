//! Rows as records.

use crate::plan::{Generator, Stream};
use crate::record::RecordFormat;
use crate::streams::Appends;
use crate::window::Micros;

use super::GenerateError;
use super::column::{Column, order};
use super::frame::{Frame, Values};
use super::key::Keys;
use super::seed::{Purpose, Seed};

/// Makes the records of one generator, one after the other.
///
/// Equal seeds give equal bytes on every platform, the fields of the clock aside, however the records are cut into
/// batches.
pub struct Records {
    /// In the order of drawing.
    columns: Vec<Column>,
    form: Form,
    keys: Keys,
    values: Values,
    room: String,
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
        let columns = order(&generator.fields)
            .map_err(|column| GenerateError::Circle { column: name(column) })?
            .into_iter()
            .map(|index| Column::begin(index, &stream.columns[index], &generator.fields[index], seed))
            .collect::<Result<_, _>>()?;
        let keys = match stream.partition_key {
            Some(column) => Keys::Column(column),
            None => Keys::Spread(Box::new(seed.numbers("", Purpose::Keys))),
        };
        Ok(Self { columns, form, keys, values: Values::new(paths.len()), room: String::new() })
    }

    /// Adds the next `count` records, all made at `now`.
    pub fn fill(&mut self, now: Micros, count: usize, into: &mut Appends) {
        for column in &mut self.columns {
            column.set_time(now);
        }
        for _ in 0..count {
            self.values.clear();
            for column in &mut self.columns {
                column.draw(&mut self.values);
            }
            let key = self.keys.next(&self.values, &mut self.room);
            into.push_with(key, |data| match &self.form {
                Form::Json(frame) => frame.write(&self.values, data),
                Form::Csv(stream, delimiter) => stream.write_csv(*delimiter, self.values.all(), data),
            });
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
