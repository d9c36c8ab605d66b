//! Rows as points in space.

use arrow::array::{Array, ArrowPrimitiveType, AsArray, PrimitiveArray, RecordBatch};
use arrow::compute::cast;
use datafusion_common::DataFusionError;

/// The numbers of a batch that are the places of its rows.
pub(super) struct Points<T: ArrowPrimitiveType> {
    columns: Vec<PrimitiveArray<T>>,
}

impl<T: ArrowPrimitiveType> Points<T>
where
    T::Native: Into<f64>,
{
    /// Takes the columns of a batch, by index.
    pub(super) fn of(batch: &RecordBatch, columns: &[usize]) -> Result<Self, DataFusionError> {
        let column = |index: &usize| Ok(cast(batch.column(*index), &T::DATA_TYPE)?.as_primitive::<T>().clone());
        Ok(Self { columns: columns.iter().map(column).collect::<Result<_, DataFusionError>>()? })
    }

    /// Reads the point of a row into one that was read before. Returns whether it is one: NULL is not in any place, nor is
    /// what is no finite number.
    pub(super) fn read(&self, row: usize, point: &mut Vec<T::Native>) -> bool {
        point.clear();
        point.extend(self.columns.iter().map(|column| column.value(row)));
        let whole = self.columns.iter().all(|column| column.is_valid(row));
        whole && point.iter().all(|value| Into::<f64>::into(*value).is_finite())
    }
}
