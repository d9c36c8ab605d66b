//! Functions over windows of seconds: the most frequent items, and how many there are.

use std::sync::Arc;
use std::time::Duration;

use crate::sql::kda::TableFunction;
use crate::sql::{Aggregate, AggregateFunction, Expr, ExprKind, SqlType};
use crate::window::Tumbling;

use super::super::super::super::{Attribute, Group, Operator, RowTime, Top};
use super::super::Binder;
use super::super::rows::{RowColumn, Rows};

/// The most items of `TOP_K_ITEMS_TUMBLING` (KDA SQL reference).
const MAX_ITEMS: i64 = 100_000;
/// The longest window of the functions that have one, in seconds (KDA SQL reference).
const MAX_SECONDS: i64 = 3600;

impl Binder<'_, '_> {
    /// `TOP_K_ITEMS_TUMBLING(cursor, 'column', k, seconds)`
    pub(super) fn top_k(&mut self, function: &TableFunction) -> Option<Rows> {
        self.count_of_arguments(function, 3..=3, "a column, how many items, and how many seconds")?;
        let rows = self.query(&function.cursor)?;
        let column = self.column_argument(function, 0, &rows);
        let count = self.number_argument(function, 1, 1..=MAX_ITEMS);
        let seconds = self.number_argument(function, 2, 1..=MAX_SECONDS);
        let (column, count, seconds) = (column?, count?, seconds?);
        let key = self.attributes(rows.relation).iter().position(|known| known.name == column.attribute)?;
        let item = Expr::column(&column.attribute, column.sql_type);
        let counted = Expr::new(ExprKind::Aggregate(0), SqlType::BigInt);
        let attributes = vec![
            Attribute::new("ITEM", column.sql_type),
            Attribute { name: "ITEM_COUNT".to_owned(), sql_type: SqlType::BigInt, not_null: true },
        ];
        let group = Group {
            input: rows.relation,
            window: Arc::new(seconds_window(seconds)?),
            keys: vec![key],
            aggregates: vec![Aggregate::count()],
            outputs: vec![item, counted.clone()],
            having: None,
            top: Some(Top { count: usize::try_from(count).ok()?, by: vec![(counted, true)], per: Vec::new() }),
            row_time: RowTime::End,
        };
        Some(self.function_rows(function, attributes, group))
    }

    /// `COUNT_DISTINCT_ITEMS_TUMBLING(cursor, 'column', seconds)`
    pub(super) fn count_distinct(&mut self, function: &TableFunction) -> Option<Rows> {
        self.count_of_arguments(function, 2..=2, "a column, and how many seconds")?;
        let rows = self.query(&function.cursor)?;
        let column = self.column_argument(function, 0, &rows);
        let seconds = self.number_argument(function, 1, 1..=MAX_SECONDS);
        let (column, seconds) = (column?, seconds?);
        let argument = Expr::column(&column.attribute, column.sql_type);
        let aggregate = self.check(Aggregate::over(AggregateFunction::ApproxCountDistinct, argument))?;
        let name = "NUMBER_OF_DISTINCT_ITEMS".to_owned();
        let attributes = vec![Attribute { name, sql_type: SqlType::BigInt, not_null: true }];
        let group = Group {
            input: rows.relation,
            window: Arc::new(seconds_window(seconds)?),
            keys: Vec::new(),
            aggregates: vec![aggregate],
            outputs: vec![Expr::new(ExprKind::Aggregate(0), SqlType::BigInt)],
            having: None,
            top: None,
            row_time: RowTime::End,
        };
        Some(self.function_rows(function, attributes, group))
    }

    fn function_rows(&mut self, function: &TableFunction, attributes: Vec<Attribute>, group: Group) -> Rows {
        let columns = attributes.iter().map(|attribute| RowColumn::of(&attribute.name, attribute.sql_type)).collect();
        let relation = self.add(&function.name.text, attributes, Operator::Group(group));
        Rows { relation, columns }
    }
}

fn seconds_window(seconds: i64) -> Option<Tumbling> {
    Tumbling::new(Duration::from_secs(u64::try_from(seconds).ok()?))
}
