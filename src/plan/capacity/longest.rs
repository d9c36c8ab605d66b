//! How long a record of a stream can be at the most.

use crate::record::RecordFormat;
use crate::sql::SqlType;

use super::super::{Column, Stream};

/// The most bytes that JSON writes for one character: an escape such as `\u0000`.
const ESCAPED: usize = 6;

impl Stream {
    /// Returns the most bytes that a row of this stream has as a query writes it.
    pub fn longest_row(&self) -> usize {
        // Braces, and for each value a comma, a colon, and the quotes and braces around and along its path.
        let around = |column: &Column| match self.format {
            RecordFormat::Json => column.path.iter().map(|name| name.len() * ESCAPED + 6).sum(),
            RecordFormat::Csv { .. } => 1,
        };
        let values = self.columns.iter().map(|column| longest_value(column.sql_type) + around(column));
        values.sum::<usize>() + 2
    }
}

/// Returns the most bytes of a value: those of NULL, or of the text in quotes.
fn longest_value(sql_type: SqlType) -> usize {
    match sql_type {
        SqlType::Boolean => 5,
        SqlType::TinyInt | SqlType::SmallInt => 6,
        SqlType::Integer => 11,
        SqlType::BigInt => 20,
        // A sign, 17 digits, a point and an exponent; without an exponent up to 308 zeros.
        SqlType::Real | SqlType::Double => 330,
        SqlType::Decimal { precision, .. } => usize::from(precision) + 3,
        SqlType::Varchar(length) => length as usize * ESCAPED + 2,
        SqlType::Date => 15,
        SqlType::Timestamp(_) => 35,
    }
}
