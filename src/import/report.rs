//! What became of each construct, for the person who brought it.

use serde::Serialize;

use crate::document::Span;

/// What became of a construct.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It means what it meant.
    Same,
    /// It is there, and something about it is not as it was.
    Different,
    /// It is not there.
    Unsupported,
    /// It was carried over as it was, and was probably not what was meant.
    Lint,
}

impl Verdict {
    /// Every verdict, in the order in which they are told.
    pub const ALL: [Self; 4] = [Self::Same, Self::Different, Self::Unsupported, Self::Lint];

    /// Returns the word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Different => "different",
            Self::Unsupported => "unsupported",
            Self::Lint => "lint",
        }
    }
}

/// One line of the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// What became of it.
    pub verdict: Verdict,
    /// What it is, such as "stream `trades`".
    pub construct: String,
    /// What is to be known about it.
    pub detail: String,
    /// What to do.
    pub help: Option<String>,
    /// The line of the template that it is about.
    pub line: Option<usize>,
}

/// The entries so far.
#[derive(Debug)]
pub(super) struct Report<'t> {
    text: &'t str,
    entries: Vec<Entry>,
}

impl<'t> Report<'t> {
    /// Begins a report about a text.
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, entries: Vec::new() }
    }

    /// Adds an entry. `place` is where in the text it stands.
    pub(super) fn add(
        &mut self,
        verdict: Verdict,
        construct: impl Into<String>,
        detail: impl Into<String>,
        place: Option<&Span>,
    ) -> &mut Entry {
        let line = place.map(|span| self.text.get(..span.start).unwrap_or_default().matches('\n').count() + 1);
        self.entries.push(Entry { verdict, construct: construct.into(), detail: detail.into(), help: None, line });
        self.entries.last_mut().expect("just added")
    }

    /// Returns the entries by verdict, those of one verdict in the order in which they were found.
    pub(super) fn into_entries(mut self) -> Vec<Entry> {
        self.entries.sort_by_key(|entry| entry.verdict);
        self.entries.dedup();
        self.entries
    }
}

impl Entry {
    /// Says what to do.
    pub(super) fn help(&mut self, help: impl Into<String>) {
        self.help = Some(help.into());
    }
}
