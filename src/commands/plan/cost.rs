//! What AWS charges for of a plan.

use std::time::Duration;

use crate::deploy::Place;
use crate::deploy::remote::Account;
use crate::error::Error;
use crate::infra::Resource;
use crate::plan::cost::{Flow, StreamUse, Usage};
use crate::plan::{EngineKind, Plan};
use crate::render::stack;

use super::capacity::{Capacity, is_archived, readers, streams};

/// How long a record stays in a stream that the file does not name: the least that Kinesis keeps (Kinesis developer
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
pub(super) fn usage(plan: &Plan, flows: Vec<(&str, Flow)>, capacity: &Capacity) -> Result<Usage, Error> {
    if !plan.target.is_on_aws() {
        return Ok(Usage::default());
    }
    let stack = stack(plan)?;
    let resources = |is_one: &dyn Fn(&Resource) -> bool| {
        let count = stack.iter().flat_map(|stack| &stack.resources).filter(|resource| is_one(resource)).count();
        u32::try_from(count).unwrap_or(u32::MAX)
    };
    let shards = |name: &str| streams(plan).find(|(known, _)| *known == name).map(|(_, capacity)| capacity);
    let stream = |(name, flow): (&str, Flow)| {
        Some(StreamUse {
            name: name.to_owned(),
            capacity: shards(name)?,
            retention: plan.stream(name).map_or(RETENTION, |stream| hours(stream.retention_hours)),
            readers: readers(plan, name),
            archived: is_archived(plan, name),
            // Only a stack's streams are made with a key.
            encrypted: stack.is_some(),
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
    Ok(Usage {
        streams: flows.into_iter().filter_map(stream).collect(),
        application: capacity.application.as_ref().map(|application| (name, application.kpus)),
        alarms: resources(&|resource| matches!(resource, Resource::Alarm(_))),
        dashboards: resources(&|resource| matches!(resource, Resource::Dashboard(_))),
        others,
    })
}

fn hours(hours: u32) -> Duration {
    Duration::from_secs(u64::from(hours) * 3600)
}
