//! Windows made of panes: tumbling, hopping and cumulative.

use std::collections::BTreeMap;

use datafusion_common::DataFusionError;
use serde::{Deserialize, Serialize};

use crate::streams::Millis;
use crate::window::{Micros, Panes, Span};

use super::super::closing::Closing;
use super::super::operator::{Open, Operator, Turn};
use super::super::parallel::in_parallel;
use super::super::rows::{Flow, Places, Rows, Stray};
use super::super::state::{StateReader, StateWriter, damaged};
use super::fold::{Fold, Kept};
use super::groups::Groups;
use super::prepare::{Preparation, Prepared};
use super::results::{Over, Results};

/// Groups in windows made of panes.
pub(super) struct Paned {
    panes: Panes,
    preparation: Preparation,
    results: Results,
    /// What every lane has of the panes that are not over.
    lanes: Vec<Lane>,
    fold: Fold,
    /// The end of the last window that was closed.
    closed: Micros,
    /// When the last record arrived.
    arrival: Millis,
    /// How far time is here behind that of the whole query.
    delay: Micros,
}

#[derive(Default)]
struct Lane {
    open: BTreeMap<Micros, Groups>,
}

/// What a lane brings in one turn.
#[derive(Default)]
struct Brought {
    given: Option<Rows>,
    prepared: Option<Prepared>,
    late: Vec<u32>,
    /// Rows that are too late for some of their windows: they go in when those are closed. In order, each with its pane.
    deferred: Vec<(u32, Span)>,
    /// How many of those have gone in.
    gone_in: usize,
    bad: Vec<(Stray, String)>,
}

/// What a part of the state is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Part {
    Clock { closed: Micros, arrival: Millis },
    Open { lane: usize, pane: Micros },
    Folded { start: Micros, newer: bool },
}

impl Paned {
    pub(super) fn new((panes, delay): (Panes, Micros), preparation: Preparation, results: Results) -> Self {
        Self {
            panes,
            preparation,
            results,
            lanes: Vec::new(),
            fold: Fold::new(panes),
            closed: Micros::MIN,
            arrival: Millis::MIN,
            delay,
        }
    }

    /// Takes the rows of every lane into their panes.
    fn take_in(&mut self, lanes: Vec<Rows>) -> Result<Vec<Brought>, DataFusionError> {
        if self.lanes.len() < lanes.len() {
            self.lanes.resize_with(lanes.len(), Lane::default);
        }
        let mut brought: Vec<Brought> =
            lanes.into_iter().map(|rows| Brought { given: Some(rows), ..Brought::default() }).collect();
        let (panes, preparation) = (self.panes, &self.preparation);
        let work = self.lanes.iter_mut().zip(&mut brought).enumerate();
        let busy = work.filter(|(_, (_, brought))| brought.given.as_ref().is_some_and(|rows| rows.len() > 0));
        in_parallel(busy, |(index, (lane, brought))| {
            let Some(rows) = brought.given.take() else { return Ok(()) };
            let prepared = preparation.prepare(rows, Places::Lane(index), &mut brought.bad)?;
            lane.take_in(prepared, panes, preparation, brought)
        })?;
        Ok(brought)
    }

    /// Returns the end of the next window that may have something in it.
    fn next_end(&self, brought: &[Brought]) -> Option<Micros> {
        let size = self.panes.size;
        let after = |moment: Micros| moment.div_euclid(size).saturating_add(1).saturating_mul(size);
        let open = self.lanes.iter().filter_map(|lane| lane.open.keys().next());
        let open = open.map(|start| start.saturating_add(size));
        let deferred = brought.iter().filter_map(|brought| {
            let (row, pane) = brought.deferred.get(brought.gone_in)?;
            let watermark = brought.prepared.as_ref()?.rows.watermarks[*row as usize];
            Some(after(watermark).max(pane.end))
        });
        let first = open.chain(deferred).min();
        let not_before = if self.closed == Micros::MIN { Micros::MIN } else { after(self.closed) };
        let following = (!self.fold.is_empty()).then_some(not_before);
        first.map(|first| first.max(not_before)).into_iter().chain(following).min()
    }

    fn close(&mut self, watermark: Micros, brought: &mut [Brought], turn: &mut Turn) -> Result<Rows, DataFusionError> {
        let mut rows = Vec::new();
        while let Some(end) = self.next_end(brought).filter(|end| *end <= watermark) {
            for (lane, brought) in self.lanes.iter_mut().zip(brought.iter_mut()) {
                lane.let_in(brought, end, &self.preparation)?;
            }
            let grouping = &self.preparation.grouping;
            loop {
                // In the order of the panes, and of the lanes within each.
                let first = self.lanes.iter().filter_map(|lane| lane.open.keys().next()).min().copied();
                let Some(start) = first.filter(|start| start.saturating_add(self.panes.size) <= end) else { break };
                let pane = Span { start, end: start.saturating_add(self.panes.size) };
                for lane in &mut self.lanes {
                    if let Some(groups) = lane.open.remove(&start) {
                        self.fold.add(self.panes, pane, groups, grouping)?;
                    }
                }
            }
            let window = self.panes.window(Span { start: end.saturating_sub(self.panes.size), end });
            if let Some(groups) = self.fold.close(window, self.panes, grouping)? {
                turn.windows += 1;
                let arrival = turn.reached(end.saturating_add(self.delay)).unwrap_or(self.arrival);
                rows.push(self.results.rows(Over::of(groups, window, arrival)?, turn)?);
            }
            self.closed = end;
        }
        // Windows in which there was nothing are over too: no row that comes later is in them.
        let size = self.panes.size;
        self.closed = self.closed.max(watermark.div_euclid(size).saturating_mul(size));
        for (lane, brought) in self.lanes.iter_mut().zip(brought) {
            lane.let_in(brought, Micros::MAX, &self.preparation)?;
        }
        if rows.is_empty() { Ok(self.results.none()) } else { Rows::concat(&rows) }
    }
}

impl Lane {
    fn take_in(
        &mut self,
        prepared: Prepared,
        panes: Panes,
        preparation: &Preparation,
        brought: &mut Brought,
    ) -> Result<(), DataFusionError> {
        let mut accepted: BTreeMap<Micros, Vec<u32>> = BTreeMap::new();
        let mut chosen: Vec<u32> = Vec::new();
        let mut pane = Span { start: Micros::MAX, end: Micros::MIN };
        let mut last_end = Micros::MIN;
        let rows = &prepared.rows;
        for ((row, moment), watermark) in (0u32..).zip(&rows.times).zip(&rows.watermarks) {
            if *moment < pane.start || *moment >= pane.end {
                if !chosen.is_empty() {
                    accepted.entry(pane.start).or_default().append(&mut chosen);
                }
                pane = panes.pane(*moment);
                last_end = panes.last_end(pane);
            }
            if last_end <= *watermark {
                brought.late.push(row);
            } else if pane.end <= *watermark {
                brought.deferred.push((row, pane));
            } else {
                chosen.push(row);
            }
        }
        if !chosen.is_empty() {
            accepted.entry(pane.start).or_default().append(&mut chosen);
        }
        for (start, rows) in accepted {
            prepared.add(rows, self.pane(start, preparation)?)?;
        }
        brought.prepared = Some(prepared);
        Ok(())
    }

    /// Lets the deferred rows in that came before time reached `end`.
    fn let_in(&mut self, brought: &mut Brought, end: Micros, preparation: &Preparation) -> Result<(), DataFusionError> {
        let Some(prepared) = &brought.prepared else { return Ok(()) };
        while let Some((row, pane)) = brought.deferred.get(brought.gone_in) {
            if prepared.rows.watermarks[*row as usize] >= end {
                break;
            }
            prepared.add(vec![*row], self.pane(pane.start, preparation)?)?;
            brought.gone_in += 1;
        }
        Ok(())
    }

    fn pane(&mut self, start: Micros, preparation: &Preparation) -> Result<&mut Groups, DataFusionError> {
        Ok(match self.open.entry(start) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => {
                entry.insert(Groups::new(&preparation.grouping.aggregation)?)
            }
        })
    }
}

impl Operator for Paned {
    fn push(&mut self, inputs: Vec<Flow>, turn: &mut Turn) -> Result<Flow, DataFusionError> {
        let input = Flow::only(inputs)?;
        let last = input.lanes.iter().filter_map(|lane| lane.arrivals.last()).max();
        self.arrival = self.arrival.max(last.copied().unwrap_or(Millis::MIN));
        let mut brought = self.take_in(input.lanes)?;
        for brought in &mut brought {
            turn.bad.append(&mut brought.bad);
        }
        let rows = self.close(input.watermark, &mut brought, turn)?;
        for brought in brought {
            let Some(prepared) = &brought.prepared else { continue };
            let late = brought.late.iter().map(|row| *row as usize);
            turn.late.extend(late.map(|row| (prepared.rows.stray(row), prepared.rows.times[row])));
        }
        Ok(Flow { lanes: vec![rows], watermark: input.watermark })
    }

    fn open(&self) -> Open {
        let mut panes: Vec<&Micros> = self.lanes.iter().flat_map(|lane| lane.open.keys()).collect();
        panes.sort_unstable();
        panes.dedup();
        let folded = usize::from(!self.fold.is_empty());
        let open: usize = self.lanes.iter().flat_map(|lane| lane.open.values()).map(Groups::len).sum();
        Open { windows: panes.len() + folded, groups: open + self.fold.groups() }
    }

    fn closing(&self, closing: &mut Closing) {
        let size = self.panes.size;
        let open = self.lanes.iter().flat_map(|lane| &lane.open).map(|(start, groups)| (*start, groups.len()));
        let first_end = self.next_end(&[]).unwrap_or(Micros::MAX);
        for (start, groups) in open.chain(self.fold.starts()) {
            // A pane is in the windows that end with it and with those behind it; of a kept one some are over.
            let pane = self.panes.pane(start);
            let mut end = pane.end.max(first_end);
            while end <= self.panes.last_end(pane) && closing.wants(end) {
                closing.add(self.panes.window(Span { start: end.saturating_sub(size), end }), groups);
                end = end.saturating_add(size);
            }
        }
    }

    fn save(&mut self, state: &mut StateWriter) -> Result<(), DataFusionError> {
        state.add(&Part::Clock { closed: self.closed, arrival: self.arrival }, None)?;
        let grouping = &self.preparation.grouping;
        for (index, lane) in self.lanes.iter_mut().enumerate() {
            for (start, groups) in &mut lane.open {
                state.add(&Part::Open { lane: index, pane: *start }, Some(&groups.snapshot(grouping)?))?;
            }
        }
        for Kept { start, newer, batch } in self.fold.parts(grouping)? {
            state.add(&Part::Folded { start, newer }, Some(&batch))?;
        }
        Ok(())
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), DataFusionError> {
        while let Some((part, batch)) = state.next::<Part>()? {
            match (part, batch) {
                (Part::Clock { closed, arrival }, _) => (self.closed, self.arrival) = (closed, arrival),
                (Part::Open { lane, pane }, Some(batch)) => {
                    if self.lanes.len() <= lane {
                        self.lanes.resize_with(lane + 1, Lane::default);
                    }
                    let grouping = &self.preparation.grouping;
                    self.lanes[lane].pane(pane, &self.preparation)?.absorb(&batch, grouping)?;
                }
                (Part::Folded { start, newer }, Some(batch)) => {
                    self.fold.take_up(Kept { start, newer, batch }, &self.preparation.grouping)?;
                }
                _ => return Err(damaged()),
            }
        }
        Ok(())
    }
}
