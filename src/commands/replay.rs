//! `pipe replay`

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::document::help_for;
use crate::error::Error;
use crate::plan::{EngineKind, Plan, Source, Stream, StreamsKind, Time};
use crate::recording::{Lines, Reader, Recorded};
use crate::replay::{Arrivals, Player, ReplayError, Timing, Totals, load, read_ahead};
use crate::sql::SqlType;
use crate::streams::Millis;
use crate::ui::{Ui, count};

use super::followed::{described, outputs};
use super::locate::{self, Loaded};
use super::pacing::speed;
use super::rows::Rows;
use super::up;

/// How often time goes on where no record comes, and rows are shown.
const TICK: Duration = Duration::from_millis(100);

/// Play the records of a file before the queries, by their own time
///
/// The file is one of `pipe record`, or has a record on every line. Windows close by the time of the data: that of the
/// recording or, with --time-column, of a column. It needs no streams and leaves none. Behind the last record everything that
/// is open closes, unless --leave-open is given.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  pipe replay day.jsonl ticker\n  pipe replay trades.csv ticker --time-column traded_at -o json\n  \
                        pipe replay day.jsonl ticker --speed 60x\n  pipe replay day.jsonl ticker --then-live"
)]
pub(super) struct Args {
    /// The file with the records
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// A pipeline file or its bare name
    #[arg(value_name = "PIPELINE")]
    pipeline: Option<String>,

    /// The stream that they are of; the recorded one if not given, or the only one that no query writes
    #[arg(long, value_name = "STREAM")]
    stream: Option<String>,

    /// The column that says when a record arrives: a TIMESTAMP, or a BIGINT with milliseconds since 1970. Without it that is
    /// when the record was recorded or, of a file that does not say so, the stream's event time
    #[arg(long, value_name = "COLUMN")]
    time_column: Option<String>,

    /// How fast time passes: so many times as fast as in the file, such as 60x, or max
    #[arg(long, value_name = "FACTOR", default_value = "max", value_parser = factor)]
    speed: Factor,

    /// Leave open what is open behind the last record
    #[arg(long)]
    leave_open: bool,

    /// Put the records into the pipeline's stream on this machine, with their arrival times, and run it as `pipe up` does: its
    /// windows close by the time of the records as far as they go, and by the clock from there on
    #[arg(long, conflicts_with_all = ["leave_open", "speed"])]
    then_live: bool,
}

/// How fast time passes; as fast as the queries can where left out.
#[derive(Debug, Clone, Copy)]
struct Factor(Option<f64>);

/// Reads `--speed`.
fn factor(text: &str) -> Result<Factor, String> {
    if text == "max" {
        return Ok(Factor(None));
    }
    speed(text).map(|speed| Factor(Some(speed))).map_err(|expected| format!("{expected}, or max"))
}

pub(super) async fn run(args: &Args, ui: &Ui) -> Result<(), Error> {
    let path = locate::file(args.pipeline.as_deref())?;
    let loaded = Loaded::open(&path, ui)?;
    let plan = loaded.plan("local", ui)?;
    if (plan.target.streams, plan.target.engine) != (StreamsKind::Local, EngineKind::Embedded) {
        return Err(Error::Unavailable {
            message: "target `local` of this file does not run here".to_owned(),
            hint: "a replay is played on this machine's engine: leave the target out".to_owned(),
        });
    }
    loaded.check_tables(&plan, true, ui)?;
    let lines = open(&args.file)?;
    let recorded = if let Lines::Recording { stream, .. } = &lines { Some(stream.clone()) } else { None };
    let stream = stream(&plan, args.stream.as_deref(), recorded.as_deref())?;
    let timing = timing(stream, args.time_column.as_deref(), recorded.is_some())?;
    if args.then_live {
        if !std::fs::metadata(&args.file).is_ok_and(|file| file.is_file()) {
            return Err(Error::Usage {
                message: format!("`{}` can be read only once", args.file.display()),
                hint: "with --then-live it is read twice, so that nothing half done is left: write it into a file"
                    .to_owned(),
            });
        }
        // A file that cannot be read to its end leaves nothing behind.
        let mut whole = arrivals(args, lines, stream, timing);
        whole.try_for_each(|record| record.map(drop)).map_err(|error| failed(error, &plan))?;
        let again = arrivals(args, open(&args.file)?, stream, timing);
        let loaded = load(&plan, &stream.name, again).await.map_err(|error| failed(error, &plan))?;
        ui.note(&format!("{} of {} in stream {}", records(loaded), args.file.display(), stream.name));
        return Box::pin(up::run(&up::Args::here(&path), ui)).await;
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    let player = Player::new(&plan, &stream.name, folder).map_err(|error| failed(error, &plan))?;
    let named: Vec<_> = outputs(&plan).map(|stream| described(stream, Some(&plan))).collect();
    let mut shown = Shown { rows: Rows::of_streams(ui, &named, Some(&plan)), named, failure: None };
    let begun = Instant::now();
    let records = arrivals(args, lines, stream, timing);
    let totals = read_ahead(records, |records| play(player, records, args, &mut shown));
    if let Some(failure) = shown.failure {
        return Err(failure);
    }
    let totals = totals.map_err(|error| failed(error, &plan))?;
    if totals.records == 0 {
        return Err(Error::Usage {
            message: format!("there are no records in {}", args.file.display()),
            hint: "a file has a record on each line, or is one of `pipe record`".to_owned(),
        });
    }
    tell(&totals, args, begun.elapsed(), ui);
    Ok(())
}

fn arrivals<'a>(
    args: &Args,
    lines: Lines<BufReader<File>>,
    stream: &'a Stream,
    timing: Timing,
) -> Arrivals<'a, BufReader<File>> {
    let is_csv = args.file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
    Arrivals::new(lines, stream, timing).perhaps_named(is_csv)
}

fn open(path: &Path) -> Result<Lines<BufReader<File>>, Error> {
    let file = File::open(path).map_err(|source| Error::read(path, source))?;
    Reader::open(BufReader::new(file)).map_err(|error| Error::Replay(error.into()))
}

fn failed(error: ReplayError, plan: &Plan) -> Error {
    match error {
        ReplayError::Engine(error) => error.into(),
        ReplayError::Deploy(error) => error.into(),
        ReplayError::Later { stream } => Error::Usage {
            message: format!("stream `{stream}` has later records already than the first of the file"),
            hint: format!("`pipe down {}` removes them; or leave --then-live out", plan.name),
        },
        error => Error::Replay(error),
    }
}

/// Finds the stream that the records are of.
fn stream<'a>(plan: &'a Plan, asked: Option<&str>, recorded: Option<&str>) -> Result<&'a Stream, Error> {
    let fed: Vec<&Stream> = plan.streams.iter().filter(|stream| stream.source == Source::Producers).collect();
    let names = || fed.iter().map(|stream| stream.name.as_str()).collect::<Vec<_>>();
    if let Some(name) = asked {
        return fed.iter().copied().find(|stream| stream.name == name).ok_or_else(|| Error::Usage {
            message: format!("pipeline `{}` has no stream `{name}` that records come to", plan.name),
            hint: help_for(name, names()),
        });
    }
    if let Some(found) = recorded.and_then(|name| fed.iter().copied().find(|stream| stream.name == name)) {
        return Ok(found);
    }
    match fed.as_slice() {
        [only] if recorded.is_none() => Ok(only),
        _ => Err(Error::Usage {
            message: match recorded {
                Some(name) => {
                    format!("stream `{name}` was recorded, and pipeline `{}` has none of this name", plan.name)
                }
                None => format!("the file does not say which stream of pipeline `{}` it is of", plan.name),
            },
            hint: format!("say --stream with one of {}", names().join(", ")),
        }),
    }
}

/// Finds what says when a record arrives.
fn timing(stream: &Stream, column: Option<&str>, is_recorded: bool) -> Result<Timing, Error> {
    let Some(name) = column else {
        return match &stream.time {
            _ if is_recorded => Ok(Timing::Recorded),
            Time::Event { column, .. } => Ok(Timing::Column(*column)),
            Time::Arrival => Err(Error::Usage {
                message: format!(
                    "the file does not say when its records came, and stream `{}` has no event time",
                    stream.name
                ),
                hint: "say --time-column with a column that has a time; `pipe record` keeps the arrival times"
                    .to_owned(),
            }),
        };
    };
    let timed = |column: &&crate::plan::Column| matches!(column.sql_type, SqlType::Timestamp(_) | SqlType::BigInt);
    let names: Vec<&str> = stream.columns.iter().filter(timed).map(|column| column.name.as_str()).collect();
    let found = stream.columns.iter().position(|column| column.name == name && timed(&column));
    found.map(Timing::Column).ok_or_else(|| Error::Usage {
        message: format!("stream `{}` has no column `{name}` with a time", stream.name),
        hint: if names.is_empty() { "a time is a TIMESTAMP, or a BIGINT".to_owned() } else { help_for(name, names) },
    })
}

/// Rows as they are shown.
struct Shown<'a> {
    rows: Vec<Rows<'a>>,
    named: Vec<(String, Vec<String>)>,
    failure: Option<Error>,
}

impl Shown<'_> {
    fn show(&mut self, stream: &str, records: &[Vec<u8>]) {
        let Some(index) = self.named.iter().position(|(name, _)| name == stream) else { return };
        if self.failure.is_none() {
            self.failure = self.rows[index].write(records).err();
        }
    }
}

fn play(
    mut player: Player<'_>,
    records: &mut dyn Iterator<Item = Result<Recorded, ReplayError>>,
    args: &Args,
    shown: &mut Shown<'_>,
) -> Result<Totals, ReplayError> {
    let begun = Instant::now();
    let mut first = None;
    for record in records {
        let record = record?;
        if let Some(speed) = args.speed.0 {
            let first = *first.get_or_insert(record.arrival);
            // Time goes on between records too: windows close that wait for nothing else.
            loop {
                let passed = begun.elapsed();
                #[expect(clippy::cast_possible_truncation, reason = "a cast stops at the ends of 64 bits")]
                let now = first.saturating_add((passed.as_secs_f64() * speed * 1e3) as Millis);
                if now >= record.arrival {
                    break;
                }
                player.run_until(now, &mut |stream, rows| shown.show(stream, &rows))?;
                #[expect(clippy::cast_precision_loss, reason = "a wait")]
                let rest = Duration::from_secs_f64((record.arrival - now) as f64 / speed / 1e3);
                std::thread::sleep(rest.min(TICK));
            }
        }
        player.play(&record, &mut |stream, rows| shown.show(stream, &rows))?;
        if shown.failure.is_some() {
            break;
        }
    }
    player.end(!args.leave_open, &mut |stream, rows| shown.show(stream, &rows))
}

fn tell(totals: &Totals, args: &Args, took: Duration, ui: &Ui) {
    let mut rest = Vec::new();
    if totals.late > 0 {
        rest.push(format!("{} late", totals.late));
    }
    if totals.bad > 0 {
        rest.push(format!("{} bad", totals.bad));
    }
    let rest = if rest.is_empty() { String::new() } else { format!(" ({})", rest.join(", ")) };
    ui.note(&format!(
        "{} played in {:.1} s{rest}, {} written; {}",
        records(totals.records),
        took.as_secs_f64(),
        count(usize::try_from(totals.rows).unwrap_or(usize::MAX), "row", "rows"),
        if args.leave_open {
            "what was open behind the last record was left open"
        } else {
            "what was open behind the last record was closed, --leave-open leaves it"
        }
    ));
}

fn records(number: u64) -> String {
    count(usize::try_from(number).unwrap_or(usize::MAX), "record", "records")
}
