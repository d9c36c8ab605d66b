//! When records are due.

use std::time::Duration;

/// How much of a stall is caught up: what is owed from longer ago is let go, so that a pause of the machine does not
/// end in a flood.
const CATCH_UP: Duration = Duration::from_secs(1);

/// Holds a rate: record `n` is due `n / rate` seconds after the start, whenever the ones before it were made. Errors of
/// single waits therefore never add up.
#[derive(Debug, Clone)]
pub struct Pace {
    /// Records per second.
    rate: f64,
    /// The records handed out or let go.
    past: u64,
}

impl Pace {
    /// Takes a rate in records per second, above 0.
    pub fn new(rate: f64) -> Self {
        Self { rate, past: 0 }
    }

    /// Hands out the records that are due once so much time has passed since the start, but no more than `most`. Those
    /// beyond stay due, as far as they are owed for less than a second.
    pub fn take(&mut self, elapsed: Duration, most: u64) -> u64 {
        let scheduled = whole(elapsed.as_secs_f64() * self.rate).saturating_add(1);
        let kept = whole(CATCH_UP.as_secs_f64() * self.rate).max(1);
        self.past = self.past.max(scheduled.saturating_sub(kept));
        let taken = scheduled.saturating_sub(self.past).min(most);
        self.past += taken;
        taken
    }

    /// Returns how much time has passed since the start when the next record is due.
    pub fn next(&self) -> Duration {
        #[expect(clippy::cast_precision_loss, reason = "2^53 records are never reached")]
        let seconds = self.past as f64 / self.rate;
        // A nanosecond more, as the division may have lost a part of one.
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX).saturating_add(Duration::from_nanos(1))
    }
}

/// Returns a number without what is behind the point.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "what is cut off is not asked for")]
fn whole(number: f64) -> u64 {
    number as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MANY: u64 = u64::MAX;

    #[test]
    fn records_come_when_they_are_due() {
        let mut pace = Pace::new(4.0);
        assert_eq!(pace.take(Duration::ZERO, MANY), 1);
        assert_eq!(pace.take(Duration::from_millis(249), MANY), 0);
        assert_eq!(pace.next(), Duration::from_nanos(250_000_001));
        assert_eq!(pace.take(Duration::from_millis(250), MANY), 1);
        assert_eq!(pace.take(Duration::from_secs(1), MANY), 3);
    }

    #[test]
    fn what_is_not_taken_stays_due() {
        let mut pace = Pace::new(1000.0);
        assert_eq!(pace.take(Duration::from_millis(100), 30), 30);
        assert_eq!(pace.take(Duration::from_millis(100), 30), 30);
        assert_eq!(pace.take(Duration::from_millis(100), MANY), 41);
    }

    #[test]
    fn a_stall_is_caught_up_for_a_second() {
        let mut pace = Pace::new(1000.0);
        pace.take(Duration::ZERO, MANY);
        assert_eq!(pace.take(Duration::from_mins(1), MANY), 1000);
        assert_eq!(pace.take(Duration::from_millis(60_010), MANY), 10);
        // At a rate below one a second, the one that is due is never let go.
        let mut slow = Pace::new(1.0 / 60.0);
        slow.take(Duration::ZERO, MANY);
        assert_eq!(slow.take(Duration::from_mins(10), MANY), 1);
        assert_eq!(slow.next().as_secs(), 660);
    }

    #[test]
    fn a_rate_that_never_comes_to_a_record_waits() {
        let mut pace = Pace::new(1e-300);
        assert_eq!(pace.take(Duration::ZERO, MANY), 1);
        assert_eq!(pace.next(), Duration::MAX);
    }

    proptest! {
        #[test]
        fn the_rate_is_held_whatever_the_waits(
            rate in 0.5_f64..2_000_000.0,
            waits in proptest::collection::vec(1_u64..500_000, 50..400),
        ) {
            let mut pace = Pace::new(rate);
            let (mut elapsed, mut taken) = (Duration::ZERO, 0);
            for wait in waits {
                elapsed += Duration::from_micros(wait);
                taken += pace.take(elapsed, MANY);
                prop_assert!(taken <= whole(elapsed.as_secs_f64() * rate) + 1);
            }
            prop_assert_eq!(taken, whole(elapsed.as_secs_f64() * rate) + 1);
        }

        #[test]
        fn at_the_time_of_the_next_record_it_is_due(rate in 0.001_f64..1_000_000.0, hours in 0_u64..1000) {
            let mut pace = Pace::new(rate);
            pace.take(Duration::from_hours(hours), MANY);
            prop_assert_eq!(pace.take(pace.next(), MANY), 1);
        }
    }
}
