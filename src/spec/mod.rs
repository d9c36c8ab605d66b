//! What one file says: every value read and valid on its own, no name looked up yet.
//!
//! Owns the keys of pipeline.toml, one file per section. May import `field`, `window` and what they import. Pure. Never
//! compares one section with another: that is the plan's.

mod generator;
mod kind;
mod name;
mod query;
mod stream;
mod target;

use crate::document::{Diagnostic, Document, Findings, Spanned, TableReader};

pub use generator::{FieldSpec, GeneratorSpec};
pub use query::QuerySpec;
pub use stream::{ColumnSpec, EventTimeSpec, StreamSpec};
pub use target::{EngineKind, Overrides, StreamsKind, TargetSpec};

/// A whole file.
#[derive(Debug, Clone)]
pub struct Spec {
    /// The pipeline's name.
    pub name: Spanned<String>,
    /// What it is for.
    pub description: Option<String>,
    /// `[streams.…]` in the order of the file.
    pub streams: Vec<StreamSpec>,
    /// `[generators.…]` in the order of the file.
    pub generators: Vec<GeneratorSpec>,
    /// `[queries.…]` in the order of the file.
    pub queries: Vec<QuerySpec>,
    /// `[targets.…]`, and those that exist without being written.
    pub targets: Vec<TargetSpec>,
}

impl Spec {
    /// Reads a document. Fails with every mistake that can be seen without looking names up.
    pub fn read(document: &Document) -> Result<Self, Vec<Diagnostic>> {
        let findings = Findings::new();
        let spec = Self::read_into(document, &findings);
        match spec {
            Some(spec) if findings.is_empty() => Ok(spec),
            _ => Err(findings.into_sorted()),
        }
    }

    fn read_into(document: &Document, findings: &Findings) -> Option<Self> {
        let table = document.parse(findings);
        if !findings.is_empty() {
            return None;
        }
        let first_line = document.text().lines().next().map_or(0, str::len);
        let mut file = TableReader::new(&table, 0..first_line, "the file", findings);
        let mut name = None;
        let mut description = None;
        if let Some(mut pipeline) = file.take("pipeline").and_then(|value| value.table("`pipeline`")) {
            name = pipeline.take("name").and_then(|value| name::pipeline(&value));
            description = pipeline.optional("description").and_then(|value| value.text()).map(|text| text.value);
            pipeline.finish();
        }
        let streams = section(&mut file, "streams", true, stream::read);
        let generators = section(&mut file, "generators", false, generator::read);
        let queries = section(&mut file, "queries", false, query::read);
        let mut targets = section(&mut file, "targets", false, target::read);
        target::add_standard(&mut targets);
        file.finish();
        Some(Self { name: name?, description, streams, generators, queries, targets })
    }
}

/// Reads every entry of `[section.…]`.
fn section<T>(
    file: &mut TableReader<'_>,
    key: &'static str,
    needed: bool,
    read: impl Fn(&crate::document::Value<'_>) -> Option<T>,
) -> Vec<T> {
    let value = if needed { file.take(key) } else { file.optional(key) };
    let Some(entries) = value.and_then(|value| value.table(format!("`{key}`"))) else { return Vec::new() };
    entries.entries().iter().filter_map(read).collect()
}
