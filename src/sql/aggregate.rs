//! Aggregate functions and the types of their results.

use super::{Expr, SqlError, SqlType};

/// An aggregate over the rows of a window.
#[derive(Debug, Clone, PartialEq)]
pub struct Aggregate {
    /// Which.
    pub function: AggregateFunction,
    /// Over what; `None` for `COUNT(*)`.
    pub argument: Option<Expr>,
    /// Whether equal values count once.
    pub distinct: bool,
    /// The constant behind the argument, where the function takes one.
    pub parameter: Option<Parameter>,
    /// Whether a NULL is a value like another: legal for the functions that pick a row, over rows in order.
    pub keeps_nulls: bool,
    /// The type of the result.
    pub sql_type: SqlType,
}

/// The constant that a function takes behind its argument.
#[derive(Debug, Clone, PartialEq)]
pub enum Parameter {
    /// The share of the values that a percentile has below it, 0 to 1.
    Share(f64),
    /// Which row `NTH_VALUE` takes, from 1, and whether it counts from the last.
    Row {
        /// The number of the row.
        number: u32,
        /// `FROM LAST`
        from_last: bool,
    },
    /// How many rows `LAG` goes back, and what it gives where there is none.
    Back {
        /// How many rows.
        rows: u32,
        /// A constant of the argument's type.
        default: Option<Expr>,
    },
    /// After how many microseconds a value counts half in `EXP_AVG`.
    HalfLife(i64),
}

/// An aggregate function. All of them skip NULL but where said, and give NULL where nothing is left (counts give 0).
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
    /// The value that came first.
    FirstValue,
    /// The value that came last.
    LastValue,
    /// The standard deviation of the values as they are.
    StddevPop,
    /// The standard deviation of what the values are a sample of.
    StddevSamp,
    /// The variance of the values as they are.
    VarPop,
    /// The variance of what the values are a sample of.
    VarSamp,
    /// Whether a condition held at least once.
    Any,
    /// Whether a condition held every time.
    Every,
    /// About how many distinct values: exact up to some thousands.
    ApproxCountDistinct,
    /// The value that a share of the values is below, between the two nearest.
    Percentile,
    /// The same from values of some three digits, in little room.
    ApproxPercentile,
    /// The value of the n-th row; over rows in order only.
    NthValue,
    /// The value of an earlier row; over rows in order only.
    Lag,
    /// The mean in which the weight of a value halves with its age; over rows in order only.
    ExpAvg,
}

impl AggregateFunction {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::Count,
        Self::Sum,
        Self::Min,
        Self::Max,
        Self::Avg,
        Self::FirstValue,
        Self::LastValue,
        Self::StddevPop,
        Self::StddevSamp,
        Self::VarPop,
        Self::VarSamp,
        Self::Any,
        Self::Every,
        Self::ApproxCountDistinct,
        Self::Percentile,
        Self::ApproxPercentile,
        Self::NthValue,
        Self::Lag,
        Self::ExpAvg,
    ];

    /// Returns the name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Count => "COUNT",
            Self::Sum => "SUM",
            Self::Min => "MIN",
            Self::Max => "MAX",
            Self::Avg => "AVG",
            Self::FirstValue => "FIRST_VALUE",
            Self::LastValue => "LAST_VALUE",
            Self::StddevPop => "STDDEV_POP",
            Self::StddevSamp => "STDDEV_SAMP",
            Self::VarPop => "VAR_POP",
            Self::VarSamp => "VAR_SAMP",
            Self::Any => "ANY",
            Self::Every => "EVERY",
            Self::ApproxCountDistinct => "APPROX_COUNT_DISTINCT",
            Self::Percentile => "PERCENTILE",
            Self::ApproxPercentile => "APPROX_PERCENTILE",
            Self::NthValue => "NTH_VALUE",
            Self::Lag => "LAG",
            Self::ExpAvg => "EXP_AVG",
        }
    }

    /// Finds the function of a name, whatever its case.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|function| function.name().eq_ignore_ascii_case(name))
    }

    /// Returns whether the function needs rows in order, and so stands before OVER only.
    pub fn needs_order(self) -> bool {
        matches!(self, Self::NthValue | Self::Lag | Self::ExpAvg)
    }

    /// Returns whether the function picks the value of one row by its place.
    pub fn picks(self) -> bool {
        matches!(self, Self::FirstValue | Self::LastValue | Self::NthValue | Self::Lag)
    }

    /// Returns whether the function may stand over distinct values only.
    pub(super) fn takes_distinct(self) -> bool {
        matches!(self, Self::Count | Self::Sum | Self::Avg | Self::Min | Self::Max | Self::Any | Self::Every)
    }

    /// Returns whether DISTINCT changes what the function gives.
    pub(super) fn minds_distinct(self) -> bool {
        matches!(self, Self::Count | Self::Sum | Self::Avg)
    }

    /// Returns the type of the result over an argument of a type.
    pub(super) fn result(self, argument: SqlType) -> Result<SqlType, SqlError> {
        match self {
            Self::Count | Self::ApproxCountDistinct => Ok(SqlType::BigInt),
            Self::Min | Self::Max | Self::FirstValue | Self::LastValue | Self::NthValue | Self::Lag => Ok(argument),
            Self::Any | Self::Every => match argument {
                SqlType::Boolean => Ok(SqlType::Boolean),
                _ => Err(SqlError::new(format!("{} takes a condition, not {argument}", self.name()))
                    .help("compare it with something, such as `price > 100`")),
            },
            _ if !argument.is_numeric() => Err(SqlError::new(format!("{} takes numbers, not {argument}", self.name()))),
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
            Self::StddevPop
            | Self::StddevSamp
            | Self::VarPop
            | Self::VarSamp
            | Self::Percentile
            | Self::ApproxPercentile
            | Self::ExpAvg => Ok(SqlType::Double),
        }
    }
}

impl Aggregate {
    /// Returns `COUNT(*)`.
    pub fn count() -> Self {
        Self::new(AggregateFunction::Count, None, SqlType::BigInt)
    }

    /// Returns an aggregate without any of the extras.
    pub(super) fn new(function: AggregateFunction, argument: Option<Expr>, sql_type: SqlType) -> Self {
        Self { function, argument, distinct: false, parameter: None, keeps_nulls: false, sql_type }
    }

    /// Calls a function over an argument, or says why that has no meaning.
    pub fn over(function: AggregateFunction, argument: Expr) -> Result<Self, SqlError> {
        let name = function.name();
        let of = argument.sql_type.ok_or_else(|| SqlError::new(format!("{name} of a bare NULL has no type")))?;
        Ok(Self::new(function, Some(argument), function.result(of)?))
    }

    /// Returns whether the rows must be known in the order in which they arrived.
    pub fn by_arrival(&self) -> bool {
        matches!(self.function, AggregateFunction::FirstValue | AggregateFunction::LastValue)
    }
}
