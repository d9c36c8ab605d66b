//! `RANDOM_CUT_FOREST`: how unusual each row is.

use std::ops::RangeInclusive;

use crate::sql::SqlType;
use crate::sql::kda::TableFunction;

use super::super::super::super::{Forest, Operator};
use super::super::Binder;
use super::super::rows::Rows;

/// The numbers that `RANDOM_CUT_FOREST` takes, each with what it is where it is left out: trees, sample, decay and shingle
/// (KDA SQL reference; a decay has no limit there, and none here below what a shingle of time can mean).
const NUMBERS: [(usize, RangeInclusive<i64>); 4] =
    [(100, 1..=1000), (256, 10..=1000), (100_000, 1..=1_000_000_000), (1, 1..=30)];
/// The most columns that a forest judges by (KDA SQL reference).
const MAX_DIMENSIONS: usize = 30;
/// The column of the score.
const SCORE: &str = "ANOMALY_SCORE";

impl Binder<'_, '_> {
    /// `RANDOM_CUT_FOREST(cursor, trees, sample, decay, shingle)`
    pub(super) fn random_cut_forest(&mut self, function: &TableFunction) -> Option<Rows> {
        self.count_of_arguments(function, 0..=4, "and at most four numbers: trees, sample, decay and shingle")?;
        let rows = self.query(&function.cursor)?;
        let mut numbers = [0; 4];
        for (index, (default, legal)) in NUMBERS.into_iter().enumerate() {
            numbers[index] = match function.arguments.get(index) {
                None => default,
                Some(_) => usize::try_from(self.number_argument(function, index, legal)?).ok()?,
            };
        }
        let [trees, sample, decay, shingle] = numbers;
        let columns = self.numeric_columns(function, &rows, (1..=MAX_DIMENSIONS, "judged together"))?;
        let forest = Forest { input: rows.relation, columns, trees, sample, decay, shingle };
        Some(self.with_column(function, rows, (SCORE, SqlType::Double), Operator::Forest(forest)))
    }
}
