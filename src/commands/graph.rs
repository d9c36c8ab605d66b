//! `pipe graph`

use crate::deploy::local::{Contact, Folder};
use crate::error::Error;
use crate::observe::{Graph, Rates};
use crate::plan::StreamsKind;
use crate::ui::Ui;

use super::counted::counted;
use super::locate::{self, Loaded};
use super::output::Output;

/// Draw a pipeline: generators, streams, tables and queries, and what goes between them
///
/// As a flow chart of Mermaid if nothing else is asked for, which GitHub draws. The same file gives the same text; where the
/// pipeline runs on this machine, its edges have the records that go over them in a second.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  pipe graph ticker\n  pipe graph ticker -o svg > ticker.svg\n  pipe graph -o dot | dot -Tpng > pipeline.png"
)]
pub(super) struct Args {
    /// A pipeline file or its bare name
    #[arg(value_name = "PIPELINE")]
    pipeline: Option<String>,

    /// Draw it as it is on this target
    #[arg(long, value_name = "TARGET", default_value = "local")]
    target: String,

    /// Leave the rates out, though it runs
    #[arg(long)]
    no_rates: bool,
}

pub(super) async fn run(args: &Args, output: Option<Output>, ui: &Ui) -> Result<(), Error> {
    let plan = Loaded::open(&locate::file(args.pipeline.as_deref())?, ui)?.plan(&args.target, ui)?;
    // What runs here is of the target with its streams here.
    let here = plan.target.streams == StreamsKind::Local;
    let rates = if here && !args.no_rates { rates(&Folder::of(&plan.name)).await? } else { None };
    let graph = Graph::of(&plan, rates.as_ref());
    let text = match output {
        Some(Output::Json) => serde_json::to_string(&graph).map_err(|error| Error::stdout(error.into()))?,
        Some(Output::Dot) => graph.dot(),
        Some(Output::Svg) => graph.svg(),
        _ => graph.mermaid(),
    };
    ui.data(text.trim_end()).map_err(Error::stdout)
}

/// Returns how fast a pipeline goes that runs here.
async fn rates(folder: &Folder) -> Result<Option<Rates>, Error> {
    let Some(contact) = Contact::find(folder).await? else { return Ok(None) };
    let Some(before) = contact.status().await else { return Ok(None) };
    Ok(counted(&contact, &before).await.and_then(|(_, rates)| rates))
}
