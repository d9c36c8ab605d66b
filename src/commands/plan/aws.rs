//! What `pipe up` would change in an AWS account: the place where what a [`Comparison`] finds becomes changes.

use std::path::Path;

use crate::deploy::aws::{Account, Action, Comparison, Drift, ResourceDelta, State};
use crate::error::Error;
use crate::plan::{Change, ChangeKind, Plan};
use crate::render;

/// The resources whose change touches what windows hold.
const APPLICATIONS: [&str; 2] = ["AWS::KinesisAnalyticsV2::Application", "AWS::KinesisAnalytics::Application"];
const STREAM: &str = "AWS::Kinesis::Stream";

/// Compares a plan with what is in its account. What does not answer is told in a note. `folder` is that of the pipeline
/// file.
pub(super) async fn changes(plan: &Plan, folder: &Path, notes: &mut Vec<String>) -> Result<Vec<Change>, Error> {
    let compared = match Account::of(&plan.target, false).await {
        Ok(account) => Comparison::of(plan, &account, folder).await,
        Err(error) => Err(error),
    };
    let comparison = match compared {
        Ok(comparison) => comparison,
        Err(error) => {
            notes.push(format!("nothing could be compared, everything is listed as new: {error}"));
            Comparison::default()
        }
    };
    if let Some(found) = &comparison.found {
        notes.push(format!("the stack of {} is there: {}", plan.name, found.status));
    }
    notes.extend(comparison.application.iter().map(|state| format!("its application is {}", state.as_str())));
    notes.extend(comparison.unknown.iter().map(|what| format!("could not be compared: {what}")));
    notes.extend(comparison.drifts.iter().map(drift_text));
    let mut changes: Vec<Change> =
        comparison.changes.iter().map(|delta| change(delta, comparison.application.as_ref())).collect();
    let stack = render::stack(plan)?.unwrap_or_default();
    for resource in &stack.resources {
        let (id, kind) = (resource.id().as_str(), resource.type_name());
        if changes.iter().all(|change| change.name != id) {
            // What a change set does not name stays.
            let is = if comparison.found.is_some() { ChangeKind::Keep } else { ChangeKind::Create };
            changes.push(Change::new(is, kind, id, resource.detail()));
        }
    }
    changes.sort_by_key(|change| stack.resources.iter().position(|resource| resource.id().as_str() == change.name));
    Ok(changes)
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
    let is_application = APPLICATIONS.contains(&delta.kind.as_str());
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
