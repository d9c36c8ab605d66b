//! The time of a generator.

use std::time::Duration;

use crate::window::Micros;

/// How many records of a generator come, and when.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Pacing {
    /// How many at the most; without end where left out.
    pub records: Option<u64>,
    /// When the first is due; now where left out. What lies in the past comes at once.
    pub start: Option<Micros>,
    /// How many times as fast as the wall's the generator's time passes, from the start on.
    pub speed: Option<f64>,
    /// For how long from the first one's moment on; without end where left out.
    pub duration: Option<Duration>,
}

/// The time of a generator: that of the wall, or one that passes faster or slower from a moment on.
pub struct Clock<C> {
    wall: C,
    /// The moment from which the generator's records are due.
    pub start: Micros,
    /// The last moment at which one may be due.
    pub end: Micros,
    /// What the wall's clock showed at the start, and how many times as fast time passes; nothing where it is the wall's.
    speed: Option<(Micros, f64)>,
}

impl<C: Fn() -> Micros> Clock<C> {
    /// Begins now. Without a speed the time is that of `wall`, whatever the start; with one, it is that of the start now.
    pub fn new(wall: C, pacing: &Pacing) -> Self {
        let begun = wall();
        let start = pacing.start.unwrap_or(begun);
        let end = pacing.duration.map_or(Micros::MAX, |duration| {
            let micros = Micros::try_from(duration.as_micros()).unwrap_or(Micros::MAX);
            start.saturating_add(micros).saturating_sub(1)
        });
        Self { wall, start, end, speed: pacing.speed.map(|speed| (begun, speed)) }
    }

    /// Returns the generator's time.
    pub fn now(&self) -> Micros {
        let wall = (self.wall)();
        let Some((begun, speed)) = self.speed else { return wall };
        #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "a run is far shorter")]
        let passed = ((wall - begun) as f64 * speed) as Micros;
        self.start.saturating_add(passed)
    }

    /// Returns how long it takes until a moment of the generator's time.
    pub fn until(&self, moment: Micros) -> Duration {
        let micros = moment.saturating_sub(self.now()).max(0);
        let micros = self.speed.map_or(micros, |(_, speed)| {
            #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "a wait")]
            let wall = (micros as f64 / speed).ceil() as Micros;
            wall
        });
        Duration::from_micros(micros.unsigned_abs())
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn without_a_speed_time_is_that_of_the_wall() {
        let wall = Cell::new(5_000_000);
        let clock = Clock::new(|| wall.get(), &Pacing { start: Some(2_000_000), ..Pacing::default() });
        assert_eq!((clock.start, clock.now()), (2_000_000, 5_000_000));
        wall.set(6_000_000);
        assert_eq!(clock.now(), 6_000_000);
        assert_eq!(clock.until(6_500_000), Duration::from_millis(500));
        assert_eq!(clock.until(1), Duration::ZERO);
    }

    #[test]
    fn with_a_speed_time_passes_from_the_start() {
        let wall = Cell::new(5_000_000);
        let clock =
            Clock::new(|| wall.get(), &Pacing { start: Some(2_000_000), speed: Some(60.0), ..Pacing::default() });
        assert_eq!(clock.now(), 2_000_000);
        wall.set(6_000_000);
        assert_eq!(clock.now(), 62_000_000);
        assert_eq!(clock.until(122_000_000), Duration::from_secs(1));
    }
}
