//! What `pipe up` would change in an AWS account: the place where what a [`Comparison`] finds becomes changes.

use std::path::Path;

use crate::deploy::AwsError;
use crate::deploy::aws::{Account, Action, Comparison, Drift, Obstacle, ResourceDelta, State};
use crate::error::Error;
use crate::infra::{STREAM, is_application};
use crate::plan::{Change, ChangeKind, Plan};
use crate::render::{self, CODE_STACK};

use super::outlook::Notes;

/// Compares a plan with what is in its account. What does not answer is told in a note. `folder` is that of the pipeline
/// file.
pub(super) async fn changes(plan: &Plan, folder: &Path, notes: &mut Notes) -> Result<Vec<Change>, Error> {
    let compared = match Account::of(&plan.target, false).await {
        Ok(account) => Comparison::of(plan, &account, folder).await,
        Err(error) => Err(error),
    };
    let comparison = match compared {
        Ok(comparison) => comparison,
        // What is wrong on this machine is not for AWS to answer.
        Err(
            error @ (AwsError::Jar { .. } | AwsError::Io { .. } | AwsError::Render(_) | AwsError::EmptyEndpoint(_)),
        ) => {
            return Err(error.into());
        }
        Err(error) => {
            notes.blind(format!("nothing could be compared, everything is listed as new: {error}"));
            Comparison::default()
        }
    };
    if let Some(found) = &comparison.found {
        notes.push(format!("the stack of {} is there: {}", plan.name, found.status));
    }
    if let Some(status) = &comparison.never_was {
        notes.push(format!("the stack of {} was never whole ({status}): `pipe up` removes it first", plan.name));
    }
    if let (Some(bucket), None) = (&comparison.shared_bucket, &comparison.found) {
        notes.push(format!(
            "the code goes into the bucket {bucket}, which `pipe up` makes with a stack {CODE_STACK} of its own where it is missing; \
             it stays"
        ));
    }
    notes.others.extend(comparison.application.iter().map(|state| format!("its application is {}", state.as_str())));
    notes.not_compared.extend(comparison.unknown.iter().map(|what| format!("could not be compared: {what}")));
    notes.others.extend(comparison.drifts.iter().map(drift_text));
    let mut changes: Vec<Change> =
        comparison.changes.iter().map(|delta| change(delta, comparison.application.as_ref())).collect();
    let stack = render::stack(plan)?.unwrap_or_default();
    for resource in &stack.resources {
        let (id, kind) = (resource.id().as_str(), resource.type_name());
        let obstacle =
            comparison.obstacles.iter().find(|it| it.kind == kind && Some(it.name.as_str()) == resource.name());
        if let Some(obstacle) = obstacle {
            changes.retain(|change| change.name != id);
            let detail = format!("{}: {}", obstacle.name, obstacle.why);
            changes.push(Change::new(ChangeKind::Conflict, kind, id, detail));
        } else if changes.iter().all(|change| change.name != id) {
            // What a change set does not name stays.
            let is = if comparison.found.is_some() { ChangeKind::Keep } else { ChangeKind::Create };
            changes.push(Change::new(is, kind, id, resource.detail()));
        }
    }
    changes.sort_by_key(|change| stack.resources.iter().position(|resource| resource.id().as_str() == change.name));
    let known = |obstacle: &&Obstacle| stack.resources.iter().any(|resource| resource.type_name() == obstacle.kind);
    let others = comparison.obstacles.iter().filter(|obstacle| !known(obstacle));
    let others = others.map(|it| Change::new(ChangeKind::Conflict, it.kind, &it.name, &it.why));
    Ok(others.chain(changes).collect())
}

/// Says of a resource what happens to it, why, and what becomes of what it holds.
pub(in crate::commands) fn change(delta: &ResourceDelta, application: Option<&State>) -> Change {
    let kind = match delta.action {
        Action::Create => ChangeKind::Create,
        Action::Update => ChangeKind::Update,
        Action::Replace | Action::MaybeReplace => ChangeKind::Replace,
        Action::Remove => ChangeKind::Remove,
    };
    let detail = match (delta.action, &delta.drift) {
        (Action::MaybeReplace, _) => "it may stay: that is known only when it is done".to_owned(),
        (_, Some(drift)) => format!("somebody has {drift} it by hand"),
        _ => String::new(),
    };
    let change = delta.reasons.iter().fold(Change::new(kind, &delta.kind, &delta.id, detail), Change::because);
    match state(delta, application) {
        Some(effect) => change.state(effect),
        None => change,
    }
}

/// Says what becomes of open windows, and of records.
fn state(delta: &ResourceDelta, application: Option<&State>) -> Option<&'static str> {
    let is_application = is_application(&delta.kind);
    let goes = matches!(delta.action, Action::Replace | Action::MaybeReplace | Action::Remove);
    match delta.action {
        Action::Create => None,
        _ if delta.kind == STREAM && goes => Some("its records are lost"),
        _ if !is_application => None,
        _ if goes => Some("what its windows hold is lost, with its snapshots"),
        _ if application != Some(&State::Runs) => Some("it does not run: the newest snapshot is what it begins with"),
        // The code has another key when a query is another one.
        _ if delta.reasons.iter().any(|reason| reason.contains("CodeKey") || reason.contains("ApplicationCode")) => {
            Some(
                "it stops with a snapshot and starts from it; what the changed job has no place for is dropped: windows of changed \
             queries, and the place in a stream whose reader is another one, which is then read from its oldest record",
            )
        }
        _ => Some("it stops with a snapshot and starts from it: windows are kept"),
    }
}

fn drift_text(drift: &Drift) -> String {
    if drift.gone {
        return format!("drift: {} is gone, and the stack does not know", drift.id);
    }
    format!("drift: {}: {}", drift.id, drift.differences.join("; "))
}
