//! One resolved model of a pipeline: every name found, every type known, every default filled in.
//!
//! Owns the meaning of a file as a whole. May import `spec` and what it imports. Pure: no clock, no network, no
//! environment. Never holds a value that a later stage has to check again.

pub mod capacity;
mod change;
pub mod cost;
mod derived;
mod generator;
mod generators;
mod queries;
mod query;
mod record_values;
mod relation;
mod resolve;
mod resolve_streams;
mod row_text;
mod stream;
mod table;
mod tables;
mod target;
mod trial;

pub use change::{Change, ChangeKind};
pub use generator::{Computed, FromTable, GeneratedField, Generator, Making, Origin, PREVIOUS};
pub use query::Query;
pub use record_values::{Row, read_values};
pub use relation::{
    Attribute, Clock, Forest, Group, Hotspots, Join, JoinKind, Lookup, Operator, Over, Rank, Read, Relation,
    RelationId, RowTime, Select, SystemColumn, Top,
};
pub(crate) use resolve::delivery_stream;
pub use stream::{Column, Source, Stream, Time};
pub use table::{Table, TableFormat};
pub use target::Target;
pub use trial::{Action, Datum, Expectation, Files, Generation, Heading, LAST_MOMENT, Record, Step, Trial};

pub use crate::spec::{AlarmKind, Connector, EngineKind, FlinkRuntime, StreamsKind};

/// The stream that takes what could not be read or computed, in every pipeline. KDA reserves the same name.
pub const ERROR_STREAM: &str = "error_stream";

/// A whole pipeline.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The pipeline's name.
    pub name: String,
    /// What it is for, in the author's words.
    pub description: Option<String>,
    /// Its streams in the order of the file, those that queries write among them.
    pub streams: Vec<Stream>,
    /// What streams are joined with.
    pub tables: Vec<Table>,
    /// What makes records, by stream.
    pub generators: Vec<Generator>,
    /// What the queries consist of; each stands behind those that it is made of.
    pub relations: Vec<Relation>,
    /// Its queries in the order of the file.
    pub queries: Vec<Query>,
    /// Where it runs.
    pub target: Target,
}

impl Plan {
    /// Returns the stream of a name.
    pub fn stream(&self, name: &str) -> Option<&Stream> {
        self.streams.iter().find(|stream| stream.name == name)
    }

    /// Returns the streams that its target has. Only the engine of this program keeps late rows: in Kinesis, where streams
    /// cost money, there are none for them where another engine runs the queries.
    pub fn kept_streams(&self) -> impl Iterator<Item = &Stream> {
        let late = matches!(
            (self.target.engine, self.target.streams),
            // What is declared is made on this machine, whoever writes it.
            (EngineKind::Embedded, _) | (EngineKind::Flink, StreamsKind::Local)
        );
        self.streams.iter().filter(move |stream| late || !matches!(stream.source, Source::Late(_)))
    }

    /// Returns the table of a name.
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.name == name)
    }

    /// Returns the generator that feeds a stream.
    pub fn generator(&self, stream: &str) -> Option<&Generator> {
        self.generators.iter().find(|generator| generator.stream == stream)
    }
}
