//! `[targets.NAME]`

use crate::document::{Diagnostic, Spanned, TableReader, Value, help_for};
use crate::rate::{self, Profile};
use crate::streams::Capacity;

use super::stack::{self, StackSpec};
use super::stream::read_shards;

/// Where the streams of a target are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamsKind {
    /// Durable logs on this machine.
    Local,
    /// Kinesis Data Streams.
    Kinesis,
}

/// What runs the queries of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineKind {
    /// The engine in this process.
    Embedded,
    /// Managed Service for Apache Flink.
    ManagedFlink,
    /// Any Apache Flink, through its SQL gateway.
    Flink,
    /// Kinesis Data Analytics for SQL, which AWS removed on 2026-01-27.
    KinesisSql,
}

impl EngineKind {
    /// Returns whether it is an application of a stack on AWS.
    pub fn is_on_aws(self) -> bool {
        matches!(self, Self::ManagedFlink | Self::KinesisSql)
    }

    /// Returns its name in the file.
    pub fn name(self) -> &'static str {
        ENGINES.iter().find(|(_, engine)| *engine == self).map_or("", |(name, _)| name)
    }
}

/// Which of Flink's connectors to Kinesis the cluster has: their tables have options of other names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connector {
    /// `flink-sql-connector-kinesis` 4.x, of Flink 1.18 to 1.20.
    V4,
    /// `flink-sql-connector-aws-kinesis-streams` 5.x, of Flink 1.20.
    V5,
    /// `flink-sql-connector-aws-kinesis-streams` 6.x, of Flink 2.x.
    V6,
}

/// One target, with every key that was left out filled in.
#[derive(Debug, Clone)]
pub struct TargetSpec {
    /// Its name; no place where it exists without being written.
    pub name: String,
    /// Whether the file has it.
    pub declared: bool,
    /// `streams`
    pub streams: StreamsKind,
    /// `engine`
    pub engine: EngineKind,
    /// `region`
    pub region: Option<String>,
    /// `endpoint_url`
    pub endpoint_url: Option<String>,
    /// `gateway`
    pub gateway: String,
    /// `connector`
    pub connector: Connector,
    /// `bucket`
    pub bucket: Option<String>,
    /// `maven`
    pub maven: String,
    /// `jar`
    pub jar: Option<String>,
    /// `jar_sha256`
    pub jar_sha256: Option<String>,
    /// What the file says about its stack.
    pub stack: StackSpec,
    /// `prices`
    pub prices: Option<String>,
    /// `overrides`
    pub overrides: Overrides,
}

/// What a target changes about streams and generators.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// `overrides.streams.NAME.shards`
    pub shards: Vec<(Spanned<String>, Capacity)>,
    /// `overrides.generators.NAME.rate`
    pub rates: Vec<(Spanned<String>, Profile)>,
}

const STREAMS: [(&str, StreamsKind); 2] = [("local", StreamsKind::Local), ("kinesis", StreamsKind::Kinesis)];
const ENGINES: [(&str, EngineKind); 4] = [
    ("embedded", EngineKind::Embedded),
    ("managed-flink", EngineKind::ManagedFlink),
    ("flink", EngineKind::Flink),
    ("kinesis-sql", EngineKind::KinesisSql),
];

pub(super) const CONNECTORS: [(&str, Connector); 3] =
    [("4.x", Connector::V4), ("5.x", Connector::V5), ("6.x", Connector::V6)];
/// Where Flink's SQL gateway listens if it is told nothing else (Flink documentation, `sql-gateway.endpoint.rest.port`).
const GATEWAY: &str = "http://127.0.0.1:8083";

/// The repository that everybody uses (Maven documentation, "Maven Central").
const MAVEN: &str = "https://repo.maven.apache.org/maven2";

impl TargetSpec {
    fn standard(name: &str) -> Self {
        let (streams, engine) = match name {
            "aws" => (StreamsKind::Kinesis, EngineKind::ManagedFlink),
            "flink" => (StreamsKind::Local, EngineKind::Flink),
            _ => (StreamsKind::Local, EngineKind::Embedded),
        };
        Self {
            name: name.to_owned(),
            declared: false,
            streams,
            engine,
            region: None,
            endpoint_url: None,
            gateway: GATEWAY.to_owned(),
            connector: Connector::V5,
            bucket: None,
            maven: MAVEN.to_owned(),
            jar: None,
            jar_sha256: None,
            stack: StackSpec::default(),
            prices: None,
            overrides: Overrides::default(),
        }
    }
}

/// Adds the targets that exist without being written.
pub(super) fn add_standard(targets: &mut Vec<TargetSpec>) {
    for name in ["local", "aws", "flink"] {
        if !targets.iter().any(|target| target.name == name) {
            targets.push(TargetSpec::standard(name));
        }
    }
}

pub(super) fn read(value: &Value<'_>) -> Option<TargetSpec> {
    let mut target = TargetSpec { declared: true, ..TargetSpec::standard(value.key()) };
    let mut reader = value.table(format!("target `{}`", value.key()))?;
    let streams = choice(&mut reader, "streams", &STREAMS);
    let engine = choice(&mut reader, "engine", &ENGINES);
    target.engine = engine.as_ref().map_or(target.engine, |engine| engine.value);
    target.streams = match (&streams, target.engine.is_on_aws()) {
        (Some(streams), _) => streams.value,
        (None, true) => StreamsKind::Kinesis,
        (None, false) => target.streams,
    };
    if let Some(streams) = streams.filter(|streams| streams.value == StreamsKind::Local && target.engine.is_on_aws()) {
        let place = engine.map_or_else(|| reader.span(), |engine| engine.span);
        reader.findings().add(
            Diagnostic::new("an application on AWS cannot read streams of this machine", streams.span)
                .label("out of its reach")
                .other(place, format!("its engine is `{}`", target.engine.name()))
                .help("leave `streams` out: its streams are in Kinesis; or let `engine = \"embedded\"` run the queries here"),
        );
    }
    target.region = reader.optional("region").and_then(|value| region(&value));
    target.endpoint_url = address(&mut reader, "endpoint_url", &["http://", "https://"]);
    if let Some(gateway) = address(&mut reader, "gateway", &["http://"]) {
        target.gateway = gateway;
    }
    (target.stack, target.connector) = stack::read(&mut reader, target.engine, target.region.as_deref());
    target.bucket = bucket(&mut reader);
    if let Some(maven) = address(&mut reader, "maven", &["http://", "https://"]) {
        target.maven = maven;
    }
    target.jar = reader.optional("jar").and_then(|value| value.text()).map(|text| text.value);
    target.jar_sha256 = sha256(&mut reader);
    target.prices = reader.optional("prices").and_then(|value| value.text()).map(|text| text.value);
    if let Some(mut overrides) = reader.optional("overrides").and_then(|value| value.table("`overrides`")) {
        target.overrides.shards = entries(&mut overrides, "streams", "shards", read_shards);
        target.overrides.rates = entries(&mut overrides, "generators", "rate", rate::read);
        overrides.finish();
    }
    reader.finish();
    Some(target)
}

/// Reads the name of a region. Regions come faster than programs learn of them, so that any is taken that could be one.
fn region(value: &Value<'_>) -> Option<String> {
    let text = value.text()?;
    // It becomes a part of host names (RFC 1123, 2.1).
    let plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    let legal = (1..=63).contains(&text.value.len()) && text.value.chars().all(plain);
    if !legal {
        value.findings().add(
            Diagnostic::new(format!("`{}` is not a region", text.value), text.span)
                .label("not the name of a region")
                .help("one such as \"eu-west-1\"; left out, AWS_REGION or the AWS profile says it"),
        );
    }
    legal.then_some(text.value)
}

fn address(reader: &mut TableReader<'_>, key: &'static str, schemes: &[&str]) -> Option<String> {
    let value = reader.optional(key)?;
    let text = value.text()?;
    let legal = schemes.iter().any(|scheme| text.value.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty()));
    if !legal {
        let schemes: Vec<String> = schemes.iter().map(|scheme| format!("`{scheme}`")).collect();
        value.findings().add(
            Diagnostic::new(format!("`{}` is not an address", text.value), text.span)
                .label(format!("expected {} before it", schemes.join(" or "))),
        );
    }
    legal.then_some(text.value)
}

fn bucket(reader: &mut TableReader<'_>) -> Option<String> {
    let value = reader.optional("bucket")?;
    let text = value.text()?;
    // Amazon S3 user guide, "general purpose bucket naming rules".
    let plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || matches!(letter, '-' | '.');
    let ends = |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_alphanumeric());
    let name = &text.value;
    let legal = (3..=63).contains(&name.len())
        && name.chars().all(plain)
        && ends(name.chars().next())
        && ends(name.chars().last());
    if !legal {
        value.findings().add(
            Diagnostic::new(format!("`{name}` cannot be the name of a bucket"), text.span)
                .label("3 to 63 lower-case letters, digits, `-` and `.`, a letter or digit at both ends"),
        );
    }
    legal.then_some(text.value)
}

fn sha256(reader: &mut TableReader<'_>) -> Option<String> {
    let value = reader.optional("jar_sha256")?;
    let text = value.text()?;
    let legal = text.value.len() == 64 && text.value.chars().all(|digit| digit.is_ascii_hexdigit());
    if !legal {
        value.findings().add(
            Diagnostic::new(format!("`{}` is not a SHA-256", text.value), text.span)
                .label("64 hexadecimal digits")
                .help("`sha256sum FILE` tells it"),
        );
    }
    legal.then(|| text.value.to_ascii_lowercase())
}

pub(super) fn choice<T: Copy>(
    reader: &mut TableReader<'_>,
    key: &'static str,
    legal: &[(&'static str, T)],
) -> Option<Spanned<T>> {
    let text = reader.optional(key)?.text()?;
    let found = legal.iter().find(|(name, _)| *name == text.value);
    if found.is_none() {
        reader.findings().add(
            Diagnostic::new(format!("`{}` is not a choice for `{key}`", text.value), text.span.clone())
                .label("not one of them")
                .help(help_for(&text.value, legal.iter().map(|(name, _)| *name).collect::<Vec<_>>())),
        );
    }
    found.map(|(_, choice)| Spanned::new(*choice, text.span))
}

/// Reads `overrides.SECTION.NAME.KEY` for every NAME.
fn entries<T>(
    overrides: &mut TableReader<'_>,
    section: &'static str,
    key: &'static str,
    read: impl Fn(&Value<'_>) -> Option<T>,
) -> Vec<(Spanned<String>, T)> {
    let Some(table) = overrides.optional(section).and_then(|value| value.table(format!("`{section}`"))) else {
        return Vec::new();
    };
    let read_entry = |value: &Value<'_>| {
        let mut reader = value.table(format!("the override of `{}`", value.key()))?;
        let found = reader.take(key).and_then(|value| read(&value));
        reader.finish();
        Some((Spanned::new(value.key().to_owned(), value.key_span()), found?))
    };
    table.entries(read_entry)
}
