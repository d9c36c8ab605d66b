//! `pipe test`

mod accept;
mod mutate;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::error::Error;
use crate::plan::{Plan, Trial};
use crate::trial::{Check, Embedded, Failure, OnFlink, Outcome, Run, Status, TrialError, Verdict, in_order, junit};
use crate::ui::{Color, Format, Ui, count, csv_line};

use super::locate::{self, Loaded, TrialFile};

/// Run the tests of pipelines, by a clock that only the tests turn
///
/// Tests are `[[tests]]` of a pipeline file, or of NAME.test.toml beside NAME.toml. On the embedded engine they need no
/// log and no waiting: a window of a day closes at once. On Flink all records of a test come at once, as files; what that
/// cannot answer is named, and is no failure where another engine has answered.
#[derive(Debug, Default, clap::Args)]
#[command(after_help = "Examples:\n  pipe test\n  pipe test ticker -k late\n  pipe test --junit report.xml\n  \
                        pipe test ticker --engine embedded,flink\n  pipe test ticker --accept\n  pipe test ticker --mutate")]
pub(super) struct Args {
    /// Pipeline files; all of them if none is named
    #[arg(value_name = "PIPELINE")]
    pipelines: Vec<String>,

    /// Only tests whose name has this text in it, in capital letters or not
    #[arg(short = 'k', value_name = "PATTERN")]
    pattern: Option<String>,

    /// Write what came into the tests, where it is not what they expect, with their comments and layout kept; then run them
    #[arg(long)]
    accept: bool,

    /// Break the queries in small ways, one at a time, and name those that no test notices
    ///
    /// Filters are dropped, windows made a unit longer or shorter, aggregates mistaken for others, group columns left out,
    /// comparisons moved. The embedded engine runs them.
    #[arg(long, conflicts_with_all = ["accept", "junit"])]
    mutate: bool,

    /// Write an XML report there that build servers read, in the form of `JUnit`
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,

    /// Which engines run the tests
    #[arg(long, value_name = "ENGINE", value_delimiter = ',', default_value = "embedded")]
    engine: Vec<Engine>,

    /// The address of Flink's SQL gateway; that of the target `flink` if not given
    #[arg(long, value_name = "URL", value_parser = address)]
    gateway: Option<String>,
}

/// Reads an address of a gateway.
fn address(text: &str) -> Result<String, String> {
    match text.strip_prefix("http://") {
        Some(rest) if !rest.is_empty() => Ok(text.to_owned()),
        _ => Err("expected http:// and a host, such as http://127.0.0.1:8083".to_owned()),
    }
}

/// What can run a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Engine {
    /// The engine of this program.
    Embedded,
    /// An Apache Flink on this machine, through its SQL gateway.
    Flink,
}

impl Engine {
    fn name(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Flink => "flink",
        }
    }
}

/// The tests of one file that are to run.
struct Suite {
    plan: Plan,
    /// The folder of the pipeline file.
    folder: PathBuf,
    /// Where the target `flink` has its gateway.
    gateway: String,
    source: TrialFile,
}

impl Suite {
    fn file(&self) -> &str {
        self.source.document.name()
    }

    /// Puts together what came of one of its tests.
    fn run(&self, trial: &Trial, engine: Engine, (outcome, took): Timed) -> Result<Run, Error> {
        Ok(Run {
            pipeline: self.plan.name.clone(),
            file: self.file().to_owned(),
            line: trial.line,
            test: trial.name.clone(),
            engine: engine.name(),
            outcome: outcome?,
            took,
        })
    }
}

pub(super) async fn run(args: &Args, ui: &Ui) -> Result<(), Error> {
    let mut engines: Vec<Engine> = Vec::new();
    for engine in &args.engine {
        if !engines.contains(engine) {
            engines.push(*engine);
        }
    }
    let mut suites = suites_of(args, ui)?;
    if (args.accept || args.mutate) && engines != [Engine::Embedded] {
        return Err(Error::Usage {
            message: "--accept and --mutate are for the embedded engine".to_owned(),
            hint: "leave --engine out, and run the other engines after".to_owned(),
        });
    }
    if args.mutate {
        return mutate::mutate(&suites, ui);
    }
    if args.accept {
        accept::accept(&suites, ui)?;
        suites = suites_of(args, ui)?;
    }
    let mut runs = Vec::new();
    if ui.format() == Format::Csv {
        let header = ["pipeline", "test", "engine", "outcome", "problem"].map(str::to_owned);
        ui.data(&csv_line(&header)).map_err(Error::stdout)?;
    }
    for suite in &suites {
        let trials = &suite.source.trials;
        for engine in &engines {
            let mut done = |trial: &Trial, timed: Timed| {
                let run = suite.run(trial, *engine, timed)?;
                show(&run, engines.len() > 1, ui)?;
                runs.push(run);
                Ok::<(), Error>(())
            };
            match engine {
                Engine::Embedded => {
                    in_order(trials, |trial| timed(|| Embedded::run(&suite.plan, &suite.folder, trial)), done)?;
                }
                Engine::Flink => {
                    let flink = OnFlink::at(args.gateway(suite), &suite.folder);
                    for trial in trials {
                        let begun = Instant::now();
                        let outcome = flink.run(&suite.plan, trial).await;
                        done(trial, (outcome, begun.elapsed()))?;
                    }
                }
            }
        }
    }
    if let Some(path) = &args.junit {
        std::fs::write(path, junit(&runs)).map_err(|source| Error::write(path, source))?;
    }
    verdict(&suites, &runs, ui)
}

/// Runs all tests of a file on the engine of this program, and returns each as `-o json` writes it. Blocks.
pub(super) fn report(path: &Path) -> Result<Vec<Value>, Error> {
    let ui = Ui::new(None, Color::Never, true, false);
    let args = Args { pipelines: vec![path.display().to_string()], ..Args::default() };
    let mut reports = Vec::new();
    for suite in suites_of(&args, &ui)? {
        let done = |trial: &Trial, timed: Timed| {
            reports.push(value(&suite.run(trial, Engine::Embedded, timed)?));
            Ok::<(), Error>(())
        };
        in_order(&suite.source.trials, |trial| timed(|| Embedded::run(&suite.plan, &suite.folder, trial)), done)?;
    }
    Ok(reports)
}

/// What came of a test, and how long it took.
type Timed = (Result<Outcome, TrialError>, Duration);

fn timed(run: impl FnOnce() -> Result<Outcome, TrialError>) -> Timed {
    let begun = Instant::now();
    (run(), begun.elapsed())
}

/// Reads every file with tests. Nothing is run where one of them has a mistake.
fn suites_of(args: &Args, ui: &Ui) -> Result<Vec<Suite>, Error> {
    let (mut suites, mut drawn, mut found) = (Vec::new(), Vec::new(), 0);
    for path in locate::files(&args.pipelines)? {
        let loaded = Loaded::open(&path, ui).and_then(|loaded| {
            let plan = loaded.plan("local", ui)?;
            let gateway = loaded.plan("flink", ui)?.target.gateway;
            let trials = loaded.trials(&path, &plan, ui)?;
            Ok((plan, gateway, trials))
        });
        match loaded {
            Ok((plan, gateway, files)) => {
                for mut source in files {
                    found += source.trials.len();
                    source.retain(|trial| args.wants(trial));
                    if !source.trials.is_empty() {
                        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
                        suites.push(Suite { folder, plan: plan.clone(), gateway: gateway.clone(), source });
                    }
                }
            }
            Err(Error::File { drawn: mistakes }) => drawn.push(mistakes),
            Err(other) => return Err(other),
        }
    }
    if !drawn.is_empty() {
        return Err(Error::File { drawn: drawn.join("\n\n") });
    }
    match (suites.is_empty(), &args.pattern) {
        (false, _) => Ok(suites),
        (true, Some(pattern)) if found > 0 => Err(Error::NoTests {
            message: format!("no test has `{pattern}` in its name"),
            hint: format!("there {} without -k", if found == 1 { "is one".to_owned() } else { format!("are {found}") }),
        }),
        _ => Err(Error::NoTests {
            message: "there are no tests".to_owned(),
            hint: "add [[tests]] to the pipeline file, or write NAME.test.toml beside NAME.toml".to_owned(),
        }),
    }
}

impl Args {
    fn gateway<'a>(&'a self, suite: &'a Suite) -> &'a str {
        self.gateway.as_deref().unwrap_or(&suite.gateway)
    }

    fn wants(&self, trial: &Trial) -> bool {
        let pattern = self.pattern.as_deref().unwrap_or_default().to_lowercase();
        trial.name.to_lowercase().contains(&pattern)
    }
}

/// Ends well where every test was run somewhere, and none has failed.
fn verdict(suites: &[Suite], runs: &[Run], ui: &Ui) -> Result<(), Error> {
    let mut failed = 0;
    let mut total = 0;
    for suite in suites {
        for trial in &suite.source.trials {
            let mut own = runs.iter().filter(|run| run.file == suite.file() && run.test == trial.name);
            let statuses: Vec<Status> = own.by_ref().map(|run| run.outcome.status()).collect();
            total += 1;
            failed += usize::from(statuses.contains(&Status::Failed) || !statuses.contains(&Status::Passed));
        }
    }
    if failed > 0 {
        return Err(Error::Tests { failed, total });
    }
    ui.note(&format!("{} passed", count(total, "test", "tests")));
    Ok(())
}

fn show(run: &Run, several: bool, ui: &Ui) -> Result<(), Error> {
    let text = match ui.format() {
        Format::Json => value(run).to_string(),
        Format::Csv => csv_line(&[
            run.pipeline.clone(),
            run.test.clone(),
            run.engine.to_owned(),
            run.outcome.status().word().to_owned(),
            problems(&run.outcome).into_iter().map(|(_, problem)| problem).collect::<Vec<_>>().join("; "),
        ]),
        Format::Table => drawn(run, several),
    };
    ui.data(&text).map_err(Error::stdout)
}

/// Every check that is to be spoken of, and what is to be said.
fn problems(outcome: &Outcome) -> Vec<(&Check, String)> {
    let mut problems = Vec::new();
    for check in &outcome.checks {
        match &check.verdict {
            Verdict::Held => {}
            Verdict::NotRun(reason) => problems.push((check, format!("not run: {reason}"))),
            Verdict::Failed(failures) => problems.extend(failures.iter().map(|failure| (check, failure.summary()))),
        }
    }
    problems
}

fn value(run: &Run) -> Value {
    let check = |check: &Check| {
        let (outcome, extra) = match &check.verdict {
            Verdict::Held => (Status::Passed, None),
            Verdict::NotRun(reason) => (Status::NotRun, Some(("reason", json!(reason)))),
            Verdict::Failed(failures) => {
                (Status::Failed, Some(("failures", failures.iter().map(Failure::json).collect())))
            }
        };
        let mut whole = json!({ "line": check.line, "stream": check.stream, "outcome": outcome.word() });
        if let (Some((key, value)), Some(members)) = (extra, whole.as_object_mut()) {
            members.insert(key.to_owned(), value);
        }
        whole
    };
    json!({
        "pipeline": run.pipeline,
        "test": run.test,
        "file": run.file,
        "line": run.line,
        "engine": run.engine,
        "outcome": run.outcome.status().word(),
        "checks": run.outcome.checks.iter().map(check).collect::<Vec<_>>(),
    })
}

fn drawn(run: &Run, several: bool) -> String {
    let engine = if several { format!(" ({})", run.engine) } else { String::new() };
    let word = match run.outcome.status() {
        Status::Passed => "ok",
        Status::Failed => "FAILED",
        Status::NotRun => "not run",
    };
    let mut lines = vec![format!("{word:<8} {}: {}{engine}", run.pipeline, run.test)];
    for check in &run.outcome.checks {
        let place = format!("{}:{}", run.file, check.line);
        match &check.verdict {
            Verdict::Held => {}
            Verdict::NotRun(reason) => lines.push(format!("  {place}: `{}` is not looked at: {reason}", check.stream)),
            Verdict::Failed(failures) => {
                for failure in failures {
                    lines.push(format!("  {place}: `{}` is not as expected: {}", check.stream, failure.summary()));
                    lines.extend(failure.drawn().map(|rows| indented(&rows)));
                }
            }
        }
    }
    lines.join("\n")
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("   {line}").trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// Returns the file of tests that may stand beside a pipeline file.
pub(super) fn beside(path: &Path) -> PathBuf {
    path.with_extension(TEST_EXTENSION)
}

/// What the name of a file of tests ends with, behind that of its pipeline file.
pub(super) const TEST_EXTENSION: &str = "test.toml";
