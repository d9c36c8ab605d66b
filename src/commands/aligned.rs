//! A table that goes on: columns stay where they are, and the header comes again.

use unicode_width::UnicodeWidthStr;

use crate::record::{Parts, plain};

/// After how many rows the header comes again: a screen.
const HEADER_EVERY: usize = 20;

/// A table to which rows are added as they come.
#[derive(Debug, Default)]
pub(super) struct Aligned {
    columns: Vec<Column>,
    /// How many rows stand below the last header; none where there is no header yet.
    below: Option<usize>,
}

#[derive(Debug)]
struct Column {
    name: String,
    /// The cells that it takes before the point of its numbers, and from there on; texts have no point.
    before: usize,
    behind: usize,
    /// Whether everything in it has been a number.
    numbers: bool,
}

impl Column {
    fn width(&self) -> usize {
        (self.before + self.behind).max(self.name.width())
    }

    /// Makes room for a text; returns whether there was less.
    fn widen(&mut self, cell: &str) -> bool {
        let width = self.width();
        if self.numbers && !cell.is_empty() && !is_number(cell) {
            // A text among them: from now on all of it is texts.
            (self.numbers, self.before, self.behind) = (false, self.before + self.behind, 0);
        }
        let (before, behind) = if self.numbers { parts(cell) } else { (cell.width(), 0) };
        self.before = self.before.max(before);
        self.behind = self.behind.max(behind);
        self.width() > width
    }

    fn drawn(&self, cell: &str) -> String {
        let width = self.width();
        let (_, behind) = parts(cell);
        let (left, right) = if self.numbers {
            let right = self.behind - behind.min(self.behind);
            (width.saturating_sub(cell.width() + right), right)
        } else {
            (0, width.saturating_sub(cell.width()))
        };
        format!("{}{cell}{}", " ".repeat(left), " ".repeat(right))
    }

    fn heading(&self) -> String {
        let room = " ".repeat(self.width().saturating_sub(self.name.width()));
        if self.numbers { format!("{room}{}", self.name) } else { format!("{}{room}", self.name) }
    }
}

/// Returns the places of the columns in the order in which they are shown: those of the window first.
pub(super) fn window_first(columns: &[String]) -> Vec<usize> {
    let Parts { keys, window, measures, .. } = Parts::of(columns);
    [window, keys, measures].concat()
}

impl Aligned {
    /// Lets the header stand above the next rows.
    pub(super) fn head_again(&mut self) {
        self.below = None;
    }

    /// Adds rows under their columns; returns the lines, with a header where one is due.
    pub(super) fn lines(&mut self, names: &[&str], rows: &[Vec<String>]) -> Vec<String> {
        if self.columns.iter().map(|column| column.name.clone()).ne(names.iter().map(|name| plain(name))) {
            let column = |name: &&str| Column { name: plain(name), before: 0, behind: 0, numbers: true };
            *self = Self { columns: names.iter().map(column).collect(), below: None };
        }
        for row in rows {
            let grown = self.columns.iter_mut().zip(row).filter_map(|(column, cell)| column.widen(cell).then_some(()));
            if grown.count() > 0 {
                self.below = None;
            }
        }
        let mut lines = Vec::with_capacity(rows.len() + 2);
        for row in rows {
            if self.below.is_none_or(|below| below >= HEADER_EVERY) {
                let heading: Vec<String> = self.columns.iter().map(Column::heading).collect();
                lines.push(heading.join("  ").trim_end().to_owned());
                lines.push(self.columns.iter().map(|column| "─".repeat(column.width())).collect::<Vec<_>>().join("──"));
                self.below = Some(0);
            }
            let cells: Vec<String> = self.columns.iter().zip(row).map(|(column, cell)| column.drawn(cell)).collect();
            lines.push(cells.join("  ").trim_end().to_owned());
            self.below = self.below.map(|below| below + 1);
        }
        lines
    }
}

fn is_number(cell: &str) -> bool {
    cell.parse::<f64>().is_ok_and(f64::is_finite)
}

/// Returns how many cells of a number stand before its point, and from there on.
fn parts(cell: &str) -> (usize, usize) {
    let point = cell.find(['.', 'e', 'E']).unwrap_or(cell.len());
    (cell[..point].width(), cell[point..].width())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells<const N: usize>(rows: [[&str; N]; 2]) -> Vec<Vec<String>> {
        rows.iter().map(|row| row.map(str::to_owned).to_vec()).collect()
    }

    #[test]
    fn numbers_stand_with_their_points_below_each_other() {
        let mut table = Aligned::default();
        let lines = table.lines(&["k", "n", "price"], &cells([["AAPL", "7", "101.5"], ["日本", "1200", "9.1234"]]));
        let expected = ["k        n     price", "────────────────────", "AAPL     7  101.5", "日本  1200    9.1234"];
        assert_eq!(lines, expected);
        assert_eq!(
            table.lines(&["k", "n", "price"], &cells([["B", "", "1"], ["", "5", ""]])),
            ["B             1", "         5"]
        );
    }

    #[test]
    fn the_header_comes_again_after_a_screen_and_where_columns_widen_or_change() {
        let mut table = Aligned::default();
        let row = |text: &str| vec![vec![text.to_owned()]];
        let headers = |lines: &[String]| lines.iter().filter(|line| line.starts_with('─')).count();
        let many: Vec<Vec<String>> = (0..HEADER_EVERY * 2).map(|_| vec!["abc".to_owned()]).collect();
        assert_eq!(headers(&table.lines(&["k"], &many)), 2);
        assert_eq!(headers(&table.lines(&["k"], &row("abc"))), 1);
        assert_eq!(headers(&table.lines(&["k"], &row("abc"))), 0);
        assert_eq!(headers(&table.lines(&["k"], &row("abcd"))), 1);
        assert_eq!(headers(&table.lines(&["l"], &row("abcd"))), 1);
        table.head_again();
        assert_eq!(headers(&table.lines(&["l"], &row("a"))), 1);
    }

    #[test]
    fn a_column_with_a_text_has_no_numbers_any_more() {
        let mut table = Aligned::default();
        table.lines(&["a", "b"], &cells([["1.5", "1"], ["22.25", "2"]]));
        let lines = table.lines(&["a", "b"], &cells([["none", "3"], ["inf", "4"]]));
        assert_eq!(lines, ["none   3", "inf    4"]);
    }

    #[test]
    fn windows_stand_first() {
        let columns = ["k", "window_start", "window_end", "n"].map(str::to_owned);
        assert_eq!(window_first(&columns), [1, 2, 0, 3]);
    }
}
