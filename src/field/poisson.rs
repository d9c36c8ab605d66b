//! How often something happens that happens so often on average.

use rand::Rng;
use rand_distr::Poisson as Distribution;

use crate::document::{Diagnostic, TableReader};
use crate::sql::SqlType;

use super::number::{Number, Numbers, unfit};
use super::{Beginning, Draw, Field, Kind, Way};

/// The kind's entry in the table.
pub(super) const KIND: Kind = Kind { name: "poisson", read };

#[derive(Debug)]
struct Poisson {
    mean: Number,
    counts: Distribution<f64>,
    numbers: Numbers,
}

impl Field for Poisson {
    fn begin(&self, sql_type: SqlType, _: &Beginning) -> Result<Draw, String> {
        let grid = self.numbers.grid(sql_type)?;
        if self.numbers.max.is_none() && grid.scale(self.mean) > grid.bounds().1 {
            return Err(unfit(sql_type, self.mean));
        }
        let (one, counts) = (grid.scale(Number::Whole(1)), self.counts);
        Ok(Box::new(move |source, json| {
            let drawn: f64 = source.rng.sample(counts);
            grid.write(grid.nearest(one * drawn), json);
        }))
    }
}

fn read(reader: &mut TableReader<'_>) -> Option<Way> {
    let mean = reader.take("mean").and_then(|value| Number::read_above_zero(&value));
    let numbers = Numbers::read(reader);
    let mean = mean?;
    let Ok(counts) = Distribution::new(mean.value.as_f64()) else {
        reader.findings().add(
            Diagnostic::new("nothing is counted that often", mean.span)
                .label(format!("expected at most {:e}", Distribution::<f64>::MAX_LAMBDA)),
        );
        return None;
    };
    Some(Way::drawn(Poisson { mean: mean.value, counts, numbers: numbers? }))
}

#[cfg(test)]
mod tests {
    use crate::field::fixture;
    use crate::sql::SqlType;

    #[test]
    fn counts_are_whole_and_vary_as_much_as_they_are_great() {
        let drawn = fixture::numbers("kind = 'poisson'\nmean = 3.5", SqlType::Integer, 20_000);
        #[expect(clippy::cast_precision_loss, reason = "a small count")]
        let count = drawn.len() as f64;
        let mean = drawn.iter().sum::<f64>() / count;
        let variance = drawn.iter().map(|number| (number - mean).powi(2)).sum::<f64>() / count;
        assert!((3.4..3.6).contains(&mean), "{mean}");
        assert!((3.35..3.65).contains(&variance), "{variance}");
        let doubles = fixture::numbers("kind = 'poisson'\nmean = 3.5", SqlType::Double, 100);
        assert!(doubles.iter().all(|number| number.fract() == 0.0));
    }

    #[test]
    fn mistakes_are_found() {
        let message = |text: &str| fixture::read(text).expect_err("a mistake");
        assert_eq!(message("kind = 'poisson'\nmean = 1e300"), "nothing is counted that often");
        assert_eq!(message("kind = 'poisson'\nmean = -1"), "`mean` is not above 0");
    }
}
