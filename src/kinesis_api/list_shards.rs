//! `ListShards`, and shards as answers show them.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Api, Operation,
    checks::Checks,
    error::{ApiError, Kind},
    moment::Moment,
    stream_name::stream_name,
    text::Text,
    token::{self, Page},
    wire::Body,
};
use crate::streams::{Shard, ShardId, StreamDescription, now};

pub(super) const OPERATION: Operation = Operation { name: "ListShards", run };

/// The kinds of filter. No shard here was ever closed, so each of them but the first lets every shard pass.
const FILTERS: &[&str] =
    &["AFTER_SHARD_ID", "AT_TRIM_HORIZON", "FROM_TRIM_HORIZON", "AT_LATEST", "AT_TIMESTAMP", "FROM_TIMESTAMP"];

#[derive(Deserialize)]
struct Input<'a> {
    #[serde(borrow, rename = "StreamName")]
    stream_name: Option<Text<'a>>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<Text<'a>>,
    #[serde(rename = "NextToken")]
    next_token: Option<Text<'a>>,
    #[serde(rename = "ExclusiveStartShardId")]
    start: Option<Text<'a>>,
    #[serde(rename = "MaxResults")]
    max_results: Option<i64>,
    #[serde(rename = "ShardFilter")]
    filter: Option<Filter<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Filter<'a> {
    #[serde(borrow, rename = "Type")]
    kind: Option<Text<'a>>,
    shard_id: Option<Text<'a>>,
    timestamp: Option<Moment>,
}

/// Some of a stream's shards.
pub(super) struct Shards<'a> {
    pub(super) shards: &'a [Shard],
    /// Whether there are others behind them.
    pub(super) more: bool,
}

fn run(api: &Api, body: Body<'_>) -> Result<Vec<u8>, ApiError> {
    let input: Input<'_> = body.parse()?;
    let mut checks = Checks::default();
    let limit = input.max_results.unwrap_or(1000);
    checks.range("maxResults", limit, 1, 10_000);
    if let Some(start) = &input.start {
        checks.name("exclusiveStartShardId", start);
    }
    let mut start = input.start.as_ref();
    if let Some(filter) = &input.filter {
        start = start.or(filtered(&mut checks, filter)?);
    }
    let (stream, after) = match &input.next_token {
        Some(_) if input.stream_name.is_some() || input.stream_arn.is_some() || start.is_some() => {
            let message = "NextToken cannot be provided together with StreamName, StreamARN or a first shard.";
            return Err(ApiError::argument(message));
        }
        Some(token) => {
            checks.finish()?;
            let page = resume(token)?;
            let stream = api.describe(&page.stream)?;
            if stream.created != page.created {
                return Err(ApiError::argument("NextToken is of a stream that was deleted since."));
            }
            (stream, Some(page.after))
        }
        None => {
            let name = stream_name(&mut checks, input.stream_name.as_ref(), input.stream_arn.as_ref())?;
            checks.finish()?;
            (api.describe(name)?, after(start.map(|start| &**start))?)
        }
    };
    let page = page(&stream, after, limit);
    let mut answer = json!({ "Shards": page.shards.iter().map(shard).collect::<Value>() });
    if let (true, Some(last)) = (page.more, page.shards.last()) {
        let next = Page { stream: stream.name.clone(), created: stream.created, after: last.id.0, issued: now() };
        answer["NextToken"] = token::seal(&next).into();
    }
    body.answer(&answer)
}

/// Returns the shard behind which a filter begins.
fn filtered<'a, 'b>(checks: &mut Checks, filter: &'b Filter<'a>) -> Result<Option<&'b Text<'a>>, ApiError> {
    let kind = checks.required("shardFilter.type", filter.kind.as_deref());
    if filter.kind.is_none() {
        return Ok(None);
    }
    checks.one_of("shardFilter.type", kind, FILTERS);
    match kind {
        "AFTER_SHARD_ID" if filter.shard_id.is_none() => {
            Err(ApiError::argument("ShardId must be provided with the shard filter type AFTER_SHARD_ID."))
        }
        "AFTER_SHARD_ID" => Ok(filter.shard_id.as_ref()),
        "AT_TIMESTAMP" | "FROM_TIMESTAMP" if filter.timestamp.is_none() => {
            Err(ApiError::argument(format!("Timestamp must be provided with the shard filter type {kind}.")))
        }
        _ => Ok(None),
    }
}

fn resume(text: &str) -> Result<Page, ApiError> {
    let page: Page = token::open(text).ok_or_else(|| ApiError::argument("NextToken is invalid."))?;
    if now() - page.issued > token::LIFETIME {
        return Err(ApiError::new(Kind::ExpiredNextToken, "NextToken has expired: it is good for 5 minutes."));
    }
    Ok(page)
}

/// Reads the name of a shard behind which a list begins. The shard need not be there.
pub(super) fn after(shard: Option<&str>) -> Result<Option<u32>, ApiError> {
    let id = shard.map(str::parse::<ShardId>).transpose()?;
    Ok(id.map(|id| id.0))
}

/// Returns at most `limit` shards of a stream, from behind the one given.
pub(super) fn page(stream: &StreamDescription, after: Option<u32>, limit: i64) -> Shards<'_> {
    let from = stream.shards.partition_point(|shard| after.is_some_and(|after| shard.id.0 <= after));
    let shards = &stream.shards[from..];
    let count = shards.len().min(usize::try_from(limit).unwrap_or(usize::MAX));
    Shards { shards: &shards[..count], more: count < shards.len() }
}

/// Returns a shard as answers show it.
pub(super) fn shard(shard: &Shard) -> Value {
    json!({
        "ShardId": shard.id.to_string(),
        "HashKeyRange": {
            "StartingHashKey": shard.range.start.to_string(),
            "EndingHashKey": shard.range.end.to_string(),
        },
        "SequenceNumberRange": { "StartingSequenceNumber": shard.starting_sequence.as_str() },
    })
}
