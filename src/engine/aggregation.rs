//! A query's aggregates as `DataFusion`'s accumulators.
//!
//! One aggregate stands on one or two accumulators (a mean is a total and a count), so that partial results of shards
//! merge exactly and every rule about types and overflow is one of ours.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use datafusion_common::{DataFusionError, ScalarValue};
use datafusion_expr::{AggregateUDF, GroupsAccumulator, Operator};
use datafusion_functions_aggregate::{count::count_udaf, min_max, sum::sum_udaf};
use datafusion_physical_expr::aggregate::{AggregateExprBuilder, AggregateFunctionExpr};
use datafusion_physical_expr::expressions::{BinaryExpr, CaseExpr, Column, Literal, cast};

use crate::sql::{Aggregate, AggregateFunction, SqlType};

use super::expression::{Names, Physical, evaluate, lower};

/// The accumulators of a query, and how its aggregates come out of them.
pub(super) struct Aggregation {
    accumulators: Vec<Accumulated>,
    /// The aggregates in the query's order.
    aggregates: Vec<Aggregate>,
    /// For each aggregate: the accumulators that it stands on.
    parts: Vec<Parts>,
}

struct Accumulated {
    function: AggregateFunctionExpr,
    /// What goes into it.
    argument: Physical,
    state: Vec<FieldRef>,
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
            let of = aggregate.argument.as_ref().and_then(|argument| argument.sql_type);
            let parts = match aggregate.function {
                AggregateFunction::Count => Parts::Value(this.add(count_udaf(), argument, input)?),
                AggregateFunction::Sum => Parts::Value(this.add(sum_udaf(), summed(argument, of, input)?, input)?),
                AggregateFunction::Min => {
                    Parts::Value(this.add(min_max::min_udaf(), ordered(argument, of, input)?, input)?)
                }
                AggregateFunction::Max => {
                    Parts::Value(this.add(min_max::max_udaf(), ordered(argument, of, input)?, input)?)
                }
                AggregateFunction::Avg => Parts::Mean {
                    total: this.add(sum_udaf(), summed(Arc::clone(&argument), of, input)?, input)?,
                    count: this.add(count_udaf(), argument, input)?,
                },
            };
            this.parts.push(parts);
        }
        Ok(this)
    }

    fn add(
        &mut self,
        udaf: Arc<AggregateUDF>,
        argument: Physical,
        input: &SchemaRef,
    ) -> Result<usize, DataFusionError> {
        let name = format!("accumulator {}", self.accumulators.len());
        let function = AggregateExprBuilder::new(udaf, vec![Arc::clone(&argument)])
            .schema(Arc::clone(input))
            .alias(name)
            .build()?;
        let state = function.state_fields()?;
        self.accumulators.push(Accumulated { function, argument, state });
        Ok(self.accumulators.len() - 1)
    }

    /// Evaluates what goes into each accumulator. Fails where one row's value cannot be computed.
    pub(super) fn arguments(&self, batch: &RecordBatch) -> Result<Vec<arrow::array::ArrayRef>, DataFusionError> {
        self.accumulators.iter().map(|accumulated| evaluate(&accumulated.argument, batch)).collect()
    }

    /// Returns the types of what goes into the accumulators.
    pub(super) fn argument_types(&self, input: &Schema) -> Result<Vec<DataType>, DataFusionError> {
        self.accumulators.iter().map(|accumulated| accumulated.argument.data_type(input)).collect()
    }

    /// Makes empty accumulators for one window.
    pub(super) fn start(&self) -> Result<Vec<Box<dyn GroupsAccumulator>>, DataFusionError> {
        self.accumulators.iter().map(|accumulated| accumulated.function.create_groups_accumulator()).collect()
    }

    /// Returns the fields of the state of each accumulator.
    pub(super) fn state_fields(&self) -> impl Iterator<Item = &[FieldRef]> {
        self.accumulators.iter().map(|accumulated| accumulated.state.as_slice())
    }

    /// Returns the fields of the accumulators' results.
    pub(super) fn result_fields(&self) -> impl Iterator<Item = FieldRef> {
        self.accumulators.iter().map(|accumulated| {
            let field = accumulated.function.field();
            Arc::new(Field::new(field.name(), field.data_type().clone(), true))
        })
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
