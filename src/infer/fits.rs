//! Whether a field that is concluded can make values of its column.

use crate::document::{Document, Findings, TableReader};
use crate::field::{self, Way};
use crate::sql::SqlType;

/// Returns whether an inline table, without its braces, is a field that makes values of a type.
pub(super) fn fits(text: &str, sql_type: SqlType) -> bool {
    let findings = Findings::new();
    let document = Document::new("field", format!("f = {{ {text} }}"));
    let table = document.parse(&findings);
    let mut reader = TableReader::new(&table, 0..0, "the field", &findings);
    let way = reader.take("f").and_then(|value| {
        let mut reader = value.table("the field")?;
        field::find(&mut reader).and_then(|kind| (kind.read)(&mut reader))
    });
    match way {
        Some(Way::Drawn(field)) => findings.is_empty() && field.check(sql_type).is_ok(),
        _ => false,
    }
}
