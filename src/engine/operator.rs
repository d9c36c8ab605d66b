//! What every operator of a query can do.

use std::path::Path;

use datafusion_common::DataFusionError;

use super::closing::Closing;
use super::lookup::LookupError;
use super::rows::{Flow, Stray};
use super::state::{StateReader, StateWriter};
use super::watermark::Step;
use crate::streams::Millis;
use crate::window::Micros;

/// An operator: rows of its inputs in, rows out, with what it keeps in between.
///
/// What it answers must not depend on how the rows are spread over turns. It is a trait because there are nine of them, and
/// a graph holds any number of any.
pub(super) trait Operator: Send {
    /// Takes what one turn brought of each input, and returns what it makes of that.
    fn push(&mut self, inputs: Vec<Flow>, turn: &mut Turn) -> Result<Flow, DataFusionError>;

    /// Reads the table that it needs, before the first rows. `folder` is that of the pipeline file.
    fn read_table(&mut self, _folder: &Path) -> Result<(), LookupError> {
        Ok(())
    }

    /// Returns what a person should know who looks at it.
    fn trouble(&self) -> Option<&str> {
        None
    }

    /// Returns what is open.
    fn open(&self) -> Open {
        Open::default()
    }

    /// Adds its open windows to those that close first.
    fn closing(&self, _closing: &mut Closing) {}

    /// Writes down what it keeps, and goes on as if nothing had happened.
    fn save(&mut self, _state: &mut StateWriter) -> Result<(), DataFusionError> {
        Ok(())
    }

    /// Takes up what was written down, before the first rows.
    fn restore(&mut self, _state: &mut StateReader<'_>) -> Result<(), DataFusionError> {
        Ok(())
    }
}

/// What is open in an operator.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Open {
    /// Windows.
    pub(super) windows: usize,
    /// Groups in them, or rows that are kept.
    pub(super) groups: usize,
}

/// What one turn brought besides rows.
#[derive(Default)]
pub(super) struct Turn {
    /// Rows whose window was over when they came, and their times.
    pub(super) late: Vec<(Stray, Micros)>,
    /// Records that could not be read and rows that could not be computed, and why.
    pub(super) bad: Vec<(Stray, String)>,
    /// Records consumed.
    pub(super) consumed: u64,
    /// Windows closed.
    pub(super) windows: usize,
    /// How time went on.
    pub(super) steps: Vec<Step>,
}

impl Turn {
    /// Returns the arrival at which time reached a moment, if it did so within the turn.
    pub(super) fn reached(&self, moment: Micros) -> Option<Millis> {
        self.steps.get(self.steps.partition_point(|(_, at)| *at < moment)).map(|(arrival, _)| *arrival)
    }
}
