//! `pipe up`

mod aws;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::deploy::flink::Prepared;
use crate::deploy::local::{Folder, Options, Run};
use crate::deploy::remote::Deployment;
use crate::error::Error;
use crate::plan::{EngineKind, Plan, StreamsKind};
use crate::streams::local::Durability;
use crate::ui::{Ui, count};

use super::background::detach;
use super::browser::Browser;
use super::deployed;
use super::followed::outputs;
use super::locate::{self, Loaded};
use super::on_aws;
use super::over_kinesis;
use super::pacing::PacingArgs;
use super::show::{Show, Until};
use super::stop_signal::stop_signal;
use super::submit::{submit, withdraw};

/// Run a pipeline: streams, generators, queries and a Kinesis endpoint, and show what the queries find
///
/// Ctrl-C stops it cleanly: the generators end, accepted records are processed, and the state is saved. Started again,
/// it goes on where it was; `pipe down` removes it.
///
/// Where the target has its streams in Kinesis, those that are missing are made, and `pipe down` removes them. With the
/// engine of this machine it works as on local streams: what it has read and its open windows lie here, and rows go to
/// Kinesis. With Flink the job is submitted, once; it goes on when this command ends, which then only makes records and
/// shows rows.
///
/// On AWS (`managed-flink`, `kinesis-sql`) it makes or changes a stack with the streams and the application, starts that and
/// waits until it runs. What was broken off goes on when it is begun again; what does not come to run gives way to the
/// version before.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  pipe up pipelines/ticker.toml\n  pipe up balance --no-generator\n  pipe up ticker -d\n  pipe up ticker --target aws --records 1000"
)]
pub(super) struct Args {
    /// A pipeline file or its bare name
    #[arg(value_name = "PIPELINE")]
    pipeline: Option<String>,

    /// Where to run it
    #[arg(long, value_name = "TARGET", default_value = "local")]
    target: String,

    /// Run in the background, what it says goes to `.pipe/<name>/up.log`; where a job in Flink over Kinesis or an application
    /// on AWS is at work without this command, put it to work and end
    #[arg(short, long)]
    pub(super) detach: bool,

    /// Stop after this long, such as 30s
    #[arg(long = "for", value_name = "DURATION", allow_hyphen_values = true, value_parser = humantime::parse_duration)]
    duration: Option<Duration>,

    /// Stop when each generator has made this many records
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    records: Option<u64>,

    #[command(flatten)]
    pacing: PacingArgs,

    /// Leave the generators out: records come from outside
    #[arg(long, conflicts_with_all = ["records", "start", "speedup"])]
    no_generator: bool,

    /// The port of the Kinesis endpoint [default: the first free one from 4567]
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,

    /// Show it in the browser too: the address of the page is printed, with the token that it needs
    #[arg(long)]
    ui: bool,

    /// The port of the page [default: the one that it had last, or the first free one from 4580]
    #[arg(long, value_name = "PORT", requires = "ui")]
    ui_port: Option<u16>,

    /// Let shards take and give no more than on AWS, for those who use the Kinesis endpoint
    #[arg(long)]
    limits: bool,

    /// Let acknowledged records survive loss of power too, not only the end of the process
    #[arg(long)]
    fsync: bool,

    /// Do not ask before making what costs money; on this machine nothing does
    #[arg(short, long)]
    yes: bool,

    /// Deploy to a service that AWS has removed
    #[arg(long)]
    force: bool,

    /// Undoes --detach: what the background process is told, so that it does not detach in its turn
    #[arg(long, hide = true, overrides_with = "detach")]
    foreground: bool,
}

impl Args {
    /// Means the pipeline of a file on this machine, until Ctrl-C.
    pub(super) fn here(path: &Path) -> Self {
        Self {
            pipeline: Some(path.display().to_string()),
            target: "local".to_owned(),
            detach: false,
            duration: None,
            records: None,
            pacing: PacingArgs::default(),
            no_generator: false,
            port: None,
            ui: false,
            ui_port: None,
            limits: false,
            fsync: false,
            yes: false,
            force: false,
            foreground: false,
        }
    }
}

pub(super) async fn run(args: &Args, ui: &Ui) -> Result<(), Error> {
    let path = locate::file(args.pipeline.as_deref())?;
    let loaded = Loaded::open(&path, ui)?;
    let plan = Arc::new(loaded.plan(&args.target, ui)?);
    loaded.warn(ui);
    loaded.check_tables(&plan, plan.target.engine == EngineKind::Embedded, ui)?;
    // What has no job for Flink is told before anything is made.
    let prepared = match (plan.target.streams, plan.target.engine) {
        (StreamsKind::Local, EngineKind::Embedded) => None,
        (StreamsKind::Local, EngineKind::Flink) => Some(Prepared::of(&plan)?),
        (StreamsKind::Kinesis, _) => {
            return elsewhere(args, &plan, &path, ui).await;
        }
        _ => {
            return Err(Error::Unavailable {
                message: format!("`pipe up` cannot deploy to target `{}` in this version", args.target),
                hint: "`pipe render` writes the artifacts for it; without --target the pipeline runs on this machine"
                    .to_owned(),
            });
        }
    };
    Deployment::expect_none_run_here(&Folder::of(&plan.name))?;
    if let Some(prepared) = &prepared {
        // Nothing is begun for a Flink that does not answer.
        prepared.begin().await?;
    }
    if args.detach {
        return detach(&plan, args.ui, ui).await;
    }
    let options = Options {
        port: args.port,
        generate: !args.no_generator,
        pacing: args.pacing.pacing(args.records, None),
        durability: durability(args),
        limits: args.limits,
        file: path.display().to_string(),
    };
    let stop = stop_signal(args.foreground)?;
    let mut stop = std::pin::pin!(stop);
    let mut run = Run::open(&plan, &options).await?;
    let page =
        if args.ui { Some(Browser::open(&path, (&plan, &loaded.plans(ui)?), None, args.ui_port).await?) } else { None };
    announce(&plan, &run, &options, prepared.as_ref(), ui);
    if let Some(page) = &page {
        ui.note(&format!("  page       {}", page.address()));
    }
    ui.note("Ctrl-C stops it");
    let mut show = Show::open(ui, &plan, &run).await?;
    run.begin();
    let started = match &prepared {
        Some(prepared) => submit(prepared, &run, (&path, stop.as_mut()), ui).await.map(Some),
        None => Ok(None),
    };
    let shown = match started {
        Ok(job) => {
            run.tell()?;
            let ends = args.duration.map(|duration| Instant::now() + duration);
            let mut until = Until { stop, ends, job };
            let shown = show.until_stopped(&mut run, &mut until).await;
            ui.clear_status();
            if let Some(job) = &until.job {
                withdraw(job, &run, ui).await;
            }
            shown
        }
        Err(error) => Err(error),
    };
    ui.note("stopping: processing what was accepted");
    if let Some(page) = page {
        page.close().await;
    }
    let stopped = run.stop().await;
    // What the last turns wrote is shown too.
    let rest = if matches!(shown, Err(Error::BrokenPipe)) { Ok(()) } else { show.poll().await };
    stopped?;
    rest?;
    if !matches!(shown, Err(Error::BrokenPipe)) {
        let target = if prepared.is_some() { format!(" --target {}", args.target) } else { String::new() };
        let up = format!("pipe up {}{target}", path.display());
        ui.note(&format!("stopped; `{up}` goes on, `pipe down {}` removes it", plan.name));
    }
    shown
}

fn durability(args: &Args) -> Durability {
    if args.fsync { Durability::Power } else { Durability::Process }
}

/// Puts it to work on streams in Kinesis.
async fn elsewhere(args: &Args, plan: &Arc<Plan>, path: &Path, ui: &Ui) -> Result<(), Error> {
    let embedded = plan.target.engine == EngineKind::Embedded;
    if args.ui {
        return Err(Error::Usage {
            message: "--ui is for streams on this machine".to_owned(),
            hint: format!("`pipe view {} --target {}` shows those in Kinesis", plan.name, args.target),
        });
    }
    if args.port.is_some() || args.limits || (args.fsync && !embedded) {
        return Err(Error::Usage {
            message: if embedded {
                "--port and --limits are for streams on this machine".to_owned()
            } else {
                "--port, --limits and --fsync are for streams on this machine".to_owned()
            },
            hint: format!("target `{}` has them in Kinesis: leave them out", args.target),
        });
    }
    if !embedded && args.detach && (args.duration.is_some() || args.records.is_some()) {
        return Err(Error::Usage {
            message: "--for and --records are for a command that stays".to_owned(),
            hint: "with --detach it makes no records and ends at once: leave them out, or --detach".to_owned(),
        });
    }
    let options = deployed::Options {
        path,
        detach: args.detach,
        generate: !args.no_generator,
        pacing: args.pacing.pacing(args.records, None),
        duration: args.duration,
        yes: args.yes || args.foreground,
        durability: durability(args),
    };
    if !plan.target.engine.is_on_aws() {
        on_aws::expect_absent(plan)?;
    }
    let stop = stop_signal(args.foreground)?;
    let stop = std::pin::pin!(stop);
    match plan.target.engine {
        EngineKind::Embedded => over_kinesis::up(plan, &options, stop, ui).await,
        EngineKind::Flink => deployed::up(plan, &options, stop, ui).await,
        _ => Box::pin(aws::up(plan, &options, args.force, stop, ui)).await,
    }
}

fn announce(plan: &Plan, run: &Run, options: &Options, prepared: Option<&Prepared>, ui: &Ui) {
    let purpose = plan.description.as_ref().map_or_else(String::new, |text| format!(": {text}"));
    ui.note(&format!("pipeline {}{purpose}", plan.name));
    for stream in &plan.streams {
        let shards = count(stream.capacity.initial_shards() as usize, "shard", "shards");
        ui.note(&format!("  stream     {} ({shards})", stream.name));
    }
    for generator in plan.generators.iter().filter(|_| options.generate) {
        ui.note(&format!("  generator  {} ({})", generator.stream, generator.rate));
    }
    for query in &plan.queries {
        ui.note(&format!("  query      {} ({})", query.name, query.summary));
    }
    ui.note(&format!("  endpoint   {} (Kinesis API; AWS_ENDPOINT_URL={})", run.endpoint(), run.endpoint()));
    if let Some(prepared) = prepared {
        ui.note(&format!("  flink      job {} through the SQL gateway at {}", plan.name, prepared.gateway().address()));
        let rows = |name: &str| run.status().streams.iter().any(|stream| stream.name == name && stream.records > 0);
        if outputs(plan).any(rows) {
            ui.note(
                "note: the job reads its streams from their beginning, and writes the rows of an earlier run again",
            );
        }
    }
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
}
