//! Groups per window: one row for each window and group, once the window is over.

mod fold;
mod groups;
mod instances;
mod keyed;
mod paned;
mod prepare;
mod results;
mod rule;

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion_common::DataFusionError;

use crate::plan::{Clock, Group};
use crate::sql::Aggregate;
use crate::window::{Micros, Shape};

use super::aggregation::Aggregation;
use super::operator::Operator;
use super::rows::with_hidden;
use super::select::needs_hidden;

use groups::Grouping;
pub(super) use groups::Keys;
use keyed::Keyed;
use paned::Paned;
use prepare::Preparation;
use results::Results;
use rule::Rule;

/// Builds the operator of a group. `schema` is that of its rows.
pub(super) fn operator(
    group: &Group,
    (clock, delay): (Clock, Micros),
    input: &SchemaRef,
    schema: &SchemaRef,
) -> Result<Box<dyn Operator>, DataFusionError> {
    let arguments = || group.aggregates.iter().flat_map(|aggregate| &aggregate.argument);
    let hidden = arguments().any(needs_hidden) || group.aggregates.iter().any(Aggregate::by_arrival);
    let visible = if hidden { with_hidden(input) } else { Arc::clone(input) };
    let types: Vec<_> = group.keys.iter().map(|index| input.field(*index).data_type().clone()).collect();
    let aggregation = Aggregation::new(&group.aggregates, &visible)?;
    let grouping = Arc::new(Grouping { aggregation, keys: Keys::new(&types)? });
    let preparation = Preparation::new(Arc::clone(&grouping), group.keys.clone(), &visible, hidden)?;
    let results = Results::new(group, clock, input, &grouping, schema)?;
    match group.window.shape() {
        Shape::Panes(panes) => Ok(Box::new(Paned::new((panes, delay), preparation, results))),
        Shape::Session(gap) => Ok(Box::new(Keyed::new(Rule::Session(gap), preparation, results)?)),
        Shape::Stagger(size) => Ok(Box::new(Keyed::new(Rule::Stagger(size), preparation, results)?)),
        Shape::Frame(_) => Err(DataFusionError::Internal("a frame is no group".to_owned())),
    }
}
