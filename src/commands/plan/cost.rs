//! What AWS charges for of a plan.

use std::time::Duration;

use crate::deploy::remote::{Account, Place};
use crate::plan::cost::{Flow, StreamUse, Usage};
use crate::plan::{EngineKind, Plan};

use super::capacity::{Capacity, readers, streams};

/// How long a record stays in a stream for which the file says nothing: the least that Kinesis keeps (Kinesis developer
/// guide, "Changing the data retention period").
const RETENTION: Duration = Duration::from_hours(24);

/// Returns where the plan's streams are, as far as the surroundings say it.
pub(super) async fn place(plan: &Plan) -> Option<Place> {
    if !plan.target.is_on_aws() {
        return None;
    }
    let account = Account::of(&plan.target).await.ok()?;
    Some(account.place().clone())
}

/// Lists what AWS charges for. Of what is on this machine, that is nothing.
pub(super) fn usage(plan: &Plan, flows: Vec<(&str, Flow)>, capacity: &Capacity) -> Usage {
    if !plan.target.is_on_aws() {
        return Usage::default();
    }
    let stack = matches!(plan.target.engine, EngineKind::ManagedFlink | EngineKind::KinesisSql);
    let shards = |name: &str| streams(plan).find(|(known, _)| *known == name).map(|(_, capacity)| capacity);
    let stream = |(name, flow): (&str, Flow)| {
        Some(StreamUse {
            name: name.to_owned(),
            capacity: shards(name)?,
            retention: RETENTION,
            readers: readers(plan, name),
            // Only a stack's streams are made with a key.
            encrypted: stack,
            flow,
        })
    };
    let mut others = Vec::new();
    let name = plan.name.clone();
    match plan.target.engine {
        EngineKind::Flink => {
            others.push(("the cluster".to_owned(), "Flink".to_owned(), "it is one of your own".to_owned()));
        }
        EngineKind::KinesisSql => others.push((
            "KPU-hours".to_owned(),
            format!("application {name}"),
            "the service decides how many it takes".to_owned(),
        )),
        EngineKind::Embedded | EngineKind::ManagedFlink => {}
    }
    Usage {
        streams: flows.into_iter().filter_map(stream).collect(),
        application: capacity.application.as_ref().map(|application| (name, application.kpus)),
        others,
        ..Usage::default()
    }
}
