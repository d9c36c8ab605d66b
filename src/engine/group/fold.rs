//! Panes → windows: every pane is merged a few times, however many windows it belongs to.

use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use datafusion_common::DataFusionError;

use crate::window::{Micros, Panes, Span};

use super::groups::{Groups, SharedGrouping};

/// The panes that are over, merged into windows as these end.
pub(super) enum Fold {
    /// A window is a pane.
    Single(Option<Groups>),
    /// Windows overlap.
    Overlapping(Overlapping),
    /// Windows grow.
    Growing(Option<(Micros, Groups)>),
}

/// The panes of overlapping windows as two stacks: of the older ones, every pane holds what it and all behind it in the
/// stack come to; of the newer ones, there is one total. So a window is the top of one stack and the total of the other,
/// and each pane is merged twice in its life.
#[derive(Default)]
pub(super) struct Overlapping {
    /// Each pane by itself, by its start.
    panes: BTreeMap<Micros, RecordBatch>,
    /// The older panes, the oldest last.
    older: Vec<(Micros, RecordBatch)>,
    /// The total of the newer ones.
    newer: Option<Groups>,
    /// The first of the newer ones.
    newer_from: Option<Micros>,
    /// Whether a pane changed that is merged already.
    stale: bool,
    /// Whether the older panes are still to be merged, as they were before the state was saved.
    restored: bool,
}

/// One part of what is kept: what a pane, or a growing window, has that begins at a moment.
pub(super) struct Kept {
    pub(super) start: Micros,
    /// Whether it is one of the newer panes: so that everything is added up in the same order after a restart.
    pub(super) newer: bool,
    pub(super) batch: RecordBatch,
}

impl Fold {
    pub(super) fn new(panes: Panes) -> Self {
        if panes.count == 1 {
            Self::Single(None)
        } else if panes.growing {
            Self::Growing(None)
        } else {
            Self::Overlapping(Overlapping::default())
        }
    }

    /// Returns whether no window that is yet to end has anything in it.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Single(groups) => groups.is_none(),
            Self::Overlapping(overlapping) => overlapping.panes.is_empty(),
            Self::Growing(running) => running.is_none(),
        }
    }

    /// Returns the number of groups that are kept.
    pub(super) fn groups(&self) -> usize {
        match self {
            Self::Single(groups) => groups.as_ref().map_or(0, Groups::len),
            Self::Overlapping(overlapping) => overlapping.panes.values().map(RecordBatch::num_rows).sum(),
            Self::Growing(running) => running.as_ref().map_or(0, |(_, groups)| groups.len()),
        }
    }

    /// Returns where each pane begins that is kept, or the window that grows, with how many groups it has.
    pub(super) fn starts(&self) -> Vec<(Micros, usize)> {
        match self {
            Self::Single(_) => Vec::new(),
            Self::Overlapping(overlapping) => {
                overlapping.panes.iter().map(|(start, batch)| (*start, batch.num_rows())).collect()
            }
            Self::Growing(running) => running.iter().map(|(start, groups)| (*start, groups.len())).collect(),
        }
    }

    /// Adds what a lane has of a pane that is over.
    pub(super) fn add(
        &mut self,
        panes: Panes,
        pane: Span,
        mut groups: Groups,
        grouping: &SharedGrouping,
    ) -> Result<(), DataFusionError> {
        match self {
            Self::Single(Some(whole)) => whole.absorb(&groups.snapshot(grouping)?, grouping),
            Self::Single(whole) => {
                *whole = Some(groups);
                Ok(())
            }
            Self::Growing(running) => {
                let start = panes.last_end(pane).saturating_sub(panes.length());
                match running {
                    Some((known, whole)) if *known == start => whole.absorb(&groups.snapshot(grouping)?, grouping),
                    _ => {
                        *running = Some((start, groups));
                        Ok(())
                    }
                }
            }
            Self::Overlapping(overlapping) => overlapping.add(pane, &groups.snapshot(grouping)?, grouping),
        }
    }

    /// Returns what the window has that ends now; all panes of it have been added.
    pub(super) fn close(
        &mut self,
        window: Span,
        panes: Panes,
        grouping: &SharedGrouping,
    ) -> Result<Option<Groups>, DataFusionError> {
        match self {
            Self::Single(whole) => Ok(whole.take()),
            Self::Overlapping(overlapping) => overlapping.close(window.start, grouping),
            Self::Growing(running) => {
                let Some((start, whole)) = running.as_mut().filter(|(start, _)| *start == window.start) else {
                    return Ok(None);
                };
                if window.end == start.saturating_add(panes.length()) {
                    return Ok(running.take().map(|(_, whole)| whole));
                }
                copy(whole, grouping).map(Some)
            }
        }
    }

    /// Returns everything that is kept, in order.
    pub(super) fn parts(&mut self, grouping: &SharedGrouping) -> Result<Vec<Kept>, DataFusionError> {
        match self {
            // Nothing is kept between two turns: a pane that is over is a window that is over.
            Self::Single(_) => Ok(Vec::new()),
            Self::Overlapping(overlapping) => {
                let newer_from = overlapping.newer_from.unwrap_or(Micros::MAX);
                let kept = |(start, batch): (&Micros, &RecordBatch)| Kept {
                    start: *start,
                    newer: *start >= newer_from,
                    batch: batch.clone(),
                };
                Ok(overlapping.panes.iter().map(kept).collect())
            }
            Self::Growing(running) => {
                let part = running
                    .as_mut()
                    .map(|(start, whole)| Ok(Kept { start: *start, newer: true, batch: whole.snapshot(grouping)? }));
                part.into_iter().collect()
            }
        }
    }

    /// Takes up one part of what was kept.
    pub(super) fn take_up(&mut self, kept: Kept, grouping: &SharedGrouping) -> Result<(), DataFusionError> {
        match self {
            Self::Single(whole) => *whole = Some(from(&kept.batch, grouping)?),
            Self::Growing(running) => *running = Some((kept.start, from(&kept.batch, grouping)?)),
            Self::Overlapping(overlapping) if kept.newer => overlapping.add_newer(kept.start, &kept.batch, grouping)?,
            Self::Overlapping(overlapping) => {
                grouping.parts(&kept.batch)?;
                overlapping.panes.insert(kept.start, kept.batch);
                overlapping.restored = true;
            }
        }
        Ok(())
    }
}

impl Overlapping {
    fn add(&mut self, pane: Span, batch: &RecordBatch, grouping: &SharedGrouping) -> Result<(), DataFusionError> {
        self.settle(grouping)?;
        let newest = self.panes.last_key_value().is_none_or(|(last, _)| *last < pane.start);
        if !newest {
            self.stale = true;
            let merged = match self.panes.get(&pane.start) {
                None => batch.clone(),
                Some(known) => {
                    let mut whole = from(known, grouping)?;
                    whole.absorb(batch, grouping)?;
                    whole.snapshot(grouping)?
                }
            };
            self.panes.insert(pane.start, merged);
            return Ok(());
        }
        self.add_newer(pane.start, batch, grouping)
    }

    fn add_newer(
        &mut self,
        start: Micros,
        batch: &RecordBatch,
        grouping: &SharedGrouping,
    ) -> Result<(), DataFusionError> {
        self.panes.insert(start, batch.clone());
        self.newer_from.get_or_insert(start);
        if let Some(newer) = &mut self.newer {
            return newer.absorb(batch, grouping);
        }
        self.newer = Some(from(batch, grouping)?);
        Ok(())
    }

    fn close(&mut self, start: Micros, grouping: &SharedGrouping) -> Result<Option<Groups>, DataFusionError> {
        self.settle(grouping)?;
        let kept = self.panes.split_off(&start);
        self.panes = kept;
        while self.older.last().is_some_and(|(oldest, _)| *oldest < start) {
            self.older.pop();
        }
        if self.stale || self.newer_from.is_some_and(|from| from < start) {
            self.turn_over(grouping)?;
        }
        if self.panes.is_empty() {
            return Ok(None);
        }
        let mut whole = Groups::new(&grouping.aggregation)?;
        if let Some((_, batch)) = self.older.last() {
            whole.absorb(batch, grouping)?;
        }
        if let Some(newer) = &mut self.newer {
            whole.absorb(&newer.snapshot(grouping)?, grouping)?;
        }
        Ok(Some(whole))
    }

    /// Makes all panes older ones.
    fn turn_over(&mut self, grouping: &SharedGrouping) -> Result<(), DataFusionError> {
        self.newer = None;
        self.newer_from = None;
        self.stale = false;
        self.merge_older(grouping)
    }

    /// Merges the older panes again after a restart.
    fn settle(&mut self, grouping: &SharedGrouping) -> Result<(), DataFusionError> {
        if std::mem::take(&mut self.restored) { self.merge_older(grouping) } else { Ok(()) }
    }

    fn merge_older(&mut self, grouping: &SharedGrouping) -> Result<(), DataFusionError> {
        self.older.clear();
        let newer_from = self.newer_from.unwrap_or(Micros::MAX);
        let mut whole = Groups::new(&grouping.aggregation)?;
        for (start, batch) in self.panes.range(..newer_from).rev() {
            whole.absorb(batch, grouping)?;
            self.older.push((*start, whole.snapshot(grouping)?));
        }
        Ok(())
    }
}

fn from(batch: &RecordBatch, grouping: &SharedGrouping) -> Result<Groups, DataFusionError> {
    let mut groups = Groups::new(&grouping.aggregation)?;
    groups.absorb(batch, grouping)?;
    Ok(groups)
}

fn copy(groups: &mut Groups, grouping: &SharedGrouping) -> Result<Groups, DataFusionError> {
    from(&groups.snapshot(grouping)?, grouping)
}
