//! `GetShardIterator`.

use serde::Deserialize;
use serde_json::json;

use super::{
    Api, Operation, Run,
    error::ApiError,
    moment::Moment,
    place::Place,
    stream_name::stream_name,
    text::Text,
    token::{self, Iterator},
    wire::Body,
};
use crate::streams::now;

pub(super) const OPERATION: Operation = Operation { name: "GetShardIterator", run: Run::Whole(run) };

#[derive(Deserialize)]
struct Input<'a> {
    #[serde(borrow, rename = "StreamName")]
    stream_name: Option<Text<'a>>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<Text<'a>>,
    #[serde(rename = "ShardId")]
    shard_id: Option<Text<'a>>,
    #[serde(rename = "ShardIteratorType")]
    kind: Option<Text<'a>>,
    #[serde(rename = "StartingSequenceNumber")]
    sequence: Option<Text<'a>>,
    #[serde(rename = "Timestamp")]
    timestamp: Option<Moment>,
    #[serde(rename = "DryRun")]
    dry_run: Option<bool>,
}

fn run(api: &Api, body: Body<'_>) -> Result<Vec<u8>, ApiError> {
    let input: Input<'_> = body.parse()?;
    let mut checks = api.checks();
    let name = stream_name(&mut checks, input.stream_name.as_ref(), input.stream_arn.as_ref())?;
    let shard_name = checks.required("shardId", input.shard_id.as_deref());
    if input.shard_id.is_some() {
        checks.name("shardId", shard_name);
    }
    let place = Place {
        members: ["shardIteratorType", "startingSequenceNumber"],
        kind: input.kind.as_deref(),
        sequence: input.sequence.as_deref(),
        timestamp: input.timestamp,
    };
    place.check(&mut checks);
    checks.finish()?;
    let (shard, offset) = place.find(api, name, shard_name)?;
    if input.dry_run == Some(true) {
        return Err(ApiError::dry_run());
    }
    let created = api.log().created(name)?;
    api.throttle().find(name, (created, shard))?;
    let iterator = Iterator { stream: name.to_owned(), created, shard: shard.0, offset, issued: now() };
    body.answer(&json!({ "ShardIterator": token::seal(&iterator) }))
}
