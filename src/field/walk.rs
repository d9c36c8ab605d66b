//! Numbers that wander: each is the one before plus a normal draw, turned back at the bounds.

use rand::Rng;
use rand_distr::StandardNormal;

use crate::document::TableReader;
use crate::sql::SqlType;

use super::number::{Number, Numbers, unfit};
use super::{Beginning, Depends, Draw, Field, Kind, Way};

/// The kind's entry in the table.
pub(super) const KIND: Kind = Kind { name: "walk", read };

#[derive(Debug)]
struct Walk {
    start: Number,
    /// The standard deviation of one step.
    step: Number,
    numbers: Numbers,
}

impl Field for Walk {
    fn begin(&self, sql_type: SqlType, _: &Beginning) -> Result<Draw, String> {
        let grid = self.numbers.grid(sql_type)?;
        let (low, high) = grid.bounds();
        let step = grid.scale(self.step);
        let start = grid.scale(self.start);
        if self.numbers.min.is_none() && start < low || self.numbers.max.is_none() && start > high {
            return Err(unfit(sql_type, self.start));
        }
        // Kept finer than the grid, so that many small steps add up.
        let mut at = start.clamp(low, high);
        Ok(Box::new(move |source, json| {
            grid.write(grid.nearest(at), json);
            let drawn: f64 = source.rng.sample(StandardNormal);
            at = turned_back(at + step * drawn, low, high);
        }))
    }

    fn depends(&self) -> Depends {
        Depends::Before
    }
}

/// Mirrors what lies beyond a bound; what would be mirrored beyond the other stays at the bound.
fn turned_back(at: f64, low: f64, high: f64) -> f64 {
    let mirrored = if at < low {
        low + (low - at)
    } else if at > high {
        high - (at - high)
    } else {
        at
    };
    mirrored.clamp(low, high)
}

fn read(reader: &mut TableReader<'_>) -> Option<Way> {
    let start = reader.take("start").and_then(|value| Number::read(&value));
    let step = reader.take("step").and_then(|value| Number::read_above_zero(&value));
    let numbers = Numbers::read(reader);
    let (start, step, numbers) = (start?, step?, numbers?);
    if numbers.excludes(reader, "start", &start) {
        return None;
    }
    Some(Way::drawn(Walk { start: start.value, step: step.value, numbers }))
}

#[cfg(test)]
mod tests {
    use super::turned_back;
    use crate::field::fixture;
    use crate::sql::SqlType;

    #[test]
    fn a_walk_begins_at_its_start_and_moves_by_its_step() {
        let drawn = fixture::numbers("kind = 'walk'\nstart = 180.0\nstep = 0.8", SqlType::Double, 20_000);
        assert!((drawn[0] - 180.0).abs() < 1e-9);
        let steps: Vec<f64> = drawn.windows(2).map(|pair| pair[1] - pair[0]).collect();
        #[expect(clippy::cast_precision_loss, reason = "a small count")]
        let deviation = (steps.iter().map(|step| step * step).sum::<f64>() / steps.len() as f64).sqrt();
        assert!((0.78..0.82).contains(&deviation), "{deviation}");
    }

    #[test]
    fn bounds_turn_a_walk_back() {
        let text = "kind = 'walk'\nstart = 2\nstep = 3\nmin = 1\nmax = 9.5";
        let drawn = fixture::numbers(text, SqlType::Decimal { precision: 4, scale: 1 }, 5_000);
        assert!(drawn.iter().all(|number| (1.0..=9.5).contains(number)));
        let mean = drawn.iter().sum::<f64>() / 5_000.0;
        assert!((4.0..6.5).contains(&mean), "{mean}");
        assert!((turned_back(0.4, 1.0, 9.0) - 1.6).abs() < 1e-9);
        assert!((turned_back(99.0, 1.0, 9.0) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn small_steps_add_up() {
        let drawn = fixture::numbers("kind = 'walk'\nstart = 0\nstep = 0.2", SqlType::Integer, 5_000);
        assert!(drawn.iter().any(|number| number.abs() > 3.0));
    }

    #[test]
    fn a_walk_may_begin_at_its_bound() {
        // 0.57 * 100 is a little less than 57.
        let drawn = fixture::numbers("kind = 'walk'\nstart = 0.57\nstep = 1\nmin = 0.57", SqlType::Double, 2);
        assert!((drawn[0] - 0.57).abs() < 1e-9);
    }

    #[test]
    fn mistakes_are_found() {
        let message = |text: &str| fixture::read(text).expect_err("a mistake");
        assert_eq!(message("kind = 'walk'\nstart = 0\nstep = 0"), "`step` is not above 0");
        assert_eq!(message("kind = 'walk'\nstart = 0\nstep = 1\nmin = 1"), "`start` lies outside the bounds");
        let field = fixture::read("kind = 'walk'\nstart = 200\nstep = 1").expect("a field that fits");
        field.check(SqlType::TinyInt).expect_err("a mistake");
    }
}
