//! `pipe up`

use std::ffi::OsString;
use std::future::Future;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use crate::deploy::local::{Contact, DeployError, Folder, Options, Run, RunStatus};
use crate::engine::moment_text;
use crate::error::Error;
use crate::plan::{EngineKind, Plan, StreamsKind};
use crate::streams::local::Durability;
use crate::streams::{Log, Position};
use crate::ui::Ui;

use super::check::count;
use super::follow::{Follower, PAUSE};
use super::locate::{self, Loaded};
use super::rows::Rows;
use super::tail::{described, outputs};

/// How often the status line changes on a terminal, and elsewhere.
const STATUS_PAUSE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// How long a background process may take until it answers.
const START_PATIENCE: Duration = Duration::from_mins(1);

/// Run a pipeline: streams, generators, queries and a Kinesis endpoint, and show what the queries find
///
/// Ctrl-C stops it cleanly: the generators end, accepted records are processed, and the state is saved. Started again,
/// it goes on where it was; `pipe down` removes it.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  pipe up pipelines/ticker.toml\n  pipe up balance --no-generator\n  pipe up ticker -d"
)]
pub(super) struct Args {
    /// A pipeline file or its bare name
    #[arg(value_name = "PIPELINE")]
    pipeline: Option<String>,

    /// Where to run it
    #[arg(long, value_name = "TARGET", default_value = "local")]
    target: String,

    /// Run in the background; what it says goes to `.pipe/<name>/up.log`
    #[arg(short, long)]
    detach: bool,

    /// Stop after this long, such as 30s
    #[arg(long = "for", value_name = "DURATION", allow_hyphen_values = true, value_parser = humantime::parse_duration)]
    duration: Option<Duration>,

    /// Stop when each generator has made this many records
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    records: Option<u64>,

    /// Leave the generators out: records come from outside
    #[arg(long, conflicts_with = "records")]
    no_generator: bool,

    /// The port of the Kinesis endpoint [default: the first free one from 4567]
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,

    /// Let acknowledged records survive loss of power too, not only the end of the process
    #[arg(long)]
    fsync: bool,

    /// Do not ask (on the local target nothing is asked)
    #[arg(short, long)]
    yes: bool,

    /// Undoes --detach: what the background process is told, so that it does not detach in its turn
    #[arg(long, hide = true, overrides_with = "detach")]
    foreground: bool,
}

pub(super) async fn run(args: &Args, ui: &Ui) -> Result<(), Error> {
    let path = locate::file(args.pipeline.as_deref())?;
    let plan = Arc::new(Loaded::open(&path, ui)?.plan(&args.target, ui)?);
    if (plan.target.streams, plan.target.engine) != (StreamsKind::Local, EngineKind::Embedded) {
        return Err(Error::Unavailable {
            message: format!("`pipe up` cannot deploy to target `{}` in this version", args.target),
            hint: "`pipe render` writes the artifacts for it; without --target the pipeline runs on this machine"
                .to_owned(),
        });
    }
    if args.detach {
        return detach(&plan, ui).await;
    }
    let options = Options {
        port: args.port,
        generate: !args.no_generator,
        records: args.records,
        durability: if args.fsync { Durability::Power } else { Durability::Process },
        file: path.display().to_string(),
    };
    let stop = stop_signal(args.foreground).map_err(|source| Error::write("the signal handlers", source))?;
    let mut run = Run::open(&plan, &options).await?;
    announce(&plan, &run, &options, ui);
    let log = run.log();
    let streams: Vec<(String, Vec<String>)> = outputs(&plan).map(|stream| described(stream, Some(&plan))).collect();
    let names: Vec<String> = streams.iter().map(|(name, _)| name.clone()).collect();
    let follower = Follower::open(log as Arc<dyn Log>, &names, &Position::Latest).await?;
    let titled = names.len() > 1;
    let rows = streams.into_iter().map(|(name, columns)| Rows::new(ui, columns, titled.then_some(name))).collect();
    run.begin()?;
    let mut show = Show { ui, follower, rows, last: (Instant::now(), run.status()) };
    let shown = show.until_stopped(&mut run, stop, args).await;
    ui.clear_status();
    ui.note("stopping: processing what was accepted");
    let stopped = run.stop().await;
    // What the last turns wrote is shown too.
    let rest = if matches!(shown, Err(Error::BrokenPipe)) { Ok(()) } else { show.poll().await };
    stopped?;
    rest?;
    if !matches!(shown, Err(Error::BrokenPipe)) {
        ui.note(&format!("stopped; `pipe up {}` goes on, `pipe down {}` removes it", path.display(), plan.name));
    }
    shown
}

/// What a person sees while a pipeline runs.
struct Show<'a> {
    ui: &'a Ui,
    follower: Follower,
    rows: Vec<Rows<'a>>,
    last: (Instant, RunStatus),
}

impl Show<'_> {
    async fn until_stopped(
        &mut self,
        run: &mut Run,
        stop: impl Future<Output = Error>,
        args: &Args,
    ) -> Result<(), Error> {
        let ends = args.duration.map(|duration| Instant::now() + duration);
        let ended = async {
            match ends {
                Some(ends) => sleep_until(ends).await,
                None => std::future::pending().await,
            }
        };
        let (mut ended, mut stop) = (std::pin::pin!(ended), std::pin::pin!(stop));
        let mut rows_due = interval(PAUSE);
        let (here, elsewhere) = STATUS_PAUSE;
        let mut status_due = interval(if self.ui.is_terminal() { here } else { elsewhere });
        status_due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        status_due.tick().await;
        loop {
            tokio::select! {
                error = &mut stop => return Err(error),
                () = &mut ended => return Ok(()),
                generated = run.generated() => return Ok(generated?),
                _ = rows_due.tick() => self.poll().await?,
                _ = status_due.tick() => self.status(run),
            }
        }
    }

    async fn poll(&mut self) -> Result<(), Error> {
        loop {
            let (brought, at_end) = self.follower.poll().await?;
            for followed in brought {
                self.rows[followed.stream].write(&followed.records)?;
            }
            if at_end {
                return Ok(());
            }
        }
    }

    fn status(&mut self, run: &Run) {
        let (then, before) = &self.last;
        let now = run.status();
        let seconds = then.elapsed().as_secs_f64();
        let consumed = |status: &RunStatus| status.queries.iter().map(|query| query.counters.records).sum::<u64>();
        #[expect(clippy::cast_precision_loss, reason = "a rate for reading")]
        let rate = (consumed(&now) - consumed(before)) as f64 / seconds.max(0.001);
        let mut line = format!("in {rate:.0}/s");
        for query in &now.queries {
            let watermark = query.watermark.map_or("none yet".to_owned(), moment_text);
            let name = if now.queries.len() > 1 { format!("{}: ", query.name) } else { String::new() };
            line += &format!(
                " | {name}watermark {watermark}, {}, late {}, bad {}",
                count(query.open_windows, "open window", "open windows"),
                query.counters.late,
                query.counters.bad
            );
        }
        if self.ui.is_terminal() {
            self.ui.status(&line);
        } else {
            self.ui.note(&line);
        }
        self.last = (Instant::now(), now);
    }
}

fn announce(plan: &Plan, run: &Run, options: &Options, ui: &Ui) {
    let purpose = plan.description.as_ref().map_or_else(String::new, |text| format!(": {text}"));
    ui.note(&format!("pipeline {}{purpose}", plan.name));
    for stream in &plan.streams {
        let shards = count(stream.capacity.initial_shards() as usize, "shard", "shards");
        ui.note(&format!("  stream     {} ({shards})", stream.name));
    }
    for generator in plan.generators.iter().filter(|_| options.generate) {
        ui.note(&format!("  generator  {} ({} records/s)", generator.stream, generator.rate));
    }
    for query in &plan.queries {
        ui.note(&format!("  query      {} ({})", query.name, query.summary));
    }
    ui.note(&format!("  endpoint   {} (Kinesis API; AWS_ENDPOINT_URL={})", run.endpoint(), run.endpoint()));
    ui.note(&format!("  data       {}", Folder::of(&plan.name).path().display()));
    for query in run.status().queries {
        let counters = query.counters;
        ui.detail(&format!(
            "  resumes    {} behind {} records and {} windows",
            query.name, counters.records, counters.windows
        ));
    }
    for note in run.notes() {
        ui.note(&format!("note: {note}"));
    }
    ui.note("Ctrl-C stops it");
}

/// Resolves when this process is asked to stop; asked a second time, it ends at once.
fn stop_signal(in_background: bool) -> std::io::Result<impl Future<Output = Error>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(async move {
        // A terminal that goes away takes what runs in it along, but not what runs in the background.
        let hung_up = async {
            loop {
                hangup.recv().await;
                if !in_background {
                    return;
                }
            }
        };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            () = hung_up => {}
        }
        tokio::spawn(async move {
            interrupt.recv().await;
            #[expect(
                clippy::exit,
                clippy::disallowed_methods,
                reason = "the person does not want to wait, and what was accepted is in the log"
            )]
            std::process::exit(130);
        });
        Error::Interrupted
    })
}

/// Starts the same command in the background and waits until it answers.
async fn detach(plan: &Plan, ui: &Ui) -> Result<(), Error> {
    let folder = Folder::of(&plan.name);
    if let Some(contact) = Contact::find(&folder).await? {
        let pid = contact.status().await.map(|status| status.pid);
        return Err(DeployError::Running { pipeline: plan.name.clone(), pid }.into());
    }
    folder.make()?;
    let output = folder.output();
    // Added to, never cut: another process may have begun at the same moment, and be the one that runs.
    let file = std::fs::File::options().create(true).append(true).open(&output);
    let file = file.map_err(|source| Error::write(&output, source))?;
    let errors = file.try_clone().map_err(|source| Error::write(&output, source))?;
    let program = std::env::current_exe().map_err(|source| Error::read("this program's own path", source))?;
    let mut command = Command::new(&program);
    command.args(in_foreground(std::env::args_os().skip(1))).stdin(Stdio::null()).stdout(file).stderr(errors);
    // A group of its own: Ctrl-C in this terminal is not meant for it.
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.spawn().map_err(|source| Error::read(&program, source))?;
    let begun = Instant::now();
    while begun.elapsed() < START_PATIENCE {
        if let Some(contact) = Contact::find(&folder).await.ok().flatten().filter(|found| found.pid() == child.id()) {
            ui.note(&format!("pipeline `{}` runs in the background (process {})", plan.name, child.id()));
            ui.note(&format!("  endpoint  {}", contact.endpoint()));
            ui.note(&format!("  log       {}", output.display()));
            ui.note(&format!("`pipe tail {0}` follows it, `pipe down {0}` stops and removes it", plan.name));
            return Ok(());
        }
        if child.try_wait().is_ok_and(|ended| ended.is_some()) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Err(Error::Unavailable {
        message: format!("pipeline `{}` did not start: {}", plan.name, last_words(&output)),
        hint: format!("see {}", output.display()),
    })
}

/// Returns the command line of the background process: the same, but that it stays where it is. Flags may stand together
/// (`-dy`), so that `--detach` is undone and not taken out.
fn in_foreground(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = arguments.collect();
    arguments.insert(
        arguments.iter().position(|argument| argument == "--").unwrap_or(arguments.len()),
        "--foreground".into(),
    );
    arguments
}

fn last_words(output: &Path) -> String {
    let text = std::fs::read_to_string(output).unwrap_or_default();
    let last = text.lines().rev().find(|line| line.starts_with("error")).or_else(|| text.lines().last());
    last.unwrap_or("it said nothing").to_owned()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        up: Args,
    }

    #[test]
    fn a_background_process_does_not_detach_again() {
        for line in [
            &["-d"][..],
            &["--detach"],
            &["-yd", "ticker"],
            &["-dy"],
            &["ticker", "-d", "--for", "1s"],
            &["-d", "--", "x"],
        ] {
            let line: Vec<OsString> = std::iter::once("up").chain(line.iter().copied()).map(OsString::from).collect();
            assert!(Line::try_parse_from(&line).expect("a command line").up.detach, "{line:?}");
            let inner = in_foreground(line.into_iter());
            assert!(!Line::try_parse_from(&inner).expect("a command line").up.detach, "{inner:?}");
        }
    }
}
