//! Numbers whose logarithms lie around a mean: amounts, sizes and durations, most of them small and a few very great.

use rand::Rng;
use rand_distr::StandardNormal;

use crate::document::TableReader;
use crate::sql::SqlType;

use super::number::{Number, Numbers, unfit};
use super::{Beginning, Draw, Field, Kind, Way};

/// The kind's entry in the table.
pub(super) const KIND: Kind = Kind { name: "lognormal", read };

#[derive(Debug)]
struct LogNormal {
    /// Half of the numbers lie below.
    median: Number,
    /// The standard deviation of the logarithms.
    sigma: Number,
    numbers: Numbers,
}

impl Field for LogNormal {
    fn begin(&self, sql_type: SqlType, _: &Beginning) -> Result<Draw, String> {
        let grid = self.numbers.grid(sql_type)?;
        let (median, sigma) = (grid.scale(self.median), self.sigma.as_f64());
        if self.numbers.max.is_none() && median > grid.bounds().1 {
            return Err(unfit(sql_type, self.median));
        }
        Ok(Box::new(move |source, json| {
            let drawn: f64 = source.rng.sample(StandardNormal);
            grid.write(grid.nearest(median * (sigma * drawn).exp()), json);
        }))
    }
}

fn read(reader: &mut TableReader<'_>) -> Option<Way> {
    let median = reader.take("median").and_then(|value| Number::read_above_zero(&value));
    let sigma = reader.take("sigma").and_then(|value| Number::read_above_zero(&value));
    let numbers = Numbers::read(reader);
    Some(Way::drawn(LogNormal { median: median?.value, sigma: sigma?.value, numbers: numbers? }))
}

#[cfg(test)]
mod tests {
    use crate::field::fixture;
    use crate::sql::SqlType;

    #[test]
    fn half_lies_below_the_median_and_the_tail_is_long() {
        let drawn = fixture::numbers("kind = 'lognormal'\nmedian = 20\nsigma = 1", SqlType::Double, 20_000);
        let below = drawn.iter().filter(|number| **number < 20.0).count();
        assert!((9_800..10_200).contains(&below), "{below}");
        // Two deviations up: 2.28 % lie beyond e² times the median.
        let far = drawn.iter().filter(|number| **number > 20.0 * 7.389).count();
        assert!((400..520).contains(&far), "{far}");
        assert!(drawn.iter().all(|number| *number >= 0.0));
    }

    #[test]
    fn mistakes_are_found() {
        let message = |text: &str| fixture::read(text).expect_err("a mistake");
        assert_eq!(message("kind = 'lognormal'\nmedian = 1"), "field `f` has no `sigma`");
        assert_eq!(message("kind = 'lognormal'\nmedian = -1\nsigma = 1"), "`median` is not above 0");
        let field = fixture::read("kind = 'lognormal'\nmedian = 300\nsigma = 1").expect("a field that fits");
        assert_eq!(field.check(SqlType::TinyInt), Err("no TINYINT holds 300".to_owned()));
    }
}
