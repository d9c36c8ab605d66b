//! The values of one record, read as the types of their columns. What a JSON value of another type becomes follows
//! KDA's coercions (developer guide, "mapping streaming source elements"), which are stricter than most: a number that
//! loses something is an error.

use std::fmt;

use arrow::compute::kernels::cast_utils::{parse_decimal, string_to_datetime};
use arrow::datatypes::Decimal128Type;
use chrono::Utc;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::plan::Column;
use crate::sql::SqlType;

/// One value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Cell {
    Null,
    Boolean(bool),
    /// Whole numbers, days and microseconds.
    Whole(i64),
    Floating(f64),
    Decimal(i128),
    /// A range of the texts.
    Text(usize, usize),
}

/// The values of one record by column, with room that is used again for the next.
#[derive(Debug)]
pub(super) struct Cells {
    types: Vec<SqlType>,
    cells: Vec<Cell>,
    texts: String,
}

impl Cells {
    pub(super) fn new(columns: &[Column]) -> Self {
        let types: Vec<SqlType> = columns.iter().map(|column| column.sql_type).collect();
        Self { cells: vec![Cell::Null; types.len()], types, texts: String::new() }
    }

    pub(super) fn clear(&mut self) {
        self.cells.fill(Cell::Null);
        self.texts.clear();
    }

    pub(super) fn is_null(&self, column: usize) -> bool {
        self.cells[column] == Cell::Null
    }

    pub(super) fn get(&self, column: usize) -> Cell {
        self.cells[column]
    }

    pub(super) fn text(&self, start: usize, end: usize) -> &str {
        &self.texts[start..end]
    }

    /// Reads the text of a value into a column.
    pub(super) fn take_text(&mut self, column: usize, text: &str) -> Result<(), serde_json::Error> {
        let cell = self.seed(column).parse(text)?;
        self.cells[column] = cell;
        Ok(())
    }

    /// Returns what reads the next JSON value into a column.
    pub(super) fn seed(&mut self, column: usize) -> CellSeed<'_> {
        CellSeed { sql_type: self.types[column], cell: &mut self.cells[column], texts: &mut self.texts }
    }
}

/// Reads one JSON value into one cell.
pub(super) struct CellSeed<'a> {
    sql_type: SqlType,
    cell: &'a mut Cell,
    texts: &'a mut String,
}

impl CellSeed<'_> {
    fn refuse<E: Error>(&self, found: impl fmt::Display) -> E {
        E::custom(format_args!("{found} is not a {}", self.sql_type))
    }

    fn whole<E: Error>(&self, number: i64) -> Result<Cell, E> {
        let fits = match self.sql_type {
            SqlType::TinyInt => i8::try_from(number).is_ok(),
            SqlType::SmallInt => i16::try_from(number).is_ok(),
            SqlType::Integer => i32::try_from(number).is_ok(),
            _ => true,
        };
        if fits { Ok(Cell::Whole(number)) } else { Err(self.refuse(number)) }
    }

    fn copy(&mut self, text: &str) -> Cell {
        let SqlType::Varchar(length) = self.sql_type else { return Cell::Null };
        let length = length as usize;
        // Bytes are at least as many as characters: a short text is not counted.
        let end = if text.len() <= length {
            text.len()
        } else {
            text.char_indices().nth(length).map_or(text.len(), |(at, _)| at)
        };
        let start = self.texts.len();
        self.texts.push_str(&text[..end]);
        Cell::Text(start, self.texts.len())
    }

    fn parse<E: Error>(&mut self, text: &str) -> Result<Cell, E> {
        let trimmed = text.trim();
        match self.sql_type {
            SqlType::Varchar(_) => Ok(self.copy(text)),
            SqlType::Boolean => Ok(Cell::Boolean(trimmed.eq_ignore_ascii_case("true"))),
            SqlType::Real | SqlType::Double => {
                let number = trimmed.parse().ok().filter(|number: &f64| number.is_finite());
                number.map(Cell::Floating).ok_or_else(|| self.refuse(format_args!("{text:?}")))
            }
            SqlType::Decimal { .. } => self.decimal(trimmed),
            SqlType::Date => {
                let day: Option<chrono::NaiveDate> = trimmed.parse().ok();
                let days = day.map(|day| day.signed_duration_since(chrono::NaiveDate::default()).num_days());
                days.map(Cell::Whole).ok_or_else(|| self.refuse(format_args!("{text:?}")))
            }
            SqlType::Timestamp(digits) => {
                let moment =
                    string_to_datetime(&Utc, trimmed).map_err(|_| self.refuse::<E>(format_args!("{text:?}")))?;
                let unit = 10_i64.pow(u32::from(6 - digits.min(6)));
                Ok(Cell::Whole(moment.timestamp_micros().div_euclid(unit) * unit))
            }
            _ => {
                let number = trimmed.parse().map_err(|_| self.refuse::<E>(format_args!("{text:?}")))?;
                self.whole(number)
            }
        }
    }

    fn decimal<E: Error>(&self, text: &str) -> Result<Cell, E> {
        let SqlType::Decimal { precision, scale } = self.sql_type else { return Ok(Cell::Null) };
        let refuse = || self.refuse(format_args!("{text:?}"));
        // The parser cuts what lies behind the scale; losing a digit is an error here.
        let behind = text.split_once('.').map_or(0, |(_, behind)| behind.trim_end_matches('0').len());
        let exponent = text.contains(['e', 'E']);
        if (behind > usize::from(scale) && !exponent) || text.is_empty() {
            return Err(refuse());
        }
        let scale = i8::try_from(scale).map_err(|_| refuse())?;
        parse_decimal::<Decimal128Type>(text, precision, scale).map(Cell::Decimal).map_err(|_| refuse())
    }

    fn number<E: Error>(&mut self, number: f64) -> Result<Cell, E> {
        match self.sql_type {
            SqlType::Real | SqlType::Double => Ok(Cell::Floating(number)),
            SqlType::Boolean => Ok(Cell::Boolean(number != 0.0)),
            SqlType::Varchar(_) => Ok(self.copy(&number.to_string())),
            #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "checked to be exact")]
            sql_type if sql_type.is_integer() && number.fract() == 0.0 && number.abs() < i64::MAX as f64 => {
                self.whole(number as i64)
            }
            _ => Err(self.refuse(number)),
        }
    }
}

impl<'de> DeserializeSeed<'de> for CellSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(mut self, json: D) -> Result<(), D::Error> {
        // A decimal is read from its digits: a double between would lose some.
        if matches!(self.sql_type, SqlType::Decimal { .. }) {
            let raw: &RawValue = Deserialize::deserialize(json)?;
            let text = raw.get();
            *self.cell = match text.as_bytes().first() {
                Some(b'n') => Cell::Null,
                Some(b't') => self.decimal("1")?,
                Some(b'f') => self.decimal("0")?,
                Some(b'"') => {
                    let text: String = serde_json::from_str(text).map_err(D::Error::custom)?;
                    self.parse(&text)?
                }
                _ => self.decimal(text)?,
            };
            return Ok(());
        }
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for CellSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a {}", self.sql_type)
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        *self.cell = Cell::Null;
        Ok(())
    }

    fn visit_bool<E: Error>(mut self, boolean: bool) -> Result<(), E> {
        *self.cell = match self.sql_type {
            SqlType::Boolean => Cell::Boolean(boolean),
            SqlType::Varchar(_) => self.copy(if boolean { "true" } else { "false" }),
            SqlType::Real | SqlType::Double => Cell::Floating(f64::from(u8::from(boolean))),
            sql_type if sql_type.is_integer() => Cell::Whole(i64::from(boolean)),
            _ => return Err(self.refuse(boolean)),
        };
        Ok(())
    }

    fn visit_i64<E: Error>(mut self, number: i64) -> Result<(), E> {
        *self.cell = match self.sql_type {
            sql_type if sql_type.is_integer() => self.whole(number)?,
            SqlType::Boolean => Cell::Boolean(number != 0),
            #[expect(clippy::cast_precision_loss, reason = "what a DOUBLE is")]
            SqlType::Real | SqlType::Double => Cell::Floating(number as f64),
            SqlType::Varchar(_) => self.copy(&number.to_string()),
            _ => return Err(self.refuse(number)),
        };
        Ok(())
    }

    fn visit_u64<E: Error>(mut self, number: u64) -> Result<(), E> {
        if let Ok(number) = i64::try_from(number) {
            return self.visit_i64(number);
        }
        *self.cell = match self.sql_type {
            SqlType::Boolean => Cell::Boolean(true),
            #[expect(clippy::cast_precision_loss, reason = "what a DOUBLE is")]
            SqlType::Real | SqlType::Double => Cell::Floating(number as f64),
            SqlType::Varchar(_) => self.copy(&number.to_string()),
            _ => return Err(self.refuse(number)),
        };
        Ok(())
    }

    fn visit_f64<E: Error>(mut self, number: f64) -> Result<(), E> {
        *self.cell = self.number(number)?;
        Ok(())
    }

    fn visit_str<E: Error>(mut self, text: &str) -> Result<(), E> {
        *self.cell = self.parse(text)?;
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<(), A::Error> {
        self.nested(&serde_json::Value::deserialize(SeqAccessDeserializer::new(list))?)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        self.nested(&serde_json::Value::deserialize(MapAccessDeserializer::new(map))?)
    }
}

impl CellSeed<'_> {
    /// A list or an object is its text where text is wanted, and nothing else otherwise.
    fn nested<E: Error>(mut self, value: &serde_json::Value) -> Result<(), E> {
        if !matches!(self.sql_type, SqlType::Varchar(_)) {
            let what = if value.is_array() { "a list" } else { "an object" };
            return Err(self.refuse(what));
        }
        *self.cell = self.copy(&value.to_string());
        Ok(())
    }
}
