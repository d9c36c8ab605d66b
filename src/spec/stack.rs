//! What `[targets.NAME]` says about the stack of a target.

use crate::document::{Diagnostic, Spanned, TableReader, Value, help_for};

use super::target::{CONNECTORS, Connector, EngineKind, choice};

/// The Flink that the managed service runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FlinkRuntime {
    /// Flink 1.20: a job may go from it to 2.x, and not back.
    #[default]
    V1_20,
    /// Flink 2.2.
    V2_2,
    /// Flink 2.3.
    V2_3,
}

/// What an alarm is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlarmKind {
    /// A reader is far behind.
    Behind,
    /// Reads or writes are refused.
    Throttled,
    /// The application does not run.
    Down,
    /// Checkpoints fail.
    Checkpoints,
    /// Rows came too late.
    Late,
    /// Records are not archived.
    Unarchived,
}

/// The keys about a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackSpec {
    /// `runtime`
    pub runtime: FlinkRuntime,
    /// `alarms`
    pub alarms: Vec<AlarmKind>,
    /// `alarm_topic`
    pub alarm_topic: Option<String>,
    /// `archive`
    pub archive: Vec<Spanned<String>>,
}

const RUNTIMES: [(&str, FlinkRuntime); 3] =
    [("1.20", FlinkRuntime::V1_20), ("2.2", FlinkRuntime::V2_2), ("2.3", FlinkRuntime::V2_3)];
const ALARMS: [(&str, AlarmKind); 6] = [
    ("behind", AlarmKind::Behind),
    ("throttled", AlarmKind::Throttled),
    ("down", AlarmKind::Down),
    ("checkpoints", AlarmKind::Checkpoints),
    ("late", AlarmKind::Late),
    ("unarchived", AlarmKind::Unarchived),
];
/// What is deployed as a stack.
const STACKS: [EngineKind; 2] = [EngineKind::ManagedFlink, EngineKind::KinesisSql];

impl Default for StackSpec {
    fn default() -> Self {
        let alarms = ALARMS.iter().map(|(_, kind)| *kind).collect();
        Self { runtime: FlinkRuntime::default(), alarms, alarm_topic: None, archive: Vec::new() }
    }
}

impl FlinkRuntime {
    /// Returns the connectors to Kinesis that there are for it, the usual one first.
    fn connectors(self) -> &'static [Connector] {
        match self {
            Self::V1_20 => &[Connector::V5, Connector::V4],
            Self::V2_2 | Self::V2_3 => &[Connector::V6],
        }
    }
}

/// Reads the keys about a stack, and the connector, which goes with the runtime: each follows from the other where the
/// file has only that.
pub(super) fn read(reader: &mut TableReader<'_>, engine: EngineKind, region: Option<&str>) -> (StackSpec, Connector) {
    let connector = choice(reader, "connector", &CONNECTORS);
    let runtime = of_engines(reader, "runtime", engine, &STACKS[..1]);
    let runtime = runtime.then(|| choice(reader, "runtime", &RUNTIMES)).flatten();
    let (runtime, connector) = match (runtime, connector) {
        (None, None) => (FlinkRuntime::default(), FlinkRuntime::default().connectors()[0]),
        (Some(runtime), None) => (runtime.value, runtime.value.connectors()[0]),
        (None, Some(connector)) => {
            let fits = |(_, runtime): &&(&str, FlinkRuntime)| runtime.connectors().contains(&connector.value);
            (RUNTIMES.iter().find(fits).map_or_else(FlinkRuntime::default, |(_, runtime)| *runtime), connector.value)
        }
        (Some(runtime), Some(connector)) => {
            check_pair(reader, &runtime, &connector);
            (runtime.value, connector.value)
        }
    };
    let mut stack = StackSpec { runtime, ..StackSpec::default() };
    if of_engines(reader, "alarms", engine, &STACKS)
        && let Some(value) = reader.optional("alarms")
    {
        stack.alarms = read_alarms(&value).unwrap_or_default();
    }
    stack.alarm_topic = of_engines(reader, "alarm_topic", engine, &STACKS)
        .then(|| reader.optional("alarm_topic").and_then(|value| read_topic(&value, region)))
        .flatten();
    stack.archive = of_engines(reader, "archive", engine, &STACKS)
        .then(|| reader.optional("archive").and_then(|value| read_names(&value, "archived twice")))
        .flatten()
        .unwrap_or_default();
    (stack, connector)
}

/// Returns whether a key is of use to an engine; where it is there and of none, that is a mistake.
fn of_engines(reader: &mut TableReader<'_>, key: &'static str, engine: EngineKind, engines: &[EngineKind]) -> bool {
    let fits = engines.contains(&engine);
    if let Some(value) = reader.optional(key).filter(|_| !fits) {
        let names: Vec<String> = engines.iter().map(|engine| format!("`engine = \"{}\"`", engine.name())).collect();
        let mut help = format!("it goes with {}", names.join(" or "));
        if key == "runtime" && engine == EngineKind::Flink {
            help += "; which Flink you run yourself is what `connector` says";
        }
        value.findings().add(
            Diagnostic::new(format!("{} has no use for `{key}`", reader.name()), value.key_span())
                .label(format!("its engine is `{}`", engine.name()))
                .help(help),
        );
    }
    fits
}

fn check_pair(reader: &TableReader<'_>, runtime: &Spanned<FlinkRuntime>, connector: &Spanned<Connector>) {
    let legal = runtime.value.connectors();
    if !legal.contains(&connector.value) {
        let name =
            |wanted: &Connector| CONNECTORS.iter().find(|(_, known)| known == wanted).map_or("", |(name, _)| name);
        let names: Vec<String> = legal.iter().map(|connector| format!("\"{}\"", name(connector))).collect();
        reader.findings().add(
            Diagnostic::new("this connector is not for this runtime", connector.span.clone())
                .label("of another Flink")
                .other(runtime.span.clone(), "the runtime")
                .help(format!("leave `connector` out, or write {}", names.join(" or "))),
        );
    }
}

fn read_alarms(value: &Value<'_>) -> Option<Vec<AlarmKind>> {
    let names = read_names(value, "an alarm twice")?;
    for name in names.iter().filter(|name| alarm(name).is_none()) {
        value.findings().add(
            Diagnostic::new(format!("there is no alarm `{}`", name.value), name.span.clone())
                .label("unknown alarm")
                .help(help_for(&name.value, ALARMS.map(|(known, _)| known))),
        );
    }
    Some(names.iter().filter_map(alarm).collect())
}

/// Reads the Amazon resource name of a topic: `arn:PARTITION:sns:REGION:ACCOUNT:NAME`.
fn read_topic(value: &Value<'_>, own_region: Option<&str>) -> Option<String> {
    let text = value.text()?;
    let plain = |part: &str| {
        !part.is_empty() && part.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(letter))
    };
    let parts: Vec<&str> = text.value.split(':').collect();
    let legal = matches!(parts[..], ["arn", partition, "sns", region, account, name]
        if [partition, region, name].into_iter().all(plain)
            && account.len() == 12
            && account.chars().all(|digit| digit.is_ascii_digit()));
    if !legal {
        value.findings().add(
            Diagnostic::new(format!("`{}` is not the ARN of a topic", text.value), text.span.clone())
                .label("expected `arn:aws:sns:REGION:ACCOUNT:NAME`")
                .help("`aws sns list-topics` lists those that there are"),
        );
    }
    if let (true, Some(own), Some(region)) = (legal, own_region, parts.get(3))
        && own != *region
    {
        value.findings().add(
            Diagnostic::new(format!("an alarm in {own} cannot tell a topic in {region}"), text.span.clone())
                .label(format!("expected a topic in {own}"))
                .help("alarms and their topic are in one region"),
        );
    }
    legal.then(|| text.value.clone())
}

fn alarm(name: &Spanned<String>) -> Option<AlarmKind> {
    ALARMS.iter().find(|(known, _)| *known == name.value).map(|(_, kind)| *kind)
}

/// Reads a list of names that are to differ; `twice` is what is wrong with one that does not.
fn read_names(value: &Value<'_>, twice: &str) -> Option<Vec<Spanned<String>>> {
    let mut names: Vec<Spanned<String>> = Vec::new();
    for item in value.list()? {
        let Some(name) = item.text() else { continue };
        if let Some(known) = names.iter().find(|known| known.value == name.value) {
            item.findings().add(
                Diagnostic::new(format!("`{}` is {twice}", name.value), name.span.clone())
                    .label("one too many")
                    .other(known.span.clone(), "the other one"),
            );
        }
        names.push(name);
    }
    Some(names)
}
