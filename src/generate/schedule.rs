//! When records are due.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_distr::Exp1;

use crate::plan::Generator;
use crate::rate::{Arrivals, Moments};
use crate::window::Micros;

use super::seed::{Purpose, Seed};

/// How much of a stall is caught up, in microseconds: what is owed from longer ago is let go, so that a pause of the
/// machine does not end in a flood.
pub(super) const CATCH_UP: Micros = 1_000_000;
/// Microseconds in a second.
const SECOND: f64 = 1e6;

/// The moments at which the records of a generator are due, from a start on. Which they are depends on the generator, its
/// seed and the start alone: not on when anybody asks. Errors of single waits therefore never add up.
#[derive(Debug, Clone)]
pub struct Schedule {
    start: Micros,
    moments: Moments,
    chance: Option<ChaCha8Rng>,
    /// The number of the next record, as [`Moments`] count.
    number: f64,
    next: Option<Micros>,
}

impl Schedule {
    /// Begins with a record at `start` or, by chance, soon behind it; behind the `skip` records of earlier runs, chance
    /// falls otherwise.
    pub fn new(generator: &Generator, start: Micros, skip: u64) -> Self {
        let seed = Seed { seed: generator.seed, skip };
        let chance = (generator.arrivals == Arrivals::Poisson).then(|| seed.numbers("", Purpose::Arrivals));
        let moments = Moments::new(generator.rate.clone(), seconds(start));
        let mut schedule = Self { start, moments, chance, number: 0.0, next: None };
        schedule.number = schedule.gap(0.0);
        schedule.find();
        schedule
    }

    /// Returns when the next record is due; nothing where none ever is.
    pub fn next(&self) -> Option<Micros> {
        self.next
    }

    /// Adds the moments of the next records up to `until`, but of no more than `most`. Those beyond stay due.
    pub fn take(&mut self, until: Micros, most: usize, moments: &mut Vec<Micros>) {
        for _ in 0..most {
            let Some(next) = self.next.filter(|next| *next <= until) else { return };
            moments.push(next);
            self.number += self.gap(1.0);
            self.find();
        }
    }

    /// Lets go of what is owed from so long ago that it is not caught up.
    pub fn catch_up(&mut self, now: Micros) {
        self.let_go(now.saturating_sub(CATCH_UP));
    }

    /// Lets go of the records that were due before a moment, but for one that is due all the same.
    fn let_go(&mut self, before: Micros) {
        if self.next.is_none_or(|next| next >= before) {
            return;
        }
        let passed = self.moments.records_at(seconds(before - self.start));
        // Chance has no memory: it may begin anew anywhere.
        let number = if self.chance.is_some() { passed + self.gap(0.0) } else { passed.ceil() };
        if number > self.number {
            self.number = number;
            self.find();
        }
    }

    /// Begins anew at another moment: for a clock that was set back.
    pub fn restart(&mut self, start: Micros) {
        self.start = start;
        self.moments.restart(seconds(start));
        self.number = self.gap(0.0);
        self.find();
    }

    /// Returns how far a record is from the one before, where they come evenly so far apart.
    fn gap(&mut self, even: f64) -> f64 {
        self.chance.as_mut().map_or(even, |chance| chance.sample(Exp1))
    }

    fn find(&mut self) {
        self.next = self.moments.seconds_at(self.number).map(|after| {
            #[expect(clippy::cast_possible_truncation, reason = "a moment beyond the last one is the last one")]
            self.start.saturating_add((after * SECOND).round() as Micros)
        });
    }
}

fn seconds(micros: Micros) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "exact until the year 2255")]
    let micros = micros as f64;
    micros / SECOND
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::records::tests::ticker;
    use super::*;
    use crate::rate::Profile;

    const SECONDS: Micros = 1_000_000;

    fn schedule(rate: f64, arrivals: Arrivals) -> Schedule {
        let (mut generator, _) = ticker();
        generator.rate = Profile::constant(rate);
        generator.arrivals = arrivals;
        Schedule::new(&generator, 0, 0)
    }

    fn even(rate: f64) -> Schedule {
        schedule(rate, Arrivals::Even)
    }

    fn taken(schedule: &mut Schedule, until: Micros, most: usize) -> usize {
        let mut moments = Vec::new();
        schedule.take(until, most, &mut moments);
        moments.len()
    }

    #[test]
    fn records_come_when_they_are_due() {
        let mut schedule = even(4.0);
        assert_eq!(taken(&mut schedule, 0, usize::MAX), 1);
        assert_eq!(taken(&mut schedule, 249_999, usize::MAX), 0);
        assert_eq!(schedule.next(), Some(250_000));
        assert_eq!(taken(&mut schedule, 250_000, usize::MAX), 1);
        let mut moments = Vec::new();
        schedule.take(SECONDS, usize::MAX, &mut moments);
        assert_eq!(moments, [500_000, 750_000, 1_000_000]);
    }

    #[test]
    fn what_is_not_taken_stays_due() {
        let mut schedule = even(1000.0);
        assert_eq!(taken(&mut schedule, SECONDS / 10, 30), 30);
        assert_eq!(taken(&mut schedule, SECONDS / 10, 30), 30);
        assert_eq!(taken(&mut schedule, SECONDS / 10, usize::MAX), 41);
    }

    #[test]
    fn what_is_let_go_never_comes() {
        let mut schedule = even(1000.0);
        taken(&mut schedule, 0, usize::MAX);
        schedule.let_go(59 * SECONDS);
        assert_eq!(schedule.next(), Some(59 * SECONDS));
        assert_eq!(taken(&mut schedule, 60 * SECONDS, usize::MAX), 1001);
        // What is due behind that moment stays.
        schedule.let_go(60 * SECONDS);
        assert_eq!(schedule.next(), Some(60 * SECONDS + 1000));
        let mut slow = even(1.0 / 60.0);
        taken(&mut slow, 0, usize::MAX);
        slow.let_go(90 * SECONDS);
        assert_eq!(slow.next(), Some(120 * SECONDS));
    }

    #[test]
    fn a_rate_that_hardly_comes_to_a_record_waits() {
        let mut schedule = even(1e-300);
        assert_eq!(taken(&mut schedule, SECONDS, usize::MAX), 1);
        assert_eq!(schedule.next(), Some(Micros::MAX));
    }

    #[test]
    fn by_chance_records_come_at_their_rate_but_not_evenly() {
        let mut schedule = schedule(100.0, Arrivals::Poisson);
        let mut moments = Vec::new();
        schedule.take(1000 * SECONDS, usize::MAX, &mut moments);
        assert!((99_000..101_000).contains(&moments.len()), "{}", moments.len());
        // The count of a second has as much variance as mean.
        let mut counts = vec![0.0_f64; 1000];
        for moment in &moments {
            counts[usize::try_from(moment / SECONDS).expect("above 0").min(999)] += 1.0;
        }
        let variance = counts.iter().map(|count| (count - 100.0).powi(2)).sum::<f64>() / 1000.0;
        assert!((85.0..115.0).contains(&variance), "{variance}");
        schedule.let_go(2000 * SECONDS);
        let again = taken(&mut schedule, 2100 * SECONDS, usize::MAX);
        assert!((9_600..10_400).contains(&again), "{again}");
    }

    #[test]
    fn a_clock_that_was_set_back_begins_anew() {
        let mut schedule = even(1.0);
        taken(&mut schedule, 100 * SECONDS, usize::MAX);
        schedule.restart(10 * SECONDS);
        assert_eq!(schedule.next(), Some(10 * SECONDS));
    }

    proptest! {
        #[test]
        fn the_rate_is_held_whatever_the_waits(
            rate in 0.5_f64..200_000.0,
            waits in proptest::collection::vec(1_i64..100_000, 10..60),
            chance: bool,
        ) {
            let arrivals = if chance { Arrivals::Poisson } else { Arrivals::Even };
            let (mut at_once, mut in_steps) = (schedule(rate, arrivals), schedule(rate, arrivals));
            let (mut now, mut steps, mut all) = (0, Vec::new(), Vec::new());
            for wait in waits {
                now += wait;
                in_steps.take(now, usize::MAX, &mut steps);
            }
            at_once.take(now, usize::MAX, &mut all);
            prop_assert!(all.is_sorted());
            prop_assert_eq!(all, steps);
        }
    }
}
