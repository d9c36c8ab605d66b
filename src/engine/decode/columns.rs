//! The growing columns of a batch.

use std::sync::Arc;

use arrow::array::{
    ArrayBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, Float32Builder, Float64Builder, Int8Builder,
    Int16Builder, Int32Builder, Int64Builder, RecordBatch, StringBuilder, TimestampMicrosecondBuilder,
};
use arrow::datatypes::{Field, Schema, SchemaRef};

use crate::plan::Column;
use crate::sql::SqlType;

use super::cell::{Cell, Cells};

/// One builder per column.
pub(super) struct Columns {
    schema: SchemaRef,
    builders: Vec<Builder>,
}

enum Builder {
    Boolean(BooleanBuilder),
    TinyInt(Int8Builder),
    SmallInt(Int16Builder),
    Integer(Int32Builder),
    BigInt(Int64Builder),
    Real(Float32Builder),
    Double(Float64Builder),
    Decimal(Decimal128Builder),
    Text(StringBuilder),
    Date(Date32Builder),
    Timestamp(TimestampMicrosecondBuilder),
}

impl Columns {
    pub(super) fn new(columns: &[Column]) -> Self {
        // Nullable even where the record must have a value: the decoder has checked, and expressions need not know.
        let fields: Vec<Field> =
            columns.iter().map(|column| Field::new(&column.name, column.sql_type.arrow(), true)).collect();
        let builders = columns.iter().map(|column| Builder::of(column.sql_type)).collect();
        Self { schema: Arc::new(Schema::new(fields)), builders }
    }

    pub(super) fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    pub(super) fn append(&mut self, cells: &Cells) {
        for (index, builder) in self.builders.iter_mut().enumerate() {
            builder.append(cells.get(index), cells);
        }
    }

    pub(super) fn finish(&mut self) -> RecordBatch {
        let arrays = self.builders.iter_mut().map(|builder| builder.as_dyn().finish()).collect();
        RecordBatch::try_new(Arc::clone(&self.schema), arrays).expect("each builder makes its column's type")
    }
}

impl Builder {
    fn of(sql_type: SqlType) -> Self {
        match sql_type {
            SqlType::Boolean => Self::Boolean(BooleanBuilder::new()),
            SqlType::TinyInt => Self::TinyInt(Int8Builder::new()),
            SqlType::SmallInt => Self::SmallInt(Int16Builder::new()),
            SqlType::Integer => Self::Integer(Int32Builder::new()),
            SqlType::BigInt => Self::BigInt(Int64Builder::new()),
            SqlType::Real => Self::Real(Float32Builder::new()),
            SqlType::Double => Self::Double(Float64Builder::new()),
            SqlType::Decimal { .. } => Self::Decimal(Decimal128Builder::new().with_data_type(sql_type.arrow())),
            SqlType::Varchar(_) => Self::Text(StringBuilder::new()),
            SqlType::Date => Self::Date(Date32Builder::new()),
            SqlType::Timestamp(_) => Self::Timestamp(TimestampMicrosecondBuilder::new()),
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "a cell holds only what fits its column's type")]
    fn append(&mut self, cell: Cell, cells: &Cells) {
        match (self, cell) {
            (Self::Boolean(builder), Cell::Boolean(value)) => builder.append_value(value),
            (Self::TinyInt(builder), Cell::Whole(value)) => builder.append_value(value as i8),
            (Self::SmallInt(builder), Cell::Whole(value)) => builder.append_value(value as i16),
            (Self::Integer(builder), Cell::Whole(value)) => builder.append_value(value as i32),
            (Self::BigInt(builder), Cell::Whole(value)) => builder.append_value(value),
            (Self::Real(builder), Cell::Floating(value)) => builder.append_value(value as f32),
            (Self::Double(builder), Cell::Floating(value)) => builder.append_value(value),
            (Self::Decimal(builder), Cell::Decimal(value)) => builder.append_value(value),
            (Self::Text(builder), Cell::Text(start, end)) => builder.append_value(cells.text(start, end)),
            (Self::Date(builder), Cell::Whole(value)) => builder.append_value(value as i32),
            (Self::Timestamp(builder), Cell::Whole(value)) => builder.append_value(value),
            (builder, _) => builder.append_null(),
        }
    }

    fn append_null(&mut self) {
        match self {
            Self::Boolean(builder) => builder.append_null(),
            Self::TinyInt(builder) => builder.append_null(),
            Self::SmallInt(builder) => builder.append_null(),
            Self::Integer(builder) => builder.append_null(),
            Self::BigInt(builder) => builder.append_null(),
            Self::Real(builder) => builder.append_null(),
            Self::Double(builder) => builder.append_null(),
            Self::Decimal(builder) => builder.append_null(),
            Self::Text(builder) => builder.append_null(),
            Self::Date(builder) => builder.append_null(),
            Self::Timestamp(builder) => builder.append_null(),
        }
    }

    fn as_dyn(&mut self) -> &mut dyn ArrayBuilder {
        match self {
            Self::Boolean(builder) => builder,
            Self::TinyInt(builder) => builder,
            Self::SmallInt(builder) => builder,
            Self::Integer(builder) => builder,
            Self::BigInt(builder) => builder,
            Self::Real(builder) => builder,
            Self::Double(builder) => builder,
            Self::Decimal(builder) => builder,
            Self::Text(builder) => builder,
            Self::Date(builder) => builder,
            Self::Timestamp(builder) => builder,
        }
    }
}
