//! Where reading a shard begins, as requests say it.

use super::{
    ACCOUNT, Api,
    checks::{Checks, SEQUENCE_DIGITS},
    error::ApiError,
    moment::Moment,
};
use crate::streams::{LogError, Position, SequenceNumber, ShardId, block::Numbering, now};

const TYPES: &[&str] = &["AFTER_SEQUENCE_NUMBER", "LATEST", "AT_TIMESTAMP", "AT_SEQUENCE_NUMBER", "TRIM_HORIZON"];

/// Where reading a shard begins.
pub(super) struct Place<'a> {
    /// What the members of the request are called that say it: how, and behind which record.
    pub(super) members: [&'static str; 2],
    pub(super) kind: Option<&'a str>,
    pub(super) sequence: Option<&'a str>,
    pub(super) timestamp: Option<Moment>,
}

impl Place<'_> {
    /// Checks its members.
    pub(super) fn check(&self, checks: &mut Checks<'_>) {
        let [kind_at, sequence_at] = self.members;
        let kind = checks.required(kind_at, self.kind);
        if self.kind.is_some() {
            checks.one_of(kind_at, kind, TYPES);
        }
        if let Some(sequence) = self.sequence {
            checks.digits(sequence_at, sequence, SEQUENCE_DIGITS);
        }
    }

    /// Returns the shard of a stream that is meant, and the offset of the first record.
    pub(super) fn find(&self, api: &Api, stream: &str, shard_name: &str) -> Result<(ShardId, u64), ApiError> {
        api.expect_present(stream)?;
        // A stream that is not there is told of first.
        api.log().created(stream)?;
        let shard: ShardId = shard_name.parse().map_err(|_| ApiError::no_shard(shard_name, stream))?;
        let position = self.position()?;
        let offset = api.log().offset_of(stream, shard, &position).map_err(|error| match error {
            LogError::UnknownShard { .. } => ApiError::no_shard(shard_name, stream),
            LogError::InvalidSequence { sequence, .. } => ApiError::argument(match elsewhere(&sequence, shard) {
                Some(other) => format!(
                    "Invalid StartingSequenceNumber. It encodes {other}, while it was used in a call to a shard with {shard}"
                ),
                None => format!(
                    "StartingSequenceNumber {sequence} used in GetShardIterator on shard {shard_name} in stream {stream} \
                     under account {ACCOUNT} is invalid."
                ),
            }),
            other => other.into(),
        })?;
        Ok((shard, offset))
    }

    fn position(&self) -> Result<Position, ApiError> {
        let kind = self.kind.unwrap_or_default();
        let contradiction = |which: &str| {
            ApiError::argument(format!(
                "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) \
                 TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified {kind} and {which} \
                 StartingSequenceNumber."
            ))
        };
        match (kind, self.sequence) {
            ("AT_SEQUENCE_NUMBER" | "AFTER_SEQUENCE_NUMBER", None) => Err(contradiction("no")),
            ("AT_SEQUENCE_NUMBER" | "AFTER_SEQUENCE_NUMBER", Some(digits)) => {
                let sequence = SequenceNumber::parse(digits)
                    .ok_or_else(|| ApiError::argument(format!("StartingSequenceNumber {digits} is invalid.")))?;
                Ok(if kind == "AT_SEQUENCE_NUMBER" { Position::At(sequence) } else { Position::After(sequence) })
            }
            (_, Some(_)) => Err(contradiction("also a")),
            ("TRIM_HORIZON", None) => Ok(Position::Earliest),
            ("AT_TIMESTAMP", None) => at_time(self.timestamp),
            _ => Ok(Position::Latest),
        }
    }
}

/// Returns the shard that a sequence number is of, where that is another one.
fn elsewhere(sequence: &str, shard: ShardId) -> Option<ShardId> {
    let (numbering, _) = Numbering::read(&SequenceNumber::parse(sequence)?)?;
    Some(ShardId(numbering.shard)).filter(|of| *of != shard)
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
