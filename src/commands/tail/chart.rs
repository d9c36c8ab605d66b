//! `--chart`: a column over time as a line of bars for each key.

use unicode_width::UnicodeWidthStr;

use crate::record::{Row, plain};
use crate::ui::{Ui, count};

use super::super::series::Series;

/// How many keys are shown: those with the greatest last values.
const LINES: usize = 12;
/// How many of the last points a line has.
const POINTS: usize = 40;
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A chart that grows as rows come.
pub(super) struct Chart {
    column: String,
    /// The column that makes the key; all before the window's where left out.
    by: Option<String>,
    series: Series,
    /// Rows that had no number there.
    without: usize,
}

impl Chart {
    /// Charts a column, with a line for each value of another.
    pub(super) fn new(column: &str, by: Option<&str>) -> Self {
        Self { column: column.to_owned(), by: by.map(str::to_owned), series: Series::default(), without: 0 }
    }

    /// Adds rows. `path` says where the values of a column lie.
    pub(super) fn add(&mut self, rows: &[Vec<u8>], path: impl Fn(&str) -> Vec<String>) {
        let (column, by) = (path(&self.column), self.by.as_deref().map(path));
        for row in rows.iter().map(|row| Row::of(row)) {
            let names: Vec<&str> = row.names().collect();
            let key = by.as_ref().map(|by| plain(&row.at(by)));
            let charted = self.series.add_row(&row, &names, key, &row.at(&column));
            self.without += usize::from(!charted);
        }
    }

    /// Draws it.
    pub(super) fn lines(&self) -> Vec<String> {
        let greatest = self.series.greatest(LINES);
        let width = greatest.iter().map(|(key, _)| key.width()).max().unwrap_or(0);
        let line = |(key, points): &(&str, Vec<(f64, f64)>)| {
            let shown: Vec<f64> =
                points[points.len().saturating_sub(POINTS)..].iter().map(|(_, value)| *value).collect();
            let low = shown.iter().copied().fold(f64::INFINITY, f64::min);
            let high = shown.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let bars: String = shown.iter().map(|value| bar(*value, low, high)).collect();
            let last = shown.last().copied().unwrap_or_default();
            let room = " ".repeat(width - key.width());
            format!("{key}{room}  {bars:<POINTS$}  {last:.4}  ({low:.4} to {high:.4})")
        };
        let mut lines = vec![plain(&self.column)];
        lines.extend(greatest.iter().map(line));
        if self.series.keys() > greatest.len() {
            lines.push(format!("the greatest {} of {} keys", greatest.len(), self.series.keys()));
        }
        if self.series.keys() == 0 {
            lines.push("no row with a number there".to_owned());
        }
        lines
    }

    /// Says at the end how many rows had no number to chart.
    pub(super) fn tell(&self, ui: &Ui) {
        if self.without > 0 {
            let rows = count(self.without, "row has", "rows have");
            ui.note(&format!("{rows} no number in `{}`", self.column));
        }
    }
}

/// Returns the bar for a value between two others.
fn bar(value: f64, low: f64, high: f64) -> char {
    let part = if high > low { (value - low) / (high - low) } else { 0.5 };
    let steps = BARS.iter().zip(1u32..).filter(|(_, step)| part > f64::from(*step) / 8.0).count();
    BARS[steps.min(BARS.len() - 1)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_a_line_of_its_own_range() {
        let own = |column: &str| vec![column.to_owned()];
        let mut chart = Chart::new("n", None);
        let row = |k: &str, second: u32, n: &str| {
            format!(r#"{{"k":"{k}","window_start":"x","window_end":"2026-01-01T00:00:{second:02}","n":{n}}}"#)
                .into_bytes()
        };
        chart.add(&[row("b", 3, "4"), row("a", 1, "1"), row("b", 1, "0"), row("b", 2, "2"), row("a", 2, "null")], own);
        let lines = chart.lines();
        assert_eq!(lines[0], "n");
        assert_eq!(lines[1].split_whitespace().collect::<Vec<_>>()[..3], ["a", "▄", "1.0000"]);
        assert_eq!(lines[2].split_whitespace().collect::<Vec<_>>()[..3], ["b", "▁▄█", "4.0000"], "by time");
        let mut by = Chart::new("n", Some("window_start"));
        by.add(&[row("a", 1, "1"), row("b", 2, "3")], own);
        assert!(by.lines()[1].starts_with("x  ▁█"), "{:?}", by.lines());
    }
}
