//! `ListShards`, and shards as answers show them.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Api, Operation, Run,
    checks::Checks,
    error::ApiError,
    known::Known,
    moment::Moment,
    stream_name::stream_name,
    text::Text,
    token::{self, Page},
    wire::Body,
};
use crate::streams::{HashKeyRange, Millis, ShardId, local::ListedShard};

pub(super) const OPERATION: Operation = Operation { name: "ListShards", run: Run::Whole(run) };

/// The kinds of filter (Kinesis API reference, `ShardFilter`).
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
    #[serde(rename = "StreamCreationTimestamp")]
    created: Option<Moment>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Filter<'a> {
    #[serde(borrow, rename = "Type")]
    kind: Option<Text<'a>>,
    shard_id: Option<Text<'a>>,
    timestamp: Option<Moment>,
}

/// The most shards of one answer, whatever a request asks for (Kinesis API reference, `ListShards`).
const MOST_SHARDS: i64 = 1_000;

/// Which shards a list has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    /// Those that take records or still have some.
    All,
    /// Those that took records at that moment.
    At(Millis),
    /// Those, and all that have been made since.
    From(Millis),
    /// Those that take records.
    Open,
}

/// Some of a stream's shards.
pub(super) struct Shards<'a> {
    pub(super) shards: &'a [ListedShard],
    /// Whether there are others behind them.
    pub(super) more: bool,
}

fn run(api: &Api, body: Body<'_>) -> Result<Vec<u8>, ApiError> {
    let input: Input<'_> = body.parse()?;
    let mut checks = api.checks();
    let limit = input.max_results.unwrap_or(MOST_SHARDS);
    checks.items("maxResults", limit);
    let limit = limit.min(MOST_SHARDS);
    if let Some(start) = &input.start {
        checks.name("exclusiveStartShardId", start);
    }
    let filter = input.filter.as_ref().map(|filter| (filter, checked(&mut checks, filter)));
    let given = input.stream_name.is_some() || input.stream_arn.is_some() || input.start.is_some();
    let (stream, after, which) = match &input.next_token {
        Some(_) if given || filter.is_some() || input.created.is_some() => {
            let message = "NextToken cannot be provided together with StreamName, StreamARN, StreamCreationTimestamp, \
                           ExclusiveStartShardId or ShardFilter.";
            return Err(ApiError::argument(message));
        }
        Some(token) => {
            checks.finish()?;
            let page: Page = token::resume(token)?;
            let stream = api.stream(&page.stream)?;
            if stream.description.created != page.created {
                return Err(ApiError::argument("NextToken is of a stream that was deleted since."));
            }
            let which = match (page.at, page.from, page.open) {
                (Some(at), ..) => Which::At(at),
                (_, Some(from), _) => Which::From(from),
                (_, _, true) => Which::Open,
                _ => Which::All,
            };
            (stream, Some(page.after), which)
        }
        None => {
            let name = stream_name(&mut checks, input.stream_name.as_ref(), input.stream_arn.as_ref())?;
            checks.finish()?;
            let stream = api.stream(name)?;
            stream.expect_created(input.created)?;
            let (which, behind) = match filter {
                Some((filter, kind)) => which(&stream, filter, kind)?,
                None => (Which::All, None),
            };
            let start = after(input.start.as_deref())?;
            (stream, start.max(behind), which)
        }
    };
    api.throttle().list(&stream.description.name, stream.description.created)?;
    let mut listed = stream.listed(api)?;
    listed.retain(|shard| which.takes(shard));
    let page = page(&listed, after, limit);
    let mut answer = json!({ "Shards": page.shards.iter().map(shown).collect::<Value>() });
    if let (true, Some(last)) = (page.more, page.shards.last()) {
        let next = Page {
            stream: stream.description.name.clone(),
            created: stream.description.created,
            after: last.shard.id.0,
            at: if let Which::At(at) = which { Some(at) } else { None },
            from: if let Which::From(from) = which { Some(from) } else { None },
            open: which == Which::Open,
        };
        answer["NextToken"] = token::next(&next).into();
    }
    body.answer(&answer)
}

fn checked<'a>(checks: &mut Checks<'_>, filter: &'a Filter<'_>) -> &'a str {
    let kind = checks.required("shardFilter.type", filter.kind.as_deref());
    if filter.kind.is_some() {
        checks.one_of("shardFilter.type", kind, FILTERS);
    }
    if let Some(shard) = &filter.shard_id {
        checks.name("shardFilter.shardId", shard);
    }
    kind
}

/// Returns which shards a filter lets pass, and behind which of them the list begins.
fn which(stream: &Known, filter: &Filter<'_>, kind: &str) -> Result<(Which, Option<u32>), ApiError> {
    let time = || {
        let Moment(time) = filter.timestamp.ok_or_else(|| {
            ApiError::argument(format!("Timestamp must be provided with the shard filter type {kind}."))
        })?;
        // What was before the oldest record is as the oldest record.
        Ok::<Millis, ApiError>(time.max(stream.horizon()))
    };
    Ok(match kind {
        "AFTER_SHARD_ID" => {
            let shard = filter.shard_id.as_deref().ok_or_else(|| {
                ApiError::argument("ShardId must be provided with the shard filter type AFTER_SHARD_ID.")
            })?;
            (Which::All, after(Some(shard))?)
        }
        "AT_TRIM_HORIZON" => (Which::At(stream.horizon()), None),
        "FROM_TRIM_HORIZON" => (Which::All, None),
        "AT_TIMESTAMP" => (Which::At(time()?), None),
        "FROM_TIMESTAMP" => (Which::From(time()?), None),
        _ => (Which::Open, None),
    })
}

impl Which {
    /// Returns whether a shard is listed.
    fn takes(self, listed: &ListedShard) -> bool {
        match self {
            Self::All => true,
            Self::Open => listed.shard.open,
            Self::At(at) => listed.created <= at && listed.closed.is_none_or(|closed| closed >= at),
            Self::From(from) => listed.closed.is_none_or(|closed| closed >= from),
        }
    }
}

/// Reads the name of a shard behind which a list begins. The shard need not be there.
pub(super) fn after(shard: Option<&str>) -> Result<Option<u32>, ApiError> {
    let id = shard.map(str::parse::<ShardId>).transpose()?;
    Ok(id.map(|id| id.0))
}

/// Returns at most `limit` of some shards, from behind the one given.
pub(super) fn page(shards: &[ListedShard], after: Option<u32>, limit: i64) -> Shards<'_> {
    let from = shards.partition_point(|shard| after.is_some_and(|after| shard.shard.id.0 <= after));
    let shards = &shards[from..];
    let count = shards.len().min(usize::try_from(limit).unwrap_or(usize::MAX));
    Shards { shards: &shards[..count], more: count < shards.len() }
}

/// Returns a shard as answers show it.
pub(super) fn shown(ListedShard { shard, ending_sequence, .. }: &ListedShard) -> Value {
    let mut shown = json!({
        "ShardId": shard.id.to_string(),
        "HashKeyRange": range(shard.range),
        "SequenceNumberRange": { "StartingSequenceNumber": shard.starting_sequence.as_str() },
    });
    for (member, parent) in ["ParentShardId", "AdjacentParentShardId"].into_iter().zip(&shard.parents) {
        shown[member] = parent.to_string().into();
    }
    if let Some(ending) = ending_sequence {
        shown["SequenceNumberRange"]["EndingSequenceNumber"] = ending.as_str().into();
    }
    shown
}

/// Returns the shards that go on from one, as answers show them.
pub(super) fn children(of: ShardId, listed: &[ListedShard]) -> Vec<Value> {
    let children = listed.iter().map(|listed| &listed.shard).filter(|shard| shard.parents.contains(&of));
    let child = |shard: &crate::streams::Shard| {
        json!({
            "ShardId": shard.id.to_string(),
            "ParentShards": shard.parents.iter().map(ShardId::to_string).collect::<Vec<_>>(),
            "HashKeyRange": range(shard.range),
        })
    };
    children.map(child).collect()
}

fn range(range: HashKeyRange) -> Value {
    json!({ "StartingHashKey": range.start.to_string(), "EndingHashKey": range.end.to_string() })
}
