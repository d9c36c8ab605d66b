//! `pipe generate`

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use chrono::DateTime;
use tokio::sync::watch;

use crate::deploy::DeployError;
use crate::deploy::remote::Account;
use crate::document::help_for;
use crate::error::Error;
use crate::generate::{GenerateError, Lines, Pace, Run};
use crate::plan::{Generator, Plan, Stream};
use crate::streams::{Millis, now};
use crate::ui::Ui;
use crate::window::Micros;

use super::check::count;
use super::locate::{self, Loaded};
use super::rows::Rows;

/// Microseconds in a millisecond.
const MILLI: Micros = 1_000;
/// The last moment at which records can begin: 9000-01-01, so that years have four digits.
const LAST_START: Millis = 221_845_392_000_000;
/// The most records that are made between two looks at the clock, where they come at their rate.
const MOST: u64 = 1 << 16;
/// How often the status line is drawn anew.
const LOOK: Duration = Duration::from_millis(200);

/// Make the records of a generator, and nothing else
///
/// With --records or --for they are made at once, as fast as they can be written, each with the time at which it would be
/// due; without them they come at the generator's rate until Ctrl-C. The same file, seed and start give the same bytes.
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

    /// When the first record is due, such as 2026-01-01T00:00:00Z; now if not given
    #[arg(long, value_name = "TIME", value_parser = moment)]
    start: Option<Millis>,

    /// The seed, in place of the file's
    #[arg(long, value_name = "N")]
    seed: Option<u64>,

    /// Show so many records in the form of the other commands, a table on a terminal
    #[arg(long, value_name = "N", conflicts_with_all = ["records", "duration", "to"])]
    sample: Option<u64>,

    /// Where they go: a file, or <kinesis://NAME> for a stream in Kinesis, at the generator's rate; stdout if not given
    #[arg(long, value_name = "WHERE")]
    to: Option<PathBuf>,
}

/// Reads `--start`.
fn moment(text: &str) -> Result<Millis, String> {
    let read = DateTime::parse_from_rfc3339(text).map(|moment| moment.timestamp_millis());
    read.ok()
        .filter(|moment| (0..=LAST_START).contains(moment))
        .ok_or_else(|| "expected a time from 1970 to 9000, such as 2026-01-01T00:00:00Z".to_owned())
}

/// What is generated.
struct Order {
    generator: Generator,
    stream: Stream,
    start: Micros,
    /// How many; without end where left out.
    limit: Option<u64>,
}

pub(super) async fn run(args: &Args, ui: &Ui) -> Result<(), Error> {
    let plan = Loaded::open(&locate::file(args.pipeline.as_deref())?, ui)?.plan(&args.target, ui)?;
    let mut generator = chosen(&plan, args.stream.as_deref())?.clone();
    generator.seed = args.seed.unwrap_or(generator.seed);
    let stream = plan.stream(&generator.stream).cloned().ok_or_else(|| none(&plan))?;
    let limit = args.records.or_else(|| args.duration.map(|duration| due_in(duration, generator.rate)));
    let start = args.start.unwrap_or_else(now).saturating_mul(MILLI);
    let order = Order { generator, stream, start, limit };
    if let Some(records) = args.sample {
        return order.sample(records, &plan, ui);
    }
    let name = args.to.as_deref().and_then(Path::to_str).and_then(|to| to.strip_prefix("kinesis://"));
    match (name, &args.to) {
        (Some(name), _) => order.put(name, ui).await,
        (None, Some(path)) => order.write_file(path, ui),
        (None, None) => order.print(),
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

/// Returns how many records come in a time; at least the first.
fn due_in(duration: Duration, rate: f64) -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "no more than all is asked for")]
    let whole = (duration.as_secs_f64() * rate).ceil() as u64;
    whole.max(1)
}

fn failed(error: GenerateError) -> Error {
    DeployError::from(error).into()
}

impl Order {
    fn lines(&self) -> Result<Lines, Error> {
        Lines::new(&self.generator, &self.stream, self.start).map_err(failed)
    }

    fn sample(&self, records: u64, plan: &Plan, ui: &Ui) -> Result<(), Error> {
        let mut text = Vec::new();
        self.lines()?.write(records, &mut text).map_err(Error::stdout)?;
        let records: Vec<Vec<u8>> =
            text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(<[u8]>::to_vec).collect();
        // The columns of a record are those that it has: what lies further in is shown as it is.
        let named = [(self.stream.name.clone(), Vec::new())];
        let mut rows = Rows::of_streams(ui, &named, Some(plan));
        rows.iter_mut().try_for_each(|rows| rows.write(&records))
    }

    fn print(&self) -> Result<(), Error> {
        let mut out = std::io::stdout().lock();
        let mut lines = self.lines()?;
        let written = match self.limit {
            Some(limit) => lines.write(limit, &mut out).and_then(|()| out.flush()),
            None => self.write_live(lines, &mut out),
        };
        written.map_err(Error::stdout)
    }

    fn write_file(&self, path: &Path, ui: &Ui) -> Result<(), Error> {
        let failed = |source| Error::write(path, source);
        let mut lines = self.lines()?;
        let mut file = File::create(path).map_err(failed)?;
        let Some(limit) = self.limit else { return self.write_live(lines, &mut file).map_err(failed) };
        let begun = Instant::now();
        lines.write(limit, &mut file).map_err(failed)?;
        let took = begun.elapsed().as_secs_f64();
        ui.note(&format!("{} in {}, made in {took:.1} s", count_of(limit), path.display()));
        Ok(())
    }

    /// Writes records as they are due, until the reader leaves or the process ends.
    fn write_live(&self, mut lines: Lines, out: &mut dyn Write) -> std::io::Result<()> {
        let (mut pace, begun) = (Pace::new(self.generator.rate), Instant::now());
        loop {
            lines.write(pace.take(begun.elapsed(), MOST), out)?;
            out.flush()?;
            std::thread::sleep(pace.next().saturating_sub(begun.elapsed()).max(Duration::from_millis(1)));
        }
    }

    /// Puts records into a stream in Kinesis as they are due.
    async fn put(self, name: &str, ui: &Ui) -> Result<(), Error> {
        let account = Account::standard().await?;
        let generator = Generator { stream: name.to_owned(), ..self.generator };
        let mut run = Run::new(&generator, &self.stream, 0).map_err(failed)?;
        if let Some(limit) = self.limit {
            run = run.limit(limit);
        }
        let made = run.counter();
        let (stop, stopped) = watch::channel(false);
        // A start in the past or the future is a clock that is behind or ahead.
        let ahead = self.start - now().saturating_mul(MILLI);
        let running = run.start(account.log(), move || now().saturating_mul(MILLI).saturating_add(ahead), stopped);
        let mut running = std::pin::pin!(running);
        let mut look = tokio::time::interval(LOOK);
        let ended = loop {
            tokio::select! {
                ended = &mut running => break ended,
                Ok(()) = tokio::signal::ctrl_c() => {
                    stop.send_replace(true);
                    break running.await;
                }
                _ = look.tick() => ui.status(&format!("{} in {name}", count_of(made.load(Ordering::Relaxed)))),
            }
        };
        ui.clear_status();
        let made = ended.map_err(failed)?;
        ui.note(&format!("{} put into {name}", count_of(made)));
        Ok(())
    }
}

fn count_of(records: u64) -> String {
    count(usize::try_from(records).unwrap_or(usize::MAX), "record", "records")
}
