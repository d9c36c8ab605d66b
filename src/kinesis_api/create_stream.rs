//! `CreateStream`.

use serde::Deserialize;

use super::{
    ACCOUNT, Api, Operation, Run, account, distribution,
    error::{ApiError, Kind},
    mode::Mode,
    settings::{RECORD_KIB, Tags},
    tags::{Given, expect_legal, optional},
    text::Text,
    warm_throughput,
    wire::Body,
};
use crate::streams::Capacity;

pub(super) const OPERATION: Operation = Operation { name: "CreateStream", run: Run::Whole(run) };

/// The most open shards that AWS lets an account have in its large regions, and the most streams in the stream mode
/// `ON_DEMAND` (Kinesis quotas).
pub(super) const MOST_SHARDS: usize = 20_000;
pub(super) const MOST_ON_DEMAND: usize = 50;

/// The most streams that are CREATING at once (Kinesis API reference, `CreateStream`).
const MOST_CREATING: usize = 5;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input<'a> {
    #[serde(borrow)]
    stream_name: Option<Text<'a>>,
    shard_count: Option<i64>,
    stream_mode_details: Option<Mode<'a>>,
    tags: Given<'a>,
    #[serde(rename = "WarmThroughputMiBps")]
    warm_mibps: Option<i64>,
    #[serde(rename = "MaxRecordSizeInKiB")]
    record_kib: Option<i64>,
    record_distribution_strategy: Option<Text<'a>>,
}

fn run(api: &Api, body: Body<'_>) -> Result<Vec<u8>, ApiError> {
    let input: Input<'_> = body.parse()?;
    let mut checks = api.checks();
    let name = checks.required("streamName", input.stream_name.as_deref());
    if input.stream_name.is_some() {
        checks.name("streamName", name);
    }
    let on_demand = input.stream_mode_details.as_ref().is_some_and(|mode| mode.is_on_demand(&mut checks));
    if !on_demand {
        let shards = checks.required("shardCount", input.shard_count);
        if input.shard_count.is_some() {
            checks.range("shardCount", shards, 1, i64::from(i32::MAX));
        }
    }
    let tags = optional(&mut checks, input.tags);
    if let Some(warm) = input.warm_mibps {
        checks.range("warmThroughputMiBps", warm, 0, warm_throughput::MOST_MIBPS);
    }
    if let Some(kib) = input.record_kib {
        checks.range("maxRecordSizeInKiB", kib, *RECORD_KIB.start(), *RECORD_KIB.end());
    }
    let strategy = input.record_distribution_strategy.as_deref().unwrap_or(distribution::BY_KEY);
    distribution::check(&mut checks, strategy);
    checks.finish()?;
    distribution::expect_on_demand(strategy, on_demand)?;
    let capacity = match input.shard_count {
        Some(_) if on_demand => {
            return Err(ApiError::argument("ShardCount cannot be given with the stream mode ON_DEMAND."));
        }
        None => Capacity::OnDemand,
        Some(_) if input.warm_mibps.is_some() => {
            return Err(ApiError::argument("WarmThroughputMiBps can only be given with the stream mode ON_DEMAND."));
        }
        Some(shards) => Capacity::Provisioned(u32::try_from(shards).unwrap_or(u32::MAX)),
    };
    expect_legal(&tags, &Tags::new())?;
    if input.warm_mibps.is_some() {
        account::expect_committed(api)?;
    }
    if api.limits() && api.streams().making() >= MOST_CREATING {
        let message = format!("{MOST_CREATING} streams are CREATING already, which is the most.");
        return Err(ApiError::new(Kind::LimitExceeded, message));
    }
    match capacity {
        Capacity::Provisioned(shards) => expect_room(api, shards as usize)?,
        Capacity::OnDemand => expect_on_demand_room(api)?,
    }
    api.create(name, capacity, |settings| {
        settings.tags = tags;
        settings.warm_mibps = input.warm_mibps;
        settings.spread = strategy == distribution::AUTO;
        settings.record_kib = input.record_kib.unwrap_or(settings.record_kib);
    })?;
    Ok(Vec::new())
}

/// Expects that the account may have so many shards more: without limits too, as a request of a few bytes would take all memory.
pub(super) fn expect_room(api: &Api, more: usize) -> Result<(), ApiError> {
    let (open, _) = account::used(api)?;
    if open.saturating_add(more) <= MOST_SHARDS {
        return Ok(());
    }
    let region = api.region();
    Err(ApiError::new(
        Kind::LimitExceeded,
        format!(
            "This request would exceed the shard limit for the account {ACCOUNT} in {region}. Current shard count for the \
             account: {open}. Limit: {MOST_SHARDS}. Number of additional shards that would have resulted from this \
             request: {more}."
        ),
    ))
}

/// Expects that the account may have another stream on demand.
pub(super) fn expect_on_demand_room(api: &Api) -> Result<(), ApiError> {
    if !api.limits() {
        return Ok(());
    }
    let (_, count) = account::used(api)?;
    if count < MOST_ON_DEMAND {
        return Ok(());
    }
    let message = format!("The account {ACCOUNT} has {count} streams in the stream mode ON_DEMAND, which is the most.");
    Err(ApiError::new(Kind::LimitExceeded, message))
}
