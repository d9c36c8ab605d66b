//! What is not TOML, in words for someone who does not know its grammar.

use super::{Diagnostic, Span};

/// Turns what the parser says about a place into a mistake.
pub(super) fn mistake(text: &str, said: &str, span: Span) -> Diagnostic {
    let at = text.get(span.clone()).unwrap_or_default();
    let (what, expected) = said.split_once(", expected ").unwrap_or((said, ""));
    let bare = at.starts_with(|first: char| first.is_alphabetic()) && !at.contains(['\n', '"', '\'']);
    if bare && (what.starts_with("string values must be quoted") || expected == "`inf`" || expected == "`nan`") {
        return Diagnostic::new(format!("`{at}` is text without quotes"), span)
            .label("expected a value")
            .help(format!("write \"{at}\""));
    }
    let rest_of_line = |start: usize| text[start..].lines().next().unwrap_or_default();
    match what {
        "duplicate key" => {
            Diagnostic::new(format!("`{at}` is there twice"), span).label("a key or table is written once")
        }
        "invalid basic string" | "invalid literal string" => {
            let quote = if what == "invalid basic string" { '"' } else { '\'' };
            Diagnostic::new("a text in quotes does not end on its line", span).label(format!("expected `{quote}`"))
        }
        "key with no value" if rest_of_line(span.start).is_empty() => {
            Diagnostic::new("a key has no value", span).label("expected `=` and a value")
        }
        "key with no value" => Diagnostic::new("between a key and its value stands `=`", span).label("expected `=`"),
        "unclosed table" => Diagnostic::new("the name of a table does not end", span).label("expected `]`"),
        "unexpected leading zero" => Diagnostic::new("a number begins with a 0 too many", span).label("leave it out"),
        _ => {
            let label = if matches!(expected, "" | "nothing") { "not TOML" } else { "" };
            let label = if label.is_empty() { format!("expected {expected}") } else { label.to_owned() };
            Diagnostic::new(lower_first(what), span).label(label)
        }
    }
}

fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}
