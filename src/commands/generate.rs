//! `pipe generate`

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::deploy::DeployError;
use crate::deploy::local::{Folder, Found};
use crate::deploy::remote::Account;
use crate::document::help_for;
use crate::error::Error;
use crate::generate::{Clock, GenerateError, IntoLines, IntoLog, Lines, Pacing, Run, Sink};
use crate::plan::{Generator, Plan, Source, Stream};
use crate::streams::{Log, now};
use crate::ui::{Ui, count};
use crate::window::Micros;

use super::locate::{self, Loaded};
use super::pacing::PacingArgs;
use super::rows::Rows;
use super::stop_signal::stop_signal;

/// Microseconds in a millisecond.
const MILLI: Micros = 1_000;
/// How often the status line is drawn anew.
const LOOK: Duration = Duration::from_millis(200);

/// Make the records of a generator, and nothing else
///
/// With --records or --for they are made at once, as fast as they can be written, each with the time at which it would be
/// due; without them, or with --speedup, they come when they are due, until Ctrl-C. The same file, seed and start give the
/// same bytes.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  pipe generate ticker --sample 10\n  pipe generate ticker --records 1000000 --to trades.jsonl\n  \
                        pipe generate ticker --for 24h --start 2026-01-01T00:00:00Z --to day.jsonl\n  \
                        pipe generate ticker --to kinesis://trades --for 1m"
)]
pub(super) struct Args {
    /// A pipeline file or its bare name
    #[arg(value_name = "PIPELINE")]
    pipeline: Option<String>,

    /// The stream whose generator it is, where the file has several
    #[arg(long, value_name = "STREAM")]
    stream: Option<String>,

    /// The target whose overrides hold
    #[arg(long, value_name = "TARGET", default_value = "local")]
    target: String,

    /// So many records
    #[arg(long, value_name = "N")]
    records: Option<u64>,

    /// As many records as come in this time, such as 1m
    #[arg(long = "for", value_name = "DURATION", conflicts_with = "records", value_parser = humantime::parse_duration)]
    duration: Option<Duration>,

    #[command(flatten)]
    pacing: PacingArgs,

    /// The seed, in place of the file's
    #[arg(long, value_name = "N")]
    seed: Option<u64>,

    /// Show so many records in the form of the other commands, a table on a terminal
    #[arg(long, value_name = "N", conflicts_with_all = ["records", "duration", "to"])]
    sample: Option<u64>,

    /// Where they go: a file, <stream://NAME> for a stream of the pipeline where it runs here, or <kinesis://NAME> for one in
    /// Kinesis, both when they are due; stdout (or `-`) if not given
    #[arg(long, value_name = "WHERE")]
    to: Option<PathBuf>,
}

/// Returns the log of a pipeline that runs here.
async fn here(plan: &Plan) -> Result<Arc<dyn Log>, Error> {
    match Found::of(&Folder::of(&plan.name)).await? {
        Found::Running(contact) => Ok(Arc::new(contact.log().await)),
        Found::AtRest(_) | Found::Absent => Err(Error::Unavailable {
            message: format!("pipeline `{}` does not run here, and takes no records", plan.name),
            hint: format!("`pipe up {} --no-generator` runs it; or name a file", plan.name),
        }),
    }
}

/// What is generated.
struct Order {
    generator: Generator,
    stream: Stream,
    pacing: Pacing,
}

pub(super) async fn run(args: &Args, ui: &Ui) -> Result<(), Error> {
    let plan = Loaded::open(&locate::file(args.pipeline.as_deref())?, ui)?.plan(&args.target, ui)?;
    let mut generator = chosen(&plan, args.stream.as_deref())?.clone();
    if let Some(seed) = args.seed {
        generator.reseed(seed);
    }
    let stream = plan.stream(&generator.stream).cloned().ok_or_else(|| none(&plan))?;
    let order = Order { generator, stream, pacing: args.pacing.pacing(args.records, args.duration) };
    if let Some(records) = args.sample {
        return order.sample(records, &plan, ui);
    }
    let Some(to) = &args.to else { return order.print(ui).await };
    let text = to.to_str().unwrap_or_default();
    if matches!(text, "-" | "stdout") {
        return order.print(ui).await;
    }
    if let Some(name) = text.strip_prefix("kinesis://") {
        let log: Arc<dyn Log> = Account::standard().await?.log();
        return Box::pin(order.put(name, log, ui)).await;
    }
    match text.strip_prefix("stream://") {
        Some(name) => {
            if plan.stream(name).is_some_and(|stream| stream.source != Source::Producers) {
                return Err(Error::Usage {
                    message: format!("stream `{name}` is written by a query"),
                    hint: "name a stream that records come to".to_owned(),
                });
            }
            Box::pin(order.put(name, here(&plan).await?, ui)).await
        }
        None => order.write_file(to, ui).await,
    }
}

fn chosen<'a>(plan: &'a Plan, stream: Option<&str>) -> Result<&'a Generator, Error> {
    let names = || plan.generators.iter().map(|generator| generator.stream.as_str());
    match (stream, plan.generators.as_slice()) {
        (Some(stream), _) => plan.generator(stream).ok_or_else(|| Error::Usage {
            message: format!("pipeline `{}` has no generator for a stream `{stream}`", plan.name),
            hint: help_for(stream, names().collect::<Vec<_>>()),
        }),
        (None, [only]) => Ok(only),
        (None, []) => Err(none(plan)),
        (None, _) => Err(Error::Usage {
            message: format!("pipeline `{}` has several generators", plan.name),
            hint: format!("say --stream with one of {}", names().collect::<Vec<_>>().join(", ")),
        }),
    }
}

fn none(plan: &Plan) -> Error {
    Error::Usage {
        message: format!("pipeline `{}` has no generator", plan.name),
        hint: "add [generators.STREAM] with a `rate` and `fields`".to_owned(),
    }
}

/// The time of the wall.
fn wall() -> Micros {
    now().saturating_mul(MILLI)
}

fn failed(error: GenerateError) -> Error {
    DeployError::from(error).into()
}

impl Order {
    fn sample(&self, records: u64, plan: &Plan, ui: &Ui) -> Result<(), Error> {
        let mut text = Vec::new();
        let start = self.pacing.start.unwrap_or_else(wall);
        let mut lines = Lines::new(&self.generator, &self.stream, start).map_err(failed)?;
        let written = lines.write(Micros::MAX, records, &mut text).and_then(|_| lines.finish(&mut text));
        written.map_err(Error::stdout)?;
        let records: Vec<Vec<u8>> =
            text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(<[u8]>::to_vec).collect();
        // The columns of a record are those that it has: what lies further in is shown as it is.
        let named = [(self.stream.name.clone(), Vec::new())];
        let mut rows = Rows::of_streams(ui, &named, Some(plan));
        rows.iter_mut().try_for_each(|rows| rows.write(&records))
    }

    async fn print(&self, ui: &Ui) -> Result<(), Error> {
        self.write(|| Ok(std::io::stdout()), None, Error::stdout, ui).await?.ended()
    }

    async fn write_file(&self, path: &Path, ui: &Ui) -> Result<(), Error> {
        let begun = Instant::now();
        let failed = |source| Error::write(path, source);
        let place = path.display().to_string();
        let made = self.write(|| File::create(path).map_err(failed), Some(&place), failed, ui).await?;
        let took = begun.elapsed().as_secs_f64();
        ui.note(&format!("{} in {place}, made in {took:.1} s", count_of(made.delivered)));
        made.ended()
    }

    /// Writes the records to what `open` gives, once it is sure that there are some.
    async fn write<W: Write + Send + 'static>(
        &self,
        open: impl FnOnce() -> Result<W, Error>,
        place: Option<&str>,
        unwritten: impl Fn(std::io::Error) -> Error,
        ui: &Ui,
    ) -> Result<Made, Error> {
        let has_end = self.pacing.records.is_some() || self.pacing.duration.is_some();
        let made = if has_end && self.pacing.speed.is_none() {
            let clock = Clock::new(wall, &self.pacing);
            let mut lines = Lines::new(&self.generator, &self.stream, clock.start).map_err(failed)?;
            let mut out = open()?;
            let written = lines.write(clock.end, self.pacing.records.unwrap_or(u64::MAX), &mut out);
            let made = written.and_then(|made| lines.finish(&mut out).and_then(|()| out.flush()).map(|()| made));
            Made { made: made.map_err(unwritten)?, delivered: lines.delivered(), interrupted: None }
        } else {
            let run = self.run(&self.generator)?;
            let failed = |error| match error {
                GenerateError::Write(source) => unwritten(source),
                other => failed(other),
            };
            attend(run, IntoLines::new(open()?), place, failed, ui).await?
        };
        if made.made < self.pacing.records.unwrap_or(0) && made.interrupted.is_none() {
            ui.note("the generator's rate has come to nothing: there are no more records");
        }
        Ok(made)
    }

    /// Puts records into a stream as they are due.
    async fn put(self, name: &str, log: Arc<dyn Log>, ui: &Ui) -> Result<(), Error> {
        let generator = Generator { stream: name.to_owned(), ..self.generator.clone() };
        let run = self.run(&generator)?;
        let made = attend(run, IntoLog::new(log, name), Some(name), failed, ui).await?;
        ui.note(&format!("{} put into {name}", count_of(made.delivered)));
        made.ended()
    }

    fn run(&self, generator: &Generator) -> Result<Run, Error> {
        Ok(Run::new(generator, &self.stream, 0).map_err(failed)?.pacing(self.pacing))
    }
}

/// What came of an order.
struct Made {
    /// How many records were made.
    made: u64,
    /// How many have come: with faults, more or fewer.
    delivered: u64,
    /// Where the person said stop.
    interrupted: Option<Error>,
}

impl Made {
    /// Ends the command as the person has.
    fn ended(self) -> Result<(), Error> {
        self.interrupted.map_or(Ok(()), Err)
    }
}

/// Lets a generator work until it is done or the person says stop; then what is on its way still comes. `place` is where its
/// records go, as the status line says.
async fn attend(
    run: Run,
    sink: impl Sink + 'static,
    place: Option<&str>,
    failed: impl Fn(GenerateError) -> Error,
    ui: &Ui,
) -> Result<Made, Error> {
    let mut asked = std::pin::pin!(stop_signal(false)?);
    let taken = run.counter();
    let (stop, stopped) = watch::channel(false);
    let mut running = tokio::spawn(run.start(sink, wall, stopped));
    let (mut look, mut interrupted) = (tokio::time::interval(LOOK), None);
    let ended = loop {
        tokio::select! {
            ended = &mut running => break ended,
            error = &mut asked, if interrupted.is_none() => {
                stop.send_replace(true);
                interrupted = Some(error);
            }
            _ = look.tick() => if let Some(place) = place {
                ui.status(&format!("{} in {place}", count_of(taken.load(Ordering::Relaxed))));
            }
        }
    };
    ui.clear_status();
    let made = ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic())).map_err(failed)?;
    Ok(Made { made, delivered: taken.load(Ordering::Relaxed), interrupted })
}

fn count_of(records: u64) -> String {
    count(usize::try_from(records).unwrap_or(usize::MAX), "record", "records")
}
