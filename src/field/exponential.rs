//! Numbers that get rarer the greater they are: the waits between events that know nothing of each other.

use rand::Rng;
use rand_distr::Exp1;

use crate::document::TableReader;
use crate::sql::SqlType;

use super::number::{Number, Numbers, unfit};
use super::{Beginning, Draw, Field, Kind, Way};

/// The kind's entry in the table.
pub(super) const KIND: Kind = Kind { name: "exponential", read };

#[derive(Debug)]
struct Exponential {
    mean: Number,
    numbers: Numbers,
}

impl Field for Exponential {
    fn begin(&self, sql_type: SqlType, _: &Beginning) -> Result<Draw, String> {
        let grid = self.numbers.grid(sql_type)?;
        let mean = grid.scale(self.mean);
        if self.numbers.max.is_none() && mean > grid.bounds().1 {
            return Err(unfit(sql_type, self.mean));
        }
        Ok(Box::new(move |source, json| {
            let drawn: f64 = source.rng.sample(Exp1);
            grid.write(grid.nearest(mean * drawn), json);
        }))
    }
}

fn read(reader: &mut TableReader<'_>) -> Option<Way> {
    let mean = reader.take("mean").and_then(|value| Number::read_above_zero(&value));
    let numbers = Numbers::read(reader);
    Some(Way::drawn(Exponential { mean: mean?.value, numbers: numbers? }))
}

#[cfg(test)]
mod tests {
    use crate::field::fixture;
    use crate::sql::SqlType;

    #[test]
    fn the_mean_is_met_and_greater_numbers_are_rarer() {
        let drawn = fixture::numbers("kind = 'exponential'\nmean = 4", SqlType::Double, 20_000);
        #[expect(clippy::cast_precision_loss, reason = "a small count")]
        let mean = drawn.iter().sum::<f64>() / drawn.len() as f64;
        assert!((3.9..4.1).contains(&mean), "{mean}");
        // e^-1 of them lie above the mean.
        let above = drawn.iter().filter(|number| **number > 4.0).count();
        assert!((7_100..7_600).contains(&above), "{above}");
        assert!(drawn.iter().all(|number| *number >= 0.0));
        let held = fixture::numbers("kind = 'exponential'\nmean = 4\nmax = 5", SqlType::Integer, 1_000);
        assert!(held.iter().all(|number| (0.0..=5.0).contains(number)));
    }

    #[test]
    fn mistakes_are_found() {
        let message = |text: &str| fixture::read(text).expect_err("a mistake");
        assert_eq!(message("kind = 'exponential'\nmean = 0"), "`mean` is not above 0");
        let field = fixture::read("kind = 'exponential'\nmean = 300").expect("a field that fits");
        assert_eq!(field.check(SqlType::TinyInt), Err("no TINYINT holds 300".to_owned()));
    }
}
