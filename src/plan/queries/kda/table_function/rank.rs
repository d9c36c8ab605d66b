//! `GROUP_RANK`: the places of rows among those of the same time.

use crate::sql::kda::{Constant, TableFunction, constant};
use crate::sql::{SqlError, SqlType};

use super::super::super::super::{Operator, Rank};
use super::super::Binder;
use super::super::rows::Rows;

/// The largest number of a function's INTEGER (KDA SQL reference).
const MAX_INTEGER: i64 = i32::MAX as i64;
/// The longest name of a column (KDA SQL reference).
const MAX_NAME: usize = 128;

impl Binder<'_, '_> {
    /// `GROUP_RANK(cursor, 'rank by', 'rank out', 'sort order', 'output order', max idle, output max)`
    ///
    /// KDA kept the rows of a time until one of another time came, or until max idle had passed. Here time goes on by
    /// itself, so that they are never kept for longer than their millisecond: what max idle is makes no difference.
    pub(super) fn group_rank(&mut self, function: &TableFunction) -> Option<Rows> {
        self.count_of_arguments(
            function,
            6..=6,
            "what to rank by, the name of the rank, two orders, a longest wait in milliseconds, and a most of rows",
        )?;
        let rows = self.query(&function.cursor)?;
        self.no_record(&rows, &function.cursor.span)?;
        let by = self.column_argument(function, 0, &rows);
        let out = self.new_column(function, 1, &rows);
        let falls = self.order_argument(function, 2);
        let last_first = self.order_argument(function, 3);
        let idle = self.number_argument(function, 4, 0..=MAX_INTEGER);
        let most = self.number_argument(function, 5, 0..=MAX_INTEGER);
        let (by, out, falls, last_first, _, most) = (by?, out?, falls?, last_first?, idle?, most?);
        let by = self.attributes(rows.relation).iter().position(|known| known.name == by.attribute)?;
        let count = usize::try_from(most).ok().filter(|most| *most > 0);
        let rank = Rank { input: rows.relation, by, falls, last_first, count };
        Some(self.with_column(function, rows, (&out, SqlType::Integer), Operator::Rank(rank)))
    }

    /// Returns the name of a column that a function adds.
    fn new_column(&self, function: &TableFunction, index: usize, rows: &Rows) -> Option<String> {
        let error = match constant(&function.arguments[index]) {
            Some(Constant::Text(name)) if rows.columns.iter().any(|column| column.name == name) => {
                SqlError::new(format!("the cursor has a column `{name}` already")).help("give the rank another name")
            }
            Some(Constant::Text(name)) if (1..=MAX_NAME).contains(&name.chars().count()) => return Some(name),
            _ => SqlError::new("the rank has a name in single quotes")
                .help(format!("such as 'groupRank'; at most {MAX_NAME} characters")),
        };
        self.refuse(&function.argument_spans[index], error);
        None
    }

    /// Returns whether an order goes down.
    fn order_argument(&self, function: &TableFunction, index: usize) -> Option<bool> {
        match constant(&function.arguments[index]) {
            Some(Constant::Text(order)) if order.eq_ignore_ascii_case("asc") => Some(false),
            Some(Constant::Text(order)) if order.eq_ignore_ascii_case("desc") => Some(true),
            _ => {
                self.refuse(&function.argument_spans[index], SqlError::new("expected an order: 'asc' or 'desc'"));
                None
            }
        }
    }
}
