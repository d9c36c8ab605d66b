//! One column of a sample: its type, and how it can be made again.

use std::collections::HashMap;

use chrono::{NaiveDate, NaiveDateTime};

use crate::sql::SqlType;

use super::cells::Cell;
use super::table::Cells;
use super::{field, share};

/// The lengths of text columns that are chosen among: room for longer values than those of the sample.
const LENGTHS: [u32; 8] = [8, 16, 32, 64, 128, 256, 1024, 4096];

/// A column of a sample.
pub(super) struct Column {
    pub(super) path: Vec<String>,
    pub(super) name: String,
    pub(super) values: Vec<Cell>,
    pub(super) sql_type: SqlType,
    /// The moments of a column of time, in microseconds, as far as there are some.
    pub(super) moments: Vec<Option<i64>>,
    /// The share of NULL.
    pub(super) nulls: f64,
    /// How often each value comes, the most frequent first; those of equal count by their text.
    pub(super) counts: Vec<(String, usize)>,
    /// What makes such values, as TOML.
    pub(super) field: String,
}

impl Column {
    pub(super) fn new(cells: Cells) -> Self {
        let Cells { path, name, values } = cells;
        let nulls = values.iter().filter(|value| **value == Cell::Null).count();
        let moments: Vec<Option<i64>> = values.iter().map(moment).collect();
        let is_time = nulls < values.len() && moments.iter().flatten().count() + nulls == values.len();
        let sql_type = if is_time { time_type(&values, &moments) } else { sql_type(&values) };
        let mut counts: HashMap<String, usize> = HashMap::new();
        for value in values.iter().filter(|value| **value != Cell::Null) {
            *counts.entry(value.text()).or_default() += 1;
        }
        let mut counts: Vec<(String, usize)> = counts.into_iter().collect();
        counts.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
        let nulls = share(nulls, values.len());
        let moments = if is_time { moments } else { Vec::new() };
        Self { path, name, values, sql_type, moments, nulls, counts, field: String::new() }
    }

    /// Concludes how the values can be made. `keys` are those of the records, where some other column has them.
    pub(super) fn conclude(&mut self, is_event_time: bool, keys: Option<&[String]>) {
        self.field = field::of(self, is_event_time, keys);
        // Addresses are longer than those of a sample may be.
        let longest = match self.field.as_str() {
            "kind = \"fake\", of = \"ipv4\"" => 16,
            "kind = \"fake\", of = \"ipv6\"" => 64,
            _ => return,
        };
        if let SqlType::Varchar(length) = &mut self.sql_type {
            *length = longest.max(*length);
        }
    }

    /// Returns the texts of the values.
    pub(super) fn texts(&self) -> Vec<String> {
        self.values.iter().map(Cell::text).collect()
    }

    pub(super) fn is_text(&self) -> bool {
        matches!(self.sql_type, SqlType::Varchar(_))
    }

    pub(super) fn is_number(&self) -> bool {
        self.sql_type.is_numeric()
    }

    /// Returns how many different values there are, NULL aside.
    pub(super) fn distinct(&self) -> usize {
        self.counts.len()
    }

    /// Returns how many values there are that are not NULL.
    pub(super) fn present(&self) -> usize {
        self.counts.iter().map(|(_, count)| count).sum()
    }

    /// Returns whether hardly any value comes twice.
    pub(super) fn is_unique(&self) -> bool {
        self.distinct() * 10 >= self.present() * 9 && self.present() >= 10
    }

    /// Returns whether records can be told apart by the values: they come again and again, and none of them is most.
    pub(super) fn can_be_key(&self) -> bool {
        let is_discrete = self.is_text() || matches!(self.sql_type, SqlType::Integer | SqlType::BigInt);
        let most = self.counts.first().map_or(0, |(_, count)| *count);
        is_discrete
            && self.nulls < 0.01
            && self.distinct() >= 2
            && self.distinct() * 3 <= self.present()
            && most * 5 <= self.present() * 4
    }

    /// Returns the numbers, NULL left out.
    pub(super) fn numbers(&self) -> Vec<f64> {
        self.values.iter().filter_map(Cell::as_number).collect()
    }
}

/// Reads a text as a moment.
fn moment(value: &Cell) -> Option<i64> {
    let Cell::Text(text) = value else { return None };
    let text = text.trim();
    if text.len() < 10 || !text.as_bytes()[..4].iter().all(u8::is_ascii_digit) {
        return None;
    }
    if let Ok(moment) = chrono::DateTime::parse_from_rfc3339(text) {
        return Some(moment.timestamp_micros());
    }
    let plain = text.trim_end_matches('Z').replacen(' ', "T", 1);
    if let Ok(moment) = plain.parse::<NaiveDateTime>() {
        return Some(moment.and_utc().timestamp_micros());
    }
    let day = text.parse::<NaiveDate>().ok()?;
    Some(day.and_hms_opt(0, 0, 0)?.and_utc().timestamp_micros())
}

fn time_type(values: &[Cell], moments: &[Option<i64>]) -> SqlType {
    let is_day = |value: &Cell| matches!(value, Cell::Text(text) if text.trim().len() <= 10) || *value == Cell::Null;
    if values.iter().all(is_day) {
        return SqlType::Date;
    }
    let is_fine = moments.iter().flatten().any(|moment| moment % 1000 != 0);
    SqlType::Timestamp(if is_fine { 6 } else { 3 })
}

fn sql_type(values: &[Cell]) -> SqlType {
    let all = |is: fn(&Cell) -> bool| values.iter().all(|value| *value == Cell::Null || is(value));
    let some = |is: fn(&Cell) -> bool| values.iter().any(is);
    if some(|value| matches!(value, Cell::Boolean(_))) && all(|value| matches!(value, Cell::Boolean(_))) {
        return SqlType::Boolean;
    }
    if some(|value| matches!(value, Cell::Whole(_))) && all(|value| matches!(value, Cell::Whole(_))) {
        let is_short = all(|value| matches!(value, Cell::Whole(whole) if i32::try_from(*whole).is_ok()));
        return if is_short { SqlType::Integer } else { SqlType::BigInt };
    }
    if some(|value| value.as_number().is_some()) && all(|value| value.as_number().is_some()) {
        return SqlType::Double;
    }
    let longest = values.iter().map(|value| value.text().chars().count()).max().unwrap_or(0);
    let longest = u32::try_from(longest).unwrap_or(u32::MAX);
    // What fits exactly is followed by something longer some day.
    let length = LENGTHS.into_iter().find(|length| *length >= longest);
    SqlType::Varchar(length.unwrap_or(crate::sql::MAX_VARCHAR))
}
