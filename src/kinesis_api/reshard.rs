//! `SplitShard`, `MergeShards` and `UpdateShardCount`.

use serde::Deserialize;
use serde_json::json;

use super::{
    ACCOUNT, Api, Operation, Run,
    checks::{Checks, HASH_KEY_DIGITS},
    create_stream::expect_room,
    error::{ApiError, Kind},
    known::Known,
    stream_name::stream_name,
    text::Text,
    wire::Body,
};
use crate::streams::{HashKeyRange, ShardId, local::ReshardError};

pub(super) const MERGE: Operation = Operation { name: "MergeShards", run: Run::Whole(merge) };
pub(super) const SPLIT: Operation = Operation { name: "SplitShard", run: Run::Whole(split) };
pub(super) const UPDATE: Operation = Operation { name: "UpdateShardCount", run: Run::Whole(update) };

/// The most shards that `UpdateShardCount` makes of a stream (Kinesis API reference).
const MOST_SCALED: i64 = 10_000;
/// How often it scales a stream within 24 hours (Kinesis API reference).
const MOST_SCALINGS: usize = 10;

#[derive(Deserialize)]
struct Split<'a> {
    #[serde(borrow, rename = "StreamName")]
    stream_name: Option<Text<'a>>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<Text<'a>>,
    #[serde(rename = "ShardToSplit")]
    shard: Option<Text<'a>>,
    #[serde(rename = "NewStartingHashKey")]
    at: Option<Text<'a>>,
}

fn split(api: &Api, body: Body<'_>) -> Result<Vec<u8>, ApiError> {
    let input: Split<'_> = body.parse()?;
    let mut checks = api.checks();
    let name = stream_name(&mut checks, input.stream_name.as_ref(), input.stream_arn.as_ref())?;
    let shard = required_shard(&mut checks, "shardToSplit", input.shard.as_ref());
    let at = checks.required("newStartingHashKey", input.at.as_deref());
    if input.at.is_some() {
        checks.digits("newStartingHashKey", at, HASH_KEY_DIGITS);
    }
    checks.finish()?;
    api.updating(name, |stream| {
        expect_provisioned(stream, "SplitShard")?;
        let (id, range) = find(api, name, shard)?;
        expect_room(api, 1)?;
        let wrong = || {
            ApiError::argument(format!(
                "NewStartingHashKey {at} used in SplitShard() on shard {id} in stream {name} under account {ACCOUNT} is not \
                 both greater than one plus the shard's StartingHashKey {} and less than the shard's EndingHashKey {}.",
                range.start, range.end
            ))
        };
        // AWS leaves each part more than one key.
        let at: u128 = at.parse().map_err(|_| wrong())?;
        if at <= range.start.saturating_add(1) || at >= range.end {
            return Err(wrong());
        }
        api.log().split_shard(name, id, at).map_err(|error| refusal(error, name))
    })?;
    Ok(Vec::new())
}

#[derive(Deserialize)]
struct Merge<'a> {
    #[serde(borrow, rename = "StreamName")]
    stream_name: Option<Text<'a>>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<Text<'a>>,
    #[serde(rename = "ShardToMerge")]
    shard: Option<Text<'a>>,
    #[serde(rename = "AdjacentShardToMerge")]
    adjacent: Option<Text<'a>>,
}

fn merge(api: &Api, body: Body<'_>) -> Result<Vec<u8>, ApiError> {
    let input: Merge<'_> = body.parse()?;
    let mut checks = api.checks();
    let name = stream_name(&mut checks, input.stream_name.as_ref(), input.stream_arn.as_ref())?;
    let shard = required_shard(&mut checks, "shardToMerge", input.shard.as_ref());
    let adjacent = required_shard(&mut checks, "adjacentShardToMerge", input.adjacent.as_ref());
    checks.finish()?;
    api.updating(name, |stream| {
        expect_provisioned(stream, "MergeShards")?;
        let (shard, _) = find(api, name, shard)?;
        let (adjacent, _) = find(api, name, adjacent)?;
        api.log().merge_shards(name, shard, adjacent).map_err(|error| refusal(error, name))
    })?;
    Ok(Vec::new())
}

fn required_shard<'a>(checks: &mut Checks<'_>, at: &str, shard: Option<&'a Text<'_>>) -> &'a str {
    let name = checks.required(at, shard.map(|shard| &**shard));
    if shard.is_some() {
        checks.name(at, name);
    }
    name
}

/// Expects that the shards of a stream are its owner's to shape.
fn expect_provisioned(stream: &Known, operation: &str) -> Result<(), ApiError> {
    if !stream.is_on_demand() {
        return Ok(());
    }
    let name = &stream.description.name;
    let message = format!("{operation} cannot be used on stream {name}, which is in the stream mode ON_DEMAND.");
    Err(ApiError::new(Kind::Validation, message))
}

/// Returns a shard of a stream by its name.
fn find(api: &Api, stream: &str, shard: &str) -> Result<(ShardId, HashKeyRange), ApiError> {
    let found = shard
        .parse()
        .ok()
        .and_then(|id: ShardId| api.log().all_shards(stream).ok()?.into_iter().find(|listed| listed.shard.id == id));
    found.map(|found| (found.shard.id, found.shard.range)).ok_or_else(|| {
        let message = format!("Could not find shard {shard} in stream {stream} under account {ACCOUNT}.");
        ApiError::new(Kind::ResourceNotFound, message)
    })
}

fn refusal(error: ReshardError, stream: &str) -> ApiError {
    match error {
        ReshardError::Log(error) => error.into(),
        ReshardError::TooMany => ApiError::new(Kind::LimitExceeded, format!("Stream {stream}: {error}.")),
        ReshardError::Closed(shard) => ApiError::argument(format!(
            "Shard {shard} in stream {stream} under account {ACCOUNT} has already been merged or split, and thus is not \
             eligible for merging or splitting."
        )),
        ReshardError::Apart(one, other) => ApiError::argument(format!(
            "Shards {one} and {other} in stream {stream} under account {ACCOUNT} are not an adjacent pair of shards \
             eligible for merging"
        )),
        ReshardError::Outside { shard, at } => ApiError::argument(format!(
            "NewStartingHashKey {at} used in SplitShard() on shard {shard} in stream {stream} under account {ACCOUNT} is \
             outside of the shard."
        )),
    }
}

#[derive(Deserialize)]
struct Update<'a> {
    #[serde(borrow, rename = "StreamName")]
    stream_name: Option<Text<'a>>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<Text<'a>>,
    #[serde(rename = "TargetShardCount")]
    target: Option<i64>,
    #[serde(rename = "ScalingType")]
    scaling: Option<Text<'a>>,
}

fn update(api: &Api, body: Body<'_>) -> Result<Vec<u8>, ApiError> {
    let input: Update<'_> = body.parse()?;
    let mut checks = api.checks();
    let name = stream_name(&mut checks, input.stream_name.as_ref(), input.stream_arn.as_ref())?;
    let target = checks.required("targetShardCount", input.target);
    if input.target.is_some() {
        checks.range("targetShardCount", target, 1, i64::from(i32::MAX));
    }
    let scaling = checks.required("scalingType", input.scaling.as_deref());
    if input.scaling.is_some() {
        checks.one_of("scalingType", scaling, &["UNIFORM_SCALING"]);
    }
    checks.finish()?;
    let current = api.updating(name, |stream| scale(api, stream, target))?;
    body.answer(&json!({
        "StreamName": name,
        "StreamARN": api.arn(name),
        "CurrentShardCount": current,
        "TargetShardCount": target,
    }))
}

/// Gives a stream so many shards and returns how many it had.
fn scale(api: &Api, stream: &Known, target: i64) -> Result<usize, ApiError> {
    expect_provisioned(stream, "UpdateShardCount")?;
    let name = &stream.description.name;
    let current = stream.description.shards.len();
    // At most twice as many, and at least half (Kinesis API reference, `UpdateShardCount`).
    let count = i64::try_from(current).unwrap_or(i64::MAX);
    if target > count.saturating_mul(2) || target.saturating_mul(2) < count {
        return Err(ApiError::argument(format!(
            "UpdateShardCount cannot scale to more than double or less than half of the current {count} open shards of \
             stream {name}; TargetShardCount was {target}."
        )));
    }
    if target > MOST_SCALED {
        let message =
            format!("UpdateShardCount cannot scale to more than {MOST_SCALED} shards; TargetShardCount was {target}.");
        return Err(ApiError::argument(message));
    }
    let target = u32::try_from(target).unwrap_or(u32::MAX);
    expect_room(api, (target as usize).saturating_sub(current))?;
    // Within the change, so that what fails does not count.
    api.change(name, |settings| {
        settings.scaled.again(api, name, MOST_SCALINGS, "scaled")?;
        api.log().scale_shards(name, target).map_err(|error| refusal(error, name))
    })?;
    Ok(current)
}
