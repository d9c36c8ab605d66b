//! What has been accumulated in windows of each key's own.

use arrow::array::{ArrayRef, RecordBatch, UInt32Array};
use arrow::compute::take;
use datafusion_common::DataFusionError;
use datafusion_expr::{EmitTo, GroupsAccumulator};

use crate::window::Span;

use super::groups::{Grouping, Key};

/// One window of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Instance {
    pub(super) span: Span,
    /// Where its rows are accumulated, by number: the first takes rows, the others belonged to windows that it grew
    /// together with. They are added up in this order when the window is over, whenever that is noticed.
    pub(super) parts: Vec<usize>,
}

/// The parts of all instances, by number.
///
/// An accumulator gives things away only as a whole. So whenever some windows are over, everything is taken out, and
/// what goes on is put back under new numbers: as much work as there is open, and none in turns without an end.
pub(super) struct Instances {
    accumulators: Vec<Box<dyn GroupsAccumulator>>,
    parts: usize,
}

/// The accumulators' partial results, one per part.
type State = Vec<Vec<ArrayRef>>;

/// Parts on their way into others.
#[derive(Default)]
struct Moves {
    from: Vec<u32>,
    to: Vec<usize>,
}

impl Instances {
    /// Starts without a part.
    pub(super) fn new(grouping: &Grouping) -> Result<Self, DataFusionError> {
        Ok(Self { accumulators: grouping.aggregation.start()?, parts: 0 })
    }

    /// Makes a part, which is to get a row before anything is taken out.
    pub(super) fn start(&mut self) -> usize {
        self.parts += 1;
        self.parts - 1
    }

    /// Adds rows, each to a part. `arguments` hold one array per accumulator.
    pub(super) fn update(&mut self, arguments: &[ArrayRef], parts: &[usize]) -> Result<(), DataFusionError> {
        for (accumulator, argument) in self.accumulators.iter_mut().zip(arguments) {
            accumulator.update_batch(std::slice::from_ref(argument), parts, None, self.parts)?;
        }
        Ok(())
    }

    /// Takes instances out that are over, and returns the accumulators' results; `open` are all others.
    pub(super) fn close<'i>(
        &mut self,
        over: impl Iterator<Item = &'i Instance>,
        open: impl Iterator<Item = &'i mut Instance>,
        grouping: &Grouping,
    ) -> Result<Vec<ArrayRef>, DataFusionError> {
        let state = self.take_state()?;
        let mut moves = Moves::default();
        let mut count = 0;
        for instance in over {
            moves.all(&instance.parts, count);
            count += 1;
        }
        let mut results = grouping.aggregation.start()?;
        moves.make(&state, &mut results, count)?;
        self.put_back(&state, open, usize::MAX)?;
        results.iter_mut().map(|accumulator| accumulator.evaluate(EmitTo::All)).collect()
    }

    /// Adds the parts up of those instances that have more than `most`. `all` are all of them.
    pub(super) fn compact<'i>(
        &mut self,
        all: impl Iterator<Item = &'i mut Instance>,
        most: usize,
    ) -> Result<(), DataFusionError> {
        let state = self.take_state()?;
        self.put_back(&state, all, most)
    }

    /// Returns the state of every part as a batch in the order of the instances; `all` are all of them, with their keys.
    pub(super) fn snapshot<'i>(
        &mut self,
        all: impl Iterator<Item = (&'i Vec<u8>, &'i mut Instance)>,
        grouping: &Grouping,
    ) -> Result<RecordBatch, DataFusionError> {
        let (mut keys, mut instances) = (Vec::new(), Vec::new());
        for (key, instance) in all {
            keys.extend(std::iter::repeat_n(Key::from(key.as_slice()), instance.parts.len()));
            instances.push(instance);
        }
        self.compact(instances.into_iter(), usize::MAX)?;
        let state = self.take_state()?;
        let whole = Moves { from: (0u32..).take(self.parts).collect(), to: (0..self.parts).collect() };
        whole.make(&state, &mut self.accumulators, self.parts)?;
        grouping.batch(&keys, &state)
    }

    /// Takes up the state of parts, one after the other.
    pub(super) fn take_up(&mut self, state: &State, parts: usize) -> Result<(), DataFusionError> {
        self.parts = parts;
        let whole = Moves { from: (0u32..).take(parts).collect(), to: (0..parts).collect() };
        whole.make(state, &mut self.accumulators, parts)
    }

    fn take_state(&mut self) -> Result<State, DataFusionError> {
        self.accumulators.iter_mut().map(|accumulator| accumulator.state(EmitTo::All)).collect()
    }

    /// Puts the parts of instances back under new numbers; those of instances with more than `most` become one.
    fn put_back<'i>(
        &mut self,
        state: &State,
        instances: impl Iterator<Item = &'i mut Instance>,
        most: usize,
    ) -> Result<(), DataFusionError> {
        let mut moves = Moves::default();
        let mut count = 0;
        for instance in instances {
            if instance.parts.len() > most {
                moves.all(&instance.parts, count);
                instance.parts = vec![count];
                count += 1;
                continue;
            }
            for part in &mut instance.parts {
                moves.all(&[*part], count);
                *part = count;
                count += 1;
            }
        }
        self.parts = count;
        moves.make(state, &mut self.accumulators, count)
    }
}

impl Moves {
    fn all(&mut self, parts: &[usize], to: usize) {
        self.from.extend(parts.iter().map(|part| u32::try_from(*part).unwrap_or(u32::MAX)));
        self.to.extend(std::iter::repeat_n(to, parts.len()));
    }

    /// Adds the parts' state in order to what it moves to, of which there is `total`.
    fn make(
        self,
        state: &State,
        accumulators: &mut [Box<dyn GroupsAccumulator>],
        total: usize,
    ) -> Result<(), DataFusionError> {
        let from = UInt32Array::from(self.from);
        for (accumulator, arrays) in accumulators.iter_mut().zip(state) {
            let arrays: Vec<ArrayRef> =
                arrays.iter().map(|array| take(array, &from, None)).collect::<Result<_, _>>()?;
            accumulator.merge_batch(&arrays, &self.to, total)?;
        }
        Ok(())
    }
}
