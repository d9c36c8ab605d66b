//! One column in a run of records.

use std::sync::Arc;

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::field::{Beginning, Draw, Field, Source};
use crate::plan::{GeneratedField, Making, Origin, Stream};
use crate::window::Micros;

use super::GenerateError;
use super::by_key::ByKey;
use super::computing::Computing;
use super::seed::{Purpose, Seed};
use super::table_rows::TableRows;
use super::texts::Texts;

/// NULL as JSON.
pub(super) const NULL: &[u8] = b"null";

/// Makes the values of one column.
pub(super) struct Column {
    maker: Maker,
    source: Source,
    /// Which values are NULL, and their share, where some are.
    nulls: Option<(ChaCha8Rng, f64)>,
}

enum Maker {
    Drawn(Draw),
    PerKey(PerKey),
    Fixed(Draw, Seed, String),
    Computed(Box<Computing>),
    Row(TableRows),
}

/// A state for each value of another column.
struct PerKey {
    draws: ByKey<Draw>,
    begin: Box<dyn Fn() -> Draw + Send>,
}

impl Column {
    /// Begins the values of the column of a stream at an index.
    pub(super) fn begin(
        stream: &Stream,
        index: usize,
        generated: &GeneratedField,
        seed: Seed,
    ) -> Result<Self, GenerateError> {
        let (sql_type, name) = (stream.columns[index].sql_type, &stream.columns[index].name);
        let whose = |origin: &Option<Origin>| {
            let own = || (Seed { skip: 0, ..seed }, name.clone());
            origin.as_ref().map_or_else(own, |origin| (Seed { seed: origin.seed, skip: 0 }, origin.column.clone()))
        };
        let drawing = |field: &Arc<dyn Field>, origin: &Option<Origin>| {
            let (theirs, column) = whose(origin);
            let beginning = Beginning { skip: seed.skip, lasting: theirs.numbers(&column, Purpose::Lasting) };
            let draw = field
                .begin(sql_type, &beginning)
                .map_err(|reason| GenerateError::Unfit { column: name.clone(), reason })?;
            Ok::<_, GenerateError>((draw, beginning))
        };
        let maker = match &generated.making {
            Making::Drawn { field, per: None, origin } => Maker::Drawn(drawing(field, origin)?.0),
            Making::Drawn { field, per: Some(_), origin } => {
                let (field, (_, beginning)) = (Arc::clone(field), drawing(field, origin)?);
                let begin = move || field.begin(sql_type, &beginning).expect("the field has begun like this before");
                Maker::PerKey(PerKey { draws: ByKey::new(), begin: Box::new(begin) })
            }
            Making::Fixed { field, origin, .. } => {
                let (theirs, column) = whose(origin);
                Maker::Fixed(drawing(field, origin)?.0, theirs, column)
            }
            Making::Computed(computed) => Maker::Computed(Box::new(
                Computing::new(computed, stream, index)
                    .map_err(|error| GenerateError::Unfit { column: name.clone(), reason: error.to_string() })?,
            )),
            Making::Table(table) => Maker::Row(TableRows::read(table)?),
        };
        let nulls =
            (generated.null_share > 0.0).then(|| (seed.numbers(name, Purpose::Nulls), generated.null_share.min(1.0)));
        let source = Source { rng: seed.numbers(name, Purpose::Values), now: 0 };
        Ok(Self { maker, source, nulls })
    }

    /// Makes the next values, one for each moment, with those of the columns that they need (see [`Making::needs`]). A value
    /// is drawn even where NULL takes its place, so that a share of NULL moves no other value and a sequence counts
    /// records.
    pub(super) fn make(&mut self, moments: &[Micros], needed: &[&Texts], values: &mut Texts) {
        values.clear();
        let nulls = &mut self.nulls;
        let mut is_null = || nulls.as_mut().is_some_and(|(numbers, share)| numbers.random_bool(*share));
        if let Maker::Computed(computing) = &mut self.maker {
            return computing.make(moments.len(), needed, &mut is_null, values);
        }
        for (row, now) in moments.iter().enumerate() {
            self.source.now = *now;
            let key = needed.first().map_or(NULL, |keys| keys.get(row));
            match &mut self.maker {
                Maker::Drawn(draw) => values.push(|json| draw(&mut self.source, json)),
                Maker::PerKey(states) => {
                    let draw = states.draws.of(key, &states.begin);
                    values.push(|json| draw(&mut self.source, json));
                }
                Maker::Fixed(draw, seed, column) => {
                    self.source.rng = seed.fixed(column, key);
                    values.push(|json| draw(&mut self.source, json));
                }
                Maker::Row(rows) => values.push(|json| rows.write(key, &mut self.source, json)),
                Maker::Computed(_) => {}
            }
            if is_null() {
                values.replace_last(NULL);
            }
        }
    }
}
