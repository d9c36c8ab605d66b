//! `[[tests]]`, in the pipeline file or in a file of its own beside it.

use std::time::Duration;

use arrow::compute::kernels::cast_utils::string_to_datetime;
use chrono::Utc;

use crate::document::{Diagnostic, Document, Findings, Scalar, Span, Spanned, TableReader, Value, help_for};
use crate::streams::Millis;

/// The section, and the only one of a file of tests.
const SECTION: &str = "tests";
/// How long a time may be that one step lets pass: more is a slip of the unit.
const MAX_ADVANCE: Duration = Duration::from_hours(24 * 366 * 100);
/// What a step can be.
const STEPS: [&str; 3] = ["ingest", "advance", "expect"];
/// What can be ingested.
const RECORDS: [&str; 4] = ["rows", "raw", "file", "generate"];
/// The most records that one step makes: they stand in memory.
const MAX_GENERATED: i64 = 1_000_000;
/// The formats of a file of records, by the ending of its name, and whether each is CSV.
const FORMATS: [(&str, bool); 4] = [("csv", true), ("jsonl", false), ("ndjson", false), ("json", false)];

/// One test as written.
#[derive(Debug, Clone)]
pub struct TestSpec {
    /// `name`
    pub name: Spanned<String>,
    /// `start`: what the clock shows at first.
    pub start: Option<Spanned<Millis>>,
    /// `steps`
    pub steps: Vec<StepSpec>,
    /// The place of the whole.
    pub span: Span,
}

/// One step as written.
#[derive(Debug, Clone)]
pub struct StepSpec {
    /// What it does.
    pub action: ActionSpec,
    /// The place of the whole.
    pub span: Span,
}

/// What a step does.
#[derive(Debug, Clone)]
pub enum ActionSpec {
    /// Records come into a stream.
    Ingest(Spanned<String>, RecordsSpec),
    /// The clock goes on for a while.
    Pass(Duration),
    /// The clock goes on to a moment.
    Reach(Spanned<Millis>),
    /// What a stream has to hold.
    Expect(ExpectSpec),
}

/// The records of an `ingest`.
#[derive(Debug, Clone)]
pub enum RecordsSpec {
    /// `rows`: values by column.
    Rows(Vec<RowSpec>),
    /// `raw`: the bytes of each.
    Raw(Vec<String>),
    /// `file`, and whether it is CSV; JSON lines otherwise.
    File(Spanned<String>, bool),
    /// `generate`: by the generator of the stream.
    Generate(GenerateSpec),
}

/// A `generate`.
#[derive(Debug, Clone)]
pub struct GenerateSpec {
    /// `records`: how many, at least one.
    pub records: u64,
    /// `seed`; that of the generator where left out.
    pub seed: Option<u64>,
    /// `over`: the time over which they are spread, which passes; all at once where left out.
    pub over: Duration,
    /// The place of the key.
    pub key: Span,
}

/// One row as written.
#[derive(Debug, Clone)]
pub struct RowSpec {
    /// Columns and their values.
    pub values: Vec<(Spanned<String>, Spanned<Scalar>)>,
    /// The place of the whole.
    pub span: Span,
}

/// An `expect`.
#[derive(Debug, Clone)]
pub struct ExpectSpec {
    /// The stream.
    pub stream: Spanned<String>,
    /// `rows`; empty for `none = true`.
    pub rows: Option<WantedSpec>,
    /// Whether the rows stand in this `order`.
    pub in_order: bool,
    /// Whether `columns` that a row leaves out are NULL, instead of anything.
    pub all_columns: bool,
    /// `count`: how many rows.
    pub count: Option<Spanned<u64>>,
    /// `late`: how many records were late.
    pub late: Option<Spanned<u64>>,
    /// `bad`: how many records could not be read or computed.
    pub bad: Option<Spanned<u64>>,
}

/// The rows of an `expect`, or that there are none.
#[derive(Debug, Clone)]
pub struct WantedSpec {
    /// The rows.
    pub rows: Vec<RowSpec>,
    /// The place of the key, `rows` or `none`.
    pub key: Span,
    /// The place of what stands behind it.
    pub span: Span,
}

impl TestSpec {
    /// Reads a file that holds nothing but tests. Fails with every mistake that can be seen without the pipeline.
    pub fn read_all(document: &Document) -> Result<Vec<Self>, Vec<Diagnostic>> {
        let findings = Findings::new();
        let table = document.parse(&findings);
        if !findings.is_empty() {
            return Err(findings.into_sorted());
        }
        let mut file = TableReader::new(&table, 0..0, "a file of tests", &findings);
        let tests = file.take(SECTION).and_then(|value| read(&value));
        file.finish();
        match tests {
            Some(tests) if findings.is_empty() => Ok(tests),
            _ => Err(findings.into_sorted()),
        }
    }
}

pub(super) fn read(value: &Value<'_>) -> Option<Vec<TestSpec>> {
    if value.is_table() {
        value.mismatch_with_help("a list", "one table for each test", "write [[tests]] in double brackets");
        return None;
    }
    // One that cannot be read is a finding, and hides none in the others.
    let tests: Vec<TestSpec> = value.list()?.iter().filter_map(test).collect();
    for (index, test) in tests.iter().enumerate() {
        if let Some(first) = tests[..index].iter().find(|first| first.name.value == test.name.value) {
            value.findings().add(
                Diagnostic::new(format!("two tests are called `{}`", test.name.value), test.name.span.clone())
                    .label("the second")
                    .other(first.name.span.clone(), "the first"),
            );
        }
    }
    Some(tests)
}

fn test(value: &Value<'_>) -> Option<TestSpec> {
    let mut reader = value.table("a test")?;
    let name = reader.take("name").and_then(|value| name(&value));
    let start = reader.optional("start").map(|value| {
        let read = moment(&value)?;
        (0..=MAX_START).contains(&read.value).then(|| read.clone()).or_else(|| {
            let mistake =
                Diagnostic::new("a test cannot start then", read.span).label("expected a time from 1970 to 9000");
            value.findings().add(mistake);
            None
        })
    });
    let steps = reader.take("steps").and_then(|value| {
        let steps: Vec<Option<StepSpec>> = value.list()?.iter().map(step).collect();
        steps.into_iter().collect::<Option<Vec<_>>>()
    });
    reader.finish();
    let test = TestSpec {
        name: name?,
        start: start.map_or(Some(None), |start| start.map(Some))?,
        steps: steps?,
        span: value.span(),
    };
    if !test.steps.iter().any(|step| matches!(step.action, ActionSpec::Expect(_))) {
        value.findings().add(
            Diagnostic::new(format!("test `{}` expects nothing", test.name.value), test.name.span.clone())
                .label("it could not fail")
                .help("add a step such as { expect = \"STREAM\", rows = [ … ] }"),
        );
    }
    Some(test)
}

/// The last moment at which a test can start: 9000-01-01, so that what a test lets pass stays within what is written with
/// four digits of a year.
const MAX_START: Millis = 221_845_392_000_000;

fn name(value: &Value<'_>) -> Option<Spanned<String>> {
    let name = value.text()?;
    if name.value.trim().is_empty() || name.value.chars().any(char::is_control) {
        value.findings().add(
            Diagnostic::new("a test needs a name", name.span)
                .label("expected what it shows, on one line, such as \"late rows are left out\""),
        );
        return None;
    }
    Some(name)
}

fn step(value: &Value<'_>) -> Option<StepSpec> {
    let mut reader = value.table("a step")?;
    let key = reader.one_of(&STEPS, "a step has one of `ingest`, `advance` and `expect`")?;
    let action = match key.key() {
        "ingest" => ingest(&key, &mut reader),
        "advance" => advance(&key),
        _ => expect(&key, &mut reader),
    };
    let known = reader.finish();
    let action = action.filter(|_| known)?;
    Some(StepSpec { action, span: value.span() })
}

fn ingest(key: &Value<'_>, reader: &mut TableReader<'_>) -> Option<ActionSpec> {
    let stream = key.text();
    let records = reader.one_of(&RECORDS, "an `ingest` has one of `rows`, `raw`, `file` and `generate`")?;
    let records = match records.key() {
        "rows" => RecordsSpec::Rows(rows(&records)?),
        "generate" => RecordsSpec::Generate(generate(&records)?),
        "raw" => RecordsSpec::Raw(records.list()?.iter().map(|item| Some(item.text()?.value)).collect::<Option<_>>()?),
        _ => {
            let file = records.text()?;
            let ending = file.value.rsplit_once('.').map_or("", |(_, ending)| ending).to_ascii_lowercase();
            let Some((_, csv)) = FORMATS.iter().find(|(known, _)| *known == ending) else {
                records.findings().add(
                    Diagnostic::new("the name of this file does not say how its records are written", file.span)
                        .label("expected .jsonl or .csv"),
                );
                return None;
            };
            RecordsSpec::File(file, *csv)
        }
    };
    Some(ActionSpec::Ingest(stream?, records))
}

fn generate(value: &Value<'_>) -> Option<GenerateSpec> {
    let mut reader = value.table("`generate`")?;
    let records = reader.take("records").and_then(|value| value.integer(1..=MAX_GENERATED));
    let seed = reader.optional("seed").map(|value| value.integer(0..=i64::MAX));
    let over = reader.optional("over").map(|value| {
        let over = value.duration()?;
        if over.value > MAX_ADVANCE || over.value.subsec_nanos() % 1_000_000 != 0 {
            value.findings().add(
                Diagnostic::new("records cannot be spread over so long", over.span)
                    .label("expected whole milliseconds, at most 100 years"),
            );
            return None;
        }
        Some(over.value)
    });
    let known = reader.finish();
    let spec = GenerateSpec {
        records: records?.value.unsigned_abs(),
        seed: there(seed)?.map(|seed| seed.value.unsigned_abs()),
        over: there(over)?.unwrap_or_default(),
        key: value.key_span(),
    };
    known.then_some(spec)
}

fn advance(value: &Value<'_>) -> Option<ActionSpec> {
    let text = value.written()?;
    let passed = match &text.value {
        Scalar::Text(text) => humantime::parse_duration(text.trim()).ok(),
        _ => None,
    };
    if let Some(passed) = passed {
        let label = if passed > MAX_ADVANCE {
            "expected at most 100 years"
        } else if passed.is_zero() || passed.subsec_nanos() % 1_000_000 != 0 {
            "expected whole milliseconds, at least one"
        } else {
            return Some(ActionSpec::Pass(passed));
        };
        value.findings().add(Diagnostic::new("the clock cannot go on for so long", text.span).label(label));
        return None;
    }
    let reached = moment_of(&text.value);
    if reached.is_none() {
        value.findings().add(
            Diagnostic::new("`advance` is neither how long nor until when", text.span.clone())
                .label("expected a duration or a time")
                .help("write a duration such as \"3m\", or a time such as \"2026-01-01T00:03:00Z\""),
        );
    }
    Some(ActionSpec::Reach(Spanned::new(reached?, text.span)))
}

/// Reads a time; one without a zone is in UTC.
fn moment(value: &Value<'_>) -> Option<Spanned<Millis>> {
    let written = value.written()?;
    let read = moment_of(&written.value);
    if read.is_none() {
        value.findings().add(
            Diagnostic::new(format!("`{}` is not a time", value.key()), written.span.clone())
                .label("expected a time such as \"2026-01-01T00:00:00Z\""),
        );
    }
    Some(Spanned::new(read?, written.span))
}

fn moment_of(written: &Scalar) -> Option<Millis> {
    match written {
        Scalar::Text(text) | Scalar::Moment(text) => {
            string_to_datetime(&Utc, text.trim()).ok().map(|moment| moment.timestamp_millis())
        }
        Scalar::Number(_) | Scalar::Boolean(_) => None,
    }
}

fn expect(key: &Value<'_>, reader: &mut TableReader<'_>) -> Option<ActionSpec> {
    let stream = key.text();
    let written = reader.optional("rows");
    let given = written.as_ref().map(|value| {
        let rows = rows(value)?;
        if rows.is_empty() {
            value.findings().add(
                Diagnostic::new("an `expect` without a row compares nothing", value.span())
                    .label("expected at least one row")
                    .help("write `none = true` where no row is to come"),
            );
        }
        Some(WantedSpec { rows, key: value.key_span(), span: value.span() })
    });
    let in_order = choice(reader, "order", ["any", "exact"]);
    let all_columns = choice(reader, "columns", ["subset", "all"]);
    let none = reader.optional("none").map(|value| {
        let none = value.boolean()?;
        let conflict = if !none.value {
            "leave it out, or write `count`"
        } else if written.is_some() {
            "there are rows too"
        } else {
            return Some(WantedSpec { rows: Vec::new(), key: value.key_span(), span: value.span() });
        };
        value.findings().add(Diagnostic::new("`none` says that no row comes", none.span).label(conflict));
        None
    });
    let [count, late, bad] = ["count", "late", "bad"].map(|key| reader.optional(key).map(|value| number(&value)));
    let all = all_columns == Some(true);
    if let Some(Some(wanted)) = &given {
        for row in wanted.rows.iter().filter(|row| row.values.is_empty() && !all) {
            key.findings().add(
                Diagnostic::new("a row without a column compares nothing", row.span.clone())
                    .label("expected at least one column")
                    .help("add `columns = \"all\"` where all of them are to be NULL, or write `count`"),
            );
        }
    }
    let says = [given.is_some(), none.is_some(), count.is_some(), late.is_some(), bad.is_some()];
    if !says.contains(&true) {
        key.findings().add(
            Diagnostic::new("an `expect` says what to compare with", key.key_span())
                .label("it compares nothing")
                .help("add `rows`, `none`, `count`, `late` or `bad`"),
        );
        return None;
    }
    let rows = match (given, none) {
        (Some(rows), _) => Some(rows?),
        (None, Some(none)) => Some(none?),
        (None, None) => None,
    };
    Some(ActionSpec::Expect(ExpectSpec {
        stream: stream?,
        rows,
        in_order: in_order?,
        all_columns: all_columns?,
        count: there(count)?,
        late: there(late)?,
        bad: there(bad)?,
    }))
}

/// Tells a key that was left out from one that could not be read.
#[expect(clippy::option_option, reason = "the outer one is the failure to read what is there")]
fn there<T>(read: Option<Option<T>>) -> Option<Option<T>> {
    read.map_or(Some(None), |read| read.map(Some))
}

fn number(value: &Value<'_>) -> Option<Spanned<u64>> {
    value.integer(0..=i64::MAX).map(|number| number.map(i64::unsigned_abs))
}

/// Reads one of two words, the first where it is left out; says whether it is the second.
fn choice(reader: &mut TableReader<'_>, key: &'static str, words: [&'static str; 2]) -> Option<bool> {
    let Some(value) = reader.optional(key) else { return Some(false) };
    let word = value.text()?;
    let found = words.iter().position(|known| *known == word.value);
    if found.is_none() {
        value.findings().add(
            Diagnostic::new(format!("`{}` is not what `{key}` can be", word.value), word.span)
                .label(format!("expected \"{}\" or \"{}\"", words[0], words[1]))
                .help(help_for(&word.value, words)),
        );
    }
    Some(found? == 1)
}

fn rows(value: &Value<'_>) -> Option<Vec<RowSpec>> {
    let rows: Vec<Option<RowSpec>> = value.list()?.iter().map(row).collect();
    rows.into_iter().collect()
}

fn row(value: &Value<'_>) -> Option<RowSpec> {
    let reader = value.table("a row")?;
    let count = reader.len();
    let values =
        reader.entries(|entry| Some((Spanned::new(entry.key().to_owned(), entry.key_span()), entry.written()?)));
    (values.len() == count).then(|| RowSpec { values, span: value.span() })
}
