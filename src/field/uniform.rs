//! Numbers between two bounds, each as likely as the next.

use rand::distr::{Distribution, Uniform as Between};

use crate::document::TableReader;
use crate::sql::SqlType;

use super::number::Numbers;
use super::{Beginning, Draw, Field, Kind, Way};

/// The kind's entry in the table.
pub(super) const KIND: Kind = Kind { name: "uniform", read };

#[derive(Debug)]
struct Uniform {
    numbers: Numbers,
}

impl Field for Uniform {
    fn begin(&self, sql_type: SqlType, _: &Beginning) -> Result<Draw, String> {
        let grid = self.numbers.grid(sql_type)?;
        let between = Between::new_inclusive(grid.low, grid.high).map_err(|error| error.to_string())?;
        Ok(Box::new(move |source, json| grid.write(between.sample(&mut source.rng), json)))
    }
}

fn read(reader: &mut TableReader<'_>) -> Option<Way> {
    let numbers = Numbers::read_bounded(reader)?;
    Some(Way::drawn(Uniform { numbers }))
}

#[cfg(test)]
mod tests {
    use crate::field::fixture;
    use crate::sql::SqlType;

    #[test]
    fn numbers_fill_their_bounds_evenly() {
        let drawn = fixture::numbers("kind = 'uniform'\nmin = 1\nmax = 10", SqlType::Integer, 20_000);
        for number in 1..=10 {
            let share = drawn.iter().filter(|drawn| (**drawn - f64::from(number)).abs() < 0.5).count();
            assert!((1_800..2_200).contains(&share), "{number} came {share} times");
        }
        assert!(drawn.iter().all(|number| (1.0..=10.0).contains(number)));
    }

    #[test]
    fn decimals_are_those_asked_for() {
        let text = "kind = 'uniform'\nmin = 0.07\nmax = 0.09";
        let drawn = fixture::draw(fixture::read(text).expect("a field that fits").as_ref(), SqlType::Double, 300);
        assert!(drawn.iter().all(|drawn| ["0.07", "0.08", "0.09"].contains(&drawn.as_str())));
        let drawn = fixture::draw(
            fixture::read("kind = 'uniform'\nmin = 0\nmax = 1\ndecimals = 4").expect("a field that fits").as_ref(),
            SqlType::Decimal { precision: 9, scale: 6 },
            50,
        );
        assert!(drawn.iter().all(|drawn| drawn.len() == 6), "{drawn:?}");
    }

    #[test]
    fn a_whole_bigint_is_drawn() {
        let text = format!("kind = 'uniform'\nmin = {}\nmax = {}", i64::MIN, i64::MAX);
        let drawn = fixture::numbers(&text, SqlType::BigInt, 100);
        assert!(drawn.iter().any(|number| *number > 4e18) && drawn.iter().any(|number| *number < -4e18));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let wide = fixture::read("kind = 'uniform'\nmin = 0\nmax = 1000").expect("a field that fits");
        assert_eq!(wide.check(SqlType::TinyInt), Err("no TINYINT holds 1000".to_owned()));
        assert_eq!(wide.check(SqlType::Date), Err("it makes numbers".to_owned()));
        let narrow = fixture::read("kind = 'uniform'\nmin = 0.1\nmax = 0.9").expect("a field that fits");
        narrow.check(SqlType::Double).expect("a field that fits");
        narrow.check(SqlType::Integer).expect_err("a mistake");
    }

    #[test]
    fn mistakes_are_found() {
        let message = |text: &str| fixture::read(text).expect_err("a mistake");
        assert_eq!(message("kind = 'uniform'\nmin = 2\nmax = 1"), "field `f` has no value between its bounds");
        assert_eq!(message("kind = 'uniform'\nmin = 2"), "field `f` has no `max`");
        assert_eq!(message("kind = 'uniform'\nmin = 'a'\nmax = 1"), "`min` is text, not a number");
        assert_eq!(message("kind = 'uniform'\nmin = 0\nmax = 1\ndecimals = 16"), "`decimals` is out of range");
    }
}
