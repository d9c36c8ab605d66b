//! `join` of a query.

use std::time::Duration;

use crate::document::{Diagnostic, Span, Spanned, Value};

use super::query::texts;

/// The longest bound of a join: what lies within it is kept of both sides.
const MAX_BOUND: Duration = Duration::from_hours(8784);

/// One join as written.
#[derive(Debug, Clone)]
pub struct JoinSpec {
    /// `with`: a stream, a query or a table.
    pub with: Spanned<String>,
    /// `kind`: whether rows without a partner stay.
    pub left: bool,
    /// `on`
    pub on: On,
    /// `before`, where it is given: how far the other row may lie before this one.
    pub before: Option<Spanned<Duration>>,
    /// `after`, where it is given: how far it may lie behind this one.
    pub after: Option<Spanned<Duration>>,
    /// The place of the whole.
    pub span: Span,
}

/// What must hold of a pair.
#[derive(Debug, Clone)]
pub enum On {
    /// Columns of one name on both sides that are equal.
    Columns(Vec<Spanned<String>>),
    /// A condition, such as `orders.id = payments.order_id`.
    Condition(Spanned<String>),
}

/// Reads one join, or a list of them.
pub(super) fn read(value: &Value<'_>) -> Option<Vec<JoinSpec>> {
    if value.is_list() {
        return value.list()?.iter().map(one).collect();
    }
    Some(vec![one(value)?])
}

fn one(value: &Value<'_>) -> Option<JoinSpec> {
    let mut reader = value.table("`join`")?;
    let with = reader.take("with").and_then(|value| value.text());
    let left = match reader.optional("kind") {
        None => Some(false),
        Some(kind) => kind.text().and_then(|text| match text.value.as_str() {
            "inner" => Some(false),
            "left" => Some(true),
            other => {
                kind.findings().add(
                    Diagnostic::new(format!("`{other}` is not a kind of join"), text.span)
                        .label("expected \"inner\" or \"left\"")
                        .help("for the rows of the other side, exchange `from` and `with`"),
                );
                None
            }
        }),
    };
    let on = reader.take("on").and_then(|value| {
        if value.is_list() { texts(&value).map(On::Columns) } else { value.text().map(On::Condition) }
    });
    let mut bound = |key| match reader.optional(key) {
        None => Some(None),
        Some(value) => {
            let bound = value.duration()?;
            let label = if bound.value > MAX_BOUND {
                "expected at most 366 days"
            } else if bound.value.subsec_nanos() % 1_000_000 != 0 {
                "expected whole milliseconds"
            } else {
                return Some(Some(bound));
            };
            let diagnostic = Diagnostic::new(format!("a join cannot have this `{key}`"), bound.span).label(label);
            value.findings().add(diagnostic);
            None
        }
    };
    let (before, after) = (bound("before"), bound("after"));
    reader.finish();
    Some(JoinSpec { with: with?, left: left?, on: on?, before: before?, after: after?, span: value.span() })
}
