//! Values that stand in a table, or that another generator makes.

use crate::document::{Diagnostic, Spanned, TableReader};

use super::{Kind, Way};

/// The kind's entry in the table.
pub(super) const KIND: Kind = Kind { name: "lookup", read };

/// Where values are looked up.
#[derive(Debug, Clone)]
pub struct Lookup {
    /// The table or the generator.
    pub from: From,
    /// `column`: its column.
    pub column: Spanned<String>,
    /// `key`: the record's own column that says which row is meant; any, where there is none.
    pub key: Option<Spanned<String>>,
    /// `by`: the table's column that the key is compared with; the one of the key's name where left out.
    pub by: Option<Spanned<String>>,
}

/// What is looked into.
#[derive(Debug, Clone)]
pub enum From {
    /// `table`
    Table(Spanned<String>),
    /// `generator`
    Generator(Spanned<String>),
}

fn read(reader: &mut TableReader<'_>) -> Option<Way> {
    let table = reader.optional("table").map(|value| value.text());
    let generator = reader.optional("generator").map(|value| value.text());
    let column = reader.take("column").and_then(|value| value.text());
    let key = reader.optional("key").map(|value| value.text());
    let by = reader.optional("by").map(|value| value.text());
    let from = match (table, generator) {
        (Some(table), None) => From::Table(table?),
        (None, Some(generator)) => From::Generator(generator?),
        (None, None) => {
            reader.missing("table", Some("or `generator`, with a name of the file"));
            return None;
        }
        (Some(_), Some(generator)) => {
            reader.findings().add(
                Diagnostic::new(format!("{} looks into two things", reader.name()), generator?.span)
                    .label("`table` is there too")
                    .help("leave one of the two out"),
            );
            return None;
        }
    };
    let key = key.map_or(Some(None), |key| key.map(Some))?;
    let by = by.map_or(Some(None), |by| by.map(Some))?;
    if let Some(by) = by.as_ref().filter(|_| key.is_none() || matches!(from, From::Generator(_))) {
        reader.findings().add(
            Diagnostic::new("`by` stands for nothing", by.span.clone())
                .label("it is the column of a table that `key` is compared with")
                .help("leave it out, or add `table` and `key`"),
        );
        return None;
    }
    Some(Way::Lookup(Lookup { from, column: column?, key, by }))
}

#[cfg(test)]
mod tests {
    use crate::field::fixture;

    #[test]
    fn mistakes_are_found() {
        let message = |text: &str| fixture::read(&format!("kind = 'lookup'\n{text}")).expect_err("a mistake");
        assert_eq!(message("column = 'a'"), "field `f` has no `table`");
        assert_eq!(message("table = 't'"), "field `f` has no `column`");
        assert_eq!(message("table = 't'\ngenerator = 'g'\ncolumn = 'a'"), "field `f` looks into two things");
        assert_eq!(message("table = 't'\ncolumn = 'a'\nby = 'b'"), "`by` stands for nothing");
    }
}
