//! Streams to follow: those of a pipeline, running or at rest, or any in Kinesis.

use std::sync::Arc;

use crate::deploy::aws::Note;
use crate::deploy::local::{Contact, Folder, Found, RunStatus};
use crate::deploy::remote::{Account, Deployment};
use crate::error::Error;
use crate::plan::{Plan, Source, StreamsKind};
use crate::streams::{Log, LogError};
use crate::ui::Ui;

use super::locate::{self, Loaded};

/// Where the records are, and which.
pub(super) struct Target {
    pub(super) log: Arc<dyn Log>,
    /// Their names, each with the columns that its records show.
    pub(super) streams: Vec<(String, Vec<String>)>,
    /// What is known of them.
    pub(super) plan: Option<Plan>,
    /// Whether more may come.
    pub(super) live: bool,
    /// Whether they are in somebody's account, where others may read too.
    pub(super) elsewhere: bool,
    /// The pipeline that is followed, and the process that runs it.
    followed: Option<(Folder, Contact)>,
}

/// Which streams are asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Which<'a> {
    /// A pipeline file or its name, or `kinesis://NAME`.
    pub(super) pipeline: Option<&'a str>,
    /// One of the pipeline's streams; those that its queries write where left out.
    pub(super) stream: Option<&'a str>,
    /// Where it is; what was put to work from this folder where left out.
    pub(super) target: Option<&'a str>,
}

impl Target {
    /// Finds streams, whether their pipeline runs or not.
    pub(super) async fn open(which: Which<'_>, ui: &Ui) -> Result<Self, Error> {
        match which.pipeline.and_then(|name| name.strip_prefix("kinesis://")) {
            Some(_) if which.stream.is_some() || which.target.is_some() => Err(Error::Usage {
                message: "kinesis://NAME is a stream already".to_owned(),
                hint: "--stream and --target go with a pipeline".to_owned(),
            }),
            Some(stream) => {
                let log: Arc<dyn Log> = Account::standard().await?.log();
                let streams = vec![(stream.to_owned(), Vec::new())];
                known(log.as_ref(), &streams).await?;
                Ok(Self { log, streams, plan: None, live: true, elsewhere: true, followed: None })
            }
            None => of_pipeline(which, ui).await,
        }
    }

    /// Returns how the pipeline stands that is followed, where its process tells.
    pub(super) async fn status(&self) -> Option<RunStatus> {
        self.followed.as_ref()?.1.status().await
    }

    /// Gives up the process that runs the pipeline, where there is one: who takes it sees for itself whether that ends.
    pub(super) fn take_contact(&mut self) -> Option<Contact> {
        self.followed.take().map(|(_, contact)| contact)
    }

    /// Returns the name of the pipeline that was followed and does not run any more.
    pub(super) async fn ended(&self) -> Option<&str> {
        let (folder, contact) = self.followed.as_ref()?;
        contact.has_ended(folder).await.then(|| folder.pipeline())
    }
}

async fn of_pipeline(which: Which<'_>, ui: &Ui) -> Result<Target, Error> {
    if let Some(target) = which.target {
        let plan = Loaded::open(&locate::file(which.pipeline)?, ui)?.plan(target, ui)?;
        if plan.target.streams == StreamsKind::Kinesis {
            let account = Account::of(&plan.target).await?;
            return of_account(which, &plan.name, &account, Some(&plan), &[]).await;
        }
    }
    let (name, loaded) = locate::name(which.pipeline, ui).await?;
    let folder = Folder::of(&name);
    let found = Found::of(&folder).await?;
    // What runs with streams of its own comes first.
    let own = matches!(found, Found::Running(_));
    let plan_for = |target: &str| loaded.map(|loaded| loaded.plan(target, ui)).transpose();
    if let Some(deployed) = Deployment::of(&folder)?.filter(|deployed| !own || deployed.is_run_here()) {
        let names: Vec<String> = deployed.streams.iter().map(|stream| stream.name.clone()).collect();
        let plan = plan_for(&deployed.target)?;
        let target = of_account(which, &name, &deployed.account().await?, plan.as_ref(), &names).await?;
        // Its queries may run here all the same, and tell how they stand.
        let followed = if let Found::Running(contact) = found { Some((folder, contact)) } else { None };
        return Ok(Target { followed, ..target });
    }
    if let Some(note) = Note::of(&folder)?.filter(|_| !own) {
        let account = Account::at(&note.target, &note.place).await?;
        return of_account(which, &name, &account, plan_for(&note.target)?.as_ref(), &[]).await;
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
    let streams = followed(which, &name, plan.as_ref(), &[], &*log).await?;
    let followed = contact.map(|contact| (folder, contact));
    Ok(Target { log, streams, plan, live, elsewhere: false, followed })
}

/// Follows a pipeline's streams in somebody's account. `noted` are those that are known without the file.
async fn of_account(
    which: Which<'_>,
    name: &str,
    account: &Account,
    plan: Option<&Plan>,
    noted: &[String],
) -> Result<Target, Error> {
    let log: Arc<dyn Log> = account.log();
    let streams = followed(which, name, plan, noted, &*log).await?;
    Ok(Target { log, streams, plan: plan.cloned(), live: true, elsewhere: true, followed: None })
}

/// Returns the streams that are asked for, each with the columns that its records show.
async fn followed(
    which: Which<'_>,
    name: &str,
    plan: Option<&Plan>,
    noted: &[String],
    log: &dyn Log,
) -> Result<Vec<(String, Vec<String>)>, Error> {
    let streams = match (which.stream, plan) {
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
