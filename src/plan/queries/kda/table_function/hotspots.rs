//! `HOTSPOTS`: regions in which many of the last rows lie.

use std::ops::RangeInclusive;

use crate::sql::kda::{Constant, MAX_COLUMNS, TableFunction, constant};
use crate::sql::{MAX_VARCHAR, SqlError, SqlType};

use super::super::super::super::{Hotspots, Operator};
use super::super::Binder;
use super::super::rows::Rows;

/// How many of the last rows there may be (KDA SQL reference).
const WINDOW: RangeInclusive<i64> = 100..=1000;
/// The least number of rows that a hotspot may be asked for (KDA SQL reference); the most is the window's.
const MIN_POINTS: i64 = 2;
/// The column of the hotspots. The KDA SQL reference calls it so in its code, and `HOTSPOT_RESULTS` in a heading.
const RESULT: &str = "HOTSPOTS_RESULT";

impl Binder<'_, '_> {
    /// `HOTSPOTS(cursor, window size, scan radius, minimum number of points)`
    pub(super) fn hotspots(&mut self, function: &TableFunction) -> Option<Rows> {
        self.count_of_arguments(function, 3..=3, "how many rows, a radius, and the least number of points")?;
        let rows = self.query(&function.cursor)?;
        let window = self.number_argument(function, 0, WINDOW);
        let radius = self.radius_argument(function, 1);
        let min_points = self.number_argument(function, 2, MIN_POINTS..=window.unwrap_or(*WINDOW.end()));
        let columns = self.numeric_columns(function, &rows, (1..=MAX_COLUMNS, "a place together"));
        let (window, radius, min_points, columns) = (window?, radius?, min_points?, columns?);
        let (window, min_points) = (usize::try_from(window).ok()?, usize::try_from(min_points).ok()?);
        let hotspots = Hotspots { input: rows.relation, columns, window, radius, min_points };
        Some(self.with_column(function, rows, (RESULT, SqlType::Varchar(MAX_VARCHAR)), Operator::Hotspots(hotspots)))
    }

    fn radius_argument(&self, function: &TableFunction, index: usize) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "a radius is a measure, not a count")]
        let radius = match constant(&function.arguments[index]) {
            Some(Constant::Integer(number)) => number as f64,
            Some(Constant::Number(number)) => number,
            _ => f64::NAN,
        };
        if radius > 0.0 && radius.is_finite() {
            return Some(radius);
        }
        let error =
            SqlError::new("expected a radius of more than zero").help("in the unit of the columns, such as 0.5");
        self.refuse(&function.argument_spans[index], error);
        None
    }
}
