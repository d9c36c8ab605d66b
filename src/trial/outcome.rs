//! What came of a test.

use crate::plan::Row;
use std::time::Duration;

use serde_json::{Value, json};

use super::Difference;

/// How many reasons a failure shows.
const REASONS: usize = 3;

/// One test that was run on one engine.
#[derive(Debug, Clone)]
pub struct Run {
    /// The pipeline's name.
    pub pipeline: String,
    /// The file that holds the test.
    pub file: String,
    /// The line on which the test begins.
    pub line: usize,
    /// The test's name.
    pub test: String,
    /// The engine's name.
    pub engine: &'static str,
    /// What came of it.
    pub outcome: Outcome,
    /// How long it took.
    pub took: Duration,
}

/// A run in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Something was compared, and nothing differed.
    Passed,
    /// Something differed.
    Failed,
    /// Nothing was compared.
    NotRun,
}

impl Status {
    /// Returns the word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::NotRun => "not run",
        }
    }
}

/// What came of one test on one engine.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// One per `expect`, in order.
    pub checks: Vec<Check>,
}

/// What came of one `expect`.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// The line of the file on which it stands.
    pub line: usize,
    /// The stream.
    pub stream: String,
    /// What came of it.
    pub verdict: Verdict,
    /// What the stream holds instead, where it is not as expected and the engine says it.
    pub seen: Option<Seen>,
}

/// What came into a stream since the last look, as far as an `expect` speaks of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// The columns of the stream.
    pub(super) columns: Vec<String>,
    /// Its rows.
    pub(super) rows: Vec<Row>,
    /// How many records were late.
    pub(super) late: usize,
    /// How many records were bad.
    pub(super) bad: usize,
}

/// What came of looking at a stream.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// It is as expected.
    Held,
    /// It is not.
    Failed(Vec<Failure>),
    /// The engine cannot be asked, and why.
    NotRun(String),
}

/// One way in which a stream is not as expected.
#[derive(Debug, Clone, PartialEq)]
pub enum Failure {
    /// Rows differ.
    Rows(Difference),
    /// The engine has other rows than the embedded one of the same records.
    Parted(Difference),
    /// The engine failed over the test, and what it said.
    Engine(String),
    /// A number differs.
    Number {
        /// What was counted.
        what: Counted,
        /// How many were expected.
        wanted: u64,
        /// How many there are.
        found: u64,
        /// The first few of the reasons, where there are any.
        because: Vec<String>,
    },
}

/// What an `expect` can count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// Rows of the stream.
    Rows,
    /// Late records.
    Late,
    /// Bad records.
    Bad,
}

impl Outcome {
    /// Returns an outcome in a word.
    pub fn status(&self) -> Status {
        let is = |wanted: fn(&Verdict) -> bool| self.checks.iter().any(|check| wanted(&check.verdict));
        if is(|verdict| matches!(verdict, Verdict::Failed(_))) {
            Status::Failed
        } else if is(|verdict| matches!(verdict, Verdict::Held)) {
            Status::Passed
        } else {
            Status::NotRun
        }
    }
}

impl Counted {
    fn words(self) -> &'static str {
        match self {
            Self::Rows => "rows",
            Self::Late => "late records",
            Self::Bad => "bad records",
        }
    }
}

impl Failure {
    /// Compares a number, where one is expected.
    pub(super) fn number(what: Counted, wanted: Option<u64>, found: usize) -> Option<Self> {
        let found = found as u64;
        let wanted = wanted.filter(|wanted| *wanted != found)?;
        Some(Self::Number { what, wanted, found, because: Vec::new() })
    }

    /// Adds the first few reasons.
    pub(super) fn because(mut self, reasons: Vec<String>) -> Self {
        if let Self::Number { because, .. } = &mut self {
            because.extend(reasons.into_iter().take(REASONS));
        }
        self
    }

    /// Says in one line what is wrong.
    pub fn summary(&self) -> String {
        match self {
            Self::Rows(difference) => difference.summary(),
            Self::Parted(difference) => {
                let (embedded, other) = (difference.wanted, difference.found);
                format!("the engines part: {embedded} rows from the embedded one, {other} from this one")
            }
            Self::Engine(said) => said.clone(),
            Self::Number { what, wanted, found, because } => {
                let numbers = format!("{}: {wanted} expected, {found} found", what.words());
                std::iter::once(numbers).chain(because.iter().cloned()).collect::<Vec<_>>().join("; ")
            }
        }
    }

    /// Draws the rows that differ, where rows were compared.
    pub fn drawn(&self) -> Option<String> {
        match self {
            Self::Rows(difference) => Some(difference.drawn()),
            Self::Parted(difference) => Some(difference.drawn_parted()),
            Self::Engine(_) | Self::Number { .. } => None,
        }
    }

    /// Returns all of it for a program.
    pub fn json(&self) -> Value {
        let mut whole = json!({ "problem": self.summary() });
        if let (Self::Rows(difference) | Self::Parted(difference), Some(members)) = (self, whole.as_object_mut())
            && let Value::Object(rows) = difference.json()
        {
            members.extend(rows);
        }
        whole
    }
}
