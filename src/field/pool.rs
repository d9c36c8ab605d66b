//! Values out of a pool that is filled once: customers, devices, addresses. Every run of a seed has the same pool.

use hashbrown::HashSet;
use rand::Rng;
use rand_distr::Zipf;

use crate::document::{Diagnostic, Spanned, TableReader};
use crate::sql::SqlType;

use super::number::Number;
use super::{Beginning, Depends, Draw, Field, Kind, Source, Way, find};

/// The kind's entry in the table.
pub(super) const KIND: Kind = Kind { name: "pool", read };

/// The largest pool: its values are held in memory.
const MAX_COUNT: i64 = 1_000_000;
/// How often a value is drawn anew that is in the pool already, for each value that is wanted, before it is said that
/// there are not so many.
const TRIES: usize = 20;

#[derive(Debug)]
struct Pool {
    count: usize,
    of: std::sync::Arc<dyn Field>,
    /// How likely each is, where they are not alike.
    ranks: Option<Zipf<f64>>,
}

impl Pool {
    /// Draws the values, no two alike.
    fn fill(&self, sql_type: SqlType, beginning: &Beginning) -> Result<Vec<Box<[u8]>>, String> {
        let mut draw = self.of.begin(sql_type, &Beginning { skip: 0, lasting: beginning.lasting.clone() })?;
        let mut source = Source { rng: beginning.lasting.clone(), now: 0 };
        let count = self.count;
        let (mut seen, mut values) = (HashSet::with_capacity(count), Vec::with_capacity(count));
        let mut tries = count * TRIES;
        let mut json = Vec::new();
        while values.len() < count {
            if tries == 0 {
                return Err(format!("{} values are all that could be drawn, of {}", values.len(), self.count));
            }
            tries -= 1;
            json.clear();
            draw(&mut source, &mut json);
            let value: Box<[u8]> = json.as_slice().into();
            if seen.insert(value.clone()) {
                values.push(value);
            }
        }
        Ok(values)
    }
}

impl Field for Pool {
    fn begin(&self, sql_type: SqlType, beginning: &Beginning) -> Result<Draw, String> {
        let values = self.fill(sql_type, beginning)?;
        let ranks = self.ranks;
        Ok(Box::new(move |source, json| {
            let index = match ranks {
                None => source.rng.random_range(0..values.len()),
                Some(ranks) => {
                    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 to the pool's size")]
                    let rank = source.rng.sample(ranks) as usize;
                    rank.clamp(1, values.len()) - 1
                }
            };
            json.extend_from_slice(&values[index]);
        }))
    }

    fn depends(&self) -> Depends {
        Depends::Pool
    }

    fn check(&self, sql_type: SqlType) -> Result<(), String> {
        self.fill(sql_type, &Beginning::first()).map(drop)
    }
}

fn read(reader: &mut TableReader<'_>) -> Option<Way> {
    let count = reader.take("count").and_then(|value| value.integer(1..=MAX_COUNT));
    let exponent = reader.optional("exponent").map(|value| Number::read_above_zero(&value));
    let of = reader.take("of");
    let field = of.as_ref().and_then(|of| {
        let mut inner = of.table("`of`")?;
        let way = find(&mut inner).and_then(|kind| (kind.read)(&mut inner));
        inner.finish();
        way
    });
    let (count, of) = (count?, of?);
    let exponent = exponent.map_or(Some(None), |read| read.map(Some))?;
    let Way::Drawn(field) = field? else {
        reader.findings().add(unfit(of.span(), "this is made of other columns"));
        return None;
    };
    if field.depends() == Depends::Time {
        reader.findings().add(unfit(of.span(), "this goes with the time"));
        return None;
    }
    let size = usize::try_from(count.value).unwrap_or(usize::MAX);
    let ranks = match &exponent {
        None => None,
        Some(exponent) => Some(ranks(reader, &count, exponent)?),
    };
    Some(Way::drawn(Pool { count: size, of: field, ranks }))
}

fn ranks(reader: &TableReader<'_>, count: &Spanned<i64>, exponent: &Spanned<Number>) -> Option<Zipf<f64>> {
    let ranks = Zipf::new(Number::Whole(count.value).as_f64(), exponent.value.as_f64());
    if ranks.is_err() {
        reader.findings().add(Diagnostic::new("a pool cannot have this exponent", exponent.span.clone()));
    }
    ranks.ok()
}

fn unfit(span: crate::document::Span, label: &str) -> Diagnostic {
    Diagnostic::new("a pool cannot be filled with these values", span)
        .label(label)
        .help("a pool takes kinds that draw by chance, and `sequence`")
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::Beginning;
    use crate::field::fixture;
    use crate::sql::SqlType;

    fn drawn(text: &str, skip: u64, count: usize) -> HashMap<String, usize> {
        let field = fixture::read(text).expect(text);
        let beginning = Beginning { skip, ..Beginning::first() };
        let mut draw = field.begin(SqlType::Varchar(16), &beginning).expect("a field that fits");
        let mut source = fixture::source();
        let mut counts = HashMap::new();
        for _ in 0..count {
            let mut json = Vec::new();
            draw(&mut source, &mut json);
            *counts.entry(String::from_utf8(json).expect("UTF-8")).or_default() += 1;
        }
        counts
    }

    #[test]
    fn a_pool_has_so_many_values_and_no_other() {
        let text = "kind = 'pool'\ncount = 50\nof = { kind = 'pattern', pattern = 'C-[0-9]{3}' }";
        let first = drawn(text, 0, 5_000);
        assert_eq!(first.len(), 50);
        assert!(first.values().all(|count| (50..160).contains(count)));
        let later = drawn(text, 1_000_000, 5_000);
        assert!(later.keys().all(|value| first.contains_key(value)), "a later run has the same pool");
    }

    #[test]
    fn with_an_exponent_few_values_come_most_often() {
        let text = "kind = 'pool'\ncount = 50\nexponent = 1.5\nof = { kind = 'pattern', pattern = 'C-[0-9]{3}' }";
        let most = drawn(text, 0, 5_000).into_values().max().expect("values");
        assert!(most > 1_500, "{most}");
    }

    #[test]
    fn mistakes_are_found() {
        let message = |text: &str| fixture::read(&format!("kind = 'pool'\n{text}")).expect_err("a mistake");
        assert_eq!(message("count = 0\nof = { kind = 'sequence' }"), "`count` is out of range");
        assert_eq!(message("count = 5\nof = { kind = 'now' }"), "a pool cannot be filled with these values");
        assert_eq!(message("count = 5\nof = { kind = 'nothing' }"), "`of` has an unknown kind");
        let few =
            fixture::read("kind = 'pool'\ncount = 11\nof = { kind = 'pattern', pattern = '[0-9]' }").expect("a pool");
        let begun = few.begin(SqlType::Varchar(4), &Beginning::first()).map(drop);
        assert_eq!(begun, Err("10 values are all that could be drawn, of 11".to_owned()));
    }
}
