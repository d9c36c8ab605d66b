//! `[generators.NAME]`

use std::sync::Arc;

use crate::document::{Diagnostic, Spanned, Value};
use crate::field::{Field, KINDS};

use super::kind;

/// The highest rate that can be asked for, in records per second: beyond it a record has no time of its own.
const MAX_RATE: f64 = 1e9;

/// One generator as written.
#[derive(Debug, Clone)]
pub struct GeneratorSpec {
    /// The stream that it feeds.
    pub stream: Spanned<String>,
    /// `rate` in records per second.
    pub rate: f64,
    /// `seed`
    pub seed: u64,
    /// `fields`, with the place of the table.
    pub fields: Spanned<Vec<FieldSpec>>,
}

/// One entry of `fields`.
#[derive(Debug, Clone)]
pub struct FieldSpec {
    /// The column that it fills.
    pub column: Spanned<String>,
    /// The kind with its options.
    pub field: Arc<dyn Field>,
    /// `null`: the share of NULL.
    pub null_share: f64,
    /// The place of the whole entry.
    pub span: crate::document::Span,
}

pub(super) fn read(value: &Value<'_>) -> Option<GeneratorSpec> {
    let stream = Spanned::new(value.key().to_owned(), value.key_span());
    let mut reader = value.table(format!("generator `{}`", value.key()))?;
    let rate = reader.take("rate").and_then(|value| read_rate(&value));
    let seed = match reader.optional("seed") {
        None => Some(0),
        Some(seed) => seed.integer(0..=i64::MAX).map(|seed| seed.value.unsigned_abs()),
    };
    let fields = reader
        .take("fields")
        .and_then(|value| Some(Spanned::new(value.table("`fields`")?.entries(read_field), value.span())));
    reader.finish();
    // A rate or a seed that cannot be read is a finding, and hides none in the fields.
    Some(GeneratorSpec { stream, rate: rate.unwrap_or(1.0), seed: seed.unwrap_or(0), fields: fields? })
}

/// Reads a rate with its unit: `"200/s"`, `"5/m"`, `"1000/h"`.
pub(super) fn read_rate(value: &Value<'_>) -> Option<f64> {
    if !value.is_text() {
        value.mismatch("text", "records and a unit of time, in quotes, such as \"200/s\"");
        return None;
    }
    let text = value.text()?;
    let rate = text.value.split_once('/').and_then(|(count, unit)| {
        let count: f64 = count.trim().replace('_', "").parse().ok()?;
        let seconds = match unit.trim() {
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        Some(count / seconds)
    });
    match rate {
        Some(rate) if rate > 0.0 && rate <= MAX_RATE => Some(rate),
        _ => {
            value.findings().add(
                Diagnostic::new(format!("`{}` is not a rate", text.value), text.span)
                    .label("expected records per `s`, `m` or `h`")
                    .help("write a number above 0 and its unit, such as \"200/s\" or \"5/m\""),
            );
            None
        }
    }
}

fn read_field(value: &Value<'_>) -> Option<FieldSpec> {
    if value.is_text() {
        value.mismatch_with_help("a table", "a kind with its options", "write { kind = \"…\" }");
        return None;
    }
    let mut reader = value.table(format!("field `{}`", value.key()))?;
    let found = kind::find(&mut reader, "field kind", KINDS, |kind| kind.name);
    let null_share = match reader.optional("null") {
        None => Some(0.0),
        Some(share) => share.number().and_then(|share| {
            let legal = (0.0..=1.0).contains(&share.value);
            if !legal {
                value
                    .findings()
                    .add(Diagnostic::new("`null` is out of range", share.span).label("expected a share from 0 to 1"));
            }
            legal.then_some(share.value)
        }),
    };
    let field = (found?.read)(&mut reader);
    reader.finish();
    let column = Spanned::new(value.key().to_owned(), value.key_span());
    Some(FieldSpec { column, field: field?, null_share: null_share?, span: value.span() })
}
