//! Tests of a file, with every name found and every value of its column's type.

mod datum;
mod expect;
mod file;
mod generate;
mod ingest;

use crate::document::{Diagnostic, Document, Findings, Spanned, help_for};
use crate::spec::{ActionSpec, RecordsSpec, RowSpec, StepSpec, TestSpec};
use crate::streams::Millis;

use super::{Column, Plan, Source, Stream};

pub use datum::Datum;
pub use expect::Expectation;
pub use file::Heading;
pub use generate::Generation;
pub use ingest::Record;

/// What the clock of a test shows at first, where the file does not say: 2026-01-01T00:00:00Z.
const START: Millis = 1_767_225_600_000;
/// The last moment that time comes to: the end of the year 9999, by which every window has closed.
pub const LAST_MOMENT: Millis = 253_402_300_799_999;

/// One test.
#[derive(Debug, Clone)]
pub struct Trial {
    /// Its name.
    pub name: String,
    /// The line of the file on which it begins, counted from 1.
    pub line: usize,
    /// What the clock shows at first.
    pub start: Millis,
    /// What is done, in order.
    pub steps: Vec<Step>,
}

/// One step of a test.
#[derive(Debug, Clone)]
pub struct Step {
    /// The line of the file on which it stands, counted from 1.
    pub line: usize,
    /// What it does.
    pub action: Action,
}

/// What a step does.
#[derive(Debug, Clone)]
pub enum Action {
    /// Records come into a stream, all at the moment that the clock shows.
    Ingest {
        /// The stream.
        stream: String,
        /// The records.
        records: Vec<Record>,
    },
    /// The generator of a stream makes records, and the clock goes on meanwhile.
    Generate(Generation),
    /// The clock goes on to a moment.
    Advance(Millis),
    /// A stream has to hold something.
    Expect(Expectation),
}

/// What reads a file that a test names, or says why it cannot.
pub type Files<'a> = &'a dyn Fn(&str) -> Result<Vec<u8>, String>;

impl Plan {
    /// Resolves the tests of a file for this plan; `read` returns the bytes of a file that one of them names, or why it
    /// cannot. Fails with every mistake in them.
    pub fn trials(
        &self,
        document: &Document,
        tests: &[TestSpec],
        read: Files<'_>,
    ) -> Result<Vec<Trial>, Vec<Diagnostic>> {
        let findings = Findings::new();
        let reading = Reading { plan: self, document, read, findings: &findings };
        let trials = tests.iter().filter_map(|test| reading.trial(test)).collect();
        if findings.is_empty() { Ok(trials) } else { Err(findings.into_sorted()) }
    }

    /// Returns the columns of a stream's records, of one that takes late records too.
    pub fn record_columns<'a>(&'a self, stream: &'a Stream) -> &'a [Column] {
        let Source::Late(query) = &stream.source else { return &stream.columns };
        let query = self.queries.iter().find(|known| known.name == *query);
        let origin = query.and_then(|query| self.stream(self.streams_read(query).first()?));
        origin.map_or(&[], |origin| &origin.columns)
    }
}

/// What the parts of reading one file's tests share.
struct Reading<'a> {
    plan: &'a Plan,
    document: &'a Document,
    read: Files<'a>,
    findings: &'a Findings,
}

impl Reading<'_> {
    fn trial(&self, test: &TestSpec) -> Option<Trial> {
        let start = test.start.as_ref().map_or(START, |start| start.value);
        let mut clock = start;
        // All of them, so that the mistakes of each are found.
        let steps: Vec<Option<Step>> = test.steps.iter().map(|step| self.step(step, &mut clock)).collect();
        let steps = steps.into_iter().collect::<Option<_>>()?;
        Some(Trial { name: test.name.value.clone(), line: self.line(test.name.span.start), start, steps })
    }

    fn step(&self, step: &StepSpec, clock: &mut Millis) -> Option<Step> {
        let action = match &step.action {
            ActionSpec::Ingest(stream, RecordsSpec::Generate(spec)) => {
                Action::Generate(self.generation(stream, spec, (clock, step))?)
            }
            ActionSpec::Ingest(stream, records) => {
                let found = self.stream(stream)?;
                Action::Ingest { stream: found.name.clone(), records: self.records(stream, found, records)? }
            }
            ActionSpec::Pass(passed) => {
                let passed = Millis::try_from(passed.as_millis()).unwrap_or(Millis::MAX);
                self.reach(clock, clock.saturating_add(passed), step)?
            }
            ActionSpec::Reach(moment) => self.reach(clock, moment.value, step)?,
            ActionSpec::Expect(expect) => Action::Expect(self.expectation(expect)?),
        };
        Some(Step { line: self.line(step.span.start), action })
    }

    fn reach(&self, clock: &mut Millis, moment: Millis, step: &StepSpec) -> Option<Action> {
        let place = match &step.action {
            ActionSpec::Reach(moment) => moment.span.clone(),
            _ => step.span.clone(),
        };
        let label = if moment <= *clock {
            format!("the clock shows {} already", shown(*clock))
        } else if moment > LAST_MOMENT {
            "expected a time before the year 10000".to_owned()
        } else {
            *clock = moment;
            return Some(Action::Advance(moment));
        };
        self.findings.add(Diagnostic::new("the clock cannot go there", place).label(label));
        None
    }

    fn stream(&self, name: &Spanned<String>) -> Option<&Stream> {
        let found = self.plan.stream(&name.value);
        if found.is_none() {
            let names = self.plan.streams.iter().map(|stream| stream.name.as_str());
            self.findings.add(
                Diagnostic::new(format!("there is no stream `{}`", name.value), name.span.clone())
                    .label("unknown stream")
                    .help(help_for(&name.value, names)),
            );
        }
        found
    }

    /// Returns the values of a row by column, as far as they can be read.
    fn values(&self, row: &RowSpec, columns: &[Column]) -> Option<Vec<Option<Datum>>> {
        let mut values: Vec<Option<Datum>> = vec![None; columns.len()];
        let mut whole = true;
        for (name, given) in &row.values {
            let Some(index) = columns.iter().position(|column| column.name == name.value) else {
                whole = false;
                self.findings.add(
                    Diagnostic::new(format!("there is no column `{}`", name.value), name.span.clone())
                        .label("unknown column")
                        .help(help_for(&name.value, columns.iter().map(|column| column.name.as_str()))),
                );
                continue;
            };
            match Datum::given(columns[index].sql_type, &given.value) {
                Ok(datum) => values[index] = Some(datum),
                Err(expected) => {
                    whole = false;
                    self.findings.add(
                        Diagnostic::new(
                            format!("this is no value of column `{}` of type {}", name.value, columns[index].sql_type),
                            given.span.clone(),
                        )
                        .label(format!("expected {expected}")),
                    );
                }
            }
        }
        whole.then_some(values)
    }

    fn line(&self, at: usize) -> usize {
        self.document.text().get(..at).map_or(1, |before| before.matches('\n').count() + 1)
    }
}

/// Writes a moment of the clock.
fn shown(moment: Millis) -> String {
    let moment = chrono::DateTime::from_timestamp_millis(moment).unwrap_or_default();
    moment.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}
