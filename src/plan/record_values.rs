//! JSON records → values by column.

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{Column, Datum};

/// One row, a value for each column.
pub type Row = Vec<Datum>;

/// Reads a record. What is no value of its column stands as the text that it is, which equals no value of the column.
pub fn read_values(record: &[u8], columns: &[Column]) -> Row {
    let whole = String::from_utf8_lossy(record);
    columns.iter().map(|column| datum(&whole, column)).collect()
}

fn datum(record: &str, column: &Column) -> Datum {
    let Some(value) = value_at(record, &column.path) else { return Datum::Null };
    Datum::found(column.sql_type, value).unwrap_or_else(|| Datum::Text(value.get().to_owned()))
}

/// Returns the value that lies at a path of member names; nothing where there is none, or where what it would lie in is
/// no object as a whole.
pub(super) fn value_at<'r>(record: &'r str, path: &[String]) -> Option<&'r RawValue> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(member(record, first)?, |value, name| member(value.get(), name))
}

/// Returns a member of an object: the last of that name.
fn member<'r>(object: &'r str, name: &str) -> Option<&'r RawValue> {
    let mut reader = serde_json::Deserializer::from_str(object);
    let found = Member(name).deserialize(&mut reader).ok()?;
    reader.end().ok()?;
    found
}

/// Looks for a member and passes over all others.
struct Member<'n>(&'n str);

impl<'de> DeserializeSeed<'de> for Member<'_> {
    type Value = Option<&'de RawValue>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Member<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut members: M) -> Result<Self::Value, M::Error> {
        let mut found = None;
        while let Some(is_it) = members.next_key_seed(Named(self.0))? {
            if is_it {
                found = Some(members.next_value()?);
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

/// Reads a name and says whether it is this one.
struct Named<'n>(&'n str);

impl<'de> DeserializeSeed<'de> for Named<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Named<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<bool, E> {
        Ok(name == self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::SqlType;

    #[test]
    fn values_are_found_where_their_columns_lie() {
        let column = |name: &str, path: &[&str], sql_type| Column {
            name: name.to_owned(),
            sql_type,
            not_null: false,
            path: path.iter().map(|&name| name.to_owned()).collect(),
        };
        let columns = [
            column("n", &["n"], SqlType::Integer),
            column("bid", &["q", "bid"], SqlType::Double),
            column("t", &["t"], SqlType::Varchar(4)),
            column("none", &["q", "x"], SqlType::Double),
        ];
        let row = read_values(br#"{"t":"twice","\u0074":"a\u00e4","n":"seven","q":{"bid":1.50}}"#, &columns);
        let text = |text: &str| Datum::Text(text.to_owned());
        assert_eq!(row, [text("\"seven\""), Datum::Floating(1.5), text("a\u{e4}"), Datum::Null]);
        for broken in [&b"{\"n\":1"[..], b"{\"n\":1} {}", b"[1]", b"", b"\xff"] {
            assert_eq!(read_values(broken, &columns[..1]), [Datum::Null]);
        }
    }
}
