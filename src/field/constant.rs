//! One value, always.

use crate::document::TableReader;
use crate::sql::SqlType;

use super::{Beginning, Draw, Field, Kind, Way, literal};

/// The kind's entry in the table.
pub(super) const KIND: Kind = Kind { name: "constant", read };

#[derive(Debug)]
struct Constant {
    value: serde_json::Value,
}

impl Field for Constant {
    fn begin(&self, sql_type: SqlType, _: &Beginning) -> Result<Draw, String> {
        let value = literal::json(&self.value, sql_type)?;
        Ok(Box::new(move |_, json| json.extend_from_slice(&value)))
    }
}

fn read(reader: &mut TableReader<'_>) -> Option<Way> {
    let value = reader.take("value")?.scalar()?.value;
    Some(Way::drawn(Constant { value }))
}

#[cfg(test)]
mod tests {
    use crate::field::fixture;
    use crate::sql::SqlType;

    #[test]
    fn a_constant_stays() {
        let field = fixture::read("kind = 'constant'\nvalue = 'EUR'").expect("a field that fits");
        assert_eq!(fixture::draw(field.as_ref(), SqlType::Varchar(3), 2), [r#""EUR""#, r#""EUR""#]);
        field.check(SqlType::Varchar(2)).expect_err("a mistake");
        assert_eq!(fixture::read("kind = 'constant'").expect_err("a mistake"), "field `f` has no `value`");
    }
}
