//! One value of the file, read as what it should be.

use std::ops::RangeInclusive;
use std::time::Duration;

use toml::Spanned as TomlSpanned;
use toml::de::{DeTable, DeValue};

use super::{Diagnostic, Findings, Span, TableReader};

/// A value and its place in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spanned<T> {
    /// What was read.
    pub value: T,
    /// Where it stands.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// Puts a value and its place together.
    pub fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }

    /// Turns the value into another at the same place.
    pub fn map<U>(self, turn: impl FnOnce(T) -> U) -> Spanned<U> {
        Spanned { value: turn(self.value), span: self.span }
    }
}

/// One value as the file writes it: the digits of a number and the letters of a moment are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scalar {
    /// Text in quotes.
    Text(String),
    /// A number in decimal digits, without separators; JSON has it letter by letter.
    Number(String),
    /// `true` or `false`.
    Boolean(bool),
    /// A date, or a date and a time, in the spelling of RFC 3339 with or without a zone.
    Moment(String),
}

/// One value under its key. Reading it as the wrong kind is a mistake that is reported, and gives `None`.
#[derive(Debug, Clone)]
pub struct Value<'d> {
    key: &'d str,
    key_span: Span,
    value: &'d TomlSpanned<DeValue<'d>>,
    findings: &'d Findings,
}

impl<'d> Value<'d> {
    pub(super) fn new(
        key: &'d str,
        key_span: Span,
        value: &'d TomlSpanned<DeValue<'d>>,
        findings: &'d Findings,
    ) -> Self {
        Self { key, key_span, value, findings }
    }

    /// Returns the key.
    pub fn key(&self) -> &'d str {
        self.key
    }

    /// Returns the place of the key.
    pub fn key_span(&self) -> Span {
        self.key_span.clone()
    }

    /// Returns the place of the value.
    pub fn span(&self) -> Span {
        self.value.span()
    }

    /// Returns the list that mistakes go to.
    pub fn findings(&self) -> &'d Findings {
        self.findings
    }

    /// Returns whether the value is a table.
    pub fn is_table(&self) -> bool {
        self.value.get_ref().is_table()
    }

    /// Returns the value as a table, where it is one.
    pub(crate) fn as_table(&self) -> Option<&'d DeTable<'d>> {
        self.value.get_ref().as_table()
    }

    /// Returns whether the value is text.
    pub fn is_text(&self) -> bool {
        self.value.get_ref().is_str()
    }

    /// Returns whether the value is a list.
    pub fn is_list(&self) -> bool {
        self.value.get_ref().is_array()
    }

    /// Reports that the value is not what it should be, with how that is written.
    pub fn mismatch(&self, expected: &str, form: &str) {
        self.findings.add(self.mismatched(expected, form));
    }

    /// Reports that the value is not what it should be, and what to write instead.
    pub fn mismatch_with_help(&self, expected: &str, form: &str, help: impl Into<String>) {
        self.findings.add(self.mismatched(expected, form).help(help));
    }

    fn mismatched(&self, expected: &str, form: &str) -> Diagnostic {
        let found = match self.value.get_ref() {
            DeValue::String(_) => "text",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a number with a point",
            DeValue::Boolean(_) => "a boolean",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        Diagnostic::new(format!("`{}` is {found}, not {expected}", self.key), self.span())
            .label(format!("expected {form}"))
    }

    fn read<T>(
        &self,
        expected: &str,
        form: &str,
        read: impl FnOnce(&'d DeValue<'d>) -> Option<T>,
    ) -> Option<Spanned<T>> {
        let value = read(self.value.get_ref());
        if value.is_none() {
            self.mismatch(expected, form);
        }
        Some(Spanned::new(value?, self.span()))
    }

    /// Reads text.
    pub fn text(&self) -> Option<Spanned<String>> {
        self.read("text", "text in quotes", |value| value.as_str().map(str::to_owned))
    }

    /// Reads `true` or `false`.
    pub fn boolean(&self) -> Option<Spanned<bool>> {
        self.read("a boolean", "`true` or `false`", DeValue::as_bool)
    }

    /// Reads a whole number within a range.
    pub fn integer(&self, range: RangeInclusive<i64>) -> Option<Spanned<i64>> {
        // More digits than any range has are a number all the same.
        let is_huge = self.value.get_ref().is_integer() && whole(self.value.get_ref()).is_none();
        if !is_huge {
            let read = self.read("a whole number", "a whole number", whole)?;
            if range.contains(&read.value) {
                return Some(read);
            }
        }
        let legal = if *range.end() == i64::MAX && !is_huge {
            format!("{} or more", range.start())
        } else {
            format!("{} to {}", range.start(), range.end())
        };
        self.findings.add(
            Diagnostic::new(format!("`{}` is out of range", self.key), self.span()).label(format!("expected {legal}")),
        );
        None
    }

    /// Reads a number, whole or not; `inf` and `nan` are none.
    pub fn number(&self) -> Option<Spanned<f64>> {
        self.read("a number", "a number", |value| match value {
            #[expect(clippy::cast_precision_loss, reason = "a number of the file is meant as a double here")]
            DeValue::Integer(_) => whole(value).map(|whole| whole as f64),
            DeValue::Float(float) => {
                float.as_str().replace('_', "").parse().ok().filter(|number: &f64| number.is_finite())
            }
            _ => None,
        })
    }

    /// Reads a duration with its unit, such as `"10s"`, `"3m"`, `"1h 30m"` or `"250ms"`.
    pub fn duration(&self) -> Option<Spanned<Duration>> {
        let text = self.read("a duration", "a number with a unit, in quotes, such as \"10s\"", DeValue::as_str)?;
        if let Ok(duration) = humantime::parse_duration(text.value.trim()) {
            Some(Spanned::new(duration, text.span))
        } else {
            self.findings.add(
                Diagnostic::new(format!("`{}` is not a duration", self.key), text.span)
                    .label("expected a number with a unit")
                    .help("write a number and `ms`, `s`, `m`, `h` or `d`, such as \"10s\" or \"1h 30m\""),
            );
            None
        }
    }

    /// Reads a table that messages call `name`.
    pub fn table(&self, name: impl Into<String>) -> Option<TableReader<'d>> {
        let table = self.read("a table", "a table", DeValue::as_table)?;
        // The place of a `[header]` table is its header; that of an inline one is itself. Either is where a key is missing.
        Some(TableReader::new(table.value, self.span(), name, self.findings))
    }

    /// Reads a list; each element goes by the key of the list.
    pub fn list(&self) -> Option<Vec<Value<'d>>> {
        if let DeValue::String(text) = self.value.get_ref() {
            self.mismatch_with_help("a list", "a list in brackets", format!("write [\"{text}\"]"));
            return None;
        }
        let list = self.read("a list", "a list in brackets", DeValue::as_array)?;
        Some(list.value.iter().map(|item| Value::new(self.key, self.key_span(), item, self.findings)).collect())
    }

    /// Reads one value of any kind as it is written. A time of day alone is none, and neither are `inf` and `nan`.
    pub fn written(&self) -> Option<Spanned<Scalar>> {
        self.read("one value", "text, a number, a boolean or a moment", |value| match value {
            DeValue::String(text) => Some(Scalar::Text(text.as_ref().to_owned())),
            DeValue::Integer(_) => whole(value).map(|whole| Scalar::Number(whole.to_string())),
            DeValue::Float(float) => {
                let digits = float.as_str().replace('_', "");
                let finite = digits.parse().is_ok_and(|number: f64| number.is_finite());
                finite.then(|| Scalar::Number(digits.trim_start_matches('+').to_owned()))
            }
            DeValue::Boolean(boolean) => Some(Scalar::Boolean(*boolean)),
            DeValue::Datetime(moment) => moment.date.map(|_| Scalar::Moment(moment.to_string())),
            DeValue::Array(_) | DeValue::Table(_) => None,
        })
    }

    /// Reads a scalar as the JSON value of the same meaning: text, a number, or a boolean.
    pub fn scalar(&self) -> Option<Spanned<serde_json::Value>> {
        self.read("text, a number or a boolean", "one value", |value| match value {
            DeValue::String(text) => Some(serde_json::Value::from(text.as_ref())),
            DeValue::Integer(_) => whole(value).map(serde_json::Value::from),
            DeValue::Float(float) => {
                serde_json::Number::from_f64(float.as_str().replace('_', "").parse().ok()?).map(serde_json::Value::from)
            }
            DeValue::Boolean(boolean) => Some(serde_json::Value::from(*boolean)),
            _ => None,
        })
    }
}

fn whole(value: &DeValue<'_>) -> Option<i64> {
    let integer = value.as_integer()?;
    i64::from_str_radix(&integer.as_str().replace('_', ""), integer.radix()).ok()
}
