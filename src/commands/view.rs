//! `pipe view`

use crate::error::Error;
use crate::plan::StreamsKind;
use crate::ui::Ui;

use super::browser::Browser;
use super::followed::{Target, Which};
use super::locate::{self, Loaded};

/// Show a pipeline in the browser: its graph, rates, windows, late and bad records, SQL and tests, as they change
///
/// Serves a page on this machine alone, until Ctrl-C. The address that it prints has a token in it, without which nothing is
/// shown. The pipeline may begin and end meanwhile; `pipe up --ui` serves the same page while it runs.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  pipe view\n  pipe view ticker --port 8080\n  pipe view ticker --target aws")]
pub(super) struct Args {
    /// A pipeline file or its bare name
    #[arg(value_name = "PIPELINE")]
    pipeline: Option<String>,

    /// What is on this target; not given, it is what runs on this machine
    #[arg(long, value_name = "TARGET", default_value = "local")]
    target: String,

    /// The port of the page [default: the one that it had last, or the first free one from 4580]
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
}

pub(super) async fn run(args: &Args, ui: &Ui) -> Result<(), Error> {
    let path = locate::file(args.pipeline.as_deref())?;
    let loaded = Loaded::open(&path, ui)?;
    let plan = loaded.plan(&args.target, ui)?;
    let elsewhere = if plan.target.streams == StreamsKind::Kinesis {
        let which = Which { pipeline: args.pipeline.as_deref(), stream: None, target: Some(&args.target) };
        Some(Target::open(which, ui).await?.log)
    } else {
        None
    };
    let page = Browser::open(&path, (&plan, &loaded.plans(ui)?), elsewhere, args.port).await?;
    ui.note(&format!("page of pipeline {}; Ctrl-C ends it", plan.name));
    ui.data(page.address()).map_err(Error::stdout)?;
    // Where there is no such signal nothing ends it but the end of the process.
    tokio::signal::ctrl_c().await.ok();
    page.close().await;
    Err(Error::Interrupted)
}
