//! `--output`: how data is written.

use crate::ui::Format;

/// What `--output` can say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Output {
    /// Aligned, for reading.
    Table,
    /// One JSON object per line.
    Json,
    /// Comma-separated, with a header.
    Csv,
    /// For a comment on a pull request; only `plan` has it.
    Markdown,
    /// A flow chart that GitHub draws; only `graph` has it.
    Mermaid,
    /// For Graphviz; only `graph` has it.
    Dot,
    /// A picture; only `graph` has it.
    Svg,
}

impl Output {
    /// What every command has that says nothing else.
    pub(super) const USUAL: &'static [Self] = &[Self::Table, Self::Json, Self::Csv];

    /// Returns the format of data, where it is one that every command has.
    pub(super) fn format(self) -> Option<Format> {
        match self {
            Self::Table => Some(Format::Table),
            Self::Json => Some(Format::Json),
            Self::Csv => Some(Format::Csv),
            Self::Markdown | Self::Mermaid | Self::Dot | Self::Svg => None,
        }
    }

    /// Returns the word for it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Markdown => "markdown",
            Self::Mermaid => "mermaid",
            Self::Dot => "dot",
            Self::Svg => "svg",
        }
    }
}
