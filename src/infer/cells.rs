//! Values of a sample.

use serde_json::Value;

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    Null,
    Boolean(bool),
    Whole(i64),
    /// A number with its digits behind the point.
    Number(f64, usize),
    Text(String),
}

impl Cell {
    /// Takes a JSON value; nothing where it is an object or a list.
    pub(super) fn of(value: &Value) -> Option<Self> {
        Some(match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Boolean(*value),
            Value::Number(number) => match number.as_i64() {
                Some(whole) => Self::Whole(whole),
                None => Self::number(&number.to_string(), number.as_f64().unwrap_or_default()),
            },
            Value::String(text) => Self::Text(text.clone()),
            Value::Array(_) | Value::Object(_) => return None,
        })
    }

    /// Takes a value of a CSV record, which says nothing of its type.
    pub(super) fn of_text(text: &str) -> Self {
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Self::Null;
        }
        // 007 is no number, and neither are nan and inf.
        let is_plain = trimmed.trim_start_matches('-').starts_with(|first: char| first.is_ascii_digit())
            && !(trimmed.len() > 1 && trimmed.starts_with('0') && !trimmed.starts_with("0."));
        match trimmed {
            "true" | "TRUE" => return Self::Boolean(true),
            "false" | "FALSE" => return Self::Boolean(false),
            _ => {}
        }
        if let (true, Ok(whole)) = (is_plain, trimmed.parse()) {
            return Self::Whole(whole);
        }
        match trimmed.parse::<f64>() {
            Ok(number) if is_plain && number.is_finite() => Self::number(trimmed, number),
            _ => Self::Text(text.to_owned()),
        }
    }

    fn number(text: &str, number: f64) -> Self {
        let decimals =
            text.split_once('.').map_or(0, |(_, behind)| behind.bytes().take_while(u8::is_ascii_digit).count());
        Self::Number(number, decimals)
    }

    /// Returns the value as a number.
    #[expect(clippy::cast_precision_loss, reason = "a sketch of its size")]
    pub(super) fn as_number(&self) -> Option<f64> {
        match self {
            Self::Whole(whole) => Some(*whole as f64),
            Self::Number(number, _) => Some(*number),
            _ => None,
        }
    }

    /// Returns the value as a partition key would have it.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Null => String::new(),
            Self::Boolean(value) => value.to_string(),
            Self::Whole(whole) => whole.to_string(),
            Self::Number(number, _) => number.to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}
