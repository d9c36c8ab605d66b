//! `EnableEnhancedMonitoring` and `DisableEnhancedMonitoring`: no metric is sent from this machine, but streams say so.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::json;

use super::{Api, Operation, Run, error::ApiError, list::List, stream_name::stream_name, text::Text, wire::Body};

pub(super) const ENABLE: Operation =
    Operation { name: "EnableEnhancedMonitoring", run: Run::Whole(|api, body| run(api, body, true)) };
pub(super) const DISABLE: Operation =
    Operation { name: "DisableEnhancedMonitoring", run: Run::Whole(|api, body| run(api, body, false)) };

/// The metrics of a shard, and the word for all of them (Kinesis API reference, `EnableEnhancedMonitoring`).
const METRICS: &[&str] = &[
    "IncomingBytes",
    "IncomingRecords",
    "OutgoingBytes",
    "OutgoingRecords",
    "WriteProvisionedThroughputExceeded",
    "ReadProvisionedThroughputExceeded",
    "IteratorAgeMilliseconds",
    ALL,
];
/// The most that a request names (the API's model): all of them have a word.
const MOST_METRICS: usize = METRICS.len() - 1;
const ALL: &str = "ALL";

#[derive(Deserialize)]
struct Input<'a> {
    #[serde(borrow, rename = "StreamName")]
    stream_name: Option<Text<'a>>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<Text<'a>>,
    #[serde(rename = "ShardLevelMetrics")]
    metrics: Option<List<Text<'a>, MOST_METRICS>>,
}

fn run(api: &Api, body: Body<'_>, enable: bool) -> Result<Vec<u8>, ApiError> {
    let input: Input<'_> = body.parse()?;
    let mut checks = api.checks();
    let name = stream_name(&mut checks, input.stream_name.as_ref(), input.stream_arn.as_ref())?;
    let present = input.metrics.is_some();
    let metrics = checks.required("shardLevelMetrics", input.metrics);
    if present {
        checks.count("shardLevelMetrics", metrics.len(), 1, MOST_METRICS);
    }
    for metric in &*metrics {
        checks.one_of("shardLevelMetrics", metric, METRICS);
    }
    checks.finish()?;
    let meant: BTreeSet<String> = if metrics.iter().any(|metric| &**metric == ALL) {
        METRICS.iter().filter(|metric| **metric != ALL).map(|metric| (*metric).to_owned()).collect()
    } else {
        metrics.iter().map(|metric| (**metric).to_owned()).collect()
    };
    let (current, desired) = api.update(name, |_, settings| {
        let current = settings.metrics.clone();
        settings.metrics = if enable { &current | &meant } else { &current - &meant };
        Ok((current, settings.metrics.clone()))
    })?;
    body.answer(&json!({
        "StreamName": name,
        "StreamARN": api.arn(name),
        "CurrentShardLevelMetrics": current,
        "DesiredShardLevelMetrics": desired,
    }))
}
