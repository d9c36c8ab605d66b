//! Numbers around a mean: the bell curve, held at its bounds where it has any.

use rand::Rng;
use rand_distr::StandardNormal;

use crate::document::{Spanned, TableReader};
use crate::sql::SqlType;

use super::number::{Number, Numbers, unfit};
use super::{Beginning, Draw, Field, Kind, Way};

/// The kind's entry in the table.
pub(super) const KIND: Kind = Kind { name: "normal", read };

#[derive(Debug)]
struct Normal {
    mean: Spanned<Number>,
    deviation: Number,
    numbers: Numbers,
}

impl Field for Normal {
    fn begin(&self, sql_type: SqlType, _: &Beginning) -> Result<Draw, String> {
        let grid = self.numbers.grid(sql_type)?;
        let (low, high) = grid.bounds();
        let (mean, deviation) = (grid.scale(self.mean.value), grid.scale(self.deviation));
        if self.numbers.min.is_none() && mean < low || self.numbers.max.is_none() && mean > high {
            return Err(unfit(sql_type, self.mean.value));
        }
        Ok(Box::new(move |source, json| {
            let drawn: f64 = source.rng.sample(StandardNormal);
            grid.write(grid.nearest(mean + deviation * drawn), json);
        }))
    }
}

fn read(reader: &mut TableReader<'_>) -> Option<Way> {
    let mean = reader.take("mean").and_then(|value| Number::read(&value));
    let deviation = reader.take("stddev").and_then(|value| Number::read_above_zero(&value));
    let numbers = Numbers::read(reader);
    Some(Way::drawn(Normal { mean: mean?, deviation: deviation?.value, numbers: numbers? }))
}

#[cfg(test)]
mod tests {
    use crate::field::fixture;
    use crate::sql::SqlType;

    #[test]
    fn numbers_gather_around_the_mean() {
        let drawn = fixture::numbers("kind = 'normal'\nmean = 100\nstddev = 15", SqlType::Double, 20_000);
        #[expect(clippy::cast_precision_loss, reason = "a small count")]
        let count = drawn.len() as f64;
        let mean = drawn.iter().sum::<f64>() / count;
        let deviation = (drawn.iter().map(|number| (number - mean).powi(2)).sum::<f64>() / count).sqrt();
        assert!((99.5..100.5).contains(&mean), "{mean}");
        assert!((14.6..15.4).contains(&deviation), "{deviation}");
    }

    #[test]
    fn bounds_hold() {
        let text = "kind = 'normal'\nmean = 0\nstddev = 50\nmin = -10\nmax = 12.5";
        let drawn = fixture::numbers(text, SqlType::Double, 2_000);
        assert!(drawn.iter().all(|number| (-10.0..=12.5).contains(number)));
        let drawn = fixture::numbers("kind = 'normal'\nmean = 0\nstddev = 1e9", SqlType::TinyInt, 200);
        assert!(drawn.iter().all(|number| (-128.0..=127.0).contains(number)));
    }

    #[test]
    fn mistakes_are_found() {
        let message = |text: &str| fixture::read(text).expect_err("a mistake");
        assert_eq!(message("kind = 'normal'\nmean = 1\nstddev = -1"), "`stddev` is not above 0");
        assert_eq!(message("kind = 'normal'\nstddev = 1"), "field `f` has no `mean`");
        let field = fixture::read("kind = 'normal'\nmean = 300\nstddev = 1").expect("a field that fits");
        assert_eq!(field.check(SqlType::TinyInt), Err("no TINYINT holds 300".to_owned()));
    }
}
