//! A query's aggregates as accumulators: `DataFusion`'s where it has them, and some of our own.
//!
//! One aggregate stands on one or two accumulators (a mean is a total and a count), so that partial results of shards
//! merge exactly and every rule about types and overflow is one of ours. What comes out depends on the rows alone,
//! however they were batched, and whenever a state was saved and taken up again.

mod distinct_count;
mod exact_sum;
mod held;
mod moments;
mod per_group;
mod quantile;
mod running;
mod sliding;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StructArray};
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef};
use datafusion_common::{DataFusionError, ScalarValue};
use datafusion_expr::{AggregateUDF, GroupsAccumulator, Operator};
use datafusion_functions_aggregate::{count::count_udaf, min_max, sum::sum_udaf};
use datafusion_physical_expr::aggregate::{AggregateExprBuilder, AggregateFunctionExpr};
use datafusion_physical_expr::expressions::{BinaryExpr, CaseExpr, Column, Literal, cast};

use crate::sql::{Aggregate, AggregateFunction, Parameter, SqlType};

use self::per_group::{Kind, PLACE, PerGroup, VALUE};
use super::expression::{Names, Physical, column, evaluate, lower};

pub(super) use self::sliding::{Frame, Sliding};

/// The hidden column with the place of every row in the order of arrival, a BIGINT that is never NULL: batches have it
/// where an aggregate asks for the first or the last. Of rows of one place, the order of the batches counts.
pub(crate) const ORDER: &str = "$order";

/// The accumulators of a query, and how its aggregates come out of them.
pub(super) struct Aggregation {
    accumulators: Vec<Accumulated>,
    /// The aggregates in the query's order.
    aggregates: Vec<Aggregate>,
    /// For each aggregate: the accumulators that it stands on.
    parts: Vec<Parts>,
}

struct Accumulated {
    source: Source,
    /// What goes into it.
    argument: Physical,
    state: Vec<FieldRef>,
    result: FieldRef,
}

/// Where the accumulators come from.
enum Source {
    DataFusion(Box<AggregateFunctionExpr>),
    Own {
        kind: Kind,
        /// The type of the values.
        of: DataType,
        /// The column [`ORDER`], where the kind goes by it.
        order: Option<Physical>,
    },
}

#[derive(Clone, Copy)]
enum Parts {
    Value(usize),
    Mean { total: usize, count: usize },
}

/// The most digits: a total of 64-bit numbers cannot outgrow it.
const TOTAL: DataType = DataType::Decimal128(38, 0);

impl Aggregation {
    /// Builds the accumulators over batches of a schema.
    pub(super) fn new(aggregates: &[Aggregate], input: &SchemaRef) -> Result<Self, DataFusionError> {
        let mut this = Self { accumulators: Vec::new(), aggregates: aggregates.to_vec(), parts: Vec::new() };
        let names = Names { schema: input, aggregates: &[] };
        for aggregate in aggregates {
            let argument = match &aggregate.argument {
                Some(argument) => lower(argument, names)?,
                None => Arc::new(Literal::new(ScalarValue::from(1_i64))) as Physical,
            };
            let parts = this.parts_of(aggregate, argument, input)?;
            this.parts.push(parts);
        }
        Ok(this)
    }

    fn parts_of(
        &mut self,
        aggregate: &Aggregate,
        argument: Physical,
        input: &SchemaRef,
    ) -> Result<Parts, DataFusionError> {
        use AggregateFunction as F;
        let of = aggregate.argument.as_ref().and_then(|argument| argument.sql_type);
        let variance = |sample, root| Kind::Variance { sample, root };
        let percentile = |exact| match aggregate.parameter {
            Some(Parameter::Share(share)) => Ok(Kind::Percentile { share, exact }),
            _ => Err(DataFusionError::Plan("a percentile without its share".to_owned())),
        };
        let kind = match aggregate.function {
            F::Count if aggregate.distinct => Kind::CountDistinct,
            F::Count => return Ok(Parts::Value(self.add(count_udaf(), argument, input)?)),
            F::Sum if aggregate.distinct => Kind::SumDistinct,
            F::Sum => return Ok(Parts::Value(self.add(sum_udaf(), summed(argument, of, input)?, input)?)),
            F::Min | F::Every => {
                return Ok(Parts::Value(self.add(min_max::min_udaf(), ordered(argument, of, input)?, input)?));
            }
            F::Max | F::Any => {
                return Ok(Parts::Value(self.add(min_max::max_udaf(), ordered(argument, of, input)?, input)?));
            }
            F::Avg if aggregate.distinct => {
                let total = self.own(Kind::SumDistinct, summed(Arc::clone(&argument), of, input)?, input)?;
                return Ok(Parts::Mean { total, count: self.own(Kind::CountDistinct, argument, input)? });
            }
            F::Avg => {
                let total = self.add(sum_udaf(), summed(Arc::clone(&argument), of, input)?, input)?;
                return Ok(Parts::Mean { total, count: self.add(count_udaf(), argument, input)? });
            }
            F::FirstValue => Kind::First,
            F::LastValue => Kind::Last,
            F::StddevPop => variance(false, true),
            F::StddevSamp => variance(true, true),
            F::VarPop => variance(false, false),
            F::VarSamp => variance(true, false),
            F::ApproxCountDistinct => Kind::AboutDistinct,
            F::Percentile => percentile(true)?,
            F::ApproxPercentile => percentile(false)?,
            F::NthValue | F::Lag | F::ExpAvg => {
                let name = aggregate.function.name();
                return Err(DataFusionError::NotImplemented(format!("{name} over a group without an order")));
            }
        };
        let argument = match kind {
            Kind::SumDistinct => summed(argument, of, input)?,
            Kind::Percentile { .. } | Kind::Variance { .. } => cast(argument, input, DataType::Float64)?,
            _ => argument,
        };
        Ok(Parts::Value(self.own(kind, argument, input)?))
    }

    fn add(
        &mut self,
        udaf: Arc<AggregateUDF>,
        argument: Physical,
        input: &SchemaRef,
    ) -> Result<usize, DataFusionError> {
        let function = AggregateExprBuilder::new(udaf, vec![Arc::clone(&argument)])
            .schema(Arc::clone(input))
            .alias(self.next_name())
            .build()?;
        let state = function.state_fields()?;
        let result = function.field();
        let result = Arc::new(Field::new(result.name(), result.data_type().clone(), true));
        let source = Source::DataFusion(Box::new(function));
        self.accumulators.push(Accumulated { source, argument, state, result });
        Ok(self.accumulators.len() - 1)
    }

    fn own(&mut self, kind: Kind, argument: Physical, input: &SchemaRef) -> Result<usize, DataFusionError> {
        let of = argument.data_type(input)?;
        let order = kind.with_place().then(|| column(input, ORDER)).transpose()?;
        let result = Arc::new(Field::new(self.next_name(), kind.result(&of), true));
        let source = Source::Own { kind, of, order };
        self.accumulators.push(Accumulated { source, argument, state: Kind::state(), result });
        Ok(self.accumulators.len() - 1)
    }

    fn next_name(&self) -> String {
        format!("accumulator {}", self.accumulators.len())
    }

    /// Evaluates what goes into each accumulator: one array each. Fails where one row's value cannot be computed.
    pub(super) fn arguments(&self, batch: &RecordBatch) -> Result<Vec<ArrayRef>, DataFusionError> {
        self.accumulators.iter().map(|accumulated| accumulated.argument(batch)).collect()
    }

    /// Returns the types of what goes into the accumulators.
    pub(super) fn argument_types(&self, input: &Schema) -> Result<Vec<DataType>, DataFusionError> {
        let argument_type = |accumulated: &Accumulated| match &accumulated.source {
            Source::Own { of, order: Some(_), .. } => Ok(DataType::Struct(placed(of))),
            _ => accumulated.argument.data_type(input),
        };
        self.accumulators.iter().map(argument_type).collect()
    }

    /// Makes empty accumulators for one window.
    pub(super) fn start(&self) -> Result<Vec<Box<dyn GroupsAccumulator>>, DataFusionError> {
        let start = |accumulated: &Accumulated| match &accumulated.source {
            Source::DataFusion(function) => function.create_groups_accumulator(),
            Source::Own { kind, of, .. } => Ok(Box::new(PerGroup::new(*kind, of)?) as Box<dyn GroupsAccumulator>),
        };
        self.accumulators.iter().map(start).collect()
    }

    /// Returns the fields of the state of each accumulator.
    pub(super) fn state_fields(&self) -> impl Iterator<Item = &[FieldRef]> {
        self.accumulators.iter().map(|accumulated| accumulated.state.as_slice())
    }

    /// Returns the fields of the accumulators' results.
    pub(super) fn result_fields(&self) -> impl Iterator<Item = FieldRef> {
        self.accumulators.iter().map(|accumulated| Arc::clone(&accumulated.result))
    }

    /// Returns each aggregate as an expression over batches that hold the accumulators' results.
    pub(super) fn finish(&self, results: &Schema) -> Result<Vec<Physical>, DataFusionError> {
        let column = |index: usize| -> Result<Physical, DataFusionError> {
            let name = format!("accumulator {index}");
            Ok(Arc::new(Column::new(&name, results.index_of(&name)?)))
        };
        let finish = |(aggregate, parts): (&Aggregate, &Parts)| -> Result<Physical, DataFusionError> {
            let value = match *parts {
                Parts::Value(index) => column(index)?,
                Parts::Mean { total, count } => mean(column(total)?, column(count)?, aggregate.sql_type, results)?,
            };
            cast(value, results, aggregate.sql_type.arrow())
        };
        self.aggregates.iter().zip(&self.parts).map(finish).collect()
    }
}

impl Accumulated {
    fn argument(&self, batch: &RecordBatch) -> Result<ArrayRef, DataFusionError> {
        let value = evaluate(&self.argument, batch)?;
        match &self.source {
            Source::Own { of, order: Some(order), .. } => {
                let place = evaluate(order, batch)?;
                Ok(Arc::new(StructArray::try_new(placed(of), vec![value, place], None)?))
            }
            _ => Ok(value),
        }
    }
}

/// Returns the fields of a value with its place.
fn placed(of: &DataType) -> Fields {
    Fields::from(vec![Field::new(VALUE, of.clone(), true), Field::new(PLACE, DataType::Int64, false)])
}

/// Widens a number to the type in which it is added up: one that a window's rows cannot overflow unnoticed.
fn summed(argument: Physical, of: Option<SqlType>, input: &Schema) -> Result<Physical, DataFusionError> {
    match of {
        Some(SqlType::BigInt) => cast(argument, input, TOTAL),
        Some(of) if of.is_integer() => cast(argument, input, DataType::Int64),
        Some(SqlType::Real) => cast(argument, input, DataType::Float64),
        _ => Ok(argument),
    }
}

/// Gives a boolean an order: `DataFusion`'s grouped MIN and MAX have none for it.
fn ordered(argument: Physical, of: Option<SqlType>, input: &Schema) -> Result<Physical, DataFusionError> {
    if of == Some(SqlType::Boolean) { cast(argument, input, DataType::Int8) } else { Ok(argument) }
}

/// `total / count`, NULL where the count is 0.
fn mean(total: Physical, count: Physical, of: SqlType, results: &Schema) -> Result<Physical, DataFusionError> {
    let wide = match of {
        SqlType::Decimal { .. } => of.arrow(),
        _ => total.data_type(results)?,
    };
    let count_wide =
        cast(Arc::clone(&count), results, if wide == DataType::Float64 { wide.clone() } else { DataType::Int64 })?;
    let (left, right) = match &wide {
        DataType::Decimal128(..) if wide != TOTAL => {
            (cast(total, results, wide.clone())?, cast(count_wide, results, DataType::Decimal128(19, 0))?)
        }
        // Whole numbers of 64 bits: the quotient of the totals is cut, not rounded.
        DataType::Decimal128(..) => (total, cast(count_wide, results, TOTAL)?),
        _ => (total, count_wide),
    };
    let zero = Arc::new(Literal::new(ScalarValue::from(0_i64)));
    let some = Arc::new(BinaryExpr::new(count, Operator::Gt, zero));
    let quotient: Physical = if wide == TOTAL {
        // A remainder of the same sign is taken off first, so that the division leaves nothing to round.
        let rest = Arc::new(BinaryExpr::new(Arc::clone(&left), Operator::Modulo, Arc::clone(&right)));
        let exact = cast(Arc::new(BinaryExpr::new(left, Operator::Minus, rest)), results, TOTAL)?;
        Arc::new(BinaryExpr::new(exact, Operator::Divide, right))
    } else {
        Arc::new(BinaryExpr::new(left, Operator::Divide, right))
    };
    let quotient = cast(quotient, results, of.arrow())?;
    Ok(Arc::new(CaseExpr::try_new(None, vec![(some, quotient)], None)?))
}
