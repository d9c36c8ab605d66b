//! What `pipe up` would change where the streams are on this machine.

use std::sync::Arc;

use crate::deploy::local::{Folder, Found};
use crate::engine::has_changed;
use crate::error::Error;
use crate::plan::{Change, ChangeKind, EngineKind, Plan, Query};
use crate::streams::{Capacity, Log};
use crate::ui::count;

use super::capacity::streams;
use super::outlook::Notes;

/// What is there on this machine.
#[derive(Default)]
struct Present {
    /// The streams with their shards.
    streams: Vec<(String, usize)>,
    /// The queries that ask something else than when their state was saved. A pipeline that runs is not asked.
    changed: Vec<String>,
}

/// Compares the streams and the queries of a plan with what is there.
pub(super) async fn changes(plan: &Plan, notes: &mut Notes) -> Result<Vec<Change>, Error> {
    let present = present(plan).await?;
    let mut changes: Vec<Change> = streams(plan)
        .map(|(name, capacity)| {
            let found = present.streams.iter().find(|(known, _)| known == name).map(|(_, shards)| *shards);
            stream(name, capacity, found)
        })
        .collect();
    let embedded = plan.target.engine == EngineKind::Embedded;
    // What only other queries read is a part of these.
    for (query, _) in plan.outputs() {
        let change = |kind| Change::new(kind, "query", &query.name, &query.summary);
        changes.push(if embedded && present.changed.contains(&query.name) {
            changed(query)
        } else if embedded && present.streams.iter().any(|(known, _)| *known == query.name) {
            change(ChangeKind::Keep)
        } else {
            change(ChangeKind::Create)
        });
    }
    if plan.target.engine == EngineKind::Flink {
        notes.not_compared.push("this version does not ask Flink which queries run: they are listed as new".to_owned());
    }
    Ok(changes)
}

/// Tells of a query whose saved state is one of another question.
pub(super) fn changed(query: &Query) -> Change {
    Change::new(ChangeKind::Update, "query", &query.name, &query.summary)
        .because("it asks something else than when its state was saved")
        .state("what its open windows hold is dropped")
}

/// Compares a stream with the shards that were found of it.
pub(super) fn stream(name: &str, capacity: Capacity, found: Option<usize>) -> Change {
    let shards = capacity.initial_shards();
    let wanted = count(shards as usize, "shard", "shards");
    match found {
        None => Change::new(ChangeKind::Create, "stream", name, wanted),
        Some(found) if found == shards as usize => Change::new(ChangeKind::Keep, "stream", name, wanted),
        Some(found) => Change::new(ChangeKind::Conflict, "stream", name, format!("has {found}, wants {wanted}"))
            .because("`pipe down` removes it"),
    }
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
