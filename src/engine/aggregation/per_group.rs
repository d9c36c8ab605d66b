//! Accumulators of our own, in the form in which `DataFusion` has them.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Float64Array, Int64Array};
use arrow::compute::sum_checked;
use arrow::datatypes::{DataType, Decimal128Type, Field, FieldRef, Float64Type, Int64Type};
use arrow::row::{RowConverter, SortField};
use datafusion_common::DataFusionError;
use datafusion_expr::{EmitTo, GroupsAccumulator};

use super::distinct_count::{DistinctCount, hash};
use super::held::{End, Held, in_order};
use super::moments::Moments;
use super::quantile::{Quantiles, place};

/// What is kept per group, and what comes out of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    /// The value of the first row; over pairs of the value and its place.
    First,
    /// The value of the last row; over pairs of the value and its place.
    Last,
    /// How many distinct values.
    CountDistinct,
    /// The total of the distinct values.
    SumDistinct,
    /// About how many distinct values.
    AboutDistinct,
    /// A percentile; over DOUBLE.
    Percentile {
        /// The share of the values below it.
        share: f64,
        /// Whether every digit counts.
        exact: bool,
    },
    /// The variance, or its root; over DOUBLE.
    Variance {
        /// Of what the values are a sample of.
        sample: bool,
        /// The standard deviation.
        root: bool,
    },
}

/// Accumulates one aggregate for every group.
pub(super) struct PerGroup {
    kind: Kind,
    /// The type of the values.
    of: DataType,
    converter: RowConverter,
    groups: Vec<Held>,
}

/// The names of the parts of a value with its place.
pub(super) const VALUE: &str = "value";
/// See [`VALUE`].
pub(super) const PLACE: &str = "place";

impl Kind {
    /// Returns the field of the saved state: every kind writes its own bytes.
    pub(super) fn state() -> Vec<FieldRef> {
        vec![Arc::new(Field::new("held", DataType::Binary, true))]
    }

    /// Returns the type of the result over values of a type.
    pub(super) fn result(self, of: &DataType) -> DataType {
        match self {
            Self::First | Self::Last | Self::SumDistinct => of.clone(),
            Self::CountDistinct | Self::AboutDistinct => DataType::Int64,
            Self::Percentile { .. } | Self::Variance { .. } => DataType::Float64,
        }
    }

    /// Returns whether the argument comes with its place.
    pub(super) fn with_place(self) -> bool {
        matches!(self, Self::First | Self::Last)
    }

    fn start(self) -> Held {
        match self {
            Self::First => Held::End(End::new(false)),
            Self::Last => Held::End(End::new(true)),
            Self::CountDistinct | Self::SumDistinct => Held::Distinct(hashbrown::HashSet::new()),
            Self::AboutDistinct => Held::DistinctCount(DistinctCount::default()),
            Self::Percentile { .. } => Held::Quantiles(Quantiles::default()),
            Self::Variance { .. } => Held::Moments(Moments::default()),
        }
    }
}

impl PerGroup {
    pub(super) fn new(kind: Kind, of: &DataType) -> Result<Self, DataFusionError> {
        let converter = RowConverter::new(vec![SortField::new(of.clone())])?;
        Ok(Self { kind, of: of.clone(), converter, groups: Vec::new() })
    }

    fn grow(&mut self, groups: usize) {
        self.groups.resize_with(groups, || self.kind.start());
    }

    /// Returns the total of distinct values, each in Arrow's row format.
    fn total(&self, values: &[&[u8]]) -> Result<datafusion_common::ScalarValue, DataFusionError> {
        use datafusion_common::ScalarValue;
        let parser = self.converter.parser();
        let columns = self.converter.convert_rows(values.iter().map(|value| parser.parse(value)))?;
        let Some(values) = columns.first() else { return ScalarValue::try_from(&self.of) };
        Ok(match &self.of {
            DataType::Float64 => ScalarValue::Float64(sum_checked(values.as_primitive::<Float64Type>())?),
            DataType::Decimal128(precision, scale) => {
                let total = sum_checked(values.as_primitive::<Decimal128Type>())?;
                ScalarValue::Decimal128(total, *precision, *scale)
            }
            _ => ScalarValue::Int64(sum_checked(values.as_primitive::<Int64Type>())?),
        })
    }

    fn results(&self, groups: &[Held]) -> Result<ArrayRef, DataFusionError> {
        Ok(match self.kind {
            Kind::First | Kind::Last => {
                let null = self.converter.convert_columns(&[arrow::array::new_null_array(&self.of, 1)])?;
                let parser = self.converter.parser();
                let value = |held: &Held| match held {
                    Held::End(end) => end.value().map(<[u8]>::to_vec),
                    _ => None,
                };
                let values: Vec<Option<Vec<u8>>> = groups.iter().map(value).collect();
                let rows = values.iter().map(|value| parser.parse(value.as_deref().unwrap_or(null.row(0).data())));
                let columns = self.converter.convert_rows(rows)?;
                columns.into_iter().next().unwrap_or_else(|| arrow::array::new_empty_array(&self.of))
            }
            Kind::SumDistinct => {
                let totals = groups.iter().map(|held| match held {
                    Held::Distinct(values) => self.total(&in_order(values)),
                    _ => datafusion_common::ScalarValue::try_from(&self.of),
                });
                let totals = totals.collect::<Result<Vec<_>, DataFusionError>>()?;
                if totals.is_empty() {
                    return Ok(arrow::array::new_empty_array(&self.of));
                }
                datafusion_common::ScalarValue::iter_to_array(totals)?
            }
            Kind::CountDistinct | Kind::AboutDistinct => {
                let count = |held: &Held| match held {
                    Held::Distinct(values) => i64::try_from(values.len()).unwrap_or(i64::MAX),
                    Held::DistinctCount(count) => count.count(),
                    _ => 0,
                };
                Arc::new(Int64Array::from_iter_values(groups.iter().map(count)))
            }
            Kind::Percentile { share, .. } => {
                let at = |held: &Held| match held {
                    Held::Quantiles(quantiles) => quantiles.at(share),
                    _ => None,
                };
                Arc::new(groups.iter().map(at).collect::<Float64Array>())
            }
            Kind::Variance { sample, root } => {
                let spread = |held: &Held| match held {
                    Held::Moments(moments) => {
                        moments.variance(sample).map(|spread| if root { spread.sqrt() } else { spread })
                    }
                    _ => None,
                };
                Arc::new(groups.iter().map(spread).collect::<Float64Array>())
            }
        })
    }
}

impl GroupsAccumulator for PerGroup {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<(), DataFusionError> {
        self.grow(total);
        let counts = |row: usize| filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row));
        let (value, places) = if self.kind.with_place() {
            let pair = values[0].as_struct();
            (pair.column(0), Some(pair.column(1).as_primitive::<Int64Type>()))
        } else {
            (&values[0], None)
        };
        let rows = group_indices.iter().enumerate().filter(|(row, _)| value.is_valid(*row) && counts(*row));
        if let Kind::Percentile { .. } | Kind::Variance { .. } = self.kind {
            let numbers = value.as_primitive::<Float64Type>().values();
            let exact = matches!(self.kind, Kind::Percentile { exact: true, .. });
            for (row, group) in rows {
                match &mut self.groups[*group] {
                    Held::Quantiles(quantiles) => quantiles.add(place(numbers[row], exact), 1),
                    Held::Moments(moments) => moments.add(numbers[row]),
                    _ => {}
                }
            }
            return Ok(());
        }
        let converted = self.converter.convert_columns(std::slice::from_ref(value))?;
        for (row, group) in rows {
            let bytes = converted.row(row);
            match &mut self.groups[*group] {
                Held::End(end) => end.offer(places.map_or(0, |places| places.value(row)), bytes.data()),
                Held::Distinct(values) => {
                    if !values.contains(bytes.data()) {
                        values.insert(bytes.data().into());
                    }
                }
                Held::DistinctCount(count) => count.add(hash(bytes.data())),
                Held::Quantiles(_) | Held::Moments(_) => {}
            }
        }
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef, DataFusionError> {
        let groups = emit_to.take_needed(&mut self.groups);
        self.results(&groups)
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>, DataFusionError> {
        let groups = emit_to.take_needed(&mut self.groups);
        Ok(vec![Arc::new(BinaryArray::from_iter_values(groups.iter().map(Held::to_bytes)))])
    }

    fn merge_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        total: usize,
    ) -> Result<(), DataFusionError> {
        self.grow(total);
        let states = values[0].as_binary::<i32>();
        for (row, group) in group_indices.iter().enumerate().filter(|(row, _)| states.is_valid(*row)) {
            self.groups[*group].merge(states.value(row))?;
        }
        Ok(())
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>, DataFusionError> {
        let mut alone = Self::new(self.kind, &self.of)?;
        let rows = values[0].len();
        alone.update_batch(values, &(0..rows).collect::<Vec<_>>(), filter, rows)?;
        alone.state(EmitTo::All)
    }

    fn size(&self) -> usize {
        self.groups.iter().map(Held::size).sum()
    }
}
