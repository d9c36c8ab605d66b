//! A rate over time.

use std::fmt;

/// Seconds in a day.
pub(super) const DAY: f64 = 86_400.0;

/// A rate over time: pieces one behind the other, in each of which it changes evenly, and what follows the last.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    pub(super) segments: Vec<Segment>,
    pub(super) then: Then,
}

/// A piece of a profile, in which the rate goes from one number of records per second to another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Segment {
    /// How long it is; above 0.
    pub(super) seconds: f64,
    pub(super) from: f64,
    pub(super) to: f64,
}

/// What follows the last piece.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Then {
    /// This rate, for ever. At 0, the records end.
    Hold(f64),
    /// The first piece.
    Repeat,
    /// The first piece; and the first of all began at midnight (UTC), wherever in the day a run begins.
    RepeatByDay,
}

impl Segment {
    /// A piece in which the rate stays what it is.
    pub(super) fn level(seconds: f64, rate: f64) -> Self {
        Self { seconds, from: rate, to: rate }
    }

    /// Returns how many records come in the whole piece.
    pub(super) fn mass(&self) -> f64 {
        self.mass_to(self.seconds)
    }

    /// Returns how many come in its first `seconds`.
    pub(super) fn mass_to(&self, seconds: f64) -> f64 {
        seconds * (self.from + self.slope() * seconds / 2.0)
    }

    /// Returns after how many seconds so many have come: the inverse of [`Self::mass_to`].
    pub(super) fn seconds_to(&self, mass: f64) -> f64 {
        if mass <= 0.0 {
            return 0.0;
        }
        if self.from.to_bits() == self.to.to_bits() {
            return mass / self.from;
        }
        // The root of the quadratic equation in the form that loses no digits where the slope is small.
        let root = (self.from * self.from + 2.0 * self.slope() * mass).max(0.0).sqrt();
        (2.0 * mass / (self.from + root)).min(self.seconds)
    }

    fn slope(&self) -> f64 {
        (self.to - self.from) / self.seconds
    }
}

impl Profile {
    /// A rate in records per second that does not change; above 0.
    pub fn constant(rate: f64) -> Self {
        Self { segments: Vec::new(), then: Then::Hold(rate) }
    }

    /// Returns the highest rate, in records per second: what shards have to take.
    pub fn peak(&self) -> f64 {
        let held = if let Then::Hold(rate) = self.then { rate } else { 0.0 };
        self.segments.iter().flat_map(|segment| [segment.from, segment.to]).fold(held, f64::max)
    }

    /// Returns the rate in the long run, in records per second: what is paid for.
    pub fn mean(&self) -> f64 {
        match self.then {
            Then::Hold(rate) => rate,
            Then::Repeat | Then::RepeatByDay => self.mass() / self.seconds(),
        }
    }

    /// Returns how long the pieces are together.
    pub(super) fn seconds(&self) -> f64 {
        self.segments.iter().map(|segment| segment.seconds).sum()
    }

    /// Returns how many records come in all pieces.
    pub(super) fn mass(&self) -> f64 {
        self.segments.iter().map(Segment::mass).sum()
    }
}

/// Writes `200 records/s`, or `10 to 200 records/s` for a rate that changes.
impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let peak = self.peak();
        let held = if let Then::Hold(rate) = self.then { rate } else { f64::INFINITY };
        let least = self.segments.iter().flat_map(|segment| [segment.from, segment.to]).fold(held, f64::min);
        if least < peak { write!(f, "{least} to {peak} records/s") } else { write!(f, "{peak} records/s") }
    }
}
