//! One column in a run of records.

use std::sync::Arc;

use hashbrown::HashMap;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::field::{Draw, Field, Source};
use crate::plan::{Column as Declared, GeneratedField};
use crate::window::Micros;

use super::GenerateError;
use super::frame::Values;
use super::seed::{Purpose, Seed};

/// The most keys for which a field keeps a state. One more, and it begins again with all of them: a key that never
/// comes again must not cost memory for ever.
const MAX_KEYS: usize = 1 << 18;

/// Draws the values of one column.
pub(super) struct Column {
    index: usize,
    source: Source,
    /// Which values are NULL, and their share, where some are.
    nulls: Option<(ChaCha8Rng, f64)>,
    states: States,
}

enum States {
    One(Draw),
    PerKey(PerKey),
}

/// A state for each value of another column.
struct PerKey {
    column: usize,
    draws: HashMap<Vec<u8>, Draw>,
    begin: Box<dyn Fn() -> Draw + Send>,
}

impl Column {
    /// Begins the values of the column `index`.
    pub(super) fn begin(
        index: usize,
        declared: &Declared,
        generated: &GeneratedField,
        seed: Seed,
    ) -> Result<Self, GenerateError> {
        let sql_type = declared.sql_type;
        let draw = generated
            .field
            .begin(sql_type, seed.skip)
            .map_err(|reason| GenerateError::Unfit { column: declared.name.clone(), reason })?;
        let states = match generated.per {
            None => States::One(draw),
            Some(column) => {
                let field: Arc<dyn Field> = Arc::clone(&generated.field);
                let begin = move || field.begin(sql_type, seed.skip).expect("the field has begun like this before");
                States::PerKey(PerKey { column, draws: HashMap::new(), begin: Box::new(begin) })
            }
        };
        let nulls = (generated.null_share > 0.0)
            .then(|| (seed.numbers(&declared.name, Purpose::Nulls), generated.null_share.min(1.0)));
        let source = Source { rng: seed.numbers(&declared.name, Purpose::Values), now: 0 };
        Ok(Self { index, source, nulls, states })
    }

    /// Sets the time of the records to come.
    pub(super) fn set_time(&mut self, now: Micros) {
        self.source.now = now;
    }

    /// Draws the next value. A value is drawn even where NULL takes its place, so that a share of NULL moves no other
    /// value and a sequence counts records.
    pub(super) fn draw(&mut self, values: &mut Values) {
        let draw = match &mut self.states {
            States::One(draw) => draw,
            States::PerKey(states) => states.of(values.get(states.column)),
        };
        values.set(self.index, |json| draw(&mut self.source, json));
        if let Some((numbers, share)) = &mut self.nulls
            && numbers.random_bool(*share)
        {
            values.set_null(self.index);
        }
    }
}

impl PerKey {
    fn of(&mut self, key: &[u8]) -> &mut Draw {
        if self.draws.len() >= MAX_KEYS && !self.draws.contains_key(key) {
            self.draws.clear();
        }
        self.draws.entry_ref(key).or_insert_with(&self.begin)
    }
}

/// Returns the columns in an order in which each follows the one that its states depend on.
pub(super) fn order(fields: &[GeneratedField]) -> Result<Vec<usize>, usize> {
    let mut order = Vec::with_capacity(fields.len());
    let mut done = vec![false; fields.len()];
    while order.len() < fields.len() {
        let before = order.len();
        for (index, field) in fields.iter().enumerate() {
            if !done[index] && field.per.is_none_or(|per| done[per]) {
                done[index] = true;
                order.push(index);
            }
        }
        if order.len() == before {
            return Err(done.iter().position(|done| !done).unwrap_or(0));
        }
    }
    Ok(order)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_never_come_again_do_not_pile_up() {
        let begin = || -> Draw { Box::new(|_, _| {}) };
        let mut states = PerKey { column: 0, draws: HashMap::new(), begin: Box::new(begin) };
        for key in 0..MAX_KEYS {
            states.of(&key.to_le_bytes());
        }
        states.of(&0_usize.to_le_bytes());
        assert_eq!(states.draws.len(), MAX_KEYS);
        states.of(&MAX_KEYS.to_le_bytes());
        assert_eq!(states.draws.len(), 1);
    }
}
