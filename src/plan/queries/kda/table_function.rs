//! Functions whose rows are read.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use crate::sql::kda::{Constant, TableFunction, constant};
use crate::sql::{Aggregate, AggregateFunction, Expr, ExprKind, SqlError, SqlType};
use crate::window::Tumbling;

use super::super::super::{Attribute, Forest, Group, Operator, RowTime, Top};
use super::rows::{RowColumn, Rows};
use super::{Binder, unlike};

/// The most items of `TOP_K_ITEMS_TUMBLING` (KDA SQL reference).
const MAX_ITEMS: i64 = 100_000;
/// The longest window of the functions that have one, in seconds (KDA SQL reference).
const MAX_SECONDS: i64 = 3600;

/// The numbers that `RANDOM_CUT_FOREST` takes, each with what it is where it is left out: trees, sample, decay and shingle
/// (KDA SQL reference; a decay has no limit there, and none here below what a shingle of time can mean).
const FOREST: [(usize, RangeInclusive<i64>); 4] =
    [(100, 1..=1000), (256, 10..=1000), (100_000, 1..=1_000_000_000), (1, 1..=30)];
/// The most columns that a forest judges by (KDA SQL reference).
const MAX_DIMENSIONS: usize = 30;
/// The column of the score.
const SCORE: &str = "ANOMALY_SCORE";

impl Binder<'_, '_> {
    /// Returns the rows of a function.
    pub(super) fn table_function(&mut self, function: &TableFunction) -> Option<Rows> {
        match function.name.text.as_str() {
            "TOP_K_ITEMS_TUMBLING" => self.top_k(function),
            "COUNT_DISTINCT_ITEMS_TUMBLING" => self.count_distinct(function),
            "RANDOM_CUT_FOREST" => self.random_cut_forest(function),
            name => {
                let error = SqlError::new(format!("the table function {name} is not supported"))
                    .label("not a function that gives rows here")
                    .help("one of TOP_K_ITEMS_TUMBLING, COUNT_DISTINCT_ITEMS_TUMBLING and RANDOM_CUT_FOREST");
                self.refuse(&function.name.span, error);
                None
            }
        }
    }

    /// `TOP_K_ITEMS_TUMBLING(cursor, 'column', k, seconds)`
    fn top_k(&mut self, function: &TableFunction) -> Option<Rows> {
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
    fn count_distinct(&mut self, function: &TableFunction) -> Option<Rows> {
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

    /// `RANDOM_CUT_FOREST(cursor, trees, sample, decay, shingle)`
    fn random_cut_forest(&mut self, function: &TableFunction) -> Option<Rows> {
        self.count_of_arguments(function, 0..=4, "and at most four numbers: trees, sample, decay and shingle")?;
        let rows = self.query(&function.cursor)?;
        self.no_record(&rows, &function.cursor.span)?;
        let mut numbers = [0; 4];
        for (index, (default, legal)) in FOREST.into_iter().enumerate() {
            numbers[index] = match function.arguments.get(index) {
                None => default,
                Some(_) => usize::try_from(self.number_argument(function, index, legal)?).ok()?,
            };
        }
        let [trees, sample, decay, shingle] = numbers;
        let mut attributes = self.attributes(rows.relation).to_vec();
        let shown: Vec<&RowColumn> = rows.columns.iter().filter(|column| !column.hidden).collect();
        if let Some(column) = shown.iter().find(|column| matches!(column.sql_type, SqlType::Decimal { .. })) {
            let error = SqlError::new(format!("`{}` is a DECIMAL, which a forest does not take", column.name))
                .help("make it a number with CAST(… AS DOUBLE)");
            self.refuse(&function.cursor.span, error);
            return None;
        }
        let numeric = |name: &str| shown.iter().any(|column| column.attribute == name && column.sql_type.is_numeric());
        let columns: Vec<usize> = (0..attributes.len()).filter(|index| numeric(&attributes[*index].name)).collect();
        if columns.is_empty() || columns.len() > MAX_DIMENSIONS {
            let error = SqlError::new(format!("the cursor has {} columns of numbers", columns.len()))
                .help(format!("1 to {MAX_DIMENSIONS} are judged together"));
            self.refuse(&function.cursor.span, error);
            return None;
        }
        let score = Attribute::new(unlike(SCORE, &attributes), SqlType::Double);
        let mut columns_with_score = rows.columns.clone();
        columns_with_score.push(RowColumn { name: SCORE.to_owned(), ..RowColumn::of(&score.name, score.sql_type) });
        attributes.push(score);
        let forest = Forest { input: rows.relation, columns, trees, sample, decay, shingle };
        let relation = self.add(&function.name.text, attributes, Operator::Forest(forest));
        Some(Rows { relation, columns: columns_with_score })
    }

    fn function_rows(&mut self, function: &TableFunction, attributes: Vec<Attribute>, group: Group) -> Rows {
        let columns = attributes.iter().map(|attribute| RowColumn::of(&attribute.name, attribute.sql_type)).collect();
        let relation = self.add(&function.name.text, attributes, Operator::Group(group));
        Rows { relation, columns }
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

fn seconds_window(seconds: i64) -> Option<Tumbling> {
    Tumbling::new(Duration::from_secs(u64::try_from(seconds).ok()?))
}
