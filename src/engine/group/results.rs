//! Groups of windows that are over → rows.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, RecordBatchOptions, TimestampMicrosecondArray, UInt32Array};
use arrow::compute::{SortOptions, take};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use arrow::row::{RowConverter, Rows as SortRows, SortField};
use datafusion_common::DataFusionError;

use crate::plan::{Clock, Group, RowTime};
use crate::streams::Millis;
use crate::window::{Micros, Span};

use super::super::each_row::{EachHolds, each_holds, each_row};
use super::super::expression::{Names, Physical, evaluate, lower};
use super::super::operator::Turn;
use super::super::outlook::MILLI;
use super::super::projection::Projection;
use super::super::rows::{Rows, Stray};
use super::groups::{Groups, Key, SharedGrouping};

/// Turns groups into rows.
pub(super) struct Results {
    grouping: SharedGrouping,
    /// Key columns, the window's two, and the accumulators' results.
    schema: SchemaRef,
    /// How many of those say which window and group it is.
    leading: usize,
    projection: Projection,
    having: Option<Physical>,
    top: Option<Ranking>,
    row_time: RowTime,
    clock: Clock,
}

/// The first few rows of each window.
struct Ranking {
    count: usize,
    by: Vec<Physical>,
    order: RowConverter,
    /// The keys that have a first few of their own, by index, and their form in which they are compared.
    per: Option<(Vec<usize>, RowConverter)>,
}

/// Groups that are to become rows.
pub(super) struct Over {
    pub(super) keys: Vec<Key>,
    /// The results of the accumulators.
    pub(super) results: Vec<ArrayRef>,
    /// The window of each group.
    pub(super) spans: Vec<Span>,
    /// Of each group: when the last record arrived before its window was over.
    pub(super) arrivals: Vec<Millis>,
}

impl Over {
    /// Takes the groups of one window.
    pub(super) fn of(mut groups: Groups, span: Span, arrival: Millis) -> Result<Self, DataFusionError> {
        let (keys, results) = groups.take_results()?;
        let spans = vec![span; keys.len()];
        let arrivals = vec![arrival; keys.len()];
        Ok(Self { keys, results, spans, arrivals })
    }
}

impl Results {
    pub(super) fn new(
        group: &Group,
        clock: Clock,
        input: &SchemaRef,
        grouping: &SharedGrouping,
        output_schema: &SchemaRef,
    ) -> Result<Self, DataFusionError> {
        let mut fields: Vec<Arc<Field>> =
            group.keys.iter().map(|index| Arc::new(input.field(*index).clone())).collect();
        let moment = |name: &str| Arc::new(Field::new(name, DataType::Timestamp(TimeUnit::Microsecond, None), false));
        fields.extend([moment("window_start"), moment("window_end")]);
        let leading = fields.len();
        fields.extend(grouping.aggregation.result_fields());
        let schema = Arc::new(Schema::new(fields));
        let aggregates = grouping.aggregation.finish(&schema)?;
        let names = Names { schema: &schema, aggregates: &aggregates };
        let top = group.top.as_ref().map(|top| {
            let by: Vec<Physical> = top.by.iter().map(|(expr, _)| lower(expr, names)).collect::<Result<_, _>>()?;
            let fields = by.iter().zip(&top.by).map(|(physical, (_, falls))| {
                // NULL is the least of all values, as in Flink.
                let options = SortOptions { descending: *falls, nulls_first: !falls };
                Ok(SortField::new_with_options(physical.data_type(&schema)?, options))
            });
            let order = RowConverter::new(fields.collect::<Result<_, DataFusionError>>()?)?;
            let fields = top.per.iter().map(|index| SortField::new(schema.field(*index).data_type().clone()));
            let per =
                if top.per.is_empty() { None } else { Some((top.per.clone(), RowConverter::new(fields.collect())?)) };
            Ok::<_, DataFusionError>(Ranking { count: top.count, by, order, per })
        });
        Ok(Self {
            grouping: Arc::clone(grouping),
            leading,
            projection: Projection::new(&group.outputs, names, output_schema)?,
            having: group.having.as_ref().map(|expr| lower(expr, names)).transpose()?,
            top: top.transpose()?,
            row_time: group.row_time,
            clock,
            schema,
        })
    }

    /// Returns no rows.
    pub(super) fn none(&self) -> Rows {
        self.projection.none()
    }

    /// Makes rows of groups: oldest window first, and within a window in the order of the keys, or by rank.
    pub(super) fn rows(&self, over: Over, turn: &mut Turn) -> Result<Rows, DataFusionError> {
        let mut order: Vec<u32> = (0u32..).take(over.keys.len()).collect();
        let place = |row: &u32| (over.spans[*row as usize].end, over.spans[*row as usize].start);
        order.sort_unstable_by(|a, b| {
            place(a).cmp(&place(b)).then_with(|| over.keys[*a as usize].cmp(&over.keys[*b as usize]))
        });
        let spans: Vec<Span> = order.iter().map(|row| over.spans[*row as usize]).collect();
        let arrival = |(row, span): (&u32, &Span)| match self.clock {
            // By arrival, time has come to the end when the clock has.
            Clock::Arrival => span.end.div_euclid(MILLI),
            Clock::Event => over.arrivals[*row as usize],
        };
        let arrivals = order.iter().zip(&spans).map(arrival).collect();
        let mut columns = self.grouping.keys.columns(&over.keys)?;
        let moments = |moment: fn(&Span) -> Micros| {
            Arc::new(TimestampMicrosecondArray::from_iter_values(over.spans.iter().map(moment))) as ArrayRef
        };
        columns.extend([moments(|span| span.start), moments(|span| span.end)]);
        columns.extend(over.results);
        let order = UInt32Array::from(order);
        let columns = columns.iter().map(|column| take(column, &order, None)).collect::<Result<Vec<_>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(spans.len()));
        let batch = RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?;
        let rows = Rows {
            batch,
            times: spans
                .iter()
                .map(|span| if self.row_time == RowTime::End { span.end } else { span.end.saturating_sub(MILLI) })
                .collect(),
            arrivals,
            // They come just before time reaches the end.
            watermarks: spans.iter().map(|span| span.end.saturating_sub(1)).collect(),
            origin: None,
        };
        let mut bad = Vec::new();
        let rows = self.having(rows, &mut bad)?;
        let rows = self.top(rows, &mut bad)?;
        let rows = self.select(rows, &mut bad)?;
        turn.bad.append(&mut bad);
        Ok(rows)
    }

    fn having(&self, rows: Rows, bad: &mut Vec<(Stray, String)>) -> Result<Rows, DataFusionError> {
        let Some(having) = &self.having else { return Ok(rows) };
        let EachHolds { held, failed } = each_holds(having, &rows.batch)?;
        self.show(&rows, failed, bad)?;
        rows.filter(&held)
    }

    fn top(&self, rows: Rows, bad: &mut Vec<(Stray, String)>) -> Result<Rows, DataFusionError> {
        let Some(top) = &self.top else { return Ok(rows) };
        let types: Vec<DataType> = top.by.iter().map(|by| by.data_type(&self.schema)).collect::<Result<_, _>>()?;
        let evaluated = each_row(&rows.batch, &types, |batch| top.by.iter().map(|by| evaluate(by, batch)).collect())?;
        let rows = self.without(rows, evaluated.failed, bad)?;
        let rank: SortRows = top.order.convert_columns(&evaluated.arrays)?;
        let per = top.per.as_ref().map(|(indices, converter)| {
            let columns: Vec<ArrayRef> = indices.iter().map(|index| Arc::clone(rows.batch.column(*index))).collect();
            converter.convert_columns(&columns)
        });
        let per = per.transpose()?;
        // Sorted stably: rows of the same rank keep the order of their keys.
        let mut order: Vec<u32> = (0u32..).take(rows.len()).collect();
        order.sort_by(|a, b| {
            let time = |row: &u32| rows.times[*row as usize];
            let by_rank = || rank.row(*a as usize).cmp(&rank.row(*b as usize));
            time(a).cmp(&time(b)).then_with(by_rank)
        });
        let starts = rows.batch.column(self.leading - 2).as_primitive::<arrow::datatypes::TimestampMicrosecondType>();
        let mut counts: HashMap<(Micros, Micros, Option<Key>), usize> = HashMap::new();
        order.retain(|row| {
            let row = *row as usize;
            let of = per.as_ref().map(|per| per.row(row).data().into());
            let count = counts.entry((rows.times[row], starts.value(row), of)).or_default();
            *count += 1;
            *count <= top.count
        });
        rows.take(&order)
    }

    fn select(&self, rows: Rows, bad: &mut Vec<(Stray, String)>) -> Result<Rows, DataFusionError> {
        let projected = self.projection.of(&rows.batch)?;
        let rows = self.without(rows, projected.failed, bad)?;
        self.projection.rows(rows, projected.arrays)
    }

    /// Takes the rows out that failed.
    fn without(
        &self,
        rows: Rows,
        failed: Vec<(usize, String)>,
        bad: &mut Vec<(Stray, String)>,
    ) -> Result<Rows, DataFusionError> {
        let mut keep = vec![true; rows.len()];
        for (row, _) in &failed {
            keep[*row] = false;
        }
        self.show(&rows, failed, bad)?;
        rows.filter(&keep)
    }

    /// Shows rows that failed, by their group and window.
    fn show(
        &self,
        rows: &Rows,
        failed: Vec<(usize, String)>,
        bad: &mut Vec<(Stray, String)>,
    ) -> Result<(), DataFusionError> {
        if failed.is_empty() {
            return Ok(());
        }
        let leading: Vec<usize> = (0..self.leading).collect();
        let shown = rows.batch.project(&leading)?;
        bad.extend(failed.into_iter().map(|(row, reason)| (Stray::of_row(&shown, row, rows.arrivals[row]), reason)));
        Ok(())
    }
}
