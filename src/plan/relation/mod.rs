//! Relations: what a query consists of, from the records of its streams up to its rows.
//!
//! A relation is a bag of rows that goes on for ever: each row has attributes and a hidden time. Relations stand in the
//! plan's list behind those that they are made of, so that whoever goes through the list in order has seen the inputs.

mod forest;
mod group;
mod hotspots;
mod join;
mod rank;

use crate::sql::{Aggregate, Expr, SqlType};
use crate::window::{Frame, Micros};

pub use forest::Forest;
pub use group::{Group, RowTime, Top};
pub use hotspots::Hotspots;
pub use join::{Join, JoinKind, Lookup};
pub use rank::Rank;

/// The place of a relation in the plan's list.
pub type RelationId = usize;

/// One relation.
#[derive(Debug, Clone)]
pub struct Relation {
    /// Its name, unlike any other of the plan.
    pub name: String,
    /// What a row holds, in order.
    pub attributes: Vec<Attribute>,
    /// By which time its rows are windowed.
    pub clock: Clock,
    /// What makes its rows.
    pub operator: Operator,
}

/// One attribute of a relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Its name, taken letter by letter.
    pub name: String,
    /// The type of its values.
    pub sql_type: SqlType,
    /// Whether it always has a value.
    pub not_null: bool,
}

/// By which clock the times of a relation's rows go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// That of the log, which stamps records as they arrive.
    Arrival,
    /// That of the producers, which write the time into a column.
    Event,
}

/// What makes the rows of a relation.
#[derive(Debug, Clone)]
pub enum Operator {
    /// The records of a stream.
    Read(Read),
    /// Some rows of the input, each made into another.
    Select(Select),
    /// One row per group and window.
    Group(Group),
    /// Each row of the input, with aggregates over it and the rows before it.
    Over(Over),
    /// All rows of several relations with the same attributes.
    Union(Vec<RelationId>),
    /// Pairs of rows whose times are close to each other.
    Join(Join),
    /// Rows, each with what a table has for it.
    Lookup(Lookup),
    /// Rows, each with a score of how unusual it is.
    Forest(Forest),
    /// Rows, each with the hotspots among it and those before it.
    Hotspots(Hotspots),
    /// Rows, each with its place among those of the same time.
    Rank(Rank),
}

/// The records of a stream as rows.
#[derive(Debug, Clone)]
pub struct Read {
    /// The stream.
    pub stream: String,
    /// What is read of a record besides its columns; these stand behind them.
    pub system: Vec<SystemColumn>,
}

/// What is known of a record besides its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SystemColumn {
    /// When it arrived.
    ApproximateArrivalTime,
    /// The shard that it lies in.
    ShardId,
    /// The partition key that it came with.
    PartitionKey,
    /// Its place in the shard.
    SequenceNumber,
}

/// A filter and a projection; a row keeps its time.
#[derive(Debug, Clone)]
pub struct Select {
    /// What it is made of.
    pub input: RelationId,
    /// Which rows pass; all where left out.
    pub filter: Option<Expr>,
    /// One expression per attribute.
    pub outputs: Vec<Expr>,
}

/// Aggregates over a frame that ends with the row itself. The attributes are those of the input, and one per aggregate
/// behind them.
#[derive(Debug, Clone)]
pub struct Over {
    /// What it is made of.
    pub input: RelationId,
    /// Which rows before it belong to a row's frame.
    pub frame: Frame,
    /// The attributes of the input that rows of one frame share, by index.
    pub keys: Vec<usize>,
    /// The aggregates.
    pub aggregates: Vec<Aggregate>,
}

impl Operator {
    /// Returns what the relation is made of.
    pub fn inputs(&self) -> Vec<RelationId> {
        match self {
            Self::Read(_) => Vec::new(),
            Self::Select(select) => vec![select.input],
            Self::Group(group) => vec![group.input],
            Self::Over(over) => vec![over.input],
            Self::Union(inputs) => inputs.clone(),
            Self::Join(join) => vec![join.left, join.right],
            Self::Lookup(lookup) => vec![lookup.input],
            Self::Forest(forest) => vec![forest.input],
            Self::Hotspots(hotspots) => vec![hotspots.input],
            Self::Rank(rank) => vec![rank.input],
        }
    }

    /// Gives the inputs other numbers.
    pub(super) fn renumber(&mut self, number: &impl Fn(RelationId) -> RelationId) {
        match self {
            Self::Read(_) => {}
            Self::Select(select) => select.input = number(select.input),
            Self::Group(group) => group.input = number(group.input),
            Self::Over(over) => over.input = number(over.input),
            Self::Union(inputs) => {
                for input in inputs {
                    *input = number(*input);
                }
            }
            Self::Join(join) => (join.left, join.right) = (number(join.left), number(join.right)),
            Self::Lookup(lookup) => lookup.input = number(lookup.input),
            Self::Forest(forest) => forest.input = number(forest.input),
            Self::Hotspots(hotspots) => hotspots.input = number(hotspots.input),
            Self::Rank(rank) => rank.input = number(rank.input),
        }
    }
}

impl Attribute {
    /// Puts an attribute together that may be NULL.
    pub fn new(name: impl Into<String>, sql_type: SqlType) -> Self {
        Self { name: name.into(), sql_type, not_null: false }
    }
}

/// Returns an interval of a plan in the unit of moments.
pub(super) fn micros(duration: std::time::Duration) -> Micros {
    Micros::try_from(duration.as_micros()).unwrap_or(Micros::MAX / 4)
}
