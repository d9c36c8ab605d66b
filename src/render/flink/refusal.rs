//! What Flink SQL lacks.

use crate::plan::{Clock, Operator};
use crate::sql::{Aggregate, AggregateFunction as F, Dialect, Expr, FlinkVersion, carries, carries_aggregate};
use crate::window::{Panes, Shape};

/// What a query needs and Flink SQL lacks, and the nearest that it has, as one clause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal(String);

impl Refusal {
    /// Says what it lacks, and what to do instead.
    pub(super) fn new(lacks: impl AsRef<str>, instead: impl AsRef<str>) -> Self {
        Self(format!("{}; {}", lacks.as_ref(), instead.as_ref()))
    }

    /// Says it of a query.
    pub(super) fn of(&self, query: &str) -> String {
        format!("query `{query}`: {}", self.0)
    }
}

impl From<crate::window::Refusal> for Refusal {
    fn from(refusal: crate::window::Refusal) -> Self {
        Self(format!("{}; the nearest is {}", refusal.lacks, refusal.instead))
    }
}

/// Returns the functions and aggregates that Flink cannot compute as `pipe` does, each with what it lacks.
pub(super) fn expressions(operator: &Operator, version: FlinkVersion) -> Vec<Refusal> {
    let (exprs, aggregates, shape) = parts(operator);
    let scalars = exprs.into_iter().map(|expr| carries(expr, aggregates, Dialect::Flink, version).map_err(Refusal));
    let folded = aggregates.iter().flat_map(|aggregate| {
        [carries_aggregate(aggregate, Dialect::Flink, version).map_err(Refusal), over_parts(aggregate, shape)]
    });
    scalars.chain(folded).filter_map(Result::err).collect()
}

fn parts(operator: &Operator) -> (Vec<&Expr>, &[Aggregate], Option<Shape>) {
    match operator {
        Operator::Read(_) | Operator::Union(_) | Operator::Forest(_) | Operator::Hotspots(_) | Operator::Rank(_) => {
            (Vec::new(), &[], None)
        }
        Operator::Select(select) => (select.outputs.iter().chain(&select.filter).collect(), &[], None),
        Operator::Group(group) => {
            let order = group.top.iter().flat_map(|top| top.by.iter().map(|(expr, _)| expr));
            let exprs = group.outputs.iter().chain(&group.having).chain(order);
            (exprs.collect(), &group.aggregates, Some(group.window.shape()))
        }
        Operator::Over(over) => (Vec::new(), &over.aggregates, None),
        Operator::Join(join) => (join.filter.iter().collect(), &[], None),
        Operator::Lookup(lookup) => (lookup.filter.iter().collect(), &[], None),
    }
}

/// Refuses aggregates that Flink 1.20.5 turned out not to add up from the parts of a window.
fn over_parts(aggregate: &Aggregate, shape: Option<Shape>) -> Result<(), Refusal> {
    let Some(shape) = shape else { return Ok(()) };
    let has_parts = match shape {
        Shape::Panes(panes) => panes.count > 1,
        Shape::Session(_) | Shape::Stagger(_) => true,
        Shape::Frame(_) => false,
    };
    match aggregate.function {
        F::FirstValue | F::LastValue if has_parts => Err(Refusal::new(
            format!("Flink has no {} in hopping, cumulative and session windows", aggregate.function.name()),
            "the nearest is a tumbling or a sliding window",
        )),
        // A window without rows has to be told from others, for which Flink takes rows out again.
        F::Sum if aggregate.distinct && matches!(shape, Shape::Panes(Panes { count: 2.., growing: false, .. })) => {
            Err(Refusal::new(
                "Flink has no SUM(DISTINCT …) in hopping windows",
                "the nearest is a tumbling or cumulative window",
            ))
        }
        _ => Ok(()),
    }
}

/// Refuses what needs the time of the rows where it is the reader's clock.
pub(super) fn by_clock(clock: Clock, what: &str) -> Result<(), Refusal> {
    match clock {
        Clock::Event => Ok(()),
        Clock::Arrival => {
            Err(Refusal::new(format!("Flink SQL has {what} by event time only"), "give the stream an `event_time`"))
        }
    }
}
