//! Why a pipeline gives what it gives: what holds it up, what goes another way, and what to do about each.

mod query;
mod stream;

use std::time::Duration;

use serde::Serialize;

use crate::deploy::local::RunStatus;
use crate::plan::Plan;

use super::Rates;

/// Something about a pipeline that a person who looks for its rows should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// A word for the kind of it, the same in every version.
    pub code: &'static str,
    /// How much it means.
    pub weight: Weight,
    /// What it is about, such as `stream trades`.
    pub about: String,
    /// What is the case.
    pub what: String,
    /// What to do about it, where something is to be done.
    pub todo: Option<String>,
}

/// How much a finding means for the rows that come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Weight {
    /// No row comes until something is done.
    Blocked,
    /// Rows come by themselves, later.
    Waits,
    /// Rows are missing from what comes, or come late.
    Loses,
    /// It is as it should be, and good to know.
    Note,
}

impl Weight {
    /// Returns the word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Blocked => "blocked",
            Self::Waits => "waits",
            Self::Loses => "loses",
            Self::Note => "note",
        }
    }
}

/// A key that comes more often than others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HotKey {
    /// The stream.
    pub stream: String,
    /// The partition key.
    pub key: String,
    /// How many of the records that were looked at have it.
    pub records: usize,
    /// How many were looked at.
    pub of: usize,
}

/// What else was seen than how a pipeline stands at one moment.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// Whether its process runs.
    pub running: bool,
    /// How fast it goes.
    pub rates: Option<Rates>,
    /// The keys that most of the latest records have, by stream.
    pub hot_keys: Vec<HotKey>,
    /// How its job stands, where a Flink works for it: the word for that, and whether it runs.
    pub job: Option<(String, bool)>,
}

/// Finds what is to be said of a pipeline: first of all of it, then of its streams, then of
/// each query. The first finding of a query that writes nothing says why. Without a plan less is known.
pub fn findings(status: &RunStatus, plan: Option<&Plan>, seen: &Seen) -> Vec<Finding> {
    let mut found = Vec::new();
    whole(status, seen, &mut found);
    status.streams.iter().for_each(|stream| stream::look((status, plan), stream, seen, &mut found));
    if status.job.is_none() {
        status.queries.iter().for_each(|query| query::look((status, plan), query, seen, &mut found));
    }
    found
}

/// Says what is the matter with all of it.
fn whole(status: &RunStatus, seen: &Seen, found: &mut Vec<Finding>) {
    let about = format!("pipeline {}", status.pipeline);
    if !seen.running {
        found.push(Finding {
            code: "not-running",
            weight: Weight::Blocked,
            about: about.clone(),
            what: "it does not run".to_owned(),
            todo: Some("`pipe up` with its file and target goes on where it was".to_owned()),
        });
    }
    if let (Some(job), Some((state, runs))) = (&status.job, &seen.job) {
        let (weight, todo) = if *runs {
            (Weight::Note, None)
        } else {
            (Weight::Blocked, Some(format!("the page of Flink at {} says why", job.gateway)))
        };
        let what = format!("Flink job {} ({}), which runs its queries, is {state}", job.name, job.id);
        found.push(Finding { code: "job", weight, about: about.clone(), what, todo });
    }
    if let Some(waiting) = status.waiting.as_ref().filter(|waiting| waiting.bytes > 0) {
        let reason = waiting.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
        found.push(Finding {
            code: "rows-wait",
            weight: Weight::Waits,
            about,
            what: format!("{} bytes of rows wait to be written to Kinesis{reason}", waiting.bytes),
            todo: waiting.reason.is_some().then(|| "they are written as soon as Kinesis takes them".to_owned()),
        });
    }
}

/// Writes a span of time for reading: to the millisecond below ten seconds, to the second above.
fn span(millis: i64) -> String {
    let millis = millis.unsigned_abs();
    let shown = if millis < 10_000 { Duration::from_millis(millis) } else { Duration::from_secs(millis / 1000) };
    humantime::format_duration(shown).to_string()
}
