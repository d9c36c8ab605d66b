//! Filter and projection: some rows, each made into another.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion_common::DataFusionError;

use crate::plan::Select;
use crate::sql::{Expr, ExprKind};

use super::each_row::{EachHolds, each_holds};
use super::expression::{Names, Physical, lower};
use super::operator::{Operator, Turn};
use super::parallel::in_parallel;
use super::projection::Projection;
use super::rows::{Flow, Places, Rows, Stray, with_hidden};

/// A filter and a projection.
pub(super) struct Selection {
    filter: Option<Physical>,
    projection: Projection,
    /// Whether an expression names a hidden column.
    hidden: bool,
}

impl Selection {
    /// Takes the schema of the input, and that of the rows.
    pub(super) fn new(select: &Select, input: &SchemaRef, schema: &SchemaRef) -> Result<Self, DataFusionError> {
        let hidden = select.outputs.iter().chain(&select.filter).any(needs_hidden);
        let input = if hidden { with_hidden(input) } else { Arc::clone(input) };
        let names = Names { schema: &input, aggregates: &[] };
        Ok(Self {
            filter: select.filter.as_ref().map(|filter| lower(filter, names)).transpose()?,
            projection: Projection::new(&select.outputs, names, schema)?,
            hidden,
        })
    }

    /// Makes the rows of one lane into others; returns the rows that could not be, and why.
    fn select(&self, rows: Rows) -> Result<(Rows, Vec<(Stray, String)>), DataFusionError> {
        let mut bad = Vec::new();
        let rows = self.filtered(rows, &mut bad)?;
        let projected = self.projection.of(&self.visible(&rows)?)?;
        let rows = without(rows, projected.failed, &mut bad)?;
        Ok((self.projection.rows(rows, projected.arrays)?, bad))
    }

    fn filtered(&self, rows: Rows, bad: &mut Vec<(Stray, String)>) -> Result<Rows, DataFusionError> {
        let Some(filter) = &self.filter else { return Ok(rows) };
        let EachHolds { held, failed } = each_holds(filter, &self.visible(&rows)?)?;
        bad.extend(failed.into_iter().map(|(row, reason)| (rows.stray(row), reason)));
        rows.filter(&held)
    }

    fn visible(&self, rows: &Rows) -> Result<RecordBatch, DataFusionError> {
        if self.hidden { rows.with_hidden(Places::Lane(0)) } else { Ok(rows.batch.clone()) }
    }
}

/// Takes the rows out that failed.
pub(super) fn without(
    rows: Rows,
    failed: Vec<(usize, String)>,
    bad: &mut Vec<(Stray, String)>,
) -> Result<Rows, DataFusionError> {
    if failed.is_empty() {
        return Ok(rows);
    }
    let mut keep = vec![true; rows.len()];
    for (row, reason) in failed {
        keep[row] = false;
        bad.push((rows.stray(row), reason));
    }
    rows.filter(&keep)
}

/// Returns whether an expression names what no column holds.
pub(super) fn needs_hidden(expr: &Expr) -> bool {
    expr.any(&|part| matches!(part.kind, ExprKind::RowTime))
}

impl Operator for Selection {
    fn push(&mut self, inputs: Vec<Flow>, turn: &mut Turn) -> Result<Flow, DataFusionError> {
        let mut input = Flow::only(inputs)?;
        let lanes = std::mem::take(&mut input.lanes);
        let mut made: Vec<(Option<Rows>, Vec<_>)> = lanes.into_iter().map(|rows| (Some(rows), Vec::new())).collect();
        let this = &*self;
        for (rows, _) in &mut made {
            // A lane without rows is not worth a thread.
            if rows.as_ref().is_some_and(|rows| rows.len() == 0) {
                *rows = Some(this.projection.none());
            }
        }
        let busy = made.iter_mut().filter(|(rows, _)| rows.as_ref().is_some_and(|rows| rows.len() > 0));
        in_parallel(busy, |(rows, bad)| {
            if let Some(given) = rows.take() {
                let (selected, failed) = this.select(given)?;
                *rows = Some(selected);
                *bad = failed;
            }
            Ok(())
        })?;
        let mut lanes = Vec::with_capacity(made.len());
        for (rows, bad) in made {
            turn.bad.extend(bad);
            lanes.extend(rows);
        }
        Ok(Flow { lanes, ..input })
    }
}
