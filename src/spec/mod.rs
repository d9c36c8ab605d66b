//! What one file says: every value read and valid on its own, no name looked up yet.
//!
//! Owns the keys of pipeline.toml, one file per section. May import `field`, `window` and what they import. Pure. Never
//! compares one section with another: that is the plan's.

mod application;
mod faults;
mod generator;
mod join;
mod name;
mod query;
mod stack;
mod stream;
mod table;
mod target;
mod trial;

use crate::document::{Diagnostic, Document, Findings, Spanned, TableReader, Value};

pub(crate) use application::APPLICATION;
pub use application::{ApplicationSpec, Binding};
pub use faults::{Delay, Faults};
pub use generator::{FieldSpec, GeneratorSpec};
pub use join::{JoinSpec, On};
pub use name::{CODE_STACK, legal_stream_name, stack_name};
pub use query::{QuerySpec, TopSpec};
pub use stack::{AlarmKind, FlinkRuntime, StackSpec};
pub(crate) use stream::EVENT_TIME;
pub use stream::{ColumnSpec, EventTimeSpec, StreamSpec};
pub use table::TableSpec;
pub use target::{Connector, EngineKind, Overrides, StreamsKind, TargetSpec};
pub use trial::{ActionSpec, ExpectSpec, GenerateSpec, RecordsSpec, RowSpec, StepSpec, TestSpec, WantedSpec};

/// A whole file.
#[derive(Debug, Clone)]
pub struct Spec {
    /// The pipeline's name.
    pub name: Spanned<String>,
    /// What it is for.
    pub description: Option<String>,
    /// `[streams.…]` in the order of the file.
    pub streams: Vec<StreamSpec>,
    /// `[tables.…]` in the order of the file.
    pub tables: Vec<TableSpec>,
    /// `[generators.…]` in the order of the file.
    pub generators: Vec<GeneratorSpec>,
    /// `[queries.…]` in the order of the file.
    pub queries: Vec<QuerySpec>,
    /// Those of `[queries.…]` that hold the text of a KDA SQL application.
    pub applications: Vec<ApplicationSpec>,
    /// `[targets.…]`, and those that exist without being written.
    pub targets: Vec<TargetSpec>,
    /// `[[tests]]` in the order of the file.
    pub tests: Vec<TestSpec>,
}

impl Spec {
    /// Returns the files that a document names and whose text is a part of it, in order. What cannot be read of the
    /// document is left to the reading of it.
    pub fn files(document: &Document) -> Vec<String> {
        let findings = Findings::new();
        let table = document.parse(&findings);
        let queries = table.get("queries").and_then(|queries| queries.get_ref().as_table());
        let named = queries.into_iter().flat_map(|queries| queries.iter()).filter_map(|(_, query)| {
            let file = query.get_ref().as_table()?.get("sql_file")?;
            file.get_ref().as_str().map(str::to_owned)
        });
        named.collect()
    }

    /// Reads a document. Fails with every mistake that can be seen without looking names up.
    pub fn read(document: &Document) -> Result<Self, Vec<Diagnostic>> {
        let findings = Findings::new();
        let spec = Self::read_readable(document, &findings);
        match spec {
            Some(spec) if findings.is_empty() => Ok(spec),
            _ => Err(findings.into_sorted()),
        }
    }

    /// Reads what can be read, so that it can be looked at further: where there are findings, the result is good for
    /// nothing but more findings. What was left out is noted there by its name.
    pub(crate) fn read_readable(document: &Document, findings: &Findings) -> Option<Self> {
        let table = document.parse(findings);
        if !findings.is_empty() {
            return None;
        }
        let mut file = TableReader::new(&table, 0..0, "the file", findings);
        let mut name = None;
        let mut description = None;
        let pipeline = file.optional("pipeline");
        if pipeline.is_none() {
            file.missing("pipeline", Some("begin the file with `[pipeline]` and `name = \"…\"`"));
        }
        if let Some(mut pipeline) = pipeline.and_then(|value| value.table("`pipeline`")) {
            name = pipeline.take("name").and_then(|value| name::pipeline(&value));
            description = pipeline.optional("description").and_then(|value| value.text()).map(|text| text.value);
            pipeline.finish();
        }
        let streams = file.optional("streams");
        if streams.is_none() {
            file.missing("streams", Some("a pipeline has at least one stream: add `[streams.NAME.columns]`"));
        }
        let streams = streams.and_then(|streams| section(&streams, stream::read));
        let mut optional_section = |key| file.optional(key);
        let tables = optional_section("tables").map_or_else(empty, |value| section(&value, table::read));
        let generators = optional_section("generators").map_or_else(empty, |value| section(&value, generator::read));
        let queries = optional_section("queries")
            .map_or_else(empty, |value| section(&value, |query| read_query(query, document)));
        let targets = optional_section("targets").map_or_else(empty, |value| section(&value, target::read));
        // A test that cannot be read is a finding, and hides none in the rest.
        let tests = file.optional("tests").and_then(|value| trial::read(&value)).unwrap_or_default();
        let known = file.finish();
        // Without a whole section, whatever is said about the others is about the hole.
        let (streams, tables, generators, queries, mut targets) = (streams?, tables?, generators?, queries?, targets?);
        let (mut declared, mut applications) = (Vec::new(), Vec::new());
        for query in queries {
            match query {
                AnyQuery::Declared(query) => declared.push(*query),
                AnyQuery::Application(application) => applications.push(*application),
            }
        }
        target::add_standard(&mut targets);
        let name = name.unwrap_or_else(|| Spanned::new(String::new(), 0..0));
        known.then_some(Self {
            name,
            description,
            streams,
            tables,
            generators,
            queries: declared,
            applications,
            targets,
            tests,
        })
    }
}

/// A query, declared or as the text of an application.
enum AnyQuery {
    Declared(Box<QuerySpec>),
    Application(Box<ApplicationSpec>),
}

fn read_query(query: &Value<'_>, document: &Document) -> Option<AnyQuery> {
    if application::is_one(query) {
        let read = application::read(query, document);
        if read.is_none() {
            query.findings().mark_unread(APPLICATION);
        }
        return read.map(|read| AnyQuery::Application(Box::new(read)));
    }
    query::read(query).map(|read| AnyQuery::Declared(Box::new(read)))
}

/// Reads every entry of `[section.…]`.
fn section<'d, T>(section: &Value<'d>, read: impl Fn(&Value<'d>) -> Option<T>) -> Option<Vec<T>> {
    Some(section.table(format!("`{}`", section.key()))?.entries(read))
}

/// A section that is not there.
#[expect(clippy::unnecessary_wraps, reason = "it stands beside one that cannot be read")]
fn empty<T>() -> Option<Vec<T>> {
    Some(Vec::new())
}
