//! `pipe plan`

mod aws;
mod capacity;
mod cost;
mod here;
mod markdown;
mod outlook;
mod permissions;
mod remote;
mod table;
mod words;

use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::plan::cost::{Bill, Prices};
use crate::plan::{EngineKind, Plan, StreamsKind};
use crate::ui::{Format, Ui};

pub(super) use aws::change;

use super::locate::{self, Loaded};
use capacity::Capacity;
use outlook::{Level, Notes, Outlook, Summary};
use permissions::Permissions;

/// Show what `pipe up` would change, and what the pipeline needs; changes nothing
///
/// Lists each thing as new (+), changed (~), made anew (-/+), removed (-), there already (=), or in the way (!), with the
/// reason and what becomes of open windows; tells from a sample of each generator's records how many shards they take, which
/// shard gets the most and which key is too hot; and what a month costs: what follows from the file and what is assumed
/// apart from each other, and what is not known as that.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  pipe plan\n  pipe plan ticker --target aws --full\n  pipe plan ticker -o json\n  \
                        pipe plan ticker --target aws -o markdown\n  pipe plan --detailed-exitcode --summary -o table"
)]
pub(super) struct Args {
    /// A pipeline file or its bare name; all of them if not given
    #[arg(value_name = "PIPELINE")]
    pipeline: Option<String>,

    /// For which target
    #[arg(long, value_name = "TARGET", default_value = "local")]
    target: String,

    /// Show how much of what changes and one line of cost
    #[arg(long)]
    summary: bool,

    /// Show everything: what stays as it is, each permission with its reason, each price with its source
    #[arg(long, conflicts_with = "summary")]
    full: bool,

    /// Reckon with the prices of this file instead of the built-in ones
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,

    /// Exit with 2 if there is anything to change
    #[arg(long)]
    detailed_exitcode: bool,
}

/// Shows what there is to say, as Markdown or in the format of the other commands.
pub(super) async fn run(args: &Args, markdown: bool, ui: &Ui) -> Result<(), Error> {
    let level = match (args.summary, args.full) {
        (true, _) => Level::Summary,
        (false, true) => Level::Full,
        (false, false) => Level::Changes,
    };
    let mut outlooks = Vec::new();
    for path in locate::files(args.pipeline.as_slice())? {
        let loaded = Loaded::open(&path, ui)?;
        let plan = loaded.plan(&args.target, ui)?;
        loaded.warn(ui);
        let prices = loaded.prices(&plan, args.prices.as_deref(), ui)?;
        outlooks.push(outlook(&plan, &path, &prices).await?);
    }
    for (index, outlook) in outlooks.iter().enumerate() {
        let text = match ui.format() {
            _ if markdown => markdown::draw(outlook, level),
            Format::Json => outlook.json(level),
            Format::Csv => table::csv(outlook, level, index == 0),
            Format::Table => table::draw(outlook, level),
        };
        // What is read by people is set apart.
        let text = if index > 0 && (markdown || ui.format() == Format::Table) { format!("\n{text}") } else { text };
        ui.data(&text).map_err(Error::stdout)?;
    }
    if args.detailed_exitcode && outlooks.iter().any(|outlook| outlook.notes.is_blind) {
        return Err(Error::Unavailable {
            message: "whether there are changes is not known: nothing could be compared".to_owned(),
            hint: "the note says why; without --detailed-exitcode a plan is shown all the same".to_owned(),
        });
    }
    let changes = outlooks.iter().any(Outlook::changes_anything);
    if args.detailed_exitcode && changes { Err(Error::Changes) } else { Ok(()) }
}

async fn outlook(plan: &Plan, path: &Path, prices: &Prices) -> Result<Outlook, Error> {
    let mut notes = Notes::default();
    let changes = match (plan.target.streams, plan.target.engine) {
        (StreamsKind::Kinesis, EngineKind::Flink | EngineKind::Embedded) => remote::changes(plan, &mut notes).await?,
        (StreamsKind::Kinesis, _) => aws::changes(plan, path.parent().unwrap_or(Path::new("")), &mut notes).await?,
        (StreamsKind::Local, _) => here::changes(plan, &mut notes).await?,
    };
    if plan.target.engine == EngineKind::KinesisSql {
        notes.push("AWS removed Kinesis Data Analytics for SQL on 2026-01-27: no application of it can be started");
    }
    let engine = plan.target.engine.name();
    for stream in plan.streams.iter().filter(|stream| plan.kept_streams().all(|kept| kept.name != stream.name)) {
        notes.push(format!("{engine} keeps no late rows: stream {} is not made", stream.name));
    }
    let flows = capacity::flows(plan)?;
    let capacity = Capacity::of(plan, &flows)?;
    notes.others.extend(capacity.warnings());
    let place = cost::place(plan).await;
    if let Some(place) = place.as_ref().filter(|place| !place.charges()) {
        notes.push(format!("the cost is that of AWS: {place} charges nothing"));
    }
    let region = place.as_ref().map(|place| place.region.as_str());
    Ok(Outlook {
        version: outlook::VERSION,
        pipeline: plan.name.clone(),
        target: plan.target.name.clone(),
        summary: Summary::of(&changes),
        changes,
        cost: Bill::of(&cost::usage(plan, flows, &capacity)?, prices, region),
        capacity,
        permissions: Permissions::of(plan)?,
        notes,
    })
}
