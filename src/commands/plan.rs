//! `pipe plan`

mod remote;

use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;

use crate::deploy::aws;
use crate::deploy::local::{Folder, Found};
use crate::engine::has_changed;
use crate::error::Error;
use crate::generate::sample;
use crate::plan::{ERROR_STREAM, EngineKind, Plan, StreamsKind};
use crate::streams::{Capacity, Log};
use crate::ui::{Format, Ui, csv_line, table};

use super::check::count;
use super::locate::{self, Loaded};

/// Show what `pipe up` would change, and what the pipeline needs; changes nothing
///
/// Lists each stream and query, or the job of queries in Flink over Kinesis, as new (+), there already (=), changed (~), or
/// there otherwise (!), and tells from a sample of each generator's records how many shards they take and which shard gets
/// the most.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  pipe plan\n  pipe plan ticker -o json\n  pipe plan --detailed-exitcode")]
pub(super) struct Args {
    /// A pipeline file or its bare name; all of them if not given
    #[arg(value_name = "PIPELINE")]
    pipeline: Option<String>,

    /// For which target
    #[arg(long, value_name = "TARGET", default_value = "local")]
    target: String,

    /// Exit with 2 if there is anything to change
    #[arg(long)]
    detailed_exitcode: bool,
}

/// What `up` would do for one pipeline.
#[derive(Debug, Serialize)]
struct Outlook {
    pipeline: String,
    target: String,
    changes: Vec<Change>,
    needs: Vec<Need>,
    notes: Vec<String>,
}

/// One thing that is wanted.
#[derive(Debug, Serialize)]
struct Change {
    change: Kind,
    what: &'static str,
    name: String,
    detail: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Create,
    Keep,
    Update,
    Conflict,
}

/// What a generator asks of its stream, by a sample of its records.
#[derive(Debug, Serialize)]
struct Need {
    stream: String,
    records_per_second: f64,
    bytes_per_record: f64,
    shards: u32,
    shards_needed: u32,
    hottest_shard: String,
    hottest_share: f64,
}

/// What one shard takes in a second (Kinesis quota).
const SHARD_RECORDS: f64 = 1000.0;
const SHARD_BYTES: f64 = 1_048_576.0;

pub(super) async fn run(args: &Args, ui: &Ui) -> Result<(), Error> {
    let files: Vec<PathBuf> = locate::files(args.pipeline.as_slice())?;
    let mut outlooks = Vec::new();
    for path in files {
        let loaded = Loaded::open(&path, ui)?;
        let plan = loaded.plan(&args.target, ui)?;
        loaded.warn(ui);
        outlooks.push(outlook(&plan).await?);
    }
    for outlook in &outlooks {
        show(outlook, ui).map_err(Error::stdout)?;
    }
    let changes = outlooks.iter().flat_map(|outlook| &outlook.changes).any(|change| change.change != Kind::Keep);
    if args.detailed_exitcode && changes { Err(Error::Changes) } else { Ok(()) }
}

async fn outlook(plan: &Plan) -> Result<Outlook, Error> {
    let mut notes = Vec::new();
    let changes = match (plan.target.streams, plan.target.engine) {
        (StreamsKind::Kinesis, EngineKind::Flink) => remote::changes(plan, &mut notes).await?,
        _ => changes(plan, &mut notes).await?,
    };
    let needs = needs(plan, &mut notes)?;
    Ok(Outlook { pipeline: plan.name.clone(), target: plan.target.name.clone(), changes, needs, notes })
}

async fn changes(plan: &Plan, notes: &mut Vec<String>) -> Result<Vec<Change>, Error> {
    let mut other_queries = Vec::new();
    let present = match plan.target.streams {
        StreamsKind::Local => {
            let present = present(plan).await?;
            other_queries = present.changed;
            present.streams
        }
        StreamsKind::Kinesis => match aws::look(plan).await {
            Ok(look) => {
                notes.extend(look.stack.map(|state| format!("the stack {} is there: {state}", plan.name)));
                notes.extend(look.application.map(|state| format!("the application {} is there: {state}", plan.name)));
                look.streams
            }
            Err(error) => {
                notes.push(format!("nothing could be compared, everything is listed as new: {error}"));
                Vec::new()
            }
        },
    };
    let mut wanted: Vec<(&str, Capacity)> =
        plan.streams.iter().map(|stream| (stream.name.as_str(), stream.capacity)).collect();
    let embedded = plan.target.engine == EngineKind::Embedded;
    if embedded {
        wanted.push((ERROR_STREAM, Capacity::Provisioned(1)));
    }
    let mut changes = Vec::new();
    for (name, capacity) in wanted {
        let shards = capacity.initial_shards();
        let wanted = count(shards as usize, "shard", "shards");
        let found = present.iter().find(|(known, _)| known == name).map(|(_, shards)| *shards);
        let (change, detail) = match found {
            None => (Kind::Create, wanted),
            Some(found) if found == shards as usize => (Kind::Keep, wanted),
            Some(found) => (Kind::Conflict, format!("has {found}, wants {wanted}; `pipe down` removes it")),
        };
        changes.push(Change { change, what: "stream", name: name.to_owned(), detail });
    }
    // What only other queries read is a part of these.
    for (query, _) in plan.outputs() {
        let mut detail = query.summary.clone();
        let change = if !embedded {
            Kind::Create
        } else if other_queries.contains(&query.name) {
            detail += "; what its open windows hold is dropped";
            Kind::Update
        } else if present.iter().any(|(known, _)| *known == query.name) {
            Kind::Keep
        } else {
            Kind::Create
        };
        changes.push(Change { change, what: "query", name: query.name.clone(), detail });
    }
    if plan.target.engine == EngineKind::KinesisSql {
        notes.push(
            "AWS removed Kinesis Data Analytics for SQL on 2026-01-27: no application of it can be started".to_owned(),
        );
    }
    if plan.target.engine == EngineKind::Flink {
        notes.push("this version does not ask Flink which queries run: they are listed as new".to_owned());
    }
    Ok(changes)
}

/// What is there on this machine.
#[derive(Default)]
struct Present {
    /// The streams with their shards.
    streams: Vec<(String, usize)>,
    /// The queries that ask something else than when their state was saved. A pipeline that runs is not asked.
    changed: Vec<String>,
}

async fn present(plan: &Plan) -> Result<Present, Error> {
    let folder = Folder::of(&plan.name);
    let mut present = Present::default();
    let log: Arc<dyn Log> = match Found::of(&folder).await? {
        Found::Running(contact) => Arc::new(contact.log().await),
        Found::AtRest(log) => {
            for query in &plan.queries {
                if has_changed(&log, plan, query)? == Some(true) {
                    present.changed.push(query.name.clone());
                }
            }
            log
        }
        Found::Absent => return Ok(present),
    };
    for name in log.list().await? {
        let shards = log.describe(&name).await?.shards.len();
        present.streams.push((name, shards));
    }
    Ok(present)
}

fn needs(plan: &Plan, notes: &mut Vec<String>) -> Result<Vec<Need>, Error> {
    let mut needs = Vec::new();
    for generator in &plan.generators {
        let Some(stream) = plan.stream(&generator.stream) else { continue };
        let sample = sample(generator, stream).map_err(crate::deploy::DeployError::from)?;
        let rate = generator.rate;
        // Each shard takes so much; the hottest one fills up first.
        let load = (rate / SHARD_RECORDS).max(rate * sample.bytes_per_record / SHARD_BYTES);
        let hottest_load = load * sample.hottest_share;
        let shards = stream.capacity.initial_shards();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small number above 0")]
        let shards_needed = load.ceil().max(1.0) as u32;
        if hottest_load > 1.0 {
            let percent = sample.hottest_share * 100.0;
            notes.push(format!(
                "{} of stream {} would get {percent:.0} % of the records, {:.1} times what a shard takes on AWS",
                sample.hottest, stream.name, hottest_load
            ));
        }
        needs.push(Need {
            stream: stream.name.clone(),
            records_per_second: rate,
            bytes_per_record: sample.bytes_per_record,
            shards,
            shards_needed,
            hottest_shard: sample.hottest.to_string(),
            hottest_share: sample.hottest_share,
        });
    }
    Ok(needs)
}

fn show(outlook: &Outlook, ui: &Ui) -> std::io::Result<()> {
    if ui.format() == Format::Json {
        return ui.data(&serde_json::to_string(outlook)?);
    }
    let rows: Vec<Vec<String>> = outlook
        .changes
        .iter()
        .map(|change| {
            let sign = match change.change {
                Kind::Create => "+",
                Kind::Keep => "=",
                Kind::Update => "~",
                Kind::Conflict => "!",
            };
            vec![sign.to_owned(), change.what.to_owned(), change.name.clone(), change.detail.clone()]
        })
        .collect();
    let header = ["", "what", "name", "detail"].map(str::to_owned);
    if ui.format() == Format::Csv {
        return std::iter::once(&header.to_vec()).chain(&rows).try_for_each(|row| ui.data(&csv_line(row)));
    }
    ui.data(&format!("pipeline {} on {}", outlook.pipeline, outlook.target))?;
    ui.data(&table(&header, &rows))?;
    for need in &outlook.needs {
        ui.data(&format!(
            "{}: {} records/s of {:.0} bytes need {} of {}; the hottest, {}, gets {:.0} %",
            need.stream,
            need.records_per_second,
            need.bytes_per_record,
            count(need.shards_needed as usize, "shard", "shards"),
            need.shards,
            need.hottest_shard,
            need.hottest_share * 100.0,
        ))?;
    }
    outlook.notes.iter().try_for_each(|note| ui.data(&format!("note: {note}")))
}
