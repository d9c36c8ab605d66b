//! FROM: what a SELECT reads.

use crate::sql::SqlError;
use crate::sql::kda::{FromItem, Name, NameScope, Over, Select};

use super::super::super::RelationId;
use super::Binder;
use super::rows::Rows;

/// What a SELECT reads, and what its names stand for.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub(super) relation: RelationId,
    pub(super) scope: NameScope,
    /// Whether WHERE has had its effect already.
    pub(super) filtered: bool,
}

impl Binder<'_, '_> {
    /// Returns what a SELECT reads.
    pub(super) fn from(&mut self, select: &Select) -> Option<Source> {
        if let [item] = select.from.as_slice()
            && !matches!(item, FromItem::Join(_))
        {
            let (rows, name, over) = self.item(item)?;
            if let Some(over) = over {
                let error = SqlError::new("a window over one stream alone has no meaning")
                    .label("nothing is joined")
                    .help("a window of aggregates stands behind their OVER in the SELECT");
                self.refuse(place(over), error);
                return None;
            }
            let scope = NameScope { items: vec![rows.item(name)] };
            return Some(Source { relation: rows.relation, scope, filtered: false });
        }
        self.joined(select)
    }

    /// Returns the rows of one item that is no join, what it is called, and the window of a join over it.
    pub(super) fn item<'i>(&mut self, item: &'i FromItem) -> Option<(Rows, Option<String>, Option<&'i Over>)> {
        let (rows, own, alias, columns, over) = match item {
            FromItem::Relation { name, over, alias, columns } => {
                (self.stream(name)?, Some(name), alias, columns, over.as_ref())
            }
            FromItem::Query { query, over, alias, columns } => {
                (self.query(query)?, None, alias, columns, over.as_ref())
            }
            FromItem::Function(function) => {
                (self.table_function(function)?, None, &function.alias, &function.columns, None)
            }
            FromItem::Join(join) => {
                let error = SqlError::new("a join cannot stand here");
                self.refuse(&join.span, error);
                return None;
            }
        };
        let rows = self.renamed(rows, columns)?;
        Some((rows, alias.as_ref().or(own).map(|name| name.text.clone()), over))
    }

    /// Gives columns the names of a list behind an alias.
    pub(super) fn renamed(&self, rows: Rows, names: &[Name]) -> Option<Rows> {
        let Some(first) = names.first() else { return Some(rows) };
        if names.len() != rows.shown() {
            let error = SqlError::new(format!("{} names are given to {} columns", names.len(), rows.shown()));
            self.refuse(&first.span, error);
            return None;
        }
        Some(rows.renamed(names))
    }
}

/// Returns the place of a window.
pub(super) fn place(over: &Over) -> &std::ops::Range<usize> {
    match over {
        Over::Named(name) => &name.span,
        Over::Spec { span, .. } => span,
    }
}
