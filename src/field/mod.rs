//! Kinds of generated column: one file each, one table.
//!
//! Owns how a value is drawn, how it is written as JSON, and which options a kind has. May import `document`, `sql`,
//! `streams` and `ui`. Never knows of rates, records, or the clock: the time is given with each draw.

mod choice;
mod constant;
mod exponential;
mod expression;
mod fake;
mod histogram;
mod literal;
mod lognormal;
mod lookup;
mod normal;
mod now;
mod number;
mod pattern;
mod poisson;
mod pool;
mod sequence;
mod states;
mod uniform;
mod walk;
mod weights;
mod zipf;

use std::fmt::Debug;
use std::sync::Arc;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::document::{Spanned, TableReader, find_kind};
use crate::sql::SqlType;

/// A kind of generated column with its options.
pub trait Field: Debug + Send + Sync {
    /// Begins a run of values for a column of a type. Says why the values cannot go into such a column, where they cannot.
    fn begin(&self, sql_type: SqlType, beginning: &Beginning) -> Result<Draw, String>;

    /// Says why values of this field cannot go into a column of a type, where they cannot.
    fn check(&self, sql_type: SqlType) -> Result<(), String> {
        self.begin(sql_type, &Beginning::first()).map(drop)
    }

    /// Returns what a value depends on.
    fn depends(&self) -> Depends {
        Depends::Chance
    }
}

/// What a run of values begins with.
#[derive(Debug, Clone)]
pub struct Beginning {
    /// How many values there have been in earlier runs. Only a field whose values are counted goes on where they ended.
    pub skip: u64,
    /// Numbers that are the same in every run of a seed, for what is drawn once and for all.
    pub lasting: ChaCha8Rng,
}

impl Beginning {
    /// The first run of the seed 0.
    pub fn first() -> Self {
        Self { skip: 0, lasting: ChaCha8Rng::from_seed([0; 32]) }
    }
}

/// What a value depends on, besides its field's options.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depends {
    /// Chance, or nothing.
    Chance,
    /// Chance, among values that last for every run of a seed.
    Pool,
    /// The values before: it can be one of several that go on side by side, one for each key.
    Before,
    /// The time.
    Time,
}

/// How a column's values come about.
#[derive(Debug, Clone)]
pub enum Way {
    /// They are drawn.
    Drawn(Arc<dyn Field>),
    /// They are computed from the other columns of the record, and from those of the one before.
    Expression(Spanned<String>),
    /// They are looked up.
    Lookup(Lookup),
}

impl Way {
    /// Values drawn by a field.
    fn drawn(field: impl Field + 'static) -> Self {
        Self::Drawn(Arc::new(field))
    }
}

/// Appends the next value of a column, as JSON. Owns the state that one value leaves to the next.
pub type Draw = Box<dyn FnMut(&mut Source, &mut Vec<u8>) + Send>;

/// What values are drawn from. Each column has its own, so that no column moves the values of another.
#[derive(Debug, Clone)]
pub struct Source {
    /// Chance. `ChaCha8` gives the same numbers on every platform.
    pub rng: ChaCha8Rng,
    /// The time of the record, in microseconds since 1970-01-01T00:00:00Z.
    pub now: i64,
}

/// A kind of generated column: its name in the file, and how its options are read.
pub struct Kind {
    /// The value of `kind`.
    pub name: &'static str,
    /// Reads the options; mistakes become findings of the reader.
    pub read: fn(&mut TableReader<'_>) -> Option<Way>,
}

/// Takes `kind` and finds it in the table.
pub fn find(reader: &mut TableReader<'_>) -> Option<&'static Kind> {
    find_kind(reader, "field kind", KINDS, |kind| kind.name)
}

/// Every kind of field.
pub const KINDS: &[Kind] = &[
    choice::KIND,
    constant::KIND,
    exponential::KIND,
    expression::KIND,
    fake::KIND,
    histogram::KIND,
    lognormal::KIND,
    lookup::KIND,
    normal::KIND,
    now::KIND,
    pattern::KIND,
    poisson::KIND,
    pool::KIND,
    sequence::KIND,
    states::KIND,
    uniform::KIND,
    walk::KIND,
    zipf::KIND,
];

pub use lookup::{From, Lookup};

#[cfg(test)]
pub(crate) mod fixture;

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{KINDS, fixture};
    use crate::sql::SqlType;

    #[test]
    fn every_file_with_a_kind_is_in_the_table() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/field");
        let mut files = Vec::new();
        for entry in std::fs::read_dir(folder).expect("a readable folder of named files") {
            let path = entry.expect("a readable folder of named files").path();
            if path.is_dir() {
                continue;
            }
            if std::fs::read_to_string(&path)
                .expect("a readable folder of named files")
                .contains("\npub(super) const KIND: Kind")
            {
                files.push(
                    path.file_stem()
                        .expect("a readable folder of named files")
                        .to_str()
                        .expect("a readable folder of named files")
                        .to_owned(),
                );
            }
        }
        files.sort_unstable();
        assert_eq!(files, KINDS.iter().map(|kind| kind.name).collect::<Vec<_>>());
    }

    const TYPES: [SqlType; 13] = [
        SqlType::Boolean,
        SqlType::TinyInt,
        SqlType::SmallInt,
        SqlType::Integer,
        SqlType::BigInt,
        SqlType::Real,
        SqlType::Double,
        SqlType::Decimal { precision: 10, scale: 2 },
        SqlType::Varchar(40),
        SqlType::Date,
        SqlType::Timestamp(0),
        SqlType::Timestamp(3),
        SqlType::Timestamp(6),
    ];

    #[test]
    fn whatever_fits_a_column_is_json_and_equal_seeds_are_equal_bytes() {
        let texts = [
            "kind = 'now'",
            "kind = 'choice'\nof = [true, false]",
            "kind = 'choice'\nof = [1, 2.5]\nweights = [0.1, 3]",
            "kind = 'choice'\nof = ['a\"b\\\\', \"\\u0001\\n\", '💶', '']",
            "kind = 'constant'\nvalue = '2026-02-02'",
            "kind = 'constant'\nvalue = 7",
            "kind = 'normal'\nmean = 3\nstddev = 20.5",
            "kind = 'uniform'\nmin = -5\nmax = 90",
            "kind = 'exponential'\nmean = 8",
            "kind = 'lognormal'\nmedian = 8\nsigma = 2",
            "kind = 'poisson'\nmean = 8",
            "kind = 'zipf'\ncount = 80\nexponent = 1.5",
            "kind = 'walk'\nstart = 4\nstep = 3\nmin = 1",
            "kind = 'sequence'",
            "kind = 'histogram'\nbounds = [-3, 4.5, 90]\nweights = [2, 1]",
            "kind = 'states'\nstates = { a = { value = 1, next = 'b' }, b = { value = 2, next = 'a' } }",
            "kind = 'states'\nstates = { a = { next = 'b' }, b = { for = '1s' } }",
            "kind = 'pool'\ncount = 20\nof = { kind = 'sequence', start = 3 }",
            "kind = 'fake'\nof = 'name'",
            "kind = 'pattern'\npattern = '[\"\\\\]\\n[0-9]{6}(ä|ß)?'",
        ];
        let mut fitting = 0;
        for text in texts {
            let field = fixture::read(text).expect(text);
            for sql_type in TYPES {
                if field.check(sql_type).is_err() {
                    continue;
                }
                fitting += 1;
                let values = fixture::draw(field.as_ref(), sql_type, 200);
                assert_eq!(values, fixture::draw(field.as_ref(), sql_type, 200));
                for value in values {
                    let json: serde_json::Value = serde_json::from_str(&value).expect(&value);
                    let kept = match sql_type {
                        SqlType::Boolean => json.is_boolean(),
                        SqlType::Varchar(_) | SqlType::Date | SqlType::Timestamp(_) => json.is_string(),
                        sql_type if sql_type.is_integer() => json.is_i64(),
                        _ => json.is_number(),
                    };
                    assert!(kept, "{text}: {value} is no {sql_type}");
                }
            }
        }
        assert!(fitting > 40, "{fitting}");
    }
}
