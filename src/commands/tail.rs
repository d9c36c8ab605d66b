//! `pipe tail`

mod chart;
mod footer;
mod view;

use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use tokio::time::Instant;

use crate::document::help_for;
use crate::error::Error;
use crate::streams::{Follower, Manners, Position, now};
use crate::ui::Ui;

use super::followed::{Target, Which};
use super::output::Output;
use footer::Footer;
use view::{View, Wanted};

/// Follow a stream: what the queries write, or any other
///
/// While `pipe up` runs, from another terminal too, it goes on until it is interrupted, and so it does where the streams
/// are in Kinesis. When it does not, it shows the records at rest and ends.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  pipe tail\n  pipe tail ticker --stream trades -n 5\n  pipe tail --from -15m -o json\n  pipe tail ticker --by ticker\n  pipe tail ticker --chart avg_price\n  \
                        pipe tail ticker --stream trades --where \"price > 100 AND ticker = 'AMZN'\"\n  \
                        pipe tail ticker --target aws\n  pipe tail kinesis://my-stream --from earliest"
)]
pub(super) struct Args {
    /// A pipeline file or its name, or <kinesis://NAME> for any Kinesis stream
    #[arg(value_name = "PIPELINE")]
    pipeline: Option<String>,

    /// The stream to follow; those that the queries write if not given
    #[arg(long, value_name = "STREAM")]
    stream: Option<String>,

    /// What is on this target, whoever put it there; not given, it is what was put to work from this folder
    #[arg(long, value_name = "TARGET")]
    target: Option<String>,

    /// Where to begin: latest, earliest, -15m, or a time such as 2026-02-02T10:15:30Z [default: latest while the
    /// pipeline runs, earliest at rest]
    #[arg(long, value_name = "WHEN", allow_hyphen_values = true, value_parser = begin)]
    from: Option<Position>,

    /// Show only records for which this holds, such as "price > 100"
    ///
    /// It is SQL as in a query's `where`, over the columns that the pipeline file has for the stream. Of a stream without
    /// a file they are the members of its JSON records: numbers, texts and truths.
    #[arg(long = "where", value_name = "CONDITION")]
    condition: Option<String>,

    /// Put rows that come together in the order of this column, window by window; with --chart, each of its values has a line
    #[arg(long, value_name = "COLUMN")]
    by: Option<String>,

    /// Show this column over time, a line of bars for each key, in place of the rows
    #[arg(long, value_name = "COLUMN")]
    chart: Option<String>,

    /// End after this many records
    #[arg(short, value_name = "N", allow_negative_numbers = true)]
    n: Option<u64>,

    /// End after this long, such as 30s
    #[arg(long = "for", value_name = "DURATION", allow_hyphen_values = true, value_parser = humantime::parse_duration)]
    duration: Option<Duration>,
}

pub(super) async fn run(args: &Args, output: Option<Output>, ui: &Ui) -> Result<(), Error> {
    if args.chart.is_some() && matches!(output, Some(Output::Json | Output::Csv)) {
        return Err(Error::Usage {
            message: "--chart draws lines of bars, and writes neither JSON nor CSV".to_owned(),
            hint: "leave --output out, or --chart".to_owned(),
        });
    }
    let deadline = args.duration.map(|duration| Instant::now() + duration);
    let which =
        Which { pipeline: args.pipeline.as_deref(), stream: args.stream.as_deref(), target: args.target.as_deref() };
    let target = Target::open(which, ui).await?;
    let from = args.from.clone().unwrap_or(if target.live { Position::Latest } else { Position::Earliest });
    let names: Vec<String> = target.streams.iter().map(|(name, _)| name.clone()).collect();
    let manners = if target.elsewhere { Manners::ELSEWHERE } else { Manners::HERE };
    let mut follower = Follower::open(Arc::clone(&target.log), &names, &from, manners).await?;
    known(args, &target)?;
    let wanted = Wanted {
        condition: args.condition.as_deref(),
        most: args.n,
        by: args.by.as_deref(),
        chart: args.chart.as_deref(),
    };
    let mut view = View::new(ui, (&target.streams, target.plan.as_ref()), wanted, target.live)?;
    let ended = follow(deadline, &target, manners, (&mut follower, &mut view), ui).await;
    let told = if matches!(ended, Err(Error::BrokenPipe)) { Ok(()) } else { view.tell() };
    ended.and(told)
}

/// Sees that the columns are there that are asked for, where it is known which there are.
fn known(args: &Args, target: &Target) -> Result<(), Error> {
    for (option, column) in [("--by", &args.by), ("--chart", &args.chart)] {
        let Some(column) = column else { continue };
        let all: Vec<&String> = target.streams.iter().flat_map(|(_, columns)| columns).collect();
        let some_unknown = target.streams.iter().any(|(_, columns)| columns.is_empty());
        if !some_unknown && !all.contains(&column) {
            return Err(Error::Usage {
                message: format!("{option}: there is no column `{column}` in what is shown"),
                hint: help_for(column, all.iter().map(|name| name.as_str()).collect::<Vec<_>>()),
            });
        }
    }
    Ok(())
}

async fn follow(
    deadline: Option<Instant>,
    target: &Target,
    manners: Manners,
    (follower, view): (&mut Follower, &mut View<'_>),
    ui: &Ui,
) -> Result<(), Error> {
    let mut interrupted = std::pin::pin!(tokio::signal::ctrl_c());
    let mut footer = Footer::new(target.plan.as_ref());
    while !view.is_full() {
        let polled = tokio::select! {
            biased;
            _ = &mut interrupted => return Err(Error::Interrupted),
            polled = follower.poll() => polled,
        };
        let (brought, at_end) = match polled {
            Ok(polled) => polled,
            Err(error) => {
                let Some(pipeline) = target.ended().await else { return Err(error.into()) };
                ui.note(&format!("pipeline `{pipeline}` has stopped"));
                return Ok(());
            }
        };
        // Where it was refused for now, it is not asked at once again.
        let wait = at_end || (target.elsewhere && brought.is_empty());
        if !brought.is_empty() {
            footer.came();
        }
        for followed in brought {
            view.show(followed.stream, followed.records)?;
        }
        if target.live {
            view.is_behind(follower.behind());
            if footer.look(target, view.not_shown(), ui).await && ui.is_terminal() {
                view.foot(footer.line());
            }
        }
        if (at_end && !target.live) || deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Ok(());
        }
        if wait && !view.is_full() {
            let pause = Instant::now() + manners.pause;
            tokio::select! {
                _ = &mut interrupted => return Err(Error::Interrupted),
                () = tokio::time::sleep_until(deadline.map_or(pause, |deadline| deadline.min(pause))) => {}
            }
        }
    }
    Ok(())
}

/// Reads `--from`.
pub(super) fn begin(text: &str) -> Result<Position, String> {
    match text {
        "latest" => Ok(Position::Latest),
        "earliest" => Ok(Position::Earliest),
        _ => {
            if let Some(ago) = text.strip_prefix('-').and_then(|ago| humantime::parse_duration(ago).ok()) {
                let ago = i64::try_from(ago.as_millis()).unwrap_or(i64::MAX);
                return Ok(Position::AtTime(now().saturating_sub(ago)));
            }
            DateTime::parse_from_rfc3339(text)
                .map(|moment| Position::AtTime(moment.timestamp_millis()))
                .map_err(|_| "expected latest, earliest, -15m, or a time such as 2026-02-02T10:15:30Z".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_is_read_in_each_of_its_forms() {
        assert_eq!(begin("latest"), Ok(Position::Latest));
        assert_eq!(begin("2026-02-02T10:15:30Z"), Ok(Position::AtTime(1_770_027_330_000)));
        assert!(matches!(begin("-15m"), Ok(Position::AtTime(time)) if (now() - time - 900_000).abs() < 10_000));
        begin("yesterday").expect_err("not a form");
    }
}
