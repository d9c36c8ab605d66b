//! How far time has come: the watermark of one query, over the shards of all streams that it reads. A stream that has
//! been silent for long holds back no other.
//!
//! Everything here happens in the order of the log, arrival by arrival, so that the same log gives the same watermark at
//! every record, whenever and however it is read.

use serde::{Deserialize, Serialize};

use crate::plan::Time;
use crate::streams::{Millis, ShardId};
use crate::window::Micros;

use super::status;

/// Tells which windows are over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Watermark {
    by: By,
    /// By the streams that the query reads.
    sources: Vec<SourceTime>,
    /// When the first record of any shard arrived.
    first_arrival: Option<Millis>,
    /// Up to when the arrivals are known.
    position: Millis,
    /// The moment that time has come to; windows that end then or before are over.
    at: Micros,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum By {
    Arrival,
    Event,
}

/// How time went on: the arrival at which it came to a moment, and the moment.
pub(super) type Step = (Millis, Micros);

/// A shard: the number of its stream among those that the query reads, and its own among that stream's.
pub(super) type Lane = (usize, usize);

/// How time goes in one stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct SourceTime {
    delay: Micros,
    idle: Millis,
    shards: Vec<ShardTime>,
}

/// How time stands in one shard.
pub(super) struct LaneTime {
    moment: Option<Micros>,
    last_arrival: Option<Millis>,
    idle_after: Millis,
    idle: bool,
    holds: bool,
}

impl LaneTime {
    /// Names the shard.
    pub(super) fn of(self, stream: &str, shard: ShardId) -> status::ShardTime {
        let Self { moment, last_arrival, idle_after, idle, holds } = self;
        let (stream, shard) = (stream.to_owned(), shard.to_string());
        status::ShardTime { stream, shard, watermark: moment, last_arrival, idle_after, idle, holds }
    }
}

/// What is known of one shard.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct ShardTime {
    greatest: Option<Micros>,
    last_arrival: Option<Millis>,
}

impl Watermark {
    /// Starts before all time: by event time where a stream has one, by arrival otherwise.
    pub(super) fn new() -> Self {
        Self { by: By::Arrival, sources: Vec::new(), first_arrival: None, position: Millis::MIN, at: Micros::MIN }
    }

    /// Adds a stream, without a shard yet.
    pub(super) fn add(&mut self, time: &Time) {
        let (delay, idle) = match time {
            Time::Arrival => (0, 0),
            Time::Event { delay, idle, .. } => {
                self.by = By::Event;
                (
                    Micros::try_from(delay.as_micros()).unwrap_or(Micros::MAX / 4),
                    Millis::try_from(idle.as_millis()).unwrap_or(Millis::MAX / 4),
                )
            }
        };
        self.sources.push(SourceTime { delay, idle, shards: Vec::new() });
    }

    /// Adds a shard at its place. One that goes on from others of its stream is where the slowest of them is in time, so
    /// that nothing changes when it takes their place.
    pub(super) fn begin(&mut self, (source, shard): Lane, parents: &[usize]) {
        let shards = &mut self.sources[source].shards;
        let parents: Vec<ShardTime> = parents.iter().map(|parent| shards[*parent]).collect();
        let time = ShardTime {
            greatest: parents.iter().map(|parent| parent.greatest).min().flatten(),
            last_arrival: parents.iter().filter_map(|parent| parent.last_arrival).max(),
        };
        shards.insert(shard, time);
    }

    /// Removes a shard that has ended: it holds nothing back any more.
    pub(super) fn end(&mut self, (source, shard): Lane) {
        self.sources[source].shards.remove(shard);
    }

    /// Returns whether another goes by the same time in the same way.
    pub(super) fn is_alike(&self, other: &Self) -> bool {
        let ways = |watermark: &Self| -> Vec<(Micros, Millis)> {
            watermark.sources.iter().map(|source| (source.delay, source.idle)).collect()
        };
        self.by == other.by && ways(self) == ways(other)
    }

    /// Returns whether times are those of arrival.
    pub(super) fn is_by_arrival(&self) -> bool {
        self.by == By::Arrival
    }

    /// Returns up to when the arrivals are known.
    pub(super) fn position(&self) -> Millis {
        self.position
    }

    /// Returns the moment that time has come to; `None` before anything is known.
    pub(super) fn moment(&self) -> Option<Micros> {
        (self.at != Micros::MIN).then_some(self.at)
    }

    /// Returns whether a window that ends then is over.
    pub(super) fn is_over(&self, end: Micros) -> bool {
        end <= self.at
    }

    /// Goes on to an arrival time, before the records that arrive then. `open_until` is the end of the last open window:
    /// when every shard has been silent for `idle`, time goes on by the clock, but only to close what is open; a producer
    /// that comes back with old records finds the next window still open. How time goes on is added to `steps`.
    ///
    /// Every moment at which a shard falls silent on the way is gone through in order, so that it makes no difference
    /// how often this is called.
    pub(super) fn arrive(&mut self, now: Millis, open_until: Option<Micros>, steps: &mut Vec<Step>) {
        if let (By::Event, Some(first)) = (self.by, self.first_arrival) {
            let falls_silent =
                |(of, shard): (&SourceTime, &ShardTime)| shard.last_arrival.unwrap_or(first).saturating_add(of.idle);
            let on_the_way = |moment: &Millis| *moment > self.position && *moment < now;
            let mut moments: Vec<Millis> = self.shards().map(falls_silent).filter(on_the_way).collect();
            moments.sort_unstable();
            for moment in moments {
                self.look(moment, open_until);
                self.note(moment, steps);
            }
        }
        self.look(now, open_until);
        self.note(now, steps);
        self.position = self.position.max(now);
    }

    /// Raises the watermark to what is known at an arrival time.
    fn look(&mut self, now: Millis, open_until: Option<Micros>) {
        if self.by == By::Arrival {
            self.raise(now.saturating_mul(1000));
            return;
        }
        let Some(first) = self.first_arrival else { return };
        if !self.shards().any(|(of, shard)| of.is_awake(shard, now, first)) {
            if let Some(end) = open_until {
                let delay = self.sources.iter().map(|source| source.delay).max().unwrap_or(0);
                self.raise(now.saturating_mul(1000).saturating_sub(delay).min(end));
            }
            return;
        }
        // One awake shard without a time yet holds everything back.
        let awake = self.shards().filter(|(of, shard)| of.is_awake(shard, now, first));
        if let Some(Some(slowest)) = awake.map(|(of, shard)| of.moment(shard)).min() {
            self.raise(slowest);
        }
    }

    /// Returns how time stands in each shard, in the order of the streams and their shards.
    pub(super) fn lanes(&self) -> impl Iterator<Item = LaneTime> {
        let first = self.first_arrival.unwrap_or(Millis::MAX);
        let is_idle = move |of: &SourceTime, shard: &ShardTime| !of.is_awake(shard, self.position, first);
        let awake = self.shards().filter(move |(of, shard)| !is_idle(of, shard));
        // Before all others those without a time.
        let slowest = awake.map(|(of, shard)| of.moment(shard)).min();
        self.shards().map(move |(of, shard)| {
            let (moment, idle) = (of.moment(shard), self.by == By::Event && is_idle(of, shard));
            LaneTime {
                moment,
                last_arrival: shard.last_arrival,
                idle_after: of.idle,
                idle,
                holds: self.by == By::Event && !idle && self.first_arrival.is_some() && slowest == Some(moment),
            }
        })
    }

    fn shards(&self) -> impl Iterator<Item = (&SourceTime, &ShardTime)> {
        self.sources.iter().flat_map(|source| source.shards.iter().map(move |shard| (source, shard)))
    }

    /// Starts on records of a shard that arrived at `now`: returns what takes their times one by one.
    pub(super) fn shard(
        &mut self,
        lane: Lane,
        now: Millis,
        open_until: Option<Micros>,
        steps: &mut Vec<Step>,
    ) -> ShardWatermark<'_> {
        self.arrive(now, open_until, steps);
        let first = *self.first_arrival.get_or_insert(now);
        let (source, shard) = lane;
        self.sources[source].shards[shard].last_arrival = Some(now);
        // It may have been silent until now.
        self.look(now, open_until);
        let others = match self.by {
            By::Arrival => None,
            By::Event => {
                let own = &raw const self.sources[source].shards[shard];
                let awake =
                    self.shards().filter(|(of, other)| !std::ptr::eq(*other, own) && of.is_awake(other, now, first));
                // No other shard awake: nothing but this one counts.
                Some(awake.map(|(of, other)| of.moment(other)).min().unwrap_or(Some(Micros::MAX)))
            }
        };
        let of = &mut self.sources[source];
        ShardWatermark { at: &mut self.at, delay: of.delay, shard: &mut of.shards[shard], others }
    }

    /// Adds where time has come to, if it went on.
    pub(super) fn note(&self, now: Millis, steps: &mut Vec<Step>) {
        if self.at != Micros::MIN && steps.last().is_none_or(|(_, at)| *at < self.at) {
            steps.push((now, self.at));
        }
    }

    fn raise(&mut self, to: Micros) {
        self.at = self.at.max(to);
    }
}

impl SourceTime {
    /// Returns whether a shard counts: something arrived, or the whole began, less than `idle` ago.
    fn is_awake(&self, shard: &ShardTime, now: Millis, first: Millis) -> bool {
        now.saturating_sub(shard.last_arrival.unwrap_or(first)) < self.idle
    }

    /// Returns how far time has come in a shard.
    fn moment(&self, shard: &ShardTime) -> Option<Micros> {
        shard.greatest.map(|greatest| greatest.saturating_sub(self.delay))
    }
}

/// The watermark while the records of one shard pass that arrived together.
pub(super) struct ShardWatermark<'a> {
    at: &'a mut Micros,
    delay: Micros,
    shard: &'a mut ShardTime,
    /// How far time has come in the slowest of the other shards that are awake; the inner `None` where one of them has none yet, the
    /// outer where times are those of arrival.
    #[expect(clippy::option_option, reason = "the outer one is whether there is such a thing, the inner its value")]
    others: Option<Option<Micros>>,
}

impl ShardWatermark<'_> {
    /// Returns the moment that time has come to; before all moments where nothing is known.
    pub(super) fn moment(&self) -> Micros {
        *self.at
    }

    /// Takes the event time of a record, after it has been judged.
    pub(super) fn observe(&mut self, moment: Micros) {
        let Some(others) = self.others else { return };
        if self.shard.greatest.is_some_and(|greatest| greatest >= moment) {
            return;
        }
        self.shard.greatest = Some(moment);
        if let Some(others) = others {
            *self.at = (*self.at).max(moment.saturating_sub(self.delay).min(others));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn by_event(shards: usize) -> Watermark {
        let time = Time::Event { column: 0, delay: Duration::from_secs(2), idle: Duration::from_secs(10) };
        let mut watermark = Watermark::new();
        watermark.add(&time);
        (0..shards).for_each(|shard| watermark.begin((0, shard), &[]));
        watermark
    }

    fn seconds(seconds: i64) -> Micros {
        seconds * 1_000_000
    }

    #[test]
    fn arrival_time_goes_with_the_clock() {
        let mut watermark = Watermark::new();
        watermark.add(&Time::Arrival);
        (0..2).for_each(|shard| watermark.begin((0, shard), &[]));
        assert_eq!(watermark.moment(), None);
        watermark.arrive(1500, None, &mut Vec::new());
        assert_eq!(watermark.moment(), Some(1_500_000));
        watermark.shard((0, 1), 1600, None, &mut Vec::new()).observe(seconds(99));
        assert_eq!(watermark.moment(), Some(1_600_000));
        assert!(watermark.is_over(1_600_000));
        assert!(!watermark.is_over(1_600_001));
    }

    #[test]
    fn the_slowest_shard_counts_and_the_delay_is_kept() {
        let mut watermark = by_event(2);
        watermark.shard((0, 0), 1000, None, &mut Vec::new()).observe(seconds(100));
        assert_eq!(watermark.moment(), None, "the other shard has no time yet");
        watermark.shard((0, 1), 1100, None, &mut Vec::new()).observe(seconds(50));
        assert_eq!(watermark.moment(), Some(seconds(48)));
        watermark.shard((0, 1), 1200, None, &mut Vec::new()).observe(seconds(40));
        assert_eq!(watermark.moment(), Some(seconds(48)), "time never goes back");
        watermark.shard((0, 1), 1300, None, &mut Vec::new()).observe(seconds(200));
        assert_eq!(watermark.moment(), Some(seconds(98)));
    }

    #[test]
    fn it_is_told_which_shard_holds_back() {
        let holding = |watermark: &Watermark| -> Vec<(bool, bool)> {
            watermark.lanes().map(|lane| (lane.holds, lane.idle)).collect()
        };
        let mut watermark = by_event(3);
        assert_eq!(holding(&watermark), [(false, false); 3], "nothing has come yet");
        watermark.shard((0, 0), 1000, None, &mut Vec::new()).observe(seconds(100));
        assert_eq!(holding(&watermark), [(false, false), (true, false), (true, false)], "those without a time do");
        watermark.shard((0, 1), 9000, None, &mut Vec::new()).observe(seconds(50));
        watermark.shard((0, 0), 9000, None, &mut Vec::new()).observe(seconds(101));
        watermark.arrive(11_000, None, &mut Vec::new());
        assert_eq!(holding(&watermark), [(false, false), (true, false), (false, true)], "the last one never spoke");
        watermark.arrive(19_000, None, &mut Vec::new());
        assert_eq!(holding(&watermark), [(false, true); 3]);
        let mut by_clock = Watermark::new();
        by_clock.add(&Time::Arrival);
        by_clock.begin((0, 0), &[]);
        by_clock.arrive(5000, None, &mut Vec::new());
        assert_eq!(holding(&by_clock), [(false, false)]);
    }

    #[test]
    fn a_silent_shard_stops_holding_back() {
        let mut watermark = by_event(2);
        watermark.shard((0, 1), 1000, None, &mut Vec::new()).observe(seconds(50));
        watermark.shard((0, 0), 1000, None, &mut Vec::new()).observe(seconds(100));
        assert_eq!(watermark.moment(), Some(seconds(48)));
        watermark.shard((0, 0), 10_999, None, &mut Vec::new()).observe(seconds(101));
        assert_eq!(watermark.moment(), Some(seconds(48)), "one millisecond short of idle");
        watermark.shard((0, 0), 11_000, None, &mut Vec::new()).observe(seconds(102));
        assert_eq!(watermark.moment(), Some(seconds(100)));
    }

    #[test]
    fn a_shard_that_never_spoke_counts_from_the_first_record() {
        let mut watermark = by_event(2);
        watermark.shard((0, 0), 1000, None, &mut Vec::new()).observe(seconds(100));
        watermark.shard((0, 0), 11_000, None, &mut Vec::new()).observe(seconds(101));
        assert_eq!(watermark.moment(), Some(seconds(99)));
    }

    #[test]
    fn every_stream_has_a_delay_and_an_idle_of_its_own() {
        let mut watermark = by_event(1);
        let slow = Time::Event { column: 0, delay: Duration::from_secs(30), idle: Duration::from_mins(1) };
        watermark.add(&slow);
        watermark.begin((1, 0), &[]);
        watermark.shard((0, 0), 1000, None, &mut Vec::new()).observe(seconds(100));
        watermark.shard((1, 0), 1000, None, &mut Vec::new()).observe(seconds(100));
        assert_eq!(watermark.moment(), Some(seconds(70)));
        watermark.shard((1, 0), 25_000, None, &mut Vec::new()).observe(seconds(200));
        assert_eq!(watermark.moment(), Some(seconds(170)), "the first has been silent for its ten seconds");
        watermark.shard((0, 0), 80_000, None, &mut Vec::new()).observe(seconds(180));
        assert_eq!(watermark.moment(), Some(seconds(170)), "the second is awake for its sixty seconds");
        watermark.arrive(85_000, None, &mut Vec::new());
        assert_eq!(watermark.moment(), Some(seconds(178)));
    }

    #[test]
    fn looking_more_often_changes_nothing() {
        let watermark = |looks: &[Millis]| {
            let mut watermark = by_event(2);
            watermark.shard((0, 0), 1000, None, &mut Vec::new()).observe(seconds(50));
            watermark.shard((0, 1), 6000, None, &mut Vec::new()).observe(seconds(500));
            for look in looks {
                watermark.arrive(*look, None, &mut Vec::new());
            }
            watermark.shard((0, 0), 17_000, None, &mut Vec::new()).observe(seconds(51));
            watermark
        };
        assert_eq!(watermark(&[]), watermark(&[10_999, 11_000, 12_345, 16_000, 16_999]));
        assert_eq!(watermark(&[]).moment(), Some(seconds(498)), "shard 0 fell silent while shard 1 was awake");
    }

    #[test]
    fn all_silent_goes_by_the_clock_and_no_further_than_what_is_open() {
        let mut watermark = by_event(1);
        watermark.shard((0, 0), 100_000, None, &mut Vec::new()).observe(seconds(99));
        watermark.arrive(109_999, Some(seconds(100)), &mut Vec::new());
        assert_eq!(watermark.moment(), Some(seconds(97)));
        watermark.arrive(110_000, Some(seconds(120)), &mut Vec::new());
        assert_eq!(watermark.moment(), Some(seconds(108)), "the clock less the delay");
        watermark.arrive(500_000, Some(seconds(120)), &mut Vec::new());
        assert_eq!(watermark.moment(), Some(seconds(120)));
        watermark.arrive(900_000, None, &mut Vec::new());
        assert_eq!(watermark.moment(), Some(seconds(120)), "nothing is open, nothing is hurried");
    }

    #[test]
    fn a_shard_takes_the_place_of_those_that_it_goes_on_from() {
        let mut watermark = by_event(3);
        for (shard, moment) in [(0, 100), (1, 50), (2, 70)] {
            watermark.shard((0, shard), 1000, None, &mut Vec::new()).observe(seconds(moment));
        }
        assert_eq!(watermark.moment(), Some(seconds(48)));
        // The second is split.
        watermark.begin((0, 3), &[1]);
        watermark.begin((0, 4), &[1]);
        watermark.end((0, 1));
        watermark.shard((0, 0), 1500, None, &mut Vec::new()).observe(seconds(200));
        assert_eq!(watermark.moment(), Some(seconds(48)), "both hold back where it did");
        watermark.shard((0, 2), 1600, None, &mut Vec::new()).observe(seconds(90));
        assert_eq!(watermark.moment(), Some(seconds(48)), "one of them does still");
        watermark.shard((0, 3), 1700, None, &mut Vec::new()).observe(seconds(60));
        assert_eq!(watermark.moment(), Some(seconds(58)));
        // Both are merged again.
        watermark.begin((0, 4), &[2, 3]);
        watermark.end((0, 3));
        watermark.end((0, 2));
        watermark.shard((0, 1), 1800, None, &mut Vec::new()).observe(seconds(95));
        assert_eq!(watermark.moment(), Some(seconds(58)), "it is where the slower one was");
        watermark.shard((0, 2), 1900, None, &mut Vec::new()).observe(seconds(300));
        assert_eq!(watermark.moment(), Some(seconds(93)));
    }

    #[test]
    fn what_goes_on_from_silence_is_silent() {
        let mut watermark = by_event(2);
        watermark.shard((0, 0), 1000, None, &mut Vec::new()).observe(seconds(50));
        watermark.begin((0, 2), &[0]);
        watermark.end((0, 0));
        watermark.shard((0, 0), 11_000, None, &mut Vec::new()).observe(seconds(100));
        assert_eq!(watermark.moment(), Some(seconds(98)), "the other has been silent since its parent was");
    }
}
