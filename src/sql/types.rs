//! SQL's types, and the Arrow types that carry their values.

use arrow::datatypes::{DataType as ArrowType, TimeUnit};
use sqlparser::ast::{CharacterLength, DataType, ExactNumberInfo, TimezoneInfo};
use sqlparser::dialect::AnsiDialect;
use sqlparser::keywords::Keyword;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

use super::SqlError;

/// The type of a column or an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SqlType {
    /// `true`, `false` or NULL.
    Boolean,
    /// 8-bit signed.
    TinyInt,
    /// 16-bit signed.
    SmallInt,
    /// 32-bit signed.
    Integer,
    /// 64-bit signed.
    BigInt,
    /// 32-bit floating point.
    Real,
    /// 64-bit floating point.
    Double,
    /// Exact, of 1 to 38 digits, some of them behind the point.
    Decimal {
        /// Digits in all.
        precision: u8,
        /// Digits behind the point.
        scale: u8,
    },
    /// Text of at most this many characters. `CHAR` is read as `VARCHAR`: values are not padded.
    Varchar(u32),
    /// A day.
    Date,
    /// A moment in UTC with this many digits of fractional seconds, 0 to 6.
    Timestamp(u8),
}

/// A type as a column declares it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColumnType {
    /// The type of its values.
    pub sql_type: SqlType,
    /// Whether a record without a value is bad.
    pub not_null: bool,
}

/// The longest `VARCHAR` (KDA SQL reference, data types).
pub const MAX_VARCHAR: u32 = 65_535;
/// The most digits of a `DECIMAL` (Arrow's 128-bit decimals, and Flink's).
pub(super) const MAX_PRECISION: u8 = 38;
/// The most digits of fractional seconds: values are kept in microseconds.
pub(super) const MAX_FRACTION: u8 = 6;
/// The digits of fractional seconds of a plain `TIMESTAMP` (KDA keeps milliseconds).
const DEFAULT_FRACTION: u8 = 3;

/// What a message about an unknown type lists.
const LEGAL: &str = "BOOLEAN, TINYINT, SMALLINT, INTEGER, BIGINT, REAL, DOUBLE, DECIMAL(p, s), VARCHAR(n), CHAR(n), \
                     DATE, TIMESTAMP(0) to TIMESTAMP(6)";

impl SqlType {
    /// Reads the type of a column, such as `VARCHAR(8)` or `TIMESTAMP(3) NOT NULL`.
    pub fn read_column(text: &str) -> Result<ColumnType, SqlError> {
        let unknown = || SqlError::new(format!("`{text}` is not a type")).help(help_for_type(text));
        let mut parser = Parser::new(&AnsiDialect {}).try_with_sql(text).map_err(|_| unknown())?;
        let data_type = parser.parse_data_type().map_err(|_| unknown())?;
        let not_null = parser.parse_keywords(&[Keyword::NOT, Keyword::NULL]);
        if parser.peek_token().token != Token::EOF {
            return Err(unknown());
        }
        Ok(ColumnType { sql_type: Self::from_parsed(&data_type, text)?, not_null })
    }

    /// Takes the type that the parser read out of `text`.
    pub(super) fn from_parsed(data_type: &DataType, text: &str) -> Result<Self, SqlError> {
        Ok(match data_type {
            DataType::Boolean | DataType::Bool => Self::Boolean,
            DataType::TinyInt(None) => Self::TinyInt,
            DataType::SmallInt(None) => Self::SmallInt,
            DataType::Integer(None) | DataType::Int(None) => Self::Integer,
            DataType::BigInt(None) => Self::BigInt,
            DataType::Real => Self::Real,
            // KDA's FLOAT has 64 bits like its DOUBLE.
            DataType::Float(ExactNumberInfo::None)
            | DataType::Double(ExactNumberInfo::None)
            | DataType::DoublePrecision => Self::Double,
            DataType::Decimal(info) | DataType::Numeric(info) | DataType::Dec(info) => decimal(info, text)?,
            DataType::Varchar(length)
            | DataType::CharVarying(length)
            | DataType::CharacterVarying(length)
            | DataType::Char(length)
            | DataType::Character(length) => Self::Varchar(varchar_length(length.as_ref(), text)?),
            DataType::Date => Self::Date,
            DataType::Timestamp(digits, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) => {
                let digits = digits.unwrap_or(u64::from(DEFAULT_FRACTION));
                match u8::try_from(digits) {
                    Ok(digits) if digits <= MAX_FRACTION => Self::Timestamp(digits),
                    _ => {
                        return Err(SqlError::new(format!("`{text}` has too many digits of fractional seconds"))
                            .help(format!("at most {MAX_FRACTION}: values are kept in microseconds")));
                    }
                }
            }
            DataType::Time(..) | DataType::Binary(_) | DataType::Varbinary(_) => {
                let error = SqlError::new(format!("the type `{text}` is not supported"));
                return Err(error.help(format!("one of {LEGAL}")));
            }
            _ => {
                return Err(SqlError::new(format!("`{text}` is not a type")).help(help_for_type(text)));
            }
        })
    }

    /// Returns the Arrow type that carries the values.
    pub fn arrow(self) -> ArrowType {
        match self {
            Self::Boolean => ArrowType::Boolean,
            Self::TinyInt => ArrowType::Int8,
            Self::SmallInt => ArrowType::Int16,
            Self::Integer => ArrowType::Int32,
            Self::BigInt => ArrowType::Int64,
            Self::Real => ArrowType::Float32,
            Self::Double => ArrowType::Float64,
            #[expect(clippy::cast_possible_wrap, reason = "a scale is at most 38")]
            Self::Decimal { precision, scale } => ArrowType::Decimal128(precision, scale as i8),
            Self::Varchar(_) => ArrowType::Utf8,
            Self::Date => ArrowType::Date32,
            Self::Timestamp(_) => ArrowType::Timestamp(TimeUnit::Microsecond, None),
        }
    }

    /// Returns the type in which values of two types can be put side by side; none where there is no such.
    pub fn common(self, other: Self) -> Option<Self> {
        super::coerce::common(self, other)
    }

    /// Returns whether the type is one of whole numbers.
    pub fn is_integer(self) -> bool {
        matches!(self, Self::TinyInt | Self::SmallInt | Self::Integer | Self::BigInt)
    }

    /// Returns whether the type is one of floating point.
    pub fn is_floating(self) -> bool {
        matches!(self, Self::Real | Self::Double)
    }

    /// Returns whether the type is one of numbers.
    pub fn is_numeric(self) -> bool {
        self.is_integer() || self.is_floating() || matches!(self, Self::Decimal { .. })
    }
}

impl std::fmt::Display for SqlType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Boolean => f.write_str("BOOLEAN"),
            Self::TinyInt => f.write_str("TINYINT"),
            Self::SmallInt => f.write_str("SMALLINT"),
            Self::Integer => f.write_str("INTEGER"),
            Self::BigInt => f.write_str("BIGINT"),
            Self::Real => f.write_str("REAL"),
            Self::Double => f.write_str("DOUBLE"),
            Self::Decimal { precision, scale } => write!(f, "DECIMAL({precision}, {scale})"),
            Self::Varchar(length) => write!(f, "VARCHAR({length})"),
            Self::Date => f.write_str("DATE"),
            Self::Timestamp(digits) => write!(f, "TIMESTAMP({digits})"),
        }
    }
}

fn decimal(info: &ExactNumberInfo, text: &str) -> Result<SqlType, SqlError> {
    // KDA's default is DECIMAL(18, 0).
    let (precision, scale) = match info {
        ExactNumberInfo::None => (18, 0),
        ExactNumberInfo::Precision(precision) => (*precision, 0),
        ExactNumberInfo::PrecisionAndScale(precision, scale) => (*precision, *scale),
    };
    match (u8::try_from(precision), u8::try_from(scale)) {
        (Ok(precision), Ok(scale)) if (1..=MAX_PRECISION).contains(&precision) && scale <= precision => {
            Ok(SqlType::Decimal { precision, scale })
        }
        _ => Err(SqlError::new(format!("`{text}` is not a possible DECIMAL"))
            .help(format!("1 to {MAX_PRECISION} digits, and no more behind the point than in all"))),
    }
}

fn varchar_length(length: Option<&CharacterLength>, text: &str) -> Result<u32, SqlError> {
    match length {
        Some(CharacterLength::IntegerLength { length, unit: None })
            if (1..=u64::from(MAX_VARCHAR)).contains(length) =>
        {
            Ok(u32::try_from(*length).expect("checked above"))
        }
        _ => {
            let what = if length.is_some() { "has a length that is not possible" } else { "needs a length" };
            Err(SqlError::new(format!("`{text}` {what}"))
                .help(format!("1 to {MAX_VARCHAR} characters, such as VARCHAR(64)")))
        }
    }
}

/// What other languages and formats call the types.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("BYTE", "TINYINT"),
    ("DATETIME", "TIMESTAMP(3)"),
    ("FLOAT32", "REAL"),
    ("FLOAT64", "DOUBLE"),
    ("INT16", "SMALLINT"),
    ("INT32", "INTEGER"),
    ("INT64", "BIGINT"),
    ("INT8", "TINYINT"),
    ("LONG", "BIGINT"),
    ("MONEY", "DECIMAL(18, 2)"),
    ("NUMBER", "DOUBLE"),
    ("SHORT", "SMALLINT"),
    ("STRING", "VARCHAR(64)"),
    ("TEXT", "VARCHAR(64)"),
    ("UUID", "VARCHAR(36)"),
];

/// The names that a slip is looked for among, with the type to write.
const NAMES: &[(&str, &str)] = &[
    ("BIGINT", "BIGINT"),
    ("BOOLEAN", "BOOLEAN"),
    ("DATE", "DATE"),
    ("DECIMAL", "DECIMAL(18, 2)"),
    ("DOUBLE", "DOUBLE"),
    ("INTEGER", "INTEGER"),
    ("REAL", "REAL"),
    ("SMALLINT", "SMALLINT"),
    ("TIMESTAMP", "TIMESTAMP(3)"),
    ("TINYINT", "TINYINT"),
    ("VARCHAR", "VARCHAR(64)"),
];

fn help_for_type(text: &str) -> String {
    let word: String = text.trim().chars().take_while(char::is_ascii_alphanumeric).collect();
    let word = word.to_ascii_uppercase();
    let other = OTHER_NAMES.iter().find(|(name, _)| *name == word);
    let near = || {
        NAMES
            .iter()
            .map(|known| (strsim::damerau_levenshtein(known.0, &word), known))
            .filter(|(distance, known)| *distance > 0 && *distance <= known.0.len() / 3)
            .min_by_key(|(distance, _)| *distance)
            .map(|(_, known)| known)
    };
    other.or_else(near).map_or_else(|| format!("one of {LEGAL}"), |(_, known)| format!("did you mean {known}?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_and_written_alike() {
        for text in ["BOOLEAN", "BIGINT", "DECIMAL(10, 2)", "VARCHAR(8)", "DATE", "TIMESTAMP(3)", "DOUBLE"] {
            let read = SqlType::read_column(text).expect(text);
            assert_eq!(read.sql_type.to_string(), text);
            assert!(!read.not_null);
        }
        assert!(SqlType::read_column("varchar(8) not null").expect("a type").not_null);
        assert_eq!(SqlType::read_column("TIMESTAMP").expect("a type").sql_type, SqlType::Timestamp(3));
        assert_eq!(SqlType::read_column("FLOAT").expect("a type").sql_type, SqlType::Double);
    }

    #[test]
    fn what_is_no_type_is_refused() {
        for text in ["", "STRING", "VARCHAR", "VARCHAR(0)", "TIMESTAMP(9)", "DECIMAL(40)", "INTEGER 5", "TIME"] {
            SqlType::read_column(text).expect_err(text);
        }
    }
}
