//! Tests on an Apache Flink on this machine: all records of a test at once, as files, through the job that is rendered
//! for the pipeline. At the end of the files every window closes.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::deploy::flink::{FlinkError, Gateway, Places, Session, statements};
use crate::plan::{
    Action, Clock, Expectation, Operator, Plan, Query, RelationId, Row, Source, Stream, Trial, read_values,
};
use crate::record::RecordFormat;
use crate::render::{FLINK_JOB, render_flink_on_files};
use crate::streams::{Appends, Capacity};

use super::TrialError;
use super::compare::{Wanted, compare, missing};
use super::embedded::{Ending, Written, written};
use super::feed::feed;
use super::outcome::{Check, Failure, Outcome, Verdict};

/// What is set beside the text of the job: one reader, as files are read in their order; a watermark behind every row,
/// so that lateness does not depend on batches; and an answer only when all is done.
const SETTINGS: [&str; 3] = [
    "SET 'parallelism.default' = '1'",
    "SET 'pipeline.auto-watermark-interval' = '0'",
    "SET 'table.dml-sync' = 'true'",
];

/// A Flink that runs tests. It reads and writes files of this machine.
#[derive(Debug, Clone)]
pub struct OnFlink {
    gateway: Gateway,
    /// Where the tables that queries join with are looked up from.
    folder: PathBuf,
}

/// What is expected of one stream, all of it together.
struct Expected<'a> {
    stream: &'a Stream,
    query: &'a Query,
    /// The line of the last `expect` of it.
    line: usize,
    /// Its rows, where every `expect` of it has some or none.
    rows: Option<Vec<Wanted>>,
}

impl OnFlink {
    /// Means the Flink whose SQL gateway is at an address.
    pub fn at(gateway: &str, folder: &Path) -> Self {
        Self { gateway: Gateway::at(gateway), folder: folder.to_owned() }
    }

    /// Runs a test. What Flink over files cannot answer is not run, with the reason.
    pub async fn run(&self, plan: &Plan, trial: &Trial) -> Result<Outcome, TrialError> {
        let (mut checks, mut expected) = (Vec::new(), Vec::new());
        for each in Expected::all(plan, trial, &mut checks) {
            match reason(plan, &each) {
                Some(reason) => checks.push(each.check(Verdict::NotRun(reason))),
                None => expected.push(each),
            }
        }
        if !expected.is_empty() {
            self.compare(plan, trial, expected, &mut checks).await?;
        }
        checks.sort_by_key(|check| check.line);
        Ok(Outcome { checks })
    }

    async fn compare(
        &self,
        plan: &Plan,
        trial: &Trial,
        expected: Vec<Expected<'_>>,
        checks: &mut Vec<Check>,
    ) -> Result<(), TrialError> {
        let by_steps = written(plan, &self.folder, trial, Ending::BySteps)?;
        // One shard per stream: a file has one order.
        let mut narrow = plan.clone();
        for stream in &mut narrow.streams {
            stream.capacity = Capacity::Provisioned(1);
        }
        let at_once = written(&narrow, &self.folder, trial, Ending::AtOnce)?;
        let relations: Vec<RelationId> = expected.iter().map(|each| each.query.relation).collect();
        let needed = below(plan, relations);
        narrow.queries.retain(|query| needed.contains(&query.relation));
        let found = match self.job(&narrow, trial).await {
            Ok(found) => found,
            Err(TrialError::Flink(error)) if !error.is_unavailable() => {
                let verdict = match &error {
                    FlinkError::NoJob { reason } => Verdict::NotRun(reason.clone()),
                    _ => Verdict::Failed(vec![Failure::Engine(error.to_string())]),
                };
                checks.extend(expected.iter().map(|each| each.check(verdict.clone())));
                return Ok(());
            }
            Err(other) => return Err(other),
        };
        for each in expected {
            let rows = |written: &Written| -> Vec<Row> {
                let records = written.get(&each.stream.name).map_or(&[][..], Vec::as_slice);
                records.iter().map(|record| read_values(record, &each.stream.columns)).collect()
            };
            let verdict = each.verdict(&rows(&by_steps), &rows(&at_once), &rows(&found));
            checks.push(each.check(verdict));
        }
        Ok(())
    }

    /// Runs the job of a plan over the records of a test; returns what it wrote.
    async fn job(&self, plan: &Plan, trial: &Trial) -> Result<Written, TrialError> {
        let folder = Folder::new()?;
        for stream in plan.streams.iter().filter(|stream| stream.source == Source::Producers) {
            let mut lines = Vec::new();
            for data in ingested(plan, trial, &stream.name)? {
                match stream.format {
                    // A line end stands between the values of a JSON record, if at all.
                    RecordFormat::Json => {
                        lines.extend(data.iter().map(|byte| if *byte == b'\n' { b' ' } else { *byte }));
                    }
                    RecordFormat::Csv { .. } => lines.extend_from_slice(&data),
                }
                lines.push(b'\n');
            }
            folder.write(&format!("{}.{}", stream.name, stream.format.ending()), &lines)?;
        }
        let assembly = render_flink_on_files(plan, &folder.path.display().to_string()).map_err(FlinkError::from)?;
        let Some(text) = assembly.text(FLINK_JOB) else {
            let reasons: Vec<&str> = assembly.omissions().iter().map(|omission| omission.reason.as_str()).collect();
            return Err(FlinkError::NoJob { reason: reasons.join("; ") }.into());
        };
        // Files have no place to be filled in.
        let mut job = statements(text, &Places::local("", "", ""))?;
        let last = job.len().saturating_sub(1);
        job.splice(last..last, SETTINGS.map(str::to_owned));
        let session = self.gateway.open().await?;
        let ran = run_all(&session, &job).await;
        let closed = session.close().await;
        ran?;
        closed?;
        let mut found = BTreeMap::new();
        for (_, stream) in plan.outputs() {
            let stream = plan.stream(stream).expect("the plan has the stream of every query");
            found.insert(stream.name.clone(), folder.rows(stream)?);
        }
        Ok(found)
    }
}

/// Returns relations with all that they are made of: a query among these is a view of the job.
fn below(plan: &Plan, mut open: Vec<RelationId>) -> BTreeSet<RelationId> {
    let mut found = BTreeSet::new();
    while let Some(relation) = open.pop() {
        if found.insert(relation) {
            open.extend(plan.relations[relation].operator.inputs());
        }
    }
    found
}

async fn run_all(session: &Session, statements: &[String]) -> Result<(), FlinkError> {
    for statement in statements {
        session.run(statement).await?;
    }
    Ok(())
}

/// Returns the bytes of all records of a test that go into a stream, in order.
fn ingested<'a>(plan: &Plan, trial: &'a Trial, stream: &str) -> Result<Vec<Cow<'a, [u8]>>, TrialError> {
    let mut ingested = Vec::new();
    for step in &trial.steps {
        match &step.action {
            Action::Ingest { stream: into, records } if into == stream => {
                ingested.extend(records.iter().map(|record| Cow::Borrowed(record.data.as_slice())));
            }
            Action::Generate(generation) if generation.generator.stream == stream => {
                let keep =
                    |_, made: &Appends| ingested.extend(made.iter().map(|record| Cow::Owned(record.data.to_vec())));
                feed(plan, generation, keep)?;
            }
            _ => {}
        }
    }
    Ok(ingested)
}

/// Says why a stream cannot be asked for on Flink, where that is so.
fn reason(plan: &Plan, expected: &Expected<'_>) -> Option<String> {
    if matches!(expected.stream.source, Source::Late(_)) {
        return Some("Flink drops late rows".to_owned());
    }
    let by_arrival = plan.relations_of(expected.query).iter().any(|relation| {
        relation.clock == Clock::Arrival
            && matches!(relation.operator, Operator::Group(_) | Operator::Over(_) | Operator::Join(_))
    });
    if by_arrival {
        return Some("its windows go by the time of arrival, which files do not have".to_owned());
    }
    expected.rows.is_none().then(|| "only rows can be compared there".to_owned())
}

impl<'a> Expected<'a> {
    /// Gathers what a test expects of each stream. What can only be counted is no check of rows, and goes to `checks`.
    fn all(plan: &'a Plan, trial: &Trial, checks: &mut Vec<Check>) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for step in &trial.steps {
            let Action::Expect(Expectation { stream, rows, late, bad, count, .. }) = &step.action else { continue };
            let Some(stream) = plan.stream(stream) else { continue };
            let writes = |query: &&Query| match &stream.source {
                Source::Late(name) => query.name == *name,
                _ => query.stream.as_ref() == Some(&stream.name),
            };
            let Some(query) = plan.queries.iter().find(writes) else { continue };
            if late.is_some() || bad.is_some() {
                let verdict = Verdict::NotRun("Flink counts neither late records nor bad ones per test".to_owned());
                checks.push(Check { line: step.line, stream: stream.name.clone(), verdict, seen: None });
                if rows.is_none() && count.is_none() {
                    continue;
                }
            }
            let known = all.iter_mut().find(|known| known.stream.name == stream.name);
            match known {
                Some(known) => {
                    known.line = step.line;
                    known.rows = known.rows.take().zip(rows.clone()).map(|(known, more)| [known, more].concat());
                }
                None => all.push(Self { stream, query, line: step.line, rows: rows.clone() }),
            }
        }
        all
    }

    fn check(&self, verdict: Verdict) -> Check {
        Check { line: self.line, stream: self.stream.name.clone(), verdict, seen: None }
    }

    /// Judges what Flink found, against the rows that the embedded engine has of the same records at once, and against
    /// the expected ones. Rows of windows that a test leaves open are in both, and are not expected.
    fn verdict(&self, by_steps: &[Row], at_once: &[Row], found: &[Row]) -> Verdict {
        let names = || self.stream.columns.iter().map(|column| column.name.clone()).collect::<Vec<_>>();
        let whole =
            |rows: &[Row]| -> Vec<Wanted> { rows.iter().map(|row| row.iter().cloned().map(Some).collect()).collect() };
        if compare(names(), &whole(by_steps), at_once, false).is_some() {
            return Verdict::NotRun("its rows depend on how the clock goes on, and files are read at once".to_owned());
        }
        let mut failures: Vec<Failure> =
            compare(names(), &whole(at_once), found, false).map(Failure::Parted).into_iter().collect();
        if let Some(rows) = &self.rows {
            failures.extend(missing(names(), rows, found).map(Failure::Rows));
        }
        if failures.is_empty() { Verdict::Held } else { Verdict::Failed(failures) }
    }
}

/// A folder for the files of one job; it is removed when this is dropped.
struct Folder {
    path: PathBuf,
}

impl Folder {
    fn new() -> Result<Self, TrialError> {
        static MADE: AtomicU64 = AtomicU64::new(0);
        let name = format!("pipe-test-{}-{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).map_err(|source| TrialError::Io { path: path.clone(), source })?;
        Ok(Self { path })
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), TrialError> {
        let path = self.path.join(name);
        fs::write(&path, bytes).map_err(|source| TrialError::Io { path, source })
    }

    /// Returns the rows, as JSON, of all files that a job has finished in a stream's folder; a job without any makes none.
    fn rows(&self, stream: &Stream) -> Result<Vec<Vec<u8>>, TrialError> {
        let folder = self.path.join(&stream.name);
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| TrialError::Io { path, source }
        };
        let mut rows = Vec::new();
        if !folder.is_dir() {
            return Ok(rows);
        }
        for entry in fs::read_dir(&folder).map_err(failed(&folder))? {
            let entry = entry.map_err(failed(&folder))?;
            // What is not finished has a name that begins with a dot.
            if entry.file_name().to_string_lossy().starts_with('.') {
                continue;
            }
            let bytes = fs::read(entry.path()).map_err(failed(&entry.path()))?;
            match stream.format {
                RecordFormat::Json => {
                    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
                    rows.extend(lines.map(<[u8]>::to_vec));
                }
                // A value may hold a line end.
                RecordFormat::Csv { .. } if bytes.is_empty() => {}
                RecordFormat::Csv { .. } => rows.extend(stream.json_rows(&bytes)),
            }
        }
        Ok(rows)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // The next start of the machine removes what cannot be removed now.
        drop(fs::remove_dir_all(&self.path));
    }
}
