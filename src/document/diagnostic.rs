//! A mistake in the file, and how it is shown.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::Document;

/// A range of bytes in the file.
pub type Span = Range<usize>;

/// One mistake, or what looks like one: what it is, where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    is_warning: bool,
    message: String,
    span: Span,
    label: String,
    other: Option<(Span, String)>,
    help: Option<String>,
    /// The file that the place is in, where that is not the document itself.
    file: Option<String>,
}

impl Diagnostic {
    /// Starts a diagnostic: a lower-case sentence without a full stop, names in backticks, and the offending place.
    pub fn new(message: impl Into<String>, span: Span) -> Self {
        Self {
            is_warning: false,
            message: message.into(),
            span,
            label: String::new(),
            other: None,
            help: None,
            file: None,
        }
    }

    /// Says that nothing fails because of it.
    #[must_use]
    pub fn warning(mut self) -> Self {
        self.is_warning = true;
        self
    }

    /// Says at the place what is wrong with it.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Points at the other half of a conflict.
    #[must_use]
    pub fn other(mut self, span: Span, label: impl Into<String>) -> Self {
        self.other = Some((span, label.into()));
        self
    }

    /// Says that the place is in a file that the document names.
    #[must_use]
    pub fn in_file(mut self, name: impl Into<String>) -> Self {
        self.file = Some(name.into());
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Returns the sentence that says what is wrong.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns the name of the file that the place is in, where that is not the document itself.
    pub fn file(&self) -> Option<&str> {
        self.file.as_deref()
    }

    /// Returns the offending place.
    pub fn span(&self) -> Span {
        self.span.clone()
    }
}

/// The mistakes found so far. Readers of different parts of the file share one.
#[derive(Debug, Default)]
pub struct Findings {
    found: RefCell<Vec<Diagnostic>>,
    /// Names whose part of the file could not be read: what depends on them follows from a mistake already found.
    unread: RefCell<BTreeSet<String>>,
}

impl Findings {
    /// Returns an empty list.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a mistake.
    pub fn add(&self, diagnostic: Diagnostic) {
        self.found.borrow_mut().push(diagnostic);
    }

    /// Notes that what stands under `name` could not be read.
    pub fn mark_unread(&self, name: &str) {
        self.unread.borrow_mut().insert(name.to_owned());
    }

    /// Returns whether something of this name stands in the file and could not be read.
    pub fn is_unread(&self, name: &str) -> bool {
        self.unread.borrow().contains(name)
    }

    /// Returns whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.found.borrow().is_empty()
    }

    /// Returns the mistakes in the order of their places, each once.
    pub fn into_sorted(self) -> Vec<Diagnostic> {
        let mut found = self.found.into_inner();
        let place = |found: &Diagnostic| (found.file.clone(), found.span.start, found.span.end);
        found.sort_by(|a, b| place(a).cmp(&place(b)).then_with(|| a.message.cmp(&b.message)));
        found.dedup();
        found
    }
}

/// Draws diagnostics one below the other, a blank line between them.
pub(super) fn draw(document: &Document, diagnostics: &[Diagnostic], color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let drawn: Vec<String> =
        diagnostics.iter().map(|diagnostic| renderer.render(&[group(document, diagnostic)])).collect();
    drawn.join("\n\n")
}

fn group<'a>(document: &'a Document, diagnostic: &'a Diagnostic) -> Group<'a> {
    let file = diagnostic.file.as_deref().and_then(|name| Some((name, document.file(name)?.ok()?)));
    let (name, text) = file.unwrap_or((document.name(), document.text()));
    let mut snippet = Snippet::source(text)
        .path(name)
        .annotation(AnnotationKind::Primary.span(within(text, &diagnostic.span)).label(diagnostic.label.as_str()));
    if let Some((span, label)) = &diagnostic.other {
        snippet = snippet.annotation(AnnotationKind::Context.span(within(text, span)).label(label.as_str()));
    }
    let level = if diagnostic.is_warning { Level::WARNING } else { Level::ERROR };
    let group = level.primary_title(diagnostic.message.as_str()).element(snippet);
    match &diagnostic.help {
        Some(help) => group.element(Level::HELP.message(help.as_str())),
        None => group,
    }
}

/// Keeps a span inside the text and on character borders, whatever produced it.
fn within(text: &str, span: &Span) -> Span {
    let floor = |mut at: usize| {
        at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let start = floor(span.start);
    start..floor(span.end).max(start)
}
