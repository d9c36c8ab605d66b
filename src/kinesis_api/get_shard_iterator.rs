//! `GetShardIterator`.

use serde::Deserialize;
use serde_json::json;

use super::{
    ACCOUNT, Api, Operation,
    checks::Checks,
    error::ApiError,
    moment::Moment,
    stream_name::stream_name,
    text::Text,
    token::{self, Iterator},
    wire::Body,
};
use crate::streams::{LogError, Position, SequenceNumber, ShardId, now};

pub(super) const OPERATION: Operation = Operation { name: "GetShardIterator", run };

const TYPES: &[&str] = &["AFTER_SEQUENCE_NUMBER", "LATEST", "AT_TIMESTAMP", "AT_SEQUENCE_NUMBER", "TRIM_HORIZON"];

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
}

fn run(api: &Api, body: Body<'_>) -> Result<Vec<u8>, ApiError> {
    let input: Input<'_> = body.parse()?;
    let mut checks = Checks::default();
    let name = stream_name(&mut checks, input.stream_name.as_ref(), input.stream_arn.as_ref())?;
    let shard_name = checks.required("shardId", input.shard_id.as_deref());
    if input.shard_id.is_some() {
        checks.name("shardId", shard_name);
    }
    let kind = checks.required("shardIteratorType", input.kind.as_deref());
    if input.kind.is_some() {
        checks.one_of("shardIteratorType", kind, TYPES);
    }
    if let Some(sequence) = &input.sequence {
        checks.digits("startingSequenceNumber", sequence, 129);
    }
    checks.finish()?;
    let created = api.log().created(name)?;
    let shard: ShardId = shard_name.parse().map_err(|_| ApiError::no_shard(shard_name, name))?;
    let position = position(kind, input.sequence.as_deref(), input.timestamp)?;
    let offset = api.log().offset_of(name, shard, &position).map_err(|error| match error {
        LogError::UnknownShard { .. } => ApiError::no_shard(shard_name, name),
        LogError::InvalidSequence { sequence, .. } => ApiError::argument(format!(
            "StartingSequenceNumber {sequence} used in GetShardIterator on shard {shard_name} in stream {name} under \
             account {ACCOUNT} is invalid."
        )),
        other => other.into(),
    })?;
    let iterator = Iterator { stream: name.to_owned(), created, shard: shard.0, offset, issued: now() };
    body.answer(&json!({ "ShardIterator": token::seal(&iterator) }))
}

fn position(kind: &str, sequence: Option<&str>, timestamp: Option<Moment>) -> Result<Position, ApiError> {
    let contradiction = |which: &str| {
        ApiError::argument(format!(
            "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) \
             TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified {kind} and {which} \
             StartingSequenceNumber."
        ))
    };
    match (kind, sequence) {
        ("AT_SEQUENCE_NUMBER" | "AFTER_SEQUENCE_NUMBER", None) => Err(contradiction("no")),
        ("AT_SEQUENCE_NUMBER" | "AFTER_SEQUENCE_NUMBER", Some(digits)) => {
            let sequence = SequenceNumber::parse(digits)
                .ok_or_else(|| ApiError::argument(format!("StartingSequenceNumber {digits} is invalid.")))?;
            Ok(if kind == "AT_SEQUENCE_NUMBER" { Position::At(sequence) } else { Position::After(sequence) })
        }
        (_, Some(_)) => Err(contradiction("also a")),
        ("TRIM_HORIZON", None) => Ok(Position::Earliest),
        ("AT_TIMESTAMP", None) => at_time(timestamp),
        _ => Ok(Position::Latest),
    }
}

fn at_time(timestamp: Option<Moment>) -> Result<Position, ApiError> {
    let message = "Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. Current request has no \
                   timestamp parameter.";
    let (Moment(time), now) = (timestamp.ok_or_else(|| ApiError::argument(message))?, now());
    if time > now {
        return Err(ApiError::argument(format!(
            "The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. timestampInMillis: \
             {time}, currentTimestampInMillis: {now}"
        )));
    }
    Ok(Position::AtTime(time))
}
