//! How far a query has come in time, and how far it has to go until all that it was given is done with.

use crate::plan::{Relation, Time};
use crate::streams::Millis;
use crate::window::Micros;

use super::outlook::Outlook;
use super::watermark::{Lane, ShardWatermark, Step, Watermark};

/// The time of one query.
pub(super) struct Progress {
    pub(super) watermark: Watermark,
    /// The moment at which all that ever came is done with.
    pub(super) last_end: Option<Micros>,
    /// How time went on since the last time that this was taken.
    pub(super) steps: Vec<Step>,
    outlook: Outlook,
    /// The place of each source among the relations of the query.
    nodes: Vec<usize>,
}

impl Progress {
    /// Starts before all time.
    pub(super) fn new(outlook: Outlook) -> Self {
        Self { watermark: Watermark::new(), last_end: None, steps: Vec::new(), outlook, nodes: Vec::new() }
    }

    /// Adds the next source, whose place among the relations is `node`.
    pub(super) fn add(&mut self, node: usize, time: &Time) {
        self.nodes.push(node);
        self.watermark.add(time);
    }

    /// Starts on records of a shard.
    pub(super) fn shard(&mut self, lane: Lane, arrival: Millis) -> ShardWatermark<'_> {
        let open_until = self.open_until();
        self.watermark.shard(lane, arrival, open_until, &mut self.steps)
    }

    /// Notes the latest time of records that a source passed on, which arrived then.
    pub(super) fn hold(&mut self, source: usize, arrival: Millis, latest: Option<Micros>) {
        self.watermark.note(arrival, &mut self.steps);
        if let Some(latest) = latest {
            self.last_end = self.last_end.max(Some(self.outlook.until(self.nodes[source], latest)));
        }
    }

    /// Goes on to an arrival time before which every record is known; returns how far time has come.
    pub(super) fn arrive(&mut self, arrival: Millis) -> Micros {
        if arrival != Millis::MIN {
            let open_until = self.open_until();
            self.watermark.arrive(arrival, open_until, &mut self.steps);
        }
        self.watermark.moment().unwrap_or(Micros::MIN)
    }

    /// Returns how far the watermark behind a relation, by its place in the query, is behind the query's own.
    pub(super) fn delay(&self, relations: &[Relation], node: usize) -> Micros {
        self.outlook.delay(relations, node)
    }

    fn open_until(&self) -> Option<Micros> {
        self.last_end.filter(|end| !self.watermark.is_over(*end))
    }
}
