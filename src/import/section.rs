//! A cursor over one map of a template: what must be there and is not is a mistake.

use std::rc::Rc;

use crate::document::{Diagnostic, Span, Spanned, nearest};

use super::node::Node;
use super::template::Template;

/// A map of the template that messages call by a name.
pub(super) struct Section<'t, 'f> {
    template: &'t Template<'f>,
    node: Rc<Node>,
    name: String,
}

impl<'t, 'f> Section<'t, 'f> {
    /// Starts on a map, whatever intrinsic gives it.
    pub(super) fn new(template: &'t Template<'f>, node: &Rc<Node>, name: impl Into<String>) -> Option<Self> {
        let name = name.into();
        let value = template.value(node)?;
        if value.as_map().is_none() {
            template
                .findings
                .add(Diagnostic::new(format!("{name} is {}", value.noun()), node.span.clone()).label("expected a map"));
            return None;
        }
        Some(Self { template, node: value, name })
    }

    /// Returns the place of the map.
    pub(super) fn span(&self) -> Span {
        self.node.span.clone()
    }

    /// Takes a value that may be left out.
    pub(super) fn optional(&self, key: &str) -> Option<Rc<Node>> {
        let value = self.template.value(self.node.get(key)?)?;
        (!value.is_nothing()).then_some(value)
    }

    /// Takes a value that must be there.
    pub(super) fn take(&self, key: &str) -> Option<Rc<Node>> {
        let value = self.optional(key);
        if value.is_none() {
            self.missing(key);
        }
        value
    }

    /// Takes a map that must be there.
    pub(super) fn map(&self, key: &str) -> Option<Self> {
        Self::new(self.template, &self.take(key)?, format!("`{key}` of {}", self.name))
    }

    /// Takes a map that may be left out.
    pub(super) fn optional_map(&self, key: &str) -> Option<Self> {
        Self::new(self.template, &self.optional(key)?, format!("`{key}` of {}", self.name))
    }

    /// Takes a text that must be there.
    pub(super) fn text(&self, key: &str) -> Option<Spanned<String>> {
        self.placed(&self.take(key)?)
    }

    /// Takes a text that may be left out.
    pub(super) fn optional_text(&self, key: &str) -> Option<Spanned<String>> {
        self.placed(&self.optional(key)?)
    }

    fn placed(&self, node: &Rc<Node>) -> Option<Spanned<String>> {
        Some(Spanned::new(self.template.text(node)?, node.span.clone()))
    }

    /// Takes a whole number that may be left out.
    pub(super) fn optional_count(&self, key: &str) -> Option<u32> {
        let text = self.optional_text(key)?;
        let count = text.value.parse().ok();
        if count.is_none() {
            self.template
                .findings
                .add(Diagnostic::new(format!("`{key}` is not a number"), text.span).label("expected a whole number"));
        }
        count
    }

    /// Takes a list of maps that must be there and have something in it.
    pub(super) fn maps(&self, key: &str) -> Option<Vec<Self>> {
        let items = self.template.list(&self.take(key)?)?;
        if items.is_empty() {
            self.missing(key);
        }
        Some(items.iter().filter_map(|item| Self::new(self.template, item, format!("an item of `{key}`"))).collect())
    }

    /// Reports that none of several keys is there.
    pub(super) fn missing_one_of(&self, keys: &[&str]) {
        let entries = self.node.as_map().unwrap_or_default();
        if keys.iter().any(|key| entries.iter().any(|entry| entry.key == *key)) {
            // It is there, and why it cannot be read is a mistake already.
            return;
        }
        let legal: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
        let slip = entries.iter().find_map(|entry| Some((entry, nearest(&entry.key, keys.iter().copied())?)));
        let place = entries.first().map_or(self.span(), |first| first.key_span.clone());
        let diagnostic = Diagnostic::new(
            format!("{} is connected to nothing", self.name),
            slip.map_or(place, |(entry, _)| entry.key_span.clone()),
        )
        .label(format!("expected {}", legal.join(" or ")));
        self.template.findings.add(match slip {
            Some((_, meant)) => diagnostic.help(format!("did you mean `{meant}`?")),
            None => diagnostic,
        });
    }

    fn missing(&self, key: &str) {
        let entries = self.node.as_map().unwrap_or_default();
        if entries.iter().any(|entry| entry.key == key && !entry.value.is_nothing()) {
            // It is there: why it has no value, or an empty one, is either known already or said here.
            let entry = self.node.entry(key).map_or(self.span(), |entry| entry.key_span.clone());
            if self.template.findings.is_empty() {
                self.template.findings.add(
                    Diagnostic::new(format!("`{key}` of {} has nothing in it", self.name), entry)
                        .label("expected at least one"),
                );
            }
            return;
        }
        let slip = entries.iter().find(|entry| nearest(&entry.key, [key]).is_some());
        // A whole map would be underlined from its first line to its last.
        let place = entries.first().map_or(self.span(), |first| first.key_span.clone());
        let diagnostic = Diagnostic::new(
            format!("{} has no `{key}`", self.name),
            slip.map_or(place, |entry| entry.key_span.clone()),
        )
        .label(format!("`{key}` is needed here"));
        self.template.findings.add(match slip {
            Some(_) => diagnostic.help(format!("did you mean `{key}`?")),
            None => diagnostic,
        });
    }
}
