//! `DescribeStream` and `DescribeStreamSummary`.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Api, Operation, Run, distribution, error::ApiError, known::Known, list_shards, moment::Moment,
    stream_name::stream_name, text::Text, warm_throughput, wire::Body,
};

pub(super) const OPERATION: Operation = Operation { name: "DescribeStream", run: Run::Whole(run) };
pub(super) const SUMMARY: Operation = Operation { name: "DescribeStreamSummary", run: Run::Whole(summary) };

/// The most shards of one answer, whatever a request asks for (Kinesis API reference, `DescribeStream`).
const MOST_SHARDS: i64 = 100;

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
    retention_period_hours: i64,
    encryption_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_id: Option<&'a str>,
    enhanced_monitoring: [Metrics<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metrics<'a> {
    shard_level_metrics: &'a BTreeSet<String>,
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
    consumer_count: usize,
    #[serde(rename = "MaxRecordSizeInKiB")]
    record_kib: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    warm_throughput: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    record_distribution_strategy: Option<&'static str>,
    // There are no channels and no queues here.
    channel_count: u32,
    queue_count: u32,
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
    let mut checks = api.checks();
    let name = stream_name(&mut checks, input.stream_name.as_ref(), input.stream_arn.as_ref())?;
    let limit = input.limit.unwrap_or(MOST_SHARDS);
    checks.items("limit", limit);
    let limit = limit.min(MOST_SHARDS);
    if let Some(start) = &input.start {
        checks.name("exclusiveStartShardId", start);
    }
    checks.finish()?;
    let stream = api.stream(name)?;
    let listed = stream.listed(api)?;
    let page = list_shards::page(&listed, list_shards::after(input.start.as_deref())?, limit);
    body.answer(&Output {
        stream_description: Description {
            common: common(api, &stream),
            shards: page.shards.iter().map(list_shards::shown).collect(),
            has_more_shards: page.more,
        },
    })
}

fn summary(api: &Api, body: Body<'_>) -> Result<Vec<u8>, ApiError> {
    let input: Input<'_> = body.parse()?;
    let mut checks = api.checks();
    let name = stream_name(&mut checks, input.stream_name.as_ref(), input.stream_arn.as_ref())?;
    checks.finish()?;
    let stream = api.stream(name)?;
    let strategy = if stream.settings.spread { distribution::AUTO } else { distribution::BY_KEY };
    body.answer(&SummaryOutput {
        stream_description_summary: Summary {
            common: common(api, &stream),
            open_shard_count: stream.listed(api)?.iter().filter(|listed| listed.shard.open).count(),
            consumer_count: stream.settings.consumers.len(),
            record_kib: stream.settings.record_kib,
            warm_throughput: warm_throughput::shown(stream.settings.warm_mibps),
            record_distribution_strategy: stream.is_on_demand().then_some(strategy),
            channel_count: 0,
            queue_count: 0,
        },
    })
}

fn common<'a>(api: &Api, stream: &'a Known) -> Common<'a> {
    let settings = &stream.settings;
    Common {
        brief: brief(api, stream),
        retention_period_hours: settings.retention_hours,
        encryption_type: settings.encryption(),
        key_id: settings.key.as_deref(),
        enhanced_monitoring: [Metrics { shard_level_metrics: &settings.metrics }],
    }
}

/// Returns what every answer about a stream says.
pub(super) fn brief<'a>(api: &Api, stream: &'a Known) -> Brief<'a> {
    let description = &stream.description;
    Brief {
        stream_name: &description.name,
        stream_arn: api.arn(&description.name),
        stream_status: stream.status.word(),
        stream_mode_details: Mode { stream_mode: if stream.is_on_demand() { "ON_DEMAND" } else { "PROVISIONED" } },
        stream_creation_timestamp: Moment(description.created),
    }
}
