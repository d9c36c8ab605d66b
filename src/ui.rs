//! What a person or a program sees: data on stdout, everything else on stderr.
//!
//! Owns formats, tables, colour and the status line. May import nothing of this crate. Never decides what is shown.

use std::io::{self, IsTerminal, Write};

use comfy_table::{CellAlignment, ContentArrangement, Table, TableComponent, presets};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How data is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Aligned, for reading.
    Table,
    /// One JSON object per line.
    Json,
    /// Comma-separated, with a header.
    Csv,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The way out for everything that a command says.
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own, made on the command line")]
#[derive(Debug)]
pub struct Ui {
    format: Format,
    color: bool,
    quiet: bool,
    verbose: bool,
    terminal: bool,
    watched: bool,
    line: ProgressBar,
}

impl Ui {
    /// Takes what the command line says. Without a format, data is a table on a terminal and JSON elsewhere.
    pub fn new(format: Option<Format>, color: Color, quiet: bool, verbose: bool) -> Self {
        let terminal = io::stderr().is_terminal();
        let watched = io::stdout().is_terminal();
        let default = if watched { Format::Table } else { Format::Json };
        // https://no-color.org: set and not empty means no.
        #[expect(clippy::disallowed_methods, reason = "the one place that decides about colour")]
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let color = match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => terminal && !no_color,
        };
        let target = if terminal && !quiet { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let line = ProgressBar::with_draw_target(None, target);
        line.set_style(ProgressStyle::with_template("{msg}").expect("a constant template"));
        Self { format: format.unwrap_or(default), color, quiet, verbose, terminal, watched, line }
    }

    /// Returns how data is written.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Returns whether messages are coloured.
    pub fn color(&self) -> bool {
        self.color
    }

    /// Returns whether messages go to a terminal.
    pub fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// Returns whether data goes to a terminal.
    pub fn is_watched(&self) -> bool {
        self.watched
    }

    /// Writes data to stdout, a line end behind it.
    pub fn data(&self, text: &str) -> io::Result<()> {
        self.line.suspend(|| {
            let mut out = io::stdout().lock();
            out.write_all(text.as_bytes())?;
            out.write_all(b"\n")?;
            out.flush()
        })
    }

    /// Says something to the person.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            self.say(text);
        }
    }

    /// Says something that the person asked for with `-v`.
    pub fn detail(&self, text: &str) {
        if self.verbose && !self.quiet {
            self.say(text);
        }
    }

    /// Says something that must not be missed.
    pub fn error(&self, text: &str) {
        self.say(text);
    }

    fn say(&self, text: &str) {
        self.line.suspend(|| {
            // Nobody is left to be told where stderr is closed.
            drop(writeln!(io::stderr().lock(), "{text}"));
        });
    }

    /// Replaces the status line at the bottom of a terminal; elsewhere there is none.
    pub fn status(&self, text: &str) {
        self.line.set_message(text.to_owned());
        self.line.tick();
    }

    /// Takes the status line away.
    pub fn clear_status(&self) {
        self.line.finish_and_clear();
    }

    /// Asks a question that `y` agrees to; `None` where there is no terminal to ask on.
    pub fn confirm(&self, question: &str) -> Option<bool> {
        if !self.terminal || !io::stdin().is_terminal() {
            return None;
        }
        self.line.suspend(|| {
            write!(io::stderr().lock(), "{question} [y/N] ").ok()?;
            let mut answer = String::new();
            io::stdin().read_line(&mut answer).ok()?;
            Some(matches!(answer.trim(), "y" | "Y" | "yes"))
        })
    }
}

/// Draws a table; numbers stand to the right.
pub fn table(header: &[String], rows: &[Vec<String>]) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_style(TableComponent::HeaderLines, '─').set_style(TableComponent::MiddleHeaderIntersections, '─');
    table.set_header(header);
    for row in rows {
        table.add_row(row);
    }
    for (index, column) in table.column_iter_mut().enumerate() {
        let numbers =
            |row: &Vec<String>| row.get(index).is_none_or(|text| text.is_empty() || text.parse::<f64>().is_ok());
        if rows.iter().all(numbers) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.to_string()
}

/// Writes a number with its noun.
pub fn count(number: usize, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {many}") }
}

/// Writes one line of comma-separated values (RFC 4180: quoted where it holds a comma, a quote or a line end).
pub fn csv_line(values: &[String]) -> String {
    let quoted = values.iter().map(|value| {
        if value.contains([',', '"', '\n', '\r']) {
            format!("\"{}\"", value.replace('"', "\"\""))
        } else {
            value.clone()
        }
    });
    quoted.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_quoted_where_they_must_be() {
        let values = ["a", "b,c", "d\"e", ""].map(str::to_owned);
        assert_eq!(csv_line(&values), "a,\"b,c\",\"d\"\"e\",");
    }

    #[test]
    fn numbers_stand_to_the_right() {
        let rows = [["AAPL", "7"], ["MSFT", "12"]].map(|row| row.map(str::to_owned).to_vec());
        let drawn = table(&["ticker".to_owned(), "n".to_owned()], &rows);
        assert!(drawn.contains(" AAPL      7 "), "{drawn}");
    }
}
