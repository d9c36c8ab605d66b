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
}

impl Rows {
    /// Returns the rows as one item of a FROM clause.
    pub(super) fn item(&self, name: Option<String>) -> ScopeItem {
        let columns = self.columns.iter().filter(|column| !column.own_time).map(|column| ScopeColumn {
            name: column.name.clone(),
            attribute: column.attribute.clone(),
            sql_type: column.sql_type,
            hidden: column.hidden,
        });
        ScopeItem { name, columns: columns.collect(), row_time: INPUT_TIME.to_owned() }
    }

    /// Gives the columns other names, in order.
    pub(super) fn renamed(mut self, names: &[Name]) -> Self {
        let shown = self.columns.iter_mut().filter(|column| !column.hidden);
        for (column, name) in shown.zip(names) {
            column.name.clone_from(&name.text);
            column.own_time = false;
        }
        self
    }

    /// Counts the columns that `*` stands for.
    pub(super) fn shown(&self) -> usize {
        self.columns.iter().filter(|column| !column.hidden).count()
    }
}
