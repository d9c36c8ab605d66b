//! One record as a person reads it.

use std::fmt::{self, Formatter};

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::{RawValue, to_raw_value};

/// How many digits behind the point a table shows of a number that has more; JSON and CSV have them all.
const SHOWN_DIGITS: usize = 4;
/// The column that stands for a record that is no JSON object.
pub const DATA: &str = "data";
/// The column by which rows belong together: where their window begins.
pub const WINDOW: &str = "window_start";

/// The members of a record in their order. Numbers stay as they are written: a DECIMAL has more digits than a double.
pub struct Row(Vec<(String, Box<RawValue>)>);

impl Row {
    /// Reads a record; what is no JSON object has one member, which is all of it.
    pub fn of(record: &[u8]) -> Self {
        serde_json::from_slice(record).unwrap_or_else(|_| {
            let text = to_raw_value(&String::from_utf8_lossy(record)).expect("any text is a JSON string");
            Self(vec![(DATA.to_owned(), text)])
        })
    }

    /// Returns the value at a path, from the outside in, as text; nothing where there is none.
    pub fn at(&self, path: &[String]) -> String {
        match path {
            [] => String::new(),
            [name] => text(self.get(name)),
            [name, inner @ ..] => {
                let nested = self.get(name).and_then(|value| serde_json::from_str::<Self>(value.get()).ok());
                nested.map_or_else(String::new, |nested| nested.at(inner))
            }
        }
    }

    /// Returns the names of its members, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// Returns the value of a member.
    pub fn get(&self, column: &str) -> Option<&RawValue> {
        self.0.iter().find(|(name, _)| name == column).map(|(_, value)| &**value)
    }
}

impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Row;

            fn expecting(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Row, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Row(members))
            }
        }

        deserializer.deserialize_map(Members)
    }
}

/// Returns a value as text; nothing where there is none.
pub fn text(value: Option<&RawValue>) -> String {
    match value.map(RawValue::get) {
        None | Some("null") => String::new(),
        Some(json) if json.starts_with('"') => serde_json::from_str(json).unwrap_or_else(|_| json.to_owned()),
        Some(json) => json.replace(['\n', '\r'], " "),
    }
}

/// Returns a value as a table shows it.
pub fn shown(value: Option<&RawValue>) -> String {
    let full = text(value);
    let is_number =
        value.is_some_and(|value| value.get().starts_with(|first: char| first == '-' || first.is_ascii_digit()));
    if is_number && full.split_once('.').is_some_and(|(_, digits)| digits.len() > SHOWN_DIGITS) {
        return full.parse().map_or(full, |number: f64| format!("{number:.SHOWN_DIGITS$}"));
    }
    plain(&full)
}

/// Returns a text without what a terminal would obey: its control characters are written out.
pub fn plain(text: &str) -> String {
    text.chars()
        .flat_map(|letter| if letter.is_control() { letter.escape_default().collect() } else { vec![letter] })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_at_their_paths() {
        let row = Row::of(br#"{"a":{"b":{"c":1.50}},"d":"x"}"#);
        let at = |path: &[&str]| row.at(&path.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        assert_eq!([at(&["a", "b", "c"]), at(&["d"]), at(&["d", "e"]), at(&["f"])], ["1.50", "x", "", ""]);
    }

    #[test]
    fn tables_are_for_reading() {
        let row = Row::of(br#"{"a":1.23456,"b":-0.5,"c":"1.23456"}"#);
        assert_eq!(["a", "b", "c"].map(|name| shown(row.get(name))), ["1.2346", "-0.5", "1.23456"]);
    }
}
