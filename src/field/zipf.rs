//! Ranks of which the first comes most often: words, pages, customers. The n-th comes 1/n^exponent as often as the first.

use rand::Rng;
use rand_distr::Zipf as Distribution;

use crate::document::{Diagnostic, TableReader};
use crate::sql::SqlType;

use super::number::{Number, Numbers, unfit};
use super::{Beginning, Draw, Field, Kind, Way};

/// The kind's entry in the table.
pub(super) const KIND: Kind = Kind { name: "zipf", read };

/// The exponent where the file does not say: that of words in a text.
const EXPONENT: f64 = 1.0;

#[derive(Debug)]
struct Zipf {
    count: Number,
    ranks: Distribution<f64>,
    numbers: Numbers,
}

impl Field for Zipf {
    fn begin(&self, sql_type: SqlType, _: &Beginning) -> Result<Draw, String> {
        let grid = self.numbers.grid(sql_type)?;
        if self.numbers.max.is_none() && grid.scale(self.count) > grid.bounds().1 {
            return Err(unfit(sql_type, self.count));
        }
        let (one, ranks) = (grid.scale(Number::Whole(1)), self.ranks);
        Ok(Box::new(move |source, json| {
            let drawn: f64 = source.rng.sample(ranks);
            grid.write(grid.nearest(one * drawn), json);
        }))
    }
}

fn read(reader: &mut TableReader<'_>) -> Option<Way> {
    let count = reader.take("count").and_then(|value| value.integer(1..=i64::MAX));
    let exponent = reader.optional("exponent").map(|value| Number::read_above_zero(&value));
    let numbers = Numbers::read(reader);
    let (count, exponent) = (count?, exponent.map_or(Some(EXPONENT), |read| Some(read?.value.as_f64()))?);
    let whole = Number::Whole(count.value);
    let Ok(ranks) = Distribution::new(whole.as_f64(), exponent) else {
        reader.findings().add(Diagnostic::new("there are no such ranks", count.span).label("with that exponent"));
        return None;
    };
    Some(Way::drawn(Zipf { count: whole, ranks, numbers: numbers? }))
}

#[cfg(test)]
mod tests {
    use crate::field::fixture;
    use crate::sql::SqlType;

    #[test]
    fn the_second_comes_half_as_often_as_the_first() {
        let drawn = fixture::numbers("kind = 'zipf'\ncount = 100", SqlType::BigInt, 50_000);
        let of = |rank: f64| drawn.iter().filter(|number| (**number - rank).abs() < 0.5).count();
        // The first has a share of 1 in the sum of 1/n up to 100, which is 5.187.
        assert!((9_300..10_000).contains(&of(1.0)), "{}", of(1.0));
        assert!((4_550..5_100).contains(&of(2.0)), "{}", of(2.0));
        assert!(drawn.iter().all(|number| (1.0..=100.0).contains(number)));
    }

    #[test]
    fn mistakes_are_found() {
        let message = |text: &str| fixture::read(text).expect_err("a mistake");
        assert_eq!(message("kind = 'zipf'\ncount = 0"), "`count` is out of range");
        assert_eq!(message("kind = 'zipf'\ncount = 10\nexponent = -1"), "`exponent` is not above 0");
        let field = fixture::read("kind = 'zipf'\ncount = 300").expect("a field that fits");
        assert_eq!(field.check(SqlType::TinyInt), Err("no TINYINT holds 300".to_owned()));
    }
}
