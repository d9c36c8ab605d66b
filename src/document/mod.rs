//! The pipeline file as text: its TOML with a place for every key and value, and the diagnostics drawn over it.
//!
//! Owns reading TOML and pointing at it. May import nothing of this crate. Never knows what a key means.

mod diagnostic;
mod kind;
mod nearest;
mod reader;
mod syntax;
mod value;
pub mod written;

use toml::de::DeTable;

pub use diagnostic::{Diagnostic, Findings, Span};
pub use kind::find_kind;
pub use nearest::{help_for, nearest};
pub use reader::TableReader;
pub use value::{Scalar, Spanned, Value};

/// The text of one pipeline file under the name by which messages speak of it, with the files that it names.
#[derive(Debug, Clone)]
pub struct Document {
    name: String,
    text: String,
    files: Vec<NamedFile>,
}

/// A file that the document names: its text, or why it could not be read.
#[derive(Debug, Clone)]
struct NamedFile {
    name: String,
    text: Result<String, String>,
}

impl Document {
    /// Takes a file's name and text.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { name: name.into(), text: text.into(), files: Vec::new() }
    }

    /// Adds a file under the name that the document has for it: its text, or why it could not be read.
    #[must_use]
    pub fn with_file(mut self, name: impl Into<String>, text: Result<String, String>) -> Self {
        self.files.push(NamedFile { name: name.into(), text });
        self
    }

    /// Puts another text in place of the document's.
    #[must_use]
    pub fn with_text(mut self, text: String) -> Self {
        self.text = text;
        self
    }

    /// Returns what was read of a file that the document names.
    pub fn file(&self, name: &str) -> Option<Result<&str, &str>> {
        let file = self.files.iter().find(|file| file.name == name)?;
        Some(file.text.as_deref().map_err(String::as_str))
    }

    /// Returns the file's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the file's text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Parses the text as TOML. Every syntax error becomes a finding; what could be read is returned all the same.
    pub fn parse(&self, findings: &Findings) -> DeTable<'_> {
        let (table, errors) = DeTable::parse_recoverable(&self.text);
        let mut last_line = None;
        for error in errors {
            let span = error.span().unwrap_or(0..0);
            let line = self.text.get(..span.start).map(|before| before.matches('\n').count());
            // What the parser says about the rest of a line follows from its first mistake there.
            if line.is_none() || line != last_line {
                findings.add(syntax::mistake(&self.text, error.message(), span));
            }
            last_line = line;
        }
        table.into_inner()
    }

    /// Draws diagnostics over the text, in the order of their places.
    pub fn draw(&self, diagnostics: &[Diagnostic], color: bool) -> String {
        diagnostic::draw(self, diagnostics, color)
    }
}
