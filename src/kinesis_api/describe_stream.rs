//! `DescribeStream` and `DescribeStreamSummary`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Api, Operation, checks::Checks, error::ApiError, list_shards, moment::Moment, stream_name::stream_name, text::Text,
    wire::Body,
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

/// What every answer about a stream says.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Brief<'a> {
    stream_name: &'a str,
    #[serde(rename = "StreamARN")]
    stream_arn: String,
    stream_status: &'static str,
    stream_mode_details: Mode,
    stream_creation_timestamp: Moment,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Mode {
    stream_mode: &'static str,
}

/// What both descriptions say.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Common<'a> {
    #[serde(flatten)]
    brief: Brief<'a>,
    retention_period_hours: u32,
    encryption_type: &'static str,
    enhanced_monitoring: [Metrics; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metrics {
    shard_level_metrics: [&'static str; 0],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Description<'a> {
    #[serde(flatten)]
    common: Common<'a>,
    shards: Vec<Value>,
    has_more_shards: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Summary<'a> {
    #[serde(flatten)]
    common: Common<'a>,
    open_shard_count: usize,
    consumer_count: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Output<'a> {
    stream_description: Description<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SummaryOutput<'a> {
    stream_description_summary: Summary<'a>,
}

fn run(api: &Api, body: Body<'_>) -> Result<Vec<u8>, ApiError> {
    let input: Input<'_> = body.parse()?;
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
    body.answer(&Output {
        stream_description: Description {
            common: common(api, &stream),
            shards: page.shards.iter().map(list_shards::shard).collect(),
            has_more_shards: page.more,
        },
    })
}

fn summary(api: &Api, body: Body<'_>) -> Result<Vec<u8>, ApiError> {
    let input: Input<'_> = body.parse()?;
    let mut checks = Checks::default();
    let name = stream_name(&mut checks, input.stream_name.as_ref(), input.stream_arn.as_ref())?;
    checks.finish()?;
    let stream = api.describe(name)?;
    body.answer(&SummaryOutput {
        stream_description_summary: Summary {
            common: common(api, &stream),
            open_shard_count: stream.shards.len(),
            consumer_count: 0,
        },
    })
}

fn common<'a>(api: &Api, stream: &'a StreamDescription) -> Common<'a> {
    Common {
        brief: brief(api, stream),
        retention_period_hours: RETENTION_HOURS,
        encryption_type: "NONE",
        enhanced_monitoring: [Metrics { shard_level_metrics: [] }],
    }
}

/// Returns what every answer about a stream says.
pub(super) fn brief<'a>(api: &Api, stream: &'a StreamDescription) -> Brief<'a> {
    let stream_mode = match stream.capacity {
        Capacity::Provisioned(_) => "PROVISIONED",
        Capacity::OnDemand => "ON_DEMAND",
    };
    Brief {
        stream_name: &stream.name,
        stream_arn: api.arn(&stream.name),
        stream_status: "ACTIVE",
        stream_mode_details: Mode { stream_mode },
        stream_creation_timestamp: Moment(stream.created),
    }
}
