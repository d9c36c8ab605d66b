//! Windows of each key's own: session and stagger.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use datafusion_common::DataFusionError;
use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

use crate::streams::Millis;
use crate::window::{Micros, Span};

use super::super::closing::Closing;
use super::super::operator::{Open, Operator, Turn};
use super::super::rows::{Flow, Places, Rows};
use super::super::state::{StateReader, StateWriter, damaged};
use super::groups::{Grouping, Key};
use super::instances::{Instance, Instances};
use super::prepare::{Preparation, Prepared};
use super::results::{Over, Results};
use super::rule::Rule;

/// How many windows may grow together into one before their parts are added up: few enough that a session which never
/// ends takes no more room than this, and enough that it is seldom done.
const MAX_PARTS: usize = 64;

/// Groups in windows of each key's own.
pub(super) struct Keyed {
    rule: Rule,
    preparation: Preparation,
    results: Results,
    /// The windows of each key that are not over, in the order of time.
    open: HashMap<Vec<u8>, Vec<Instance>>,
    /// Windows that are over and have not been answered yet.
    over: Vec<(Key, Instance)>,
    instances: Instances,
    /// No open window ends before.
    first_end: Micros,
    clock: Kept,
}

/// What is kept besides the windows.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Kept {
    /// How many rows have come.
    rows: i64,
    /// When the last one arrived.
    arrival: Millis,
}

/// Rows that have found their windows, and are not in them yet.
#[derive(Default)]
struct Found {
    rows: Vec<u32>,
    parts: Vec<usize>,
}

impl Keyed {
    pub(super) fn new(rule: Rule, preparation: Preparation, results: Results) -> Result<Self, DataFusionError> {
        Ok(Self {
            rule,
            results,
            open: HashMap::new(),
            over: Vec::new(),
            instances: Instances::new(&preparation.grouping)?,
            preparation,
            first_end: Micros::MAX,
            clock: Kept { rows: 0, arrival: Millis::MIN },
        })
    }

    /// Takes rows into their windows, in order.
    fn take_in(&mut self, prepared: &Prepared, turn: &mut Turn) -> Result<(), DataFusionError> {
        let mut found = Found::default();
        let rows = &prepared.rows;
        for ((row, moment), watermark) in (0u32..).zip(&rows.times).zip(&rows.watermarks) {
            let key = prepared.key(row as usize);
            let open = self.open.entry_ref(key).or_default();
            if open.iter().any(|instance| instance.span.end <= *watermark) {
                let over = open.extract_if(.., |instance| instance.span.end <= *watermark);
                self.over.extend(over.map(|instance| (key.into(), instance)));
            }
            let Some(place) = self.rule.place(open, (*moment, *watermark), &mut self.instances) else {
                if open.is_empty() {
                    self.open.remove(key);
                }
                turn.late.push((rows.stray(row as usize), *moment));
                continue;
            };
            let instance = &open[place];
            let crowded = instance.parts.len() > MAX_PARTS;
            self.first_end = self.first_end.min(instance.span.end);
            found.rows.push(row);
            found.parts.push(instance.parts[0]);
            if crowded {
                self.add(prepared, std::mem::take(&mut found))?;
                let over = self.over.iter_mut().map(|(_, instance)| instance);
                self.instances.compact(self.open.values_mut().flatten().chain(over), MAX_PARTS)?;
            }
        }
        self.add(prepared, found)
    }

    fn add(&mut self, prepared: &Prepared, found: Found) -> Result<(), DataFusionError> {
        if found.rows.len() == prepared.rows.len() {
            return self.instances.update(prepared.arguments(), &found.parts);
        }
        let rows = UInt32Array::from(found.rows);
        let arguments: Vec<ArrayRef> =
            prepared.arguments().iter().map(|array| take(array, &rows, None)).collect::<Result<_, _>>()?;
        self.instances.update(&arguments, &found.parts)
    }

    /// Answers the windows that are over now.
    fn close(&mut self, watermark: Micros, rows: &Rows, turn: &mut Turn) -> Result<Rows, DataFusionError> {
        if self.first_end <= watermark {
            self.first_end = Micros::MAX;
            self.open.retain(|key, open| {
                let over = open.extract_if(.., |instance| instance.span.end <= watermark);
                self.over.extend(over.map(|instance| (key.as_slice().into(), instance)));
                let first = open.iter().map(|instance| instance.span.end).min();
                self.first_end = self.first_end.min(first.unwrap_or(Micros::MAX));
                !open.is_empty()
            });
        }
        if self.over.is_empty() {
            return Ok(self.results.none());
        }
        let over = std::mem::take(&mut self.over);
        turn.windows += over.len();
        let instances = over.iter().map(|(_, instance)| instance);
        let open = self.open.values_mut().flatten();
        let results = self.instances.close(instances, open, &self.preparation.grouping)?;
        let spans: Vec<Span> = over.iter().map(|(_, instance)| instance.span).collect();
        let arrivals = spans.iter().map(|span| rows.reached(span.end, self.clock.arrival)).collect();
        let keys = over.into_iter().map(|(key, _)| key).collect();
        self.results.rows(Over { keys, results, spans, arrivals }, turn)
    }
}

impl Operator for Keyed {
    fn push(&mut self, inputs: Vec<Flow>, turn: &mut Turn) -> Result<Flow, DataFusionError> {
        let input = Flow::only(inputs)?;
        let watermark = input.watermark;
        let rows = input.merged()?;
        let places = Places::Numbered(self.clock.rows);
        self.clock.rows = self.clock.rows.saturating_add(i64::try_from(rows.len()).unwrap_or(i64::MAX));
        let prepared = self.preparation.prepare(rows, places, &mut turn.bad)?;
        self.take_in(&prepared, turn)?;
        let made = self.close(watermark, &prepared.rows, turn)?;
        self.clock.arrival = prepared.rows.arrivals.last().copied().unwrap_or(self.clock.arrival);
        Ok(Flow { lanes: vec![made], watermark })
    }

    fn open(&self) -> Open {
        let windows = self.open.values().map(Vec::len).sum();
        Open { windows, groups: windows }
    }

    fn closing(&self, closing: &mut Closing) {
        self.open.values().flatten().for_each(|instance| closing.add(instance.span, 1));
    }

    fn save(&mut self, state: &mut StateWriter) -> Result<(), DataFusionError> {
        let grouping = &self.preparation.grouping;
        let all = self.open.iter_mut().flat_map(|(key, open)| open.iter_mut().map(move |instance| (key, instance)));
        let parts = self.instances.snapshot(all, grouping)?;
        let mut columns: [Vec<i64>; 3] = Default::default();
        for (number, instance) in (0i64..).zip(self.open.values().flatten()) {
            for (column, value) in columns.iter_mut().zip([number, instance.span.start, instance.span.end]) {
                column.extend(std::iter::repeat_n(value, instance.parts.len()));
            }
        }
        let columns = columns.into_iter().map(|column| Arc::new(Int64Array::from(column)) as ArrayRef);
        let columns = columns.chain(parts.columns().iter().map(Arc::clone)).collect();
        state.add(&self.clock, Some(&RecordBatch::try_new(schema(grouping), columns)?))
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), DataFusionError> {
        let Some((clock, Some(batch))) = state.next::<Kept>()? else { return Err(damaged()) };
        let grouping = &self.preparation.grouping;
        if batch.schema().fields().len() != schema(grouping).fields().len() {
            return Err(damaged());
        }
        let numbers = |index: usize| batch.column(index).as_primitive_opt::<Int64Type>().ok_or_else(damaged);
        let (instance_of, starts, ends) = (numbers(0)?, numbers(1)?, numbers(2)?);
        let rest: Vec<usize> = (3..batch.num_columns()).collect();
        let parts = batch.project(&rest)?;
        let (keys, parts) = grouping.parts(&parts)?;
        for row in 0..batch.num_rows() {
            let open = self.open.entry_ref(keys.value(row)).or_default();
            if row > 0 && instance_of.value(row) == instance_of.value(row - 1) {
                open.last_mut().ok_or_else(damaged)?.parts.push(row);
                continue;
            }
            let span = Span { start: starts.value(row), end: ends.value(row) };
            self.first_end = self.first_end.min(span.end);
            open.push(Instance { span, parts: vec![row] });
        }
        self.clock = clock;
        self.instances.take_up(&parts, batch.num_rows())
    }
}

/// Returns the schema of what is kept of windows: one row per part, those of a window one behind the other.
fn schema(grouping: &Grouping) -> SchemaRef {
    let own = ["window", "start", "end"].map(|name| Arc::new(Field::new(name, DataType::Int64, false)));
    let fields: Vec<_> = own.into_iter().chain(grouping.schema().fields().iter().map(Arc::clone)).collect();
    Arc::new(Schema::new(fields))
}
