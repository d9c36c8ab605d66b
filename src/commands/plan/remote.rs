//! What `pipe up` would change where the streams are in Kinesis.

use crate::deploy::flink::Prepared;
use crate::deploy::local::{Folder, Found};
use crate::deploy::remote::{Account, Deployment, RemoteError, Shape};
use crate::engine::has_changed;
use crate::error::Error;
use crate::plan::{Change, ChangeKind, EngineKind, Plan};
use crate::ui::count;

use super::super::site::capacity_text;
use super::outlook::Notes;

/// Compares the streams and the job of a plan with what is there. What does not answer is told in a note.
pub(super) async fn changes(plan: &Plan, notes: &mut Notes) -> Result<Vec<Change>, Error> {
    let (account, shape) = match look(plan).await {
        Ok((account, shape)) => (Some(account), shape),
        Err(error) => {
            notes.blind(format!("nothing could be compared, every stream is listed as new: {error}"));
            (None, Shape::unseen(plan))
        }
    };
    let mut changes = Vec::new();
    for stream in shape.streams {
        let wanted = capacity_text(stream.capacity);
        let (kind, detail) = match (&stream.found, stream.other_shards()) {
            (None, _) => (ChangeKind::Create, wanted),
            (Some(found), _) if found.is_going() => (ChangeKind::Conflict, "is being deleted".to_owned()),
            (Some(_), None) => (ChangeKind::Keep, wanted),
            (Some(_), Some(found)) => (
                ChangeKind::Keep,
                format!("has {}, and the file says {wanted}: used as it is", count(found as usize, "shard", "shards")),
            ),
        };
        changes.push(Change::new(kind, "stream", stream.name, detail));
    }
    if plan.target.engine == EngineKind::Embedded {
        changes.extend(queries(plan, account.as_ref(), notes).await?);
        return Ok(changes);
    }
    if let Some((kind, detail)) = job(plan, account.as_ref(), notes).await? {
        changes.push(Change::new(kind, "job", &plan.name, detail));
    }
    Ok(changes)
}

async fn look(plan: &Plan) -> Result<(Account, Shape), RemoteError> {
    let account = Account::of(&plan.target).await?;
    let shape = Shape::of(plan, &account).await?;
    Ok((account, shape))
}

/// Compares the queries that this machine is to run with those whose state it has.
async fn queries(plan: &Plan, account: Option<&Account>, notes: &mut Notes) -> Result<Vec<Change>, Error> {
    let folder = Folder::of(&plan.name);
    let before = Deployment::of(&folder)?;
    let wrong = match (&before, account) {
        (Some(before), Some(account)) => before.expect_place(account.place(), None).err(),
        (None, Some(account)) => Deployment::expect_no_records(&folder, account.place()).err(),
        _ => None,
    };
    let found = if wrong.is_none() { Found::of(&folder).await? } else { Found::Absent };
    let mut changes = Vec::new();
    for (query, _) in plan.outputs() {
        let saved = match &found {
            Found::AtRest(log) => has_changed(log, plan, query)?,
            // One that runs is not asked.
            Found::Running(_) => Some(false),
            Found::Absent => None,
        };
        let change = |kind| Change::new(kind, "query", &query.name, &query.summary);
        changes.push(match (&wrong, saved) {
            (Some(_), _) => change(ChangeKind::Conflict).because("`pipe down` removes it from where it is"),
            (None, None) => change(ChangeKind::Create),
            (None, Some(false)) => change(ChangeKind::Keep),
            (None, Some(true)) => super::here::changed(query),
        });
    }
    notes.others.extend(wrong.map(|error| error.to_string()));
    Ok(changes)
}

async fn job(plan: &Plan, account: Option<&Account>, notes: &mut Notes) -> Result<Option<(ChangeKind, String)>, Error> {
    let filled = account.map_or_else(|| plan.clone(), |account| account.fill(plan));
    let prepared = match Prepared::of(&filled) {
        Ok(prepared) => prepared,
        Err(error) => {
            notes.push(error.to_string());
            return Ok(None);
        }
    };
    let address = prepared.gateway().address();
    let new = format!("{} through the SQL gateway at {address}", count(plan.outputs().count(), "query", "queries"));
    let before = Deployment::of(&Folder::of(&plan.name))?;
    if let (Some(before), Some(account)) = (&before, account)
        && let Err(error) = before.expect_place(account.place(), Some(address))
    {
        notes.push(error.to_string());
        return Ok(Some((ChangeKind::Conflict, "`pipe down` removes it from where it is".to_owned())));
    }
    Ok(Some(match live(before.as_ref(), &prepared).await {
        Ok(Some((true, job))) => (ChangeKind::Keep, format!("runs (job {job})")),
        Ok(Some((false, job))) => {
            (ChangeKind::Conflict, format!("job {job} runs, and the file says another by now; `pipe down` ends it"))
        }
        Ok(None) => (ChangeKind::Create, new),
        Err(error) => {
            notes.push(error.to_string());
            (ChangeKind::Create, new)
        }
    }))
}

/// Returns the job that is at work, and whether it is the one that the file says. One of its name that is somebody else's
/// is in the way.
async fn live(before: Option<&Deployment>, prepared: &Prepared) -> Result<Option<(bool, String)>, RemoteError> {
    if let Some(before) = before
        && let Some(job) = before.live_job().await?
    {
        return Ok(Some((before.sql == prepared.text(), job.id.clone())));
    }
    prepared.begin().await?.expect_none()?;
    Ok(None)
}
