//! `[generators.NAME]`

use super::faults::{self, Faults};
use crate::document::{Span, Spanned, Value};
use crate::field::{self, Way};
use crate::rate::{self, Arrivals, Profile};

/// One generator as written.
#[derive(Debug, Clone)]
pub struct GeneratorSpec {
    /// The stream that it feeds.
    pub stream: Spanned<String>,
    /// `rate`
    pub rate: Profile,
    /// `arrivals`
    pub arrivals: Arrivals,
    /// `seed`
    pub seed: u64,
    /// `faults`
    pub faults: Option<Faults>,
    /// `fields`, with the place of the table.
    pub fields: Spanned<Vec<FieldSpec>>,
}

/// One entry of `fields`.
#[derive(Debug, Clone)]
pub struct FieldSpec {
    /// The column that it fills.
    pub column: Spanned<String>,
    /// The kind with its options.
    pub way: Way,
    /// `per`: the column for each of whose values there are values of their own.
    pub per: Option<Spanned<String>>,
    /// `fixed`, where it is so: that the value is the same whenever its key comes again.
    pub fixed: Option<Span>,
    /// `null`: the share of NULL.
    pub null_share: f64,
    /// The place of the whole entry.
    pub span: Span,
}

pub(super) fn read(value: &Value<'_>) -> Option<GeneratorSpec> {
    let stream = Spanned::new(value.key().to_owned(), value.key_span());
    let mut reader = value.table(format!("generator `{}`", value.key()))?;
    let rate = reader.take("rate").and_then(|value| rate::read(&value));
    let arrivals = reader.optional("arrivals").and_then(|value| Arrivals::read(&value)).unwrap_or_default();
    let seed = match reader.optional("seed") {
        None => Some(0),
        Some(seed) => seed.integer(0..=i64::MAX).map(|seed| seed.value.unsigned_abs()),
    };
    let faults = reader.optional("faults").and_then(|value| faults::read(&value));
    let fields = reader
        .take("fields")
        .and_then(|value| Some(Spanned::new(value.table("`fields`")?.entries(read_field), value.span())));
    reader.finish();
    // A rate or a seed that cannot be read is a finding, and hides none in the fields.
    let rate = rate.unwrap_or_else(|| Profile::constant(1.0));
    Some(GeneratorSpec { stream, rate, arrivals, seed: seed.unwrap_or(0), faults, fields: fields? })
}

fn read_field(value: &Value<'_>) -> Option<FieldSpec> {
    if value.is_text() {
        value.mismatch_with_help("a table", "a kind with its options", "write { kind = \"…\" }");
        return None;
    }
    let mut reader = value.table(format!("field `{}`", value.key()))?;
    let found = field::find(&mut reader);
    let per = reader.optional("per").and_then(|value| value.text());
    let fixed = reader.optional("fixed").and_then(|value| value.boolean());
    let null_share = match reader.optional("null") {
        None => Some(0.0),
        Some(share) => faults::share(&share),
    };
    let way = (found?.read)(&mut reader);
    reader.finish();
    let column = Spanned::new(value.key().to_owned(), value.key_span());
    let fixed = fixed.filter(|fixed| fixed.value).map(|fixed| fixed.span);
    Some(FieldSpec { column, way: way?, per, fixed, null_share: null_share?, span: value.span() })
}
