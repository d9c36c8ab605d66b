//! How much of a busy stream is shown to somebody who looks on.

use std::time::Duration;

/// The time that one row has to itself: 100 rows a second are two screens full, more than anybody reads.
const ROW: Duration = Duration::from_millis(10);
/// How much time is kept for later that no row needed.
const KEPT: Duration = Duration::from_secs(1);

/// Chooses rows so that there are never more in a second than a person can look at.
#[derive(Debug)]
pub(super) struct Sample {
    /// How far the time was the last time.
    then: Duration,
    /// The time that rows may still have.
    left: Duration,
}

impl Sample {
    pub(super) fn new() -> Self {
        Self { then: Duration::ZERO, left: KEPT }
    }

    /// Returns of so many rows which are shown, evenly spread. `elapsed` is the time since the beginning.
    pub(super) fn choose(&mut self, rows: usize, elapsed: Duration) -> impl Iterator<Item = usize> + use<> {
        self.left = (self.left + elapsed.saturating_sub(self.then)).min(KEPT);
        self.then = elapsed;
        let fit = usize::try_from(self.left.as_nanos() / ROW.as_nanos()).unwrap_or(usize::MAX);
        let shown = rows.min(fit);
        self.left = self.left.saturating_sub(ROW * u32::try_from(shown).unwrap_or(u32::MAX));
        (0..shown).map(move |index| index * rows / shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quiet_stream_is_shown_whole_and_a_busy_one_in_part() {
        let mut sample = Sample::new();
        let mut shown = |rows, millis| sample.choose(rows, Duration::from_millis(millis)).count();
        assert_eq!((shown(90, 0), shown(10, 10)), (90, 10));
        assert_eq!(shown(1000, 20), 2, "what came in two hundredths of a second");
        assert_eq!(shown(1000, 1020), 100);
        assert_eq!(shown(1000, 9000), 100, "what was not needed is not kept for long");
        assert_eq!(shown(0, 9500), 0);
    }

    #[test]
    fn what_is_shown_is_spread_over_all() {
        let chosen: Vec<usize> = Sample::new().choose(1000, Duration::ZERO).collect();
        assert_eq!(chosen, (0..1000).step_by(10).collect::<Vec<_>>());
    }
}
