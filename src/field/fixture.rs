//! Fields for tests: read from text, drawn into lists.

use std::sync::Arc;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::{Beginning, Field, Source, Way, find};
use crate::document::{Diagnostic, Document, Findings, TableReader};
use crate::sql::SqlType;

/// Reads a field from its options, `kind` among them; fails with the first message where there are mistakes.
pub(crate) fn read(text: &str) -> Result<Arc<dyn Field>, String> {
    let findings = Findings::new();
    let document = Document::new("test.toml", text);
    let table = document.parse(&findings);
    let mut reader = TableReader::new(&table, 0..0, "field `f`", &findings);
    let way = find(&mut reader).and_then(|kind| (kind.read)(&mut reader));
    reader.finish();
    let found = findings.into_sorted();
    match way {
        Some(Way::Drawn(field)) if found.is_empty() => Ok(field),
        _ => Err(found.first().map(Diagnostic::message).expect("a finding where there is no field").to_owned()),
    }
}

/// Returns a source that always gives the same, at 2026-02-02T10:15:30.123456Z.
pub(crate) fn source() -> Source {
    Source { rng: ChaCha8Rng::seed_from_u64(7), now: 1_770_027_330_123_456 }
}

/// Draws values as JSON texts, always from the same seed.
pub(crate) fn draw(field: &dyn Field, sql_type: SqlType, count: usize) -> Vec<String> {
    let mut draw = field.begin(sql_type, &Beginning::first()).expect("a field that fits");
    let mut source = source();
    let mut value = Vec::new();
    (0..count)
        .map(|_| {
            value.clear();
            draw(&mut source, &mut value);
            String::from_utf8(value.clone()).expect("UTF-8")
        })
        .collect()
}

/// Draws values as numbers.
pub(crate) fn numbers(text: &str, sql_type: SqlType, count: usize) -> Vec<f64> {
    let field = read(text).expect(text);
    draw(field.as_ref(), sql_type, count).iter().map(|value| value.parse().expect("a number")).collect()
}
