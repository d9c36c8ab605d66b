//! What `pipe up` would change in an AWS account: the place where what [`aws::look`] finds becomes changes.

use crate::deploy::aws;
use crate::plan::{Change, ChangeKind, EngineKind, Plan};

use super::capacity::streams;
use super::here::stream;

/// Compares a plan with what is in its account. What does not answer is told in a note.
pub(super) async fn changes(plan: &Plan, notes: &mut Vec<String>) -> Vec<Change> {
    let present = match aws::look(plan).await {
        Ok(look) => {
            notes.extend(look.stack.map(|state| format!("the stack {} is there: {state}", plan.name)));
            notes.extend(look.application.map(|state| format!("the application {} is there: {state}", plan.name)));
            look.streams
        }
        Err(error) => {
            notes.push(format!("nothing could be compared, everything is listed as new: {error}"));
            Vec::new()
        }
    };
    let mut changes: Vec<Change> = streams(plan)
        .map(|(name, capacity)| {
            let found = present.iter().find(|(known, _)| known == name).map(|(_, shards)| *shards);
            stream(name, capacity, found)
        })
        .collect();
    changes.extend(plan.outputs().map(|(query, _)| {
        let is_there = || present.iter().any(|(known, _)| *known == query.name);
        let kept = plan.target.engine == EngineKind::Embedded && is_there();
        let kind = if kept { ChangeKind::Keep } else { ChangeKind::Create };
        Change::new(kind, "query", &query.name, &query.summary)
    }));
    changes
}
