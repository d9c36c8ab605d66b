//! Windows that are over: merged over the shards, finished, and turned into rows.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions, TimestampMicrosecondArray};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use datafusion_common::DataFusionError;

use crate::plan::{Query, Stream};
use crate::window::Span;

use super::chunk::{ShardInput, each_row};
use super::expression::{Names, Physical, evaluate, lower};
use super::groups::{Groups, Keyed, SharedGrouping};
use super::operator::Shard;
use super::watermark::Watermark;

/// Rows of closed windows.
#[derive(Default)]
pub(super) struct Closed {
    /// One batch per window that has rows, oldest window first, rows in the order of their group's key.
    pub(super) rows: Vec<RecordBatch>,
    /// The groups whose row could not be computed: their group columns and window, and why.
    pub(super) failed: Vec<(RecordBatch, String)>,
    /// How many windows closed.
    pub(super) windows: usize,
}

/// Turns the groups of a closed window into output rows.
pub(super) struct Closer {
    grouping: SharedGrouping,
    /// Group columns, the window's two, and the accumulators' results.
    results: SchemaRef,
    /// How many of those are output as they are.
    leading: usize,
    select: Vec<Physical>,
    output: SchemaRef,
}

impl Closer {
    pub(super) fn new(query: &Query, stream: &Stream, grouping: &SharedGrouping) -> Result<Self, DataFusionError> {
        let input = ShardInput::schema(query, stream);
        let mut fields: Vec<Arc<Field>> =
            query.group_by.iter().map(|index| Arc::new(input.field(*index).clone())).collect();
        let moment = |name: &str| Arc::new(Field::new(name, DataType::Timestamp(TimeUnit::Microsecond, None), false));
        fields.extend([moment("window_start"), moment("window_end")]);
        let leading = fields.len();
        let mut output = fields.clone();
        fields.extend(grouping.aggregation.result_fields());
        let results = Arc::new(Schema::new(fields));
        let aggregates = grouping.aggregation.finish(&results)?;
        let names = Names { schema: &results, aggregates: &aggregates };
        let mut select = Vec::new();
        for (name, expr) in &query.select {
            let physical = lower(expr, names)?;
            output.push(Arc::new(Field::new(name, physical.data_type(&results)?, true)));
            select.push(physical);
        }
        let output = Arc::new(Schema::new(output));
        Ok(Self { grouping: Arc::clone(grouping), results, leading, select, output })
    }

    /// Takes the windows that are over from the shards.
    pub(super) fn close(&self, shards: &mut [Shard], watermark: &Watermark) -> Result<Closed, DataFusionError> {
        let mut closed = Closed::default();
        loop {
            let first = shards.iter().filter_map(|shard| shard.open.keys().next()).min().copied();
            let Some(span) = first.filter(|span| watermark.is_over(span.end)) else { return Ok(closed) };
            let parts: Vec<Groups> = shards.iter_mut().filter_map(|shard| shard.open.remove(&span)).collect();
            self.finish(span, self.merge(parts)?, &mut closed)?;
            closed.windows += 1;
        }
    }

    /// Merges the parts of a window in the order of the shards.
    fn merge(&self, parts: Vec<Groups>) -> Result<Groups, DataFusionError> {
        let mut parts = parts.into_iter();
        let Some(mut whole) = parts.next() else { return Groups::new(&self.grouping.aggregation) };
        for mut part in parts {
            let (keys, state) = part.take_state()?;
            let columns = self.grouping.keys.columns(&keys)?;
            let rows = self.grouping.keys.of(&columns)?;
            whole.merge(&Keyed { keys: rows.as_ref(), rows: None, count: keys.len() }, &state)?;
        }
        Ok(whole)
    }

    fn finish(&self, span: Span, mut groups: Groups, closed: &mut Closed) -> Result<(), DataFusionError> {
        let (keys, results) = groups.take_results()?;
        let mut order: Vec<u32> = (0u32..).take(keys.len()).collect();
        order.sort_unstable_by(|a, b| keys[*a as usize].cmp(&keys[*b as usize]));
        let order = arrow::array::UInt32Array::from(order);
        let mut columns = self.grouping.keys.columns(&keys)?;
        let moment = |micros| Arc::new(TimestampMicrosecondArray::from(vec![micros; keys.len()])) as ArrayRef;
        columns.extend([moment(span.start), moment(span.end)]);
        columns.extend(results);
        let columns =
            columns.iter().map(|column| arrow::compute::take(column, &order, None)).collect::<Result<Vec<_>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(keys.len()));
        let batch = RecordBatch::try_new_with_options(Arc::clone(&self.results), columns, &options)?;
        self.select(&batch, closed)
    }

    fn select(&self, batch: &RecordBatch, closed: &mut Closed) -> Result<(), DataFusionError> {
        let leading: Vec<usize> = (0..self.leading).collect();
        let select = |batch: &RecordBatch| -> Result<Vec<ArrayRef>, DataFusionError> {
            self.select.iter().map(|physical| evaluate(physical, batch)).collect()
        };
        let types: Vec<DataType> =
            self.output.fields()[self.leading..].iter().map(|field| field.data_type().clone()).collect();
        let selected = each_row(batch, &types, select)?;
        let mut keep = vec![true; batch.num_rows()];
        for (row, reason) in selected.failed {
            keep[row] = false;
            closed.failed.push((batch.slice(row, 1).project(&leading)?, reason));
        }
        let batch = filter_record_batch(batch, &BooleanArray::from(keep))?;
        if batch.num_rows() > 0 {
            let mut columns = batch.columns()[..self.leading].to_vec();
            columns.extend(selected.arrays);
            closed.rows.push(RecordBatch::try_new(Arc::clone(&self.output), columns)?);
        }
        Ok(())
    }
}
