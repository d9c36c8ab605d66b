//! `pipe tail`

use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use tokio::time::Instant;

use crate::deploy::aws::Note;
use crate::deploy::local::{Contact, Folder, Found};
use crate::deploy::remote::{Account, Deployment};
use crate::error::Error;
use crate::plan::{Plan, Source, StreamsKind};
use crate::streams::{Log, LogError, Position, now};
use crate::ui::Ui;

use super::follow::{Follower, Manners};
use super::locate::{self, Loaded};
use super::view::View;

/// Follow a stream: what the queries write, or any other
///
/// While `pipe up` runs, from another terminal too, it goes on until it is interrupted, and so it does where the streams
/// are in Kinesis. When it does not, it shows the records at rest and ends.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  pipe tail\n  pipe tail ticker --stream trades -n 5\n  pipe tail --from -15m -o json\n  \
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

    /// End after this many records
    #[arg(short, value_name = "N", allow_negative_numbers = true)]
    n: Option<u64>,

    /// End after this long, such as 30s
    #[arg(long = "for", value_name = "DURATION", allow_hyphen_values = true, value_parser = humantime::parse_duration)]
    duration: Option<Duration>,
}

/// Where the records are, and which.
struct Target {
    log: Arc<dyn Log>,
    streams: Vec<(String, Vec<String>)>,
    /// What is known of them.
    plan: Option<Plan>,
    live: bool,
    /// Whether they are in somebody's account, where others may read too.
    elsewhere: bool,
    /// The pipeline that is followed, and the process that runs it.
    followed: Option<(Folder, Contact)>,
}

impl Target {
    /// Returns the name of the pipeline that was followed and does not run any more.
    async fn ended(&self) -> Option<&str> {
        let (folder, contact) = self.followed.as_ref()?;
        contact.has_ended(folder).await.then(|| folder.pipeline())
    }
}

pub(super) async fn run(args: &Args, ui: &Ui) -> Result<(), Error> {
    let deadline = args.duration.map(|duration| Instant::now() + duration);
    let target = match args.pipeline.as_deref().and_then(|name| name.strip_prefix("kinesis://")) {
        Some(_) if args.stream.is_some() || args.target.is_some() => {
            return Err(Error::Usage {
                message: "kinesis://NAME is a stream already".to_owned(),
                hint: "--stream and --target go with a pipeline".to_owned(),
            });
        }
        Some(stream) => {
            let log: Arc<dyn Log> = Account::standard().await?.log();
            let streams = vec![(stream.to_owned(), Vec::new())];
            known(log.as_ref(), &streams).await?;
            Target { log, streams, plan: None, live: true, elsewhere: true, followed: None }
        }
        None => of_pipeline(args, ui).await?,
    };
    let from = args.from.clone().unwrap_or(if target.live { Position::Latest } else { Position::Earliest });
    let names: Vec<String> = target.streams.iter().map(|(name, _)| name.clone()).collect();
    let manners = if target.elsewhere { Manners::ELSEWHERE } else { Manners::HERE };
    let mut follower = Follower::open(Arc::clone(&target.log), &names, &from, manners).await?;
    let mut view =
        View::new(ui, (&target.streams, target.plan.as_ref()), args.condition.as_deref(), (args.n, target.live))?;
    let ended = follow(deadline, &target, manners, (&mut follower, &mut view), ui).await;
    view.tell();
    ended
}

async fn follow(
    deadline: Option<Instant>,
    target: &Target,
    manners: Manners,
    (follower, view): (&mut Follower, &mut View<'_>),
    ui: &Ui,
) -> Result<(), Error> {
    let mut interrupted = std::pin::pin!(tokio::signal::ctrl_c());
    while !view.is_full() {
        let polled = tokio::select! {
            biased;
            _ = &mut interrupted => return Err(Error::Interrupted),
            polled = follower.poll() => polled,
        };
        let (brought, at_end) = match polled {
            Ok(polled) => polled,
            Err(error) => {
                let Some(pipeline) = target.ended().await else { return Err(error) };
                ui.note(&format!("pipeline `{pipeline}` has stopped"));
                return Ok(());
            }
        };
        // Where it was refused for now, it is not asked at once again.
        let wait = at_end || (target.elsewhere && brought.is_empty());
        for followed in brought {
            view.show(followed.stream, followed.records)?;
        }
        if target.live {
            view.is_behind(follower.behind());
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

async fn of_pipeline(args: &Args, ui: &Ui) -> Result<Target, Error> {
    if let Some(target) = &args.target {
        let plan = Loaded::open(&locate::file(args.pipeline.as_deref())?, ui)?.plan(target, ui)?;
        if plan.target.streams == StreamsKind::Kinesis {
            let account = Account::of(&plan.target).await?;
            return of_account(args, &plan.name, &account, Some(&plan), &[]).await;
        }
    }
    let (name, loaded) = locate::name(args.pipeline.as_deref(), ui).await?;
    let folder = Folder::of(&name);
    let found = Found::of(&folder).await?;
    // What runs with streams of its own comes first.
    let own = matches!(found, Found::Running(_));
    let plan_for = |target: &str| loaded.map(|loaded| loaded.plan(target, ui)).transpose();
    if let Some(deployed) = Deployment::of(&folder)?.filter(|deployed| !own || deployed.is_run_here()) {
        let names: Vec<String> = deployed.streams.iter().map(|stream| stream.name.clone()).collect();
        let plan = plan_for(&deployed.target)?;
        return of_account(args, &name, &deployed.account().await?, plan.as_ref(), &names).await;
    }
    if let Some(note) = Note::of(&folder)?.filter(|_| !own) {
        let account = Account::at(&note.target, &note.place).await?;
        return of_account(args, &name, &account, plan_for(&note.target)?.as_ref(), &[]).await;
    }
    let plan = plan_for("local")?;
    let (log, contact): (Arc<dyn Log>, _) = match found {
        Found::Running(contact) => (Arc::new(contact.log().await), Some(contact)),
        Found::AtRest(log) => (log, None),
        Found::Absent => {
            return Err(Error::Unavailable {
                message: format!("pipeline `{name}` has no records here"),
                hint: format!("`pipe up {name}` runs it; --target says where else it is"),
            });
        }
    };
    let live = contact.is_some();
    if !live {
        ui.note(&format!("pipeline `{name}` does not run; these are its records at rest"));
    }
    let streams = followed(args, &name, plan.as_ref(), &[], &*log).await?;
    let followed = contact.map(|contact| (folder, contact));
    Ok(Target { log, streams, plan, live, elsewhere: false, followed })
}

/// Follows a pipeline's streams in somebody's account. `noted` are those that are known without the file.
async fn of_account(
    args: &Args,
    name: &str,
    account: &Account,
    plan: Option<&Plan>,
    noted: &[String],
) -> Result<Target, Error> {
    let log: Arc<dyn Log> = account.log();
    let streams = followed(args, name, plan, noted, &*log).await?;
    Ok(Target { log, streams, plan: plan.cloned(), live: true, elsewhere: true, followed: None })
}

/// Returns the streams that are asked for, each with the columns that its records show.
async fn followed(
    args: &Args,
    name: &str,
    plan: Option<&Plan>,
    noted: &[String],
    log: &dyn Log,
) -> Result<Vec<(String, Vec<String>)>, Error> {
    let streams = match (&args.stream, plan) {
        (Some(stream), plan) => vec![described(stream, plan)],
        (None, Some(plan)) => outputs(plan).map(|stream| described(stream, Some(plan))).collect(),
        (None, None) => {
            let names = if noted.is_empty() { log.list().await? } else { noted.to_vec() };
            return Err(Error::Usage {
                message: format!("pipeline `{name}` has no file here that says what its queries write"),
                hint: format!("name a stream with --stream: one of {}", names.join(", ")),
            });
        }
    };
    known(log, &streams).await?;
    Ok(streams)
}

/// The streams that queries write.
pub(super) fn outputs(plan: &Plan) -> impl Iterator<Item = &str> {
    plan.streams.iter().filter(|stream| matches!(stream.source, Source::Query(_))).map(|stream| stream.name.as_str())
}

/// A stream with the columns that its records show.
pub(super) fn described(stream: &str, plan: Option<&Plan>) -> (String, Vec<String>) {
    let found = plan.and_then(|plan| plan.stream(stream));
    // A record nests what its columns have flat, so that only the rows of queries can be foretold.
    let columns = found
        .filter(|stream| matches!(stream.source, Source::Query(_)))
        .map(|stream| stream.columns.iter().map(|column| column.name.clone()).collect());
    (stream.to_owned(), columns.unwrap_or_default())
}

async fn known(log: &dyn Log, streams: &[(String, Vec<String>)]) -> Result<(), Error> {
    for (stream, _) in streams {
        match log.shards(stream).await {
            // What passes is borne when it is read. Who cannot be reached at all is told of now.
            Ok(_) | Err(LogError::Endpoint { retryable: true, answered: true, .. }) => {}
            Err(LogError::UnknownStream { stream }) => return Err(unknown(&stream, &log.list().await?)),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn unknown(stream: &str, names: &[String]) -> Error {
    let hint = if names.is_empty() {
        "there is none at all there: `pipe up` makes those of a pipeline".to_owned()
    } else {
        crate::document::help_for(stream, names.iter().map(String::as_str).collect::<Vec<_>>())
    };
    Error::Usage { message: format!("there is no stream `{stream}`"), hint }
}

/// Reads `--from`.
fn begin(text: &str) -> Result<Position, String> {
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
