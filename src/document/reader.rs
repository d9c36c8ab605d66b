//! A cursor over one table of the file: what is not taken from it is a mistake.

use toml::de::DeTable;

use super::{Diagnostic, Findings, Span, Value, help_for};

/// Takes the keys of a table one by one. [`TableReader::finish`] reports the keys that nobody took.
#[derive(Debug)]
pub struct TableReader<'d> {
    table: &'d DeTable<'d>,
    span: Span,
    name: String,
    asked: Vec<&'static str>,
    findings: &'d Findings,
}

impl<'d> TableReader<'d> {
    /// Starts on a table that messages call `name`, such as `stream `trades``.
    pub fn new(table: &'d DeTable<'d>, span: Span, name: impl Into<String>, findings: &'d Findings) -> Self {
        Self { table, span, name: name.into(), asked: Vec::new(), findings }
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

    /// Reports that `key` is missing, with a help line where there is more to say than its name.
    pub fn missing(&self, key: &str, help: Option<&str>) {
        let diagnostic = Diagnostic::new(format!("{} has no `{key}`", self.name), self.span.clone())
            .label(format!("`{key}` is needed here"));
        self.findings.add(match help {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        });
    }

    /// Takes every key of the table in the order of the file, for tables whose keys are names.
    pub fn entries(self) -> Vec<Value<'d>> {
        self.table
            .iter()
            .map(|(key, value)| Value::new(key.get_ref().as_ref(), key.span(), value, self.findings))
            .collect()
    }

    /// Reports every key that was never asked for.
    pub fn finish(self) {
        for (key, _) in self.table {
            let text = key.get_ref().as_ref();
            if !self.asked.contains(&text) {
                self.findings.add(
                    Diagnostic::new(format!("{} has no key `{text}`", self.name), key.span())
                        .label("unknown key")
                        .help(help_for(text, self.asked.iter().copied())),
                );
            }
        }
    }
}
