//! A cursor over one table of the file: what is not taken from it is a mistake.

use std::borrow::Cow;

use toml::Spanned as TomlSpanned;
use toml::de::{DeTable, DeValue};

use super::{Diagnostic, Findings, Span, Value, help_for, nearest};

/// Takes the keys of a table one by one. [`TableReader::finish`] reports the keys that nobody took.
#[derive(Debug)]
pub struct TableReader<'d> {
    table: &'d DeTable<'d>,
    span: Span,
    name: String,
    asked: Vec<&'static str>,
    /// Keys that stand for one that is missing, and have been reported as such.
    explained: Vec<&'d str>,
    findings: &'d Findings,
}

impl<'d> TableReader<'d> {
    /// Starts on a table that messages call `name`, such as "stream `trades`".
    pub fn new(table: &'d DeTable<'d>, span: Span, name: impl Into<String>, findings: &'d Findings) -> Self {
        Self { table, span, name: name.into(), asked: Vec::new(), explained: Vec::new(), findings }
    }

    /// Returns the place of the table.
    pub fn span(&self) -> Span {
        self.span.clone()
    }

    /// Returns what messages call the table.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the list that mistakes go to.
    pub fn findings(&self) -> &'d Findings {
        self.findings
    }

    /// Takes a key that may be left out.
    pub fn optional(&mut self, key: &'static str) -> Option<Value<'d>> {
        self.asked.push(key);
        let (found, value) = self.table.get_key_value(key)?;
        Some(Value::new(found.get_ref().as_ref(), found.span(), value, self.findings))
    }

    /// Takes a key that must be there; its absence is a mistake.
    pub fn take(&mut self, key: &'static str) -> Option<Value<'d>> {
        let value = self.optional(key);
        if value.is_none() {
            self.missing(key, None);
        }
        value
    }

    /// Takes the one of several keys that is there; none of them is a mistake, and so is a second one.
    pub fn one_of(&mut self, keys: &[&'static str], help: &str) -> Option<Value<'d>> {
        let mut found: Vec<Value<'d>> = keys.iter().filter_map(|key| self.optional(key)).collect();
        match found.len() {
            0 => {
                let is_slip = |key: &&&'static str| {
                    self.table.iter().any(|(found, _)| nearest(found.get_ref(), [**key]).is_some())
                };
                let meant = keys.iter().find(is_slip).or(keys.first())?;
                self.missing(meant, Some(help));
                None
            }
            1 => found.pop(),
            _ => {
                let (first, second) = (&found[0], &found[1]);
                self.findings.add(
                    Diagnostic::new(
                        format!("{} has both `{}` and `{}`", self.name, first.key(), second.key()),
                        second.key_span(),
                    )
                    .label("one too many")
                    .other(first.key_span(), "the other one")
                    .help(help),
                );
                None
            }
        }
    }

    /// Reports that `key` is missing, with a help line where there is more to say than its name. Where a key of the
    /// table looks like a slip of it, that is the mistake.
    pub fn missing(&mut self, key: &'static str, help: Option<&str>) {
        let slip = self.table.iter().map(|(found, _)| found).find(|found| {
            let text = found.get_ref().as_ref();
            !self.asked.contains(&text) && nearest(text, [key]).is_some()
        });
        if let Some(slip) = slip {
            let text = slip.get_ref().as_ref();
            self.unknown(text, slip.span(), &[key]);
            self.explained.push(text);
            return;
        }
        let diagnostic = Diagnostic::new(format!("{} has no `{key}`", self.name), self.span.clone())
            .label(format!("`{key}` is needed here"));
        self.findings.add(match help {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        });
    }

    fn unknown(&self, key: &str, span: Span, legal: &[&'static str]) {
        self.findings.add(
            Diagnostic::new(format!("{} has no key `{key}`", self.name), span)
                .label("unknown key")
                .help(help_for(key, legal.iter().copied())),
        );
    }

    /// Returns how many keys the table has.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Returns whether the table has no keys.
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// Reads every entry of a table whose keys are names, in the order of the file. The names of those that cannot be
    /// read are noted.
    pub fn entries<T>(self, read: impl Fn(&Value<'d>) -> Option<T>) -> Vec<T> {
        let read_entry = |(key, value): (&'d TomlSpanned<Cow<'d, str>>, &'d TomlSpanned<DeValue<'d>>)| {
            let value = Value::new(key.get_ref().as_ref(), key.span(), value, self.findings);
            let entry = read(&value);
            if entry.is_none() {
                self.findings.mark_unread(value.key());
            }
            entry
        };
        self.table.iter().filter_map(read_entry).collect()
    }

    /// Reports every key that was never asked for; says whether there is none.
    pub fn finish(self) -> bool {
        let mut known = self.explained.is_empty();
        for (key, _) in self.table {
            let text = key.get_ref().as_ref();
            if !self.asked.contains(&text) && !self.explained.contains(&text) {
                self.unknown(text, key.span(), &self.asked);
                known = false;
            }
        }
        known
    }
}
