//! Values made of the other columns of their record.

use crate::document::TableReader;

use super::{Kind, Way};

/// The kind's entry in the table.
pub(super) const KIND: Kind = Kind { name: "expression", read };

fn read(reader: &mut TableReader<'_>) -> Option<Way> {
    reader.take("sql").and_then(|value| value.text()).map(Way::Expression)
}
