//! SQL types and expressions: read from text, checked and typed once, and written again in each dialect.
//!
//! Owns the meaning of an expression; the engine evaluates it and the dialects spell it, and neither decides anything.
//! May import nothing of this crate. Never evaluates, and writes no whole query's text; it reads that of KDA.

mod aggregate;
mod arithmetic;
mod coerce;
pub(crate) mod date_format;
mod dialect;
mod error;
mod expr;
mod function;
pub mod kda;
mod read;
pub(crate) mod regex;
mod types;

pub use aggregate::{Aggregate, AggregateFunction, Parameter};
pub use dialect::{Dialect, FLINK_ROW_TIME, FlinkVersion, carries, carries_aggregate, expression_text, frame_text};
pub use error::SqlError;
pub use expr::{Expr, ExprKind, Literal, Operator};
pub use function::Function;
pub use read::{
    Aggregates, Folding, Found, Grammar, Over, Reading, Scope, Space, Visible, infix, next_precedence, prefix,
    read_expr, read_filter, read_having, read_over_outputs, read_row, read_select, read_sliding, type_expr,
};
pub use types::{ColumnType, MAX_VARCHAR, SqlType};
