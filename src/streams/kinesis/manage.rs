//! Making, removing and describing streams.

use std::time::Duration;

use aws_sdk_kinesis::{
    primitives::DateTime,
    types::{Shard as RemoteShard, StreamDescriptionSummary, StreamMode, StreamModeDetails, StreamStatus},
};
use tokio::time::{Instant, sleep};

use super::{KinesisLog, Summary, error::refused};
use crate::streams::{Capacity, HashKeyRange, LogError, Millis, SequenceNumber, Shard, StreamDescription};

const NO_SUCH: &str = "ResourceNotFoundException";
/// AWS takes some 20 seconds to make or remove a stream; past this it is not coming.
const PATIENCE: Duration = Duration::from_mins(5);
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// The call that tells of a stream.
const DESCRIBE: &str = "DescribeStreamSummary";

impl KinesisLog {
    pub(super) async fn create_stream(&self, stream: &str, capacity: Capacity) -> Result<(), LogError> {
        self.ask_for_stream(stream, capacity).await?;
        self.until_active(stream).await
    }

    /// Begins to make a stream, and tells of it as soon as something is known. Fails with [`LogError::StreamExists`] where
    /// the name is taken.
    pub async fn begin_stream(&self, stream: &str, capacity: Capacity) -> Result<Summary, LogError> {
        self.ask_for_stream(stream, capacity).await?;
        self.wait(stream, "CreateStream", |status| status.is_some()).await?;
        self.summary(stream).await
    }

    async fn ask_for_stream(&self, stream: &str, capacity: Capacity) -> Result<(), LogError> {
        let mut request = self.client.create_stream().stream_name(stream);
        let mode = match capacity {
            Capacity::Provisioned(shards) => {
                request = request.shard_count(i32::try_from(shards).unwrap_or(i32::MAX));
                StreamMode::Provisioned
            }
            Capacity::OnDemand => StreamMode::OnDemand,
        };
        let mode =
            StreamModeDetails::builder().stream_mode(mode).build().map_err(|error| self.odd("CreateStream", error))?;
        request.stream_mode_details(mode).send().await.map_err(|error| {
            if refused(&error, "ResourceInUseException") {
                return LogError::StreamExists { stream: stream.to_owned() };
            }
            self.failure("CreateStream", &error)
        })?;
        Ok(())
    }

    pub(super) async fn delete_stream(&self, stream: &str) -> Result<(), LogError> {
        let (name, arn) = identified(stream);
        let request = self.client.delete_stream().set_stream_name(name).set_stream_arn(arn);
        request.send().await.map_err(|error| {
            if refused(&error, NO_SUCH) {
                return LogError::UnknownStream { stream: stream.to_owned() };
            }
            self.failure("DeleteStream", &error)
        })?;
        self.wait(stream, "DeleteStream", |status| status.is_none()).await
    }

    /// Asks until the status, `None` for a stream that is not there, is the one wanted.
    async fn wait(
        &self,
        stream: &str,
        operation: &'static str,
        done: impl Fn(Option<&StreamStatus>) -> bool,
    ) -> Result<(), LogError> {
        let (started, mut pause) = (Instant::now(), FIRST_PAUSE);
        loop {
            let status = match self.description(stream).await {
                Ok(summary) => Some(summary.map(|summary| summary.stream_status)),
                Err(LogError::UnknownStream { .. }) => Some(None),
                // What passes is no answer.
                Err(LogError::Endpoint { retryable: true, .. }) if started.elapsed() <= PATIENCE => None,
                Err(failure) => return Err(failure),
            };
            if let Some(status) = status {
                if done(status.as_ref()) {
                    return Ok(());
                }
                if started.elapsed() > PATIENCE {
                    let status = status.map_or("absent".to_owned(), |status| status.to_string());
                    return Err(self.odd(operation, format!("the stream `{stream}` stays {status}")));
                }
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Tells of a stream what is known without its shards. Fails with [`LogError::UnknownStream`] where there is none.
    pub async fn summary(&self, stream: &str) -> Result<Summary, LogError> {
        let summary = self.described(stream).await?;
        Ok(Summary {
            arn: summary.stream_arn,
            status: summary.stream_status.as_str().to_owned(),
            shards: u32::try_from(summary.open_shard_count).unwrap_or_default(),
            created: millis(&summary.stream_creation_timestamp),
        })
    }

    /// Returns how many shards the account may have in its region, and how many are open.
    pub async fn limits(&self) -> Result<(u32, u32), LogError> {
        let answer = self.client.describe_limits().send().await;
        let limits = answer.map_err(|error| self.failure("DescribeLimits", &error))?;
        let number = |number: i32| u32::try_from(number).unwrap_or_default();
        Ok((number(limits.shard_limit()), number(limits.open_shard_count())))
    }

    /// Waits until a stream that is being made or changed can be used.
    pub async fn until_active(&self, stream: &str) -> Result<(), LogError> {
        self.wait(stream, DESCRIBE, |status| status == Some(&StreamStatus::Active)).await
    }

    async fn described(&self, stream: &str) -> Result<StreamDescriptionSummary, LogError> {
        self.description(stream).await?.ok_or_else(|| self.odd(DESCRIBE, "the answer describes nothing"))
    }

    /// Asks for what is told of a stream, by its name or its ARN.
    async fn description(&self, stream: &str) -> Result<Option<StreamDescriptionSummary>, LogError> {
        let (name, arn) = identified(stream);
        let request = self.client.describe_stream_summary().set_stream_name(name).set_stream_arn(arn);
        let answer = request.send().await.map_err(|error| {
            if refused(&error, NO_SUCH) {
                return LogError::UnknownStream { stream: stream.to_owned() };
            }
            self.failure(DESCRIBE, &error)
        })?;
        Ok(answer.stream_description_summary)
    }

    pub(super) async fn describe_stream(&self, stream: &str) -> Result<StreamDescription, LogError> {
        let summary = self.described(stream).await?;
        let mut shards = self.list_shards(stream).await?;
        shards.retain(|shard| shard.open);
        shards.sort_by_key(|shard| shard.range.start);
        let mode = summary.stream_mode_details.map(|details| details.stream_mode);
        let capacity = match mode {
            Some(StreamMode::OnDemand) => Capacity::OnDemand,
            _ => Capacity::Provisioned(u32::try_from(shards.len()).unwrap_or(u32::MAX)),
        };
        let created = millis(&summary.stream_creation_timestamp);
        Ok(StreamDescription { name: stream.to_owned(), capacity, shards, created })
    }

    /// Lists every shard, page by page. Without a filter the API leaves out none whose records are kept (Kinesis API
    /// reference, `ListShards`), which an emulator does too that knows no filter.
    pub(super) async fn list_shards(&self, stream: &str) -> Result<Vec<Shard>, LogError> {
        const OPERATION: &str = "ListShards";
        let mut shards = Vec::new();
        let (name, arn) = identified(stream);
        let mut request = self.client.list_shards().set_stream_name(name).set_stream_arn(arn);
        loop {
            let answer = request.send().await.map_err(|error| {
                if refused(&error, NO_SUCH) {
                    return LogError::UnknownStream { stream: stream.to_owned() };
                }
                self.failure(OPERATION, &error)
            })?;
            for shard in answer.shards.unwrap_or_default() {
                let name = shard.shard_id.clone();
                let read = read_shard(shard);
                shards.push(
                    read.ok_or_else(|| self.odd(OPERATION, format!("the shard `{name}` is not described whole")))?,
                );
            }
            // With a token the name must not be given again.
            match answer.next_token {
                Some(token) => request = self.client.list_shards().next_token(token),
                None => break,
            }
        }
        shards.sort_by_key(|shard: &Shard| shard.id);
        Ok(shards)
    }

    pub(super) async fn list_streams(&self) -> Result<Vec<String>, LogError> {
        let mut names: Vec<String> = Vec::new();
        loop {
            let request = self.client.list_streams().set_exclusive_start_stream_name(names.last().cloned());
            let answer = request.send().await.map_err(|error| self.failure("ListStreams", &error))?;
            let more = answer.has_more_streams && !answer.stream_names.is_empty();
            names.extend(answer.stream_names);
            if !more {
                names.sort();
                return Ok(names);
            }
        }
    }

    /// Reports an answer that makes no sense.
    pub(super) fn odd(&self, operation: &'static str, message: impl std::fmt::Display) -> LogError {
        let message = message.to_string();
        LogError::Endpoint { operation, endpoint: self.endpoint.clone(), message, retryable: false, answered: true }
    }
}

/// Reads a shard; `None` where something of it is missing.
fn read_shard(shard: RemoteShard) -> Option<Shard> {
    let (range, sequences) = (shard.hash_key_range?, shard.sequence_number_range?);
    let parents = shard.parent_shard_id.into_iter().chain(shard.adjacent_parent_shard_id);
    Some(Shard {
        id: shard.shard_id.parse().ok()?,
        range: HashKeyRange { start: range.starting_hash_key.parse().ok()?, end: range.ending_hash_key.parse().ok()? },
        starting_sequence: SequenceNumber::parse(&sequences.starting_sequence_number)?,
        parents: parents.map(|parent| parent.parse().ok()).collect::<Option<_>>()?,
        open: sequences.ending_sequence_number.is_none(),
    })
}

/// Returns a time of the client in milliseconds. It came as a fraction of seconds, which in binary may lie just below.
pub(super) fn millis(time: &DateTime) -> Millis {
    let nanos = time.as_nanos() + 500_000;
    Millis::try_from(nanos.div_euclid(1_000_000)).unwrap_or_default()
}

/// Returns the name or the ARN by which a stream is asked for: an ARN says whose it is as well, so that the right to
/// another account finds nothing by it. No name has a colon (Kinesis API reference, `StreamName`).
pub(super) fn identified(stream: &str) -> (Option<String>, Option<String>) {
    let text = Some(stream.to_owned());
    if stream.contains(':') { (None, text) } else { (text, None) }
}
