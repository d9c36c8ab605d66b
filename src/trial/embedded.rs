//! Tests on the embedded engine, by a clock that only their steps turn.

use std::collections::BTreeMap;
use std::path::Path;

use crate::engine::{Bench, EngineError, Made};
use crate::plan::{Action, Expectation, Generation, LAST_MOMENT, Plan, Query, Record, Source, Trial, read_values};
use crate::streams::{Appends, Millis};

use super::TrialError;
use super::compare::compare;
use super::feed::feed;
use super::outcome::{Check, Counted, Failure, Outcome, Seen, Verdict};

/// One test at work.
pub struct Embedded<'a> {
    plan: &'a Plan,
    /// A bench for each query that writes a stream, by the query's name, with what came of it since the last look.
    queries: Vec<Worker<'a>>,
    /// What the clock shows.
    clock: Millis,
    /// The moment that time was said to have come to: no record arrives before.
    promised: Millis,
    /// How many records have come in without a key of their own.
    keyless: u64,
}

struct Worker<'a> {
    name: &'a str,
    stream: &'a str,
    late_stream: Option<&'a str>,
    bench: Bench,
    /// What an `expect` has not looked at yet.
    made: Made,
    /// The records that the late stream took, likewise.
    late_records: Vec<Vec<u8>>,
}

impl<'a> Embedded<'a> {
    /// Runs a test. The tables that queries join with are looked up from `folder`.
    pub fn run(plan: &'a Plan, folder: &Path, trial: &Trial) -> Result<Outcome, TrialError> {
        let mut this = Self::new(plan, folder, trial)?;
        let mut checks = Vec::new();
        for step in &trial.steps {
            match &step.action {
                Action::Ingest { stream, records } => this.ingest(stream, records),
                Action::Generate(generation) => this.generate(generation, Ending::BySteps)?,
                Action::Advance(moment) => this.advance(*moment)?,
                Action::Expect(expectation) => {
                    this.look()?;
                    let (verdict, seen) = this.check(expectation);
                    checks.push(Check { line: step.line, stream: expectation.stream.clone(), verdict, seen });
                }
            }
        }
        Ok(Outcome { checks })
    }

    fn new(plan: &'a Plan, folder: &Path, trial: &Trial) -> Result<Self, EngineError> {
        let worker = |(query, stream): (&'a Query, &'a str)| -> Result<Worker<'a>, EngineError> {
            Ok(Worker {
                name: &query.name,
                stream,
                late_stream: query.late.as_deref(),
                bench: Bench::new(plan, query, folder)?,
                made: Made::default(),
                late_records: Vec::new(),
            })
        };
        let queries = plan.outputs().map(worker).collect::<Result<_, _>>()?;
        Ok(Self { plan, queries, clock: trial.start, promised: trial.start, keyless: 0 })
    }

    fn ingest(&mut self, stream: &str, records: &[Record]) {
        let appends = appends(records, &mut self.keyless);
        // A look may have said that nothing comes at this millisecond any more.
        let arrival = self.clock.max(self.promised);
        for worker in &mut self.queries {
            worker.bench.put(stream, arrival, &appends);
        }
    }

    /// Takes what a generator makes, each record when it is due or all of them at once.
    fn generate(&mut self, generation: &Generation, ending: Ending) -> Result<(), TrialError> {
        let (stream, first) = (&generation.generator.stream, self.clock.max(self.promised));
        let queries = &mut self.queries;
        feed(self.plan, generation, |moment, appends| {
            let arrival = if ending == Ending::AtOnce { first } else { moment.max(first) };
            for worker in queries.iter_mut() {
                worker.bench.put(stream, arrival, appends);
            }
        })?;
        match ending {
            Ending::BySteps => Ok(self.advance(generation.end)?),
            Ending::AtOnce => Ok(()),
        }
    }

    fn advance(&mut self, moment: Millis) -> Result<(), EngineError> {
        self.clock = moment;
        self.run_until(moment.max(self.promised))
    }

    /// Brings everything that has come in to the queries. Records of one millisecond count in the order of their shards,
    /// so that the last of them wait until it is over; then the next ones arrive a millisecond later.
    fn look(&mut self) -> Result<(), EngineError> {
        self.run_until(self.clock.max(self.promised))?;
        if self.queries.iter().any(|worker| !worker.bench.is_idle()) {
            self.run_until(self.promised + 1)?;
        }
        Ok(())
    }

    fn run_until(&mut self, moment: Millis) -> Result<(), EngineError> {
        self.promised = moment;
        for worker in &mut self.queries {
            let made = worker.bench.run_until(moment)?;
            worker.made.rows.extend(made.rows);
            if worker.late_stream.is_some() {
                worker.late_records.extend(made.late.iter().cloned());
            }
            worker.made.late.extend(made.late);
            worker.made.bad.extend(made.bad);
        }
        Ok(())
    }

    /// Compares what came since the last look. What an `expect` does not speak of is left for the next one.
    fn check(&mut self, wanted: &Expectation) -> (Verdict, Option<Seen>) {
        let not_run = |reason: &str| (Verdict::NotRun(reason.to_owned()), None);
        let Some(stream) = self.plan.stream(&wanted.stream) else { return not_run("no such stream") };
        let columns = self.plan.record_columns(stream);
        let writes = |worker: &&mut Worker<'_>| match &stream.source {
            Source::Late(query) => worker.name == query,
            _ => worker.stream == stream.name,
        };
        let Some(worker) = self.queries.iter_mut().find(writes) else { return not_run("no query writes it") };
        let names = || columns.iter().map(|column| column.name.clone()).collect();
        let mut failures = Vec::new();
        let mut seen = Seen { columns: names(), rows: Vec::new(), late: 0, bad: 0 };
        if wanted.rows.is_some() || wanted.count.is_some() {
            let is_late = matches!(stream.source, Source::Late(_));
            let records = std::mem::take(if is_late { &mut worker.late_records } else { &mut worker.made.rows });
            failures.extend(Failure::number(Counted::Rows, wanted.count, records.len()));
            seen.rows = records.iter().map(|record| read_values(record, columns)).collect();
            if let Some(rows) = &wanted.rows {
                failures.extend(compare(names(), rows, &seen.rows, wanted.in_order).map(Failure::Rows));
            }
        }
        if wanted.late.is_some() {
            seen.late = std::mem::take(&mut worker.made.late).len();
            failures.extend(Failure::number(Counted::Late, wanted.late, seen.late));
        }
        if wanted.bad.is_some() {
            let reasons = std::mem::take(&mut worker.made.bad);
            seen.bad = reasons.len();
            failures
                .extend(Failure::number(Counted::Bad, wanted.bad, seen.bad).map(|failure| failure.because(reasons)));
        }
        if failures.is_empty() { (Verdict::Held, None) } else { (Verdict::Failed(failures), Some(seen)) }
    }
}

/// How records come in where a test is run to the end of all windows, whatever it expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// As its steps say.
    BySteps,
    /// All at once.
    AtOnce,
}

/// Records by the stream that a query has written.
pub(super) type Written = BTreeMap<String, Vec<Vec<u8>>>;

/// Returns all that the queries write of the records of a test, until nothing is open any more.
pub(super) fn written(plan: &Plan, folder: &Path, trial: &Trial, ending: Ending) -> Result<Written, TrialError> {
    let mut this = Embedded::new(plan, folder, trial)?;
    for step in &trial.steps {
        match &step.action {
            Action::Ingest { stream, records } => this.ingest(stream, records),
            Action::Generate(generation) => this.generate(generation, ending)?,
            Action::Advance(moment) if ending == Ending::BySteps => this.advance(*moment)?,
            Action::Expect(_) if ending == Ending::BySteps => this.look()?,
            Action::Advance(_) | Action::Expect(_) => {}
        }
    }
    // By then every silence has been long enough.
    this.advance(LAST_MOMENT)?;
    Ok(this.queries.into_iter().map(|worker| (worker.stream.to_owned(), worker.made.rows)).collect())
}

/// Takes records for a log; those of a stream without a key column are spread over its shards.
fn appends(records: &[Record], keyless: &mut u64) -> Appends {
    let mut appends = Appends::new();
    for record in records {
        if let Some(key) = &record.partition_key {
            appends.push(key, &record.data);
        } else {
            appends.push(&keyless.to_string(), &record.data);
            *keyless += 1;
        }
    }
    appends
}
