//! Texts that match a regular expression, such as `ORD-[0-9]{6}`.

use rand::distr::Distribution;
use rand_regex::Regex;
use regex_syntax::hir::{Class, Hir, HirKind};

use crate::document::{Diagnostic, TableReader, Value};
use crate::sql::SqlType;

use super::{Beginning, Draw, Field, Kind, Way};

/// The kind's entry in the table.
pub(super) const KIND: Kind = Kind { name: "pattern", read };

/// The most bytes of a text: those of the longest VARCHAR, all its characters being the widest.
const MAX_BYTES: usize = 4 * 65_535;

#[derive(Debug)]
struct Pattern {
    regex: Regex,
    /// The most characters of a text.
    longest: usize,
}

impl Field for Pattern {
    fn begin(&self, sql_type: SqlType, _: &Beginning) -> Result<Draw, String> {
        match sql_type {
            SqlType::Varchar(most) if self.longest > most as usize => {
                Err(format!("the pattern has up to {} characters, and a {sql_type} holds {most}", self.longest))
            }
            SqlType::Varchar(_) => {
                let regex = self.regex.clone();
                // The one draw that allocates: the crate gives each text as a value of its own.
                Ok(Box::new(move |source, json| {
                    let text: String = regex.sample(&mut source.rng);
                    serde_json::to_writer(json, &text).expect("writing to memory does not fail");
                }))
            }
            _ => Err("it makes text".to_owned()),
        }
    }
}

fn read(reader: &mut TableReader<'_>) -> Option<Way> {
    let value = reader.take("pattern")?;
    let pattern = value.text()?;
    let parsed = match regex_syntax::Parser::new().parse(&pattern.value) {
        Ok(parsed) => parsed,
        Err(error) => {
            let reason = match &error {
                regex_syntax::Error::Parse(error) => error.kind().to_string(),
                regex_syntax::Error::Translate(error) => error.kind().to_string(),
                _ => "it cannot be read".to_owned(),
            };
            refuse(&value, &reason, "write a literal bracket, brace, dot or backslash with a `\\` before it");
            return None;
        }
    };
    match parsed.properties().maximum_len() {
        Some(bytes) if bytes <= MAX_BYTES => {}
        Some(_) => {
            refuse(&value, "its texts are longer than any VARCHAR", "lower the counts in braces");
            return None;
        }
        None if matches!(Regex::with_hir(parsed.clone(), 0), Err(rand_regex::Error::Unsatisfiable)) => {
            refuse(&value, "no text matches it", "check its character classes");
            return None;
        }
        None => {
            refuse(
                &value,
                "its texts have no greatest length",
                "write `{1,20}` instead of `+`, `{0,20}` instead of `*`",
            );
            return None;
        }
    }
    let longest = longest(&parsed);
    match Regex::with_hir(parsed, 0) {
        Ok(regex) => Some(Way::drawn(Pattern { regex, longest })),
        Err(rand_regex::Error::Anchor) => {
            refuse(&value, "it holds an anchor", "leave out `^`, `$` and `\\b`: a text always matches as a whole");
            None
        }
        Err(_) => {
            refuse(&value, "no text matches it", "check its character classes");
            None
        }
    }
}

fn refuse(value: &Value<'_>, reason: &str, help: &str) {
    value.findings().add(
        Diagnostic::new("no texts can be made from this pattern", value.span()).label(reason.to_owned()).help(help),
    );
}

/// Returns the most characters of a text that matches a bounded expression.
fn longest(expression: &Hir) -> usize {
    match expression.kind() {
        HirKind::Empty | HirKind::Look(_) => 0,
        HirKind::Literal(literal) => String::from_utf8_lossy(&literal.0).chars().count(),
        HirKind::Class(Class::Unicode(_) | Class::Bytes(_)) => 1,
        HirKind::Repetition(repetition) => {
            let times = repetition.max.unwrap_or(repetition.min) as usize;
            longest(&repetition.sub).saturating_mul(times)
        }
        HirKind::Capture(capture) => longest(&capture.sub),
        HirKind::Concat(parts) => parts.iter().map(longest).sum(),
        HirKind::Alternation(parts) => parts.iter().map(longest).max().unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use crate::field::fixture;
    use crate::sql::SqlType;

    #[test]
    fn texts_match_their_pattern() {
        let field = fixture::read("kind = 'pattern'\npattern = 'ORD-[0-9]{6}'").expect("a field that fits");
        let drawn = fixture::draw(field.as_ref(), SqlType::Varchar(10), 500);
        for text in &drawn {
            let digits =
                text.strip_prefix("\"ORD-").and_then(|rest| rest.strip_suffix('"')).expect("a field that fits");
            assert!(digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_digit()), "{text}");
        }
        assert_ne!(drawn[0], drawn[1]);
        field.check(SqlType::Varchar(9)).expect_err("a mistake");
        field.check(SqlType::Integer).expect_err("a mistake");
    }

    #[test]
    fn length_is_counted_in_characters() {
        let field = fixture::read("kind = 'pattern'\npattern = '(ä|€uro)[α-ω]{2,3}x?'").expect("a field that fits");
        field.check(SqlType::Varchar(8)).expect("a field that fits");
        field.check(SqlType::Varchar(7)).expect_err("a mistake");
        for text in fixture::draw(field.as_ref(), SqlType::Varchar(8), 300) {
            let text: String = serde_json::from_str(&text).expect("JSON");
            assert!((3..=8).contains(&text.chars().count()), "{text}");
        }
    }

    #[test]
    fn patterns_that_make_no_text_are_refused() {
        let patterns = ["a+", "[0-9]*x", "a{3,}", "(", "^a", r"\bword", "[a&&b]", "(a{60000}){60000}", "a{999999}"];
        for pattern in patterns {
            let text = format!("kind = 'pattern'\npattern = '{pattern}'");
            assert_eq!(
                fixture::read(&text).expect_err("a mistake"),
                "no texts can be made from this pattern",
                "{pattern}"
            );
        }
    }
}
