//! The moments at which a profile has come to so many records.

use super::Profile;
use super::profile::{DAY, Segment, Then};

/// Goes through a profile from the moment at which a run begins. Records are counted as a number with a fraction: number 3
/// is due when the rate, summed up over time, has come to 3.
#[derive(Debug, Clone)]
pub struct Moments {
    profile: Profile,
    /// The segment that it is in; behind the last, the number of segments.
    index: usize,
    /// The seconds from the beginning of the run to that of the segment; below 0 where the segment began before.
    seconds: f64,
    /// The records that came in this time.
    records: f64,
}

impl Moments {
    /// Begins so many seconds behind 1970-01-01T00:00:00Z.
    pub fn new(profile: Profile, start: f64) -> Self {
        let mut moments = Self { profile, index: 0, seconds: 0.0, records: 0.0 };
        if moments.profile.then == Then::RepeatByDay {
            let phase = start.rem_euclid(DAY);
            let mut before = 0.0;
            while let Some(segment) = moments.profile.segments.get(moments.index)
                && before + segment.seconds <= phase
            {
                before += segment.seconds;
                moments.index += 1;
            }
            moments.seconds = before - phase;
            moments.records = moments.segment().map_or(0.0, |segment| -segment.mass_to(phase - before));
        }
        moments
    }

    /// Begins anew at another moment.
    pub fn restart(&mut self, start: f64) {
        *self = Self::new(self.profile.clone(), start);
    }

    /// Returns how many seconds after the beginning so many records have come and the next begins; nothing where they
    /// never do. May not go back.
    pub fn seconds_at(&mut self, records: f64) -> Option<f64> {
        while let Some(segment) = self.segment() {
            let end = self.records + segment.mass();
            if records < end {
                let within = (records - self.records).max(0.0);
                return Some((self.seconds + segment.seconds_to(within)).max(0.0));
            }
            self.go_on(segment, |whole, left| left.records_skipped(whole, records));
        }
        match self.profile.then {
            Then::Hold(rate) if rate > 0.0 => Some(self.seconds + (records - self.records) / rate),
            _ => None,
        }
    }

    /// Returns how many records have come after so many seconds. May not go back.
    pub fn records_at(&mut self, seconds: f64) -> f64 {
        while let Some(segment) = self.segment() {
            if seconds < self.seconds + segment.seconds {
                return self.records + segment.mass_to((seconds - self.seconds).max(0.0));
            }
            self.go_on(segment, |whole, left| left.seconds_skipped(whole, seconds));
        }
        match self.profile.then {
            Then::Hold(rate) => self.records + (seconds - self.seconds).max(0.0) * rate,
            _ => self.records,
        }
    }

    fn segment(&self) -> Option<Segment> {
        self.profile.segments.get(self.index).copied()
    }

    /// Goes on to the next segment; where it is the first again, by as many whole rounds as `rounds` says.
    fn go_on(&mut self, segment: Segment, rounds: impl Fn(&Round, &Self) -> f64) {
        self.seconds += segment.seconds;
        self.records += segment.mass();
        self.index += 1;
        if self.index < self.profile.segments.len() || matches!(self.profile.then, Then::Hold(_)) {
            return;
        }
        self.index = 0;
        let round = Round { seconds: self.profile.seconds(), records: self.profile.mass() };
        let rounds = rounds(&round, self).max(0.0);
        self.seconds += rounds * round.seconds;
        self.records += rounds * round.records;
    }

    /// Whole rounds that end before so many records have come, one less for what rounding may take.
    fn records_skipped(&self, round: &Round, records: f64) -> f64 {
        ((records - self.records) / round.records).floor() - 1.0
    }

    /// Whole rounds that end before so many seconds have passed, one less for what rounding may take.
    fn seconds_skipped(&self, round: &Round, seconds: f64) -> f64 {
        ((seconds - self.seconds) / round.seconds).floor() - 1.0
    }
}

/// All segments of a profile that repeats.
struct Round {
    seconds: f64,
    records: f64,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::fixture;
    use super::*;

    fn moments(rate: &str, start: f64) -> Moments {
        Moments::new(fixture(&format!("rate = {rate}")).expect(rate), start)
    }

    fn near(one: f64, other: f64) -> bool {
        (one - other).abs() <= 1e-6 * other.abs().max(1.0)
    }

    #[test]
    fn records_of_a_rate_that_does_not_change_are_evenly_apart() {
        let mut moments = moments("'4/s'", 1e9);
        assert_eq!(moments.seconds_at(0.0), Some(0.0));
        assert_eq!(moments.seconds_at(5.0), Some(1.25));
        assert!(near(moments.records_at(2.5), 10.0));
    }

    #[test]
    fn a_ramp_comes_to_its_records_faster_and_faster() {
        let mut ramp = moments("{ kind = 'ramp', from = '0/s', to = '10/s', over = '10s' }", 0.0);
        assert_eq!(ramp.seconds_at(0.0), Some(0.0));
        assert!(near(ramp.seconds_at(12.5).expect("a moment"), 5.0));
        assert!(near(ramp.seconds_at(50.0).expect("a moment"), 10.0));
        assert!(near(ramp.seconds_at(60.0).expect("a moment"), 11.0));
    }

    #[test]
    fn what_falls_to_nothing_ends() {
        let mut ramp = moments("{ kind = 'ramp', from = '10/s', to = '0/s', over = '10s' }", 0.0);
        assert!(ramp.seconds_at(49.9).expect("a moment") < 10.0);
        assert_eq!(ramp.seconds_at(50.0), None);
        assert!(near(ramp.records_at(1e9), 50.0));
    }

    #[test]
    fn no_record_comes_while_the_rate_is_nothing() {
        let text = "{ kind = 'burst', base = '0/s', peak = '2/s', every = '1m', for = '1s' }";
        let mut burst = moments(text, 0.0);
        let seconds: Vec<f64> = (0..5).filter_map(|record| burst.seconds_at(f64::from(record))).collect();
        assert_eq!(seconds, [59.0, 59.5, 119.0, 119.5, 179.0]);
        // A year of rounds at once.
        assert!(near(moments(text, 0.0).seconds_at(2.0 * 525_600.0).expect("a moment"), 525_600.0 * 60.0 + 59.0));
        assert!(near(moments(text, 0.0).records_at(525_600.0 * 60.0), 2.0 * 525_600.0));
    }

    #[test]
    fn a_day_begins_at_midnight_wherever_a_run_does() {
        let text = "{ kind = 'daily', low = '1/s', high = '3/s', high_at = '12:00' }";
        let (mut from_midnight, mut from_noon) = (moments(text, 0.0), moments(text, 43_200.0 + 86_400.0 * 20_000.0));
        let morning = from_midnight.records_at(43_200.0);
        assert!(near(morning, 43_200.0 * 2.0));
        assert!(near(from_noon.records_at(3600.0), from_midnight.records_at(43_200.0 + 3600.0) - morning));
        assert_eq!(moments(text, 43_217.0).seconds_at(0.0), Some(0.0));
    }

    proptest! {
        #[test]
        fn seconds_and_records_are_each_others_inverse(
            rates in proptest::collection::vec((0_u32..50, 1_u32..5000), 1..6),
            repeat: bool,
            start in 0.0_f64..1e9,
            mut asked in proptest::collection::vec(0.0_f64..20_000.0, 1..20),
        ) {
            prop_assume!(rates.last().is_some_and(|(rate, _)| *rate > 0));
            let steps: Vec<String> =
                rates.iter().map(|(rate, millis)| format!("{{ rate = '{rate}/s', for = '{millis}ms' }}")).collect();
            let text = format!("{{ kind = 'steps', repeat = {repeat}, steps = [{}] }}", steps.join(", "));
            let (mut there, mut back) = (moments(&text, start), moments(&text, start));
            asked.sort_by(f64::total_cmp);
            let mut last = 0.0;
            for records in asked {
                let seconds = there.seconds_at(records).expect("they come for ever");
                prop_assert!(seconds >= last);
                last = seconds;
                prop_assert!(near(back.records_at(seconds), records), "{records} by {seconds}");
                prop_assert!(near(moments(&text, start).seconds_at(records).expect("a moment"), seconds));
            }
        }
    }
}
