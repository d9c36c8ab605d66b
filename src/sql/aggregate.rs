//! Aggregate functions and the types of their results.

use super::{Expr, SqlError, SqlType};

/// An aggregate over the rows of a window.
#[derive(Debug, Clone, PartialEq)]
pub struct Aggregate {
    /// Which.
    pub function: AggregateFunction,
    /// Over what; `None` for `COUNT(*)`.
    pub argument: Option<Expr>,
    /// The type of the result.
    pub sql_type: SqlType,
}

/// An aggregate function. All of them skip NULL, and give NULL where nothing is left (`COUNT` gives 0).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AggregateFunction {
    /// How many.
    Count,
    /// The total.
    Sum,
    /// The least.
    Min,
    /// The greatest.
    Max,
    /// The mean; truncated toward zero over whole numbers.
    Avg,
}

impl AggregateFunction {
    /// All of them.
    pub const ALL: &[Self] = &[Self::Count, Self::Sum, Self::Min, Self::Max, Self::Avg];

    /// Returns the name in every dialect.
    pub fn name(self) -> &'static str {
        match self {
            Self::Count => "COUNT",
            Self::Sum => "SUM",
            Self::Min => "MIN",
            Self::Max => "MAX",
            Self::Avg => "AVG",
        }
    }

    /// Finds the function of a name, whatever its case.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|function| function.name().eq_ignore_ascii_case(name))
    }

    /// Returns the type of the result over an argument of a type.
    pub(super) fn result(self, argument: SqlType) -> Result<SqlType, SqlError> {
        match self {
            Self::Count => Ok(SqlType::BigInt),
            Self::Min | Self::Max => Ok(argument),
            Self::Sum | Self::Avg if !argument.is_numeric() => {
                Err(SqlError::new(format!("{} takes numbers, not {argument}", self.name())))
            }
            Self::Sum => Ok(match argument {
                SqlType::Decimal { scale, .. } => SqlType::Decimal { precision: 38, scale },
                _ if argument.is_integer() => SqlType::BigInt,
                _ => SqlType::Double,
            }),
            Self::Avg => Ok(match argument {
                SqlType::Decimal { scale, .. } => SqlType::Decimal { precision: 38, scale: scale.max(6) },
                _ if argument.is_integer() => argument,
                _ => SqlType::Double,
            }),
        }
    }
}
