//! What a query of the program gives.

use crate::sql::SqlType;
use crate::sql::kda::{INPUT_TIME, Name, ScopeColumn, ScopeItem};

use super::super::super::RelationId;

/// The rows of a query, with the names that SQL has for their columns.
#[derive(Debug, Clone)]
pub(super) struct Rows {
    pub(super) relation: RelationId,
    pub(super) columns: Vec<RowColumn>,
}

/// One column of a query's rows.
#[derive(Debug, Clone)]
pub(super) struct RowColumn {
    pub(super) name: String,
    /// The attribute of the relation that holds it.
    pub(super) attribute: String,
    pub(super) sql_type: SqlType,
    /// Whether `*` leaves it out.
    pub(super) hidden: bool,
    /// Whether it is called ROWTIME and holds nothing else.
    pub(super) own_time: bool,
    /// Whether it is a record, or a field of one.
    pub(super) record: Record,
}

impl RowColumn {
    /// Returns the column that an attribute holds of the same name.
    pub(super) fn of(attribute: &str, sql_type: SqlType) -> Self {
        Self {
            name: attribute.to_owned(),
            attribute: attribute.to_owned(),
            sql_type,
            hidden: false,
            own_time: false,
            record: Record::None,
        }
    }
}

/// What a column has to do with a record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Record {
    /// Nothing.
    #[default]
    None,
    /// It stands for the whole of one, which no attribute holds.
    Whole,
    /// It is the field of this name.
    Field(String),
}

impl Rows {
    /// Returns the rows as one item of a FROM clause.
    pub(super) fn item(&self, name: Option<String>) -> ScopeItem {
        let columns = self.columns.iter().filter(|column| !column.own_time && column.record != Record::Whole);
        let columns = columns.map(|column| ScopeColumn {
            name: column.name.clone(),
            attribute: column.attribute.clone(),
            sql_type: column.sql_type,
            hidden: column.hidden,
            field: match &column.record {
                Record::Field(name) => Some(name.clone()),
                Record::None | Record::Whole => None,
            },
        });
        ScopeItem { name, columns: columns.collect(), row_time: INPUT_TIME.to_owned() }
    }

    /// Gives the columns other names, in order.
    pub(super) fn renamed(mut self, names: &[Name]) -> Self {
        let mut names = names.iter();
        let mut called = String::new();
        for column in &mut self.columns {
            // The fields of a record stand behind it.
            if matches!(column.record, Record::Field(_)) {
                column.name.clone_from(&called);
            } else if !column.hidden
                && let Some(name) = names.next()
            {
                called.clone_from(&name.text);
                column.name.clone_from(&name.text);
                column.own_time = false;
            }
        }
        self
    }

    /// Counts the columns that `*` stands for.
    pub(super) fn shown(&self) -> usize {
        self.columns.iter().filter(|column| !column.hidden).count()
    }
}
