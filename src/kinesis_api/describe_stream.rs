//! `DescribeStream` and `DescribeStreamSummary`.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Api, Operation, checks::Checks, error::ApiError, list_shards, request, seconds, stream_name::stream_name,
    text::Text,
};
use crate::streams::{Capacity, StreamDescription};

pub(super) const OPERATION: Operation = Operation { name: "DescribeStream", run };
pub(super) const SUMMARY: Operation = Operation { name: "DescribeStreamSummary", run: summary };

const RETENTION_HOURS: u32 = 24;

#[derive(Deserialize)]
struct Input<'a> {
    #[serde(borrow, rename = "StreamName")]
    stream_name: Option<Text<'a>>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<Text<'a>>,
    #[serde(rename = "Limit")]
    limit: Option<i64>,
    #[serde(rename = "ExclusiveStartShardId")]
    start: Option<Text<'a>>,
}

fn run(api: &Api, body: &[u8]) -> Result<Vec<u8>, ApiError> {
    let input: Input<'_> = request::parse(body)?;
    let mut checks = Checks::default();
    let name = stream_name(&mut checks, input.stream_name.as_ref(), input.stream_arn.as_ref())?;
    let limit = input.limit.unwrap_or(100);
    checks.range("limit", limit, 1, 10_000);
    if let Some(start) = &input.start {
        checks.name("exclusiveStartShardId", start);
    }
    checks.finish()?;
    let stream = api.describe(name)?;
    let page = list_shards::page(&stream, list_shards::after(input.start.as_deref())?, limit);
    let mut description = common(api, &stream);
    description["Shards"] = page.shards.iter().map(list_shards::shard).collect();
    description["HasMoreShards"] = page.more.into();
    description["EnhancedMonitoring"] = json!([{ "ShardLevelMetrics": [] }]);
    request::write(&json!({ "StreamDescription": description }))
}

fn summary(api: &Api, body: &[u8]) -> Result<Vec<u8>, ApiError> {
    let input: Input<'_> = request::parse(body)?;
    let mut checks = Checks::default();
    let name = stream_name(&mut checks, input.stream_name.as_ref(), input.stream_arn.as_ref())?;
    checks.finish()?;
    let stream = api.describe(name)?;
    let mut description = common(api, &stream);
    description["OpenShardCount"] = stream.shards.len().into();
    description["ConsumerCount"] = 0.into();
    description["EnhancedMonitoring"] = json!([{ "ShardLevelMetrics": [] }]);
    request::write(&json!({ "StreamDescriptionSummary": description }))
}

/// Returns what both descriptions say.
fn common(api: &Api, stream: &StreamDescription) -> Value {
    let mut description = brief(api, stream);
    description["RetentionPeriodHours"] = RETENTION_HOURS.into();
    description["EncryptionType"] = "NONE".into();
    description
}

/// Returns what every answer about a stream says.
pub(super) fn brief(api: &Api, stream: &StreamDescription) -> Value {
    let mode = match stream.capacity {
        Capacity::Provisioned(_) => "PROVISIONED",
        Capacity::OnDemand => "ON_DEMAND",
    };
    json!({
        "StreamName": stream.name,
        "StreamARN": api.arn(&stream.name),
        "StreamStatus": "ACTIVE",
        "StreamModeDetails": { "StreamMode": mode },
        "StreamCreationTimestamp": seconds(stream.created),
    })
}
