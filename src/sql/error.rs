//! A mistake in an expression or a type.

use std::ops::Range;

/// What is wrong with a piece of SQL, and where in its text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SqlError {
    /// The sentence that says what is wrong.
    pub message: String,
    /// The bytes of the text that it is about; the whole text where it cannot be told.
    pub span: Option<Range<usize>>,
    /// What is wrong at that place, where the message does not say it all.
    pub label: Option<&'static str>,
    /// What to do, where there is more to say.
    pub help: Option<String>,
    /// The unknown name and the names that would have been legal, where that is the mistake.
    pub unknown: Option<Box<(String, Vec<String>)>>,
}

impl SqlError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), span: None, label: None, help: None, unknown: None }
    }

    pub(crate) fn at(mut self, span: Option<Range<usize>>) -> Self {
        self.span = self.span.or(span);
        self
    }

    pub(crate) fn label(mut self, label: &'static str) -> Self {
        self.label = Some(label);
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn legal<'a>(mut self, word: &str, names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut legal: Vec<String> = Vec::new();
        for name in names {
            if !legal.iter().any(|known| known == name) {
                legal.push(name.to_owned());
            }
        }
        self.unknown = Some(Box::new((word.to_owned(), legal)));
        self
    }
}
