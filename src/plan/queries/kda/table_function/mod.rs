//! Functions whose rows are read.
//!
//! Owns what each function takes, and which relation it is; one file per function. May import what the binder may. Never
//! reads text.

mod forest;
mod hotspots;
mod rank;
mod tumbling;

use std::ops::RangeInclusive;

use crate::sql::kda::{Constant, TableFunction, constant};
use crate::sql::{SqlError, SqlType};

use super::super::super::{Attribute, Operator};
use super::rows::{RowColumn, Rows};
use super::{Binder, unlike};

/// The functions that there are.
const FUNCTIONS: [&str; 5] =
    ["TOP_K_ITEMS_TUMBLING", "COUNT_DISTINCT_ITEMS_TUMBLING", "RANDOM_CUT_FOREST", "HOTSPOTS", "GROUP_RANK"];

impl Binder<'_, '_> {
    /// Returns the rows of a function.
    pub(super) fn table_function(&mut self, function: &TableFunction) -> Option<Rows> {
        match function.name.text.as_str() {
            "TOP_K_ITEMS_TUMBLING" => self.top_k(function),
            "COUNT_DISTINCT_ITEMS_TUMBLING" => self.count_distinct(function),
            "RANDOM_CUT_FOREST" => self.random_cut_forest(function),
            "HOTSPOTS" => self.hotspots(function),
            "GROUP_RANK" => self.group_rank(function),
            name => {
                let error = SqlError::new(format!("the table function {name} is not supported"))
                    .label("not a function that gives rows here")
                    .legal(name, FUNCTIONS);
                self.refuse(&function.name.span, error);
                None
            }
        }
    }

    /// Adds a relation that has the rows of a cursor, and one value more behind each.
    fn with_column(
        &mut self,
        function: &TableFunction,
        rows: Rows,
        (name, sql_type): (&str, SqlType),
        operator: Operator,
    ) -> Rows {
        let mut attributes = self.attributes(rows.relation).to_vec();
        let column = Attribute::new(unlike(name, &attributes), sql_type);
        let mut columns = rows.columns;
        columns.push(RowColumn { name: name.to_owned(), ..RowColumn::of(&column.name, sql_type) });
        attributes.push(column);
        Rows { relation: self.add(&function.name.text, attributes, operator), columns }
    }

    /// Returns which attributes of a cursor are its columns of numbers, by index; `what` is done with them.
    fn numeric_columns(
        &self,
        function: &TableFunction,
        rows: &Rows,
        (legal, what): (RangeInclusive<usize>, &str),
    ) -> Option<Vec<usize>> {
        self.no_record(rows, &function.cursor.span)?;
        let shown: Vec<&RowColumn> = rows.columns.iter().filter(|column| !column.hidden).collect();
        if let Some(column) = shown.iter().find(|column| matches!(column.sql_type, SqlType::Decimal { .. })) {
            let name = &function.name.text;
            let error = SqlError::new(format!("`{}` is a DECIMAL, which {name} does not take", column.name))
                .help("make it a number with CAST(… AS DOUBLE)");
            self.refuse(&function.cursor.span, error);
            return None;
        }
        let numeric = |name: &str| shown.iter().any(|column| column.attribute == name && column.sql_type.is_numeric());
        let attributes = self.attributes(rows.relation);
        let columns: Vec<usize> = (0..attributes.len()).filter(|index| numeric(&attributes[*index].name)).collect();
        if legal.contains(&columns.len()) {
            return Some(columns);
        }
        let error = SqlError::new(format!("the cursor has {} columns of numbers", columns.len())).help(format!(
            "{} to {} are {what}",
            legal.start(),
            legal.end()
        ));
        self.refuse(&function.cursor.span, error);
        None
    }

    fn count_of_arguments(&self, function: &TableFunction, legal: RangeInclusive<usize>, what: &str) -> Option<()> {
        if legal.contains(&function.arguments.len()) {
            return Some(());
        }
        let error = SqlError::new(format!("{} takes a cursor, {what}", function.name.text));
        self.refuse(&function.span, error);
        None
    }

    /// Returns the column that an argument names as text.
    fn column_argument(&self, function: &TableFunction, index: usize, rows: &Rows) -> Option<RowColumn> {
        let place = &function.argument_spans[index];
        let Some(Constant::Text(name)) = constant(&function.arguments[index]) else {
            let error = SqlError::new("a column is named in single quotes here").help("such as 'TICKER'");
            self.refuse(place, error);
            return None;
        };
        let found = rows.columns.iter().find(|column| column.name == name);
        if found.is_none() {
            let error = SqlError::new(format!("the cursor has no column `{name}`"))
                .label("unknown column")
                .legal(&name, rows.columns.iter().map(|column| column.name.as_str()));
            self.refuse(place, error);
        }
        found.cloned()
    }

    fn number_argument(&self, function: &TableFunction, index: usize, legal: RangeInclusive<i64>) -> Option<i64> {
        match constant(&function.arguments[index]) {
            Some(Constant::Integer(number)) if legal.contains(&number) => Some(number),
            _ => {
                let error = SqlError::new(format!("expected a number from {} to {}", legal.start(), legal.end()));
                self.refuse(&function.argument_spans[index], error);
                None
            }
        }
    }
}
