//! Functions of our own, in the form in which `DataFusion` has them: computed row by row, and a row that cannot be
//! computed fails.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Int64Type, TimeUnit, TimestampMicrosecondType};
use chrono::{DateTime, NaiveDateTime};
use datafusion_common::DataFusionError;
use datafusion_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

use crate::sql::{Expr, ExprKind, Literal};

/// Computes the values of a function's calls from those of its arguments.
type Compute = Arc<dyn Fn(&[ArrayRef]) -> Result<ArrayRef, DataFusionError> + Send + Sync>;

/// A function with the constants that it was prepared for.
pub(super) struct Own {
    gives: DataType,
    compute: Compute,
}

/// One row of the arguments, none of which is NULL.
pub(super) struct Row<'a> {
    arguments: &'a [ArrayRef],
    row: usize,
}

/// Why a row cannot be computed, in a few words.
pub(super) type Failure = String;

impl Row<'_> {
    pub(super) fn text(&self, index: usize) -> &str {
        self.arguments[index].as_string::<i32>().value(self.row)
    }

    pub(super) fn whole(&self, index: usize) -> i64 {
        self.arguments[index].as_primitive::<Int64Type>().value(self.row)
    }

    /// Returns a whole number as a count: none where it is below nothing.
    pub(super) fn count(&self, index: usize) -> usize {
        usize::try_from(self.whole(index).max(0)).unwrap_or(usize::MAX)
    }

    /// Returns a moment in microseconds.
    pub(super) fn micros(&self, index: usize) -> i64 {
        self.arguments[index].as_primitive::<TimestampMicrosecondType>().value(self.row)
    }

    pub(super) fn moment(&self, index: usize) -> Result<NaiveDateTime, Failure> {
        let moment = DateTime::from_timestamp_micros(self.micros(index)).ok_or("a moment is out of range")?;
        Ok(moment.naive_utc())
    }

    /// Returns how many arguments the call has.
    pub(super) fn len(&self) -> usize {
        self.arguments.len()
    }
}

impl Own {
    pub(super) fn new(
        gives: DataType,
        compute: impl Fn(&[ArrayRef]) -> Result<ArrayRef, DataFusionError> + Send + Sync + 'static,
    ) -> Self {
        Self { gives, compute: Arc::new(compute) }
    }

    /// A function that gives text.
    pub(super) fn text(of: impl Fn(&Row<'_>) -> Result<Option<String>, Failure> + Send + Sync + 'static) -> Self {
        Self::new(DataType::Utf8, move |arguments| {
            Ok(Arc::new(rows(arguments, &of)?.into_iter().collect::<StringArray>()))
        })
    }

    /// A function that gives a whole number.
    pub(super) fn whole(of: impl Fn(&Row<'_>) -> Result<Option<i64>, Failure> + Send + Sync + 'static) -> Self {
        Self::new(DataType::Int64, move |arguments| {
            Ok(Arc::new(rows(arguments, &of)?.into_iter().collect::<Int64Array>()))
        })
    }

    /// A function that gives a moment, in microseconds.
    pub(super) fn moment(of: impl Fn(&Row<'_>) -> Result<Option<i64>, Failure> + Send + Sync + 'static) -> Self {
        Self::new(DataType::Timestamp(TimeUnit::Microsecond, None), move |arguments| {
            Ok(Arc::new(rows(arguments, &of)?.into_iter().collect::<TimestampMicrosecondArray>()))
        })
    }

    /// A function that tells whether something holds.
    pub(super) fn truth(of: impl Fn(&Row<'_>) -> Result<Option<bool>, Failure> + Send + Sync + 'static) -> Self {
        Self::new(DataType::Boolean, move |arguments| {
            Ok(Arc::new(rows(arguments, &of)?.into_iter().collect::<BooleanArray>()))
        })
    }

    /// Makes it one of `DataFusion`'s. Calls with the same constants are the same function.
    pub(super) fn udf(self, name: &str, arguments: &[Expr]) -> Arc<ScalarUDF> {
        let constants: Vec<&Literal> = arguments.iter().filter_map(constant).collect();
        Arc::new(ScalarUDF::from(Prepared {
            name: format!("{name} {constants:?}"),
            signature: Signature::variadic_any(Volatility::Immutable),
            own: self,
        }))
    }
}

fn rows<T>(
    arguments: &[ArrayRef],
    of: &impl Fn(&Row<'_>) -> Result<Option<T>, Failure>,
) -> Result<Vec<Option<T>>, DataFusionError> {
    let count = arguments.first().map_or(0, Array::len);
    let mut values = Vec::with_capacity(count);
    for row in 0..count {
        if arguments.iter().any(|array| array.is_null(row)) {
            values.push(None);
        } else {
            values.push(of(&Row { arguments, row }).map_err(DataFusionError::Execution)?);
        }
    }
    Ok(values)
}

/// Returns the constant that an expression is.
pub(super) fn constant(expr: &Expr) -> Option<&Literal> {
    match &expr.kind {
        ExprKind::Literal(literal) => Some(literal),
        ExprKind::Cast { expr, .. } => constant(expr),
        _ => None,
    }
}

/// Returns the constant text that an argument is.
pub(super) fn constant_text(arguments: &[Expr], index: usize) -> Result<&str, DataFusionError> {
    match arguments.get(index).and_then(constant) {
        Some(Literal::Text(text)) => Ok(text),
        _ => Err(DataFusionError::Plan(format!("argument {index} is no constant text"))),
    }
}

/// Returns the constant number that an argument is.
pub(super) fn constant_index(arguments: &[Expr], index: usize) -> Result<usize, DataFusionError> {
    match arguments.get(index).and_then(constant) {
        Some(Literal::Integer(number)) => {
            usize::try_from(*number).map_err(|error| DataFusionError::External(Box::new(error)))
        }
        _ => Err(DataFusionError::Plan(format!("argument {index} is no constant number"))),
    }
}

struct Prepared {
    name: String,
    signature: Signature,
    own: Own,
}

impl std::fmt::Debug for Prepared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

impl PartialEq for Prepared {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Prepared {}

impl Hash for Prepared {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for Prepared {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType, DataFusionError> {
        Ok(self.own.gives.clone())
    }

    fn invoke_with_args(&self, call: ScalarFunctionArgs) -> Result<ColumnarValue, DataFusionError> {
        let arrays = call
            .args
            .iter()
            .map(|value| value.to_array(call.number_rows))
            .collect::<Result<Vec<_>, DataFusionError>>()?;
        Ok(ColumnarValue::Array((self.own.compute)(&arrays)?))
    }
}
