//! `GetRecords`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Api, Operation, Run,
    error::{ApiError, Kind},
    list_shards,
    moment::Moment,
    settings::Settings,
    stream_name::stream_name,
    text::{Bytes, Text},
    token::{self, Iterator},
    wire::Body,
};
use crate::streams::{Block, LogError, ReadLimit, ShardId, now};

pub(super) const OPERATION: Operation = Operation { name: "GetRecords", run: Run::Whole(run) };

/// The most records of one answer (Kinesis API reference, `GetRecords`).
const MOST_RECORDS: i64 = 10_000;
/// The most data of one answer (Kinesis API reference, `GetRecords`: 10 MiB).
const ANSWER_BYTES: usize = 10 << 20;

/// The longest shard iterator (the API's model).
const ITERATOR_CHARACTERS: usize = 512;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input<'a> {
    #[serde(borrow)]
    shard_iterator: Option<Text<'a>>,
    limit: Option<i64>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<Text<'a>>,
    dry_run: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Output<'a> {
    records: Vec<Record<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_shard_iterator: Option<String>,
    millis_behind_latest: i64,
    /// Those that go on from the shard, where it is closed and there is nothing left.
    #[serde(skip_serializing_if = "Option::is_none")]
    child_shards: Option<Vec<Value>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Record<'a> {
    sequence_number: String,
    approximate_arrival_timestamp: Moment,
    data: Bytes<'a>,
    partition_key: &'a str,
    encryption_type: &'static str,
}

fn run(api: &Api, body: Body<'_>) -> Result<Vec<u8>, ApiError> {
    let input: Input<'_> = body.parse()?;
    let mut checks = api.checks();
    let token = checks.required("shardIterator", input.shard_iterator.as_deref());
    if input.shard_iterator.is_some() {
        checks.length("shardIterator", token, 1, ITERATOR_CHARACTERS);
    }
    let limit = input.limit.unwrap_or(MOST_RECORDS);
    checks.range("limit", limit, 1, MOST_RECORDS);
    let stream = match &input.stream_arn {
        Some(_) => Some(stream_name(&mut checks, None, input.stream_arn.as_ref())?),
        None => None,
    };
    checks.finish()?;

    let iterator: Iterator = token::open(token).ok_or_else(|| ApiError::argument("Invalid ShardIterator."))?;
    let (now, shard) = (now(), ShardId(iterator.shard));
    if token::is_over(iterator.issued, now) {
        return Err(expired(iterator.issued, now));
    }
    if stream.is_some_and(|stream| stream != iterator.stream) {
        return Err(ApiError::argument("StreamARN and ShardIterator are of different streams."));
    }
    api.expect_present(&iterator.stream)?;
    if api.log().created(&iterator.stream)? != iterator.created {
        return Err(ApiError::no_shard(&shard.to_string(), &iterator.stream));
    }
    let settings = api.settings(&iterator.stream)?;
    if input.dry_run == Some(true) {
        return Err(ApiError::dry_run());
    }
    let limit = ReadLimit { records: usize::try_from(limit).unwrap_or_default(), bytes: ANSWER_BYTES };
    api.throttle().read(&iterator.stream, (iterator.created, shard))?;
    let read = api.log().read_from(&iterator.stream, shard, iterator.offset, limit);
    let read = read.map_err(|error| match error {
        LogError::InvalidCursor => ApiError::argument("Invalid ShardIterator."),
        LogError::UnknownShard { .. } => ApiError::no_shard(&shard.to_string(), &iterator.stream),
        other => other.into(),
    })?;
    let child_shards = match read.ended {
        Some(_) => Some(list_shards::children(shard, &api.log().all_shards(&iterator.stream)?)),
        None => None,
    };
    api.throttle().was_read((iterator.created, shard), read.blocks.iter().map(Block::data_bytes).sum());
    let next = Iterator { offset: read.next, issued: now, ..iterator };
    body.answer(&Output {
        records: read.blocks.iter().flat_map(|block| records(block, &settings)).collect(),
        next_shard_iterator: child_shards.is_none().then(|| token::seal(&next)),
        millis_behind_latest: read.millis_behind,
        child_shards,
    })
}

/// Returns the records of a block as answers show them.
pub(super) fn records<'b>(
    block: &'b Block,
    settings: &Settings,
) -> impl std::iter::Iterator<Item = Record<'b>> + use<'b> {
    let encryption_type = settings.encryption_of(block.arrival());
    block.records().enumerate().map(move |(index, record)| Record {
        sequence_number: block.sequence(index).to_string(),
        approximate_arrival_timestamp: Moment(block.arrival()),
        data: Bytes(record.data),
        partition_key: record.partition_key,
        encryption_type,
    })
}

fn expired(issued: i64, now: i64) -> ApiError {
    ApiError::new(
        Kind::ExpiredIterator,
        format!(
            "Iterator expired. The iterator was created at time {issued} while right now it is {now} which is further \
             in the future than the tolerated delay of {} milliseconds.",
            token::LIFETIME
        ),
    )
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::super::{Options, wire::Wire};
    use super::*;
    use crate::streams::{
        Capacity,
        local::{Durability, LocalLog},
    };

    #[test]
    fn an_iterator_is_good_for_five_minutes() {
        let dir = TempDir::new().unwrap();
        let log = LocalLog::open(dir.path(), Durability::Process).unwrap();
        log.create_stream("s", Capacity::Provisioned(1)).unwrap();
        let created = log.created("s").unwrap();
        let api = Api::new(log, Options { region: "eu-west-1".to_owned(), ..Options::default() });
        let get = |age, offset| {
            let iterator = Iterator { stream: "s".to_owned(), created, shard: 0, offset, issued: now() - age };
            let bytes = format!(r#"{{"ShardIterator":"{}"}}"#, token::seal(&iterator)).into_bytes();
            run(&api, Body { wire: Wire::Json, bytes: &bytes })
        };
        assert!(get(token::LIFETIME - 10_000, 0).is_ok());
        assert_eq!(get(token::LIFETIME + 1, 0).unwrap_err().kind, Kind::ExpiredIterator);
        assert_eq!(get(0, 1).unwrap_err(), ApiError::argument("Invalid ShardIterator."), "the shard has no record yet");
    }
}
