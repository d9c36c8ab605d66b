//! Appending: `PutRecords`, cut to its limits and repeated for the records that it refused.

use std::time::Duration;

use aws_sdk_kinesis::{
    primitives::Blob,
    types::{PutRecordsRequestEntry, PutRecordsResultEntry},
};
use tokio::time::{Instant, sleep_until};

use super::{KinesisLog, error::refused, manage::identified, queue::Queue};
use crate::streams::{Appended, Appends, LogError, SequenceNumber};

const OPERATION: &str = "PutRecords";
/// How long nothing at all may be taken before it is given up: as long as an outage is borne by who reads.
const PATIENCE: Duration = Duration::from_mins(1);

impl KinesisLog {
    /// Puts records. Where it fails, some of them may be there.
    ///
    /// The records of a partition key come to lie in the order given: `PutRecords` takes or refuses each entry by itself
    /// and promises no order among them (Kinesis API reference), so a request holds one record of a key at the most, and
    /// the next one follows when that was taken. What is refused waits, with its key alone, and is put again; so is a
    /// whole request that fails in a way which passes. A request whose answer got lost may have been carried out: its
    /// records are then there twice, one behind the other, as Kinesis has no way to put a record only once.
    pub(super) async fn put_records(&self, stream: &str, records: &Appends) -> Result<Vec<Appended>, LogError> {
        let mut placed: Vec<Option<Appended>> = vec![None; records.len()];
        let mut queue = Queue::new(records);
        let mut moved = Instant::now();
        while !queue.is_done() {
            let lot = queue.lot();
            if lot.is_empty() {
                sleep_until(queue.waits_until().unwrap_or_else(Instant::now)).await;
                continue;
            }
            let why = match self.put(stream, records, &lot).await {
                Ok(results) => {
                    let mut why = None;
                    for (index, result) in lot.into_iter().zip(results) {
                        placed[index] = place(&result);
                        if placed[index].is_some() {
                            queue.take(index);
                            moved = Instant::now();
                        } else {
                            queue.refuse(index);
                            why = result.error_message.or(result.error_code).or(why);
                        }
                    }
                    why.unwrap_or_default()
                }
                Err(LogError::Endpoint { message, retryable: true, .. }) => {
                    for index in lot {
                        queue.refuse(index);
                    }
                    message
                }
                Err(error) => return Err(error),
            };
            if moved.elapsed() >= PATIENCE {
                let (keys, seconds) = (queue.keys_left(), PATIENCE.as_secs());
                let message = format!("no record was taken for {seconds} seconds, with {keys} keys waiting: {why}");
                let endpoint = self.endpoint.clone();
                return Err(LogError::Endpoint {
                    operation: OPERATION,
                    endpoint,
                    message,
                    retryable: true,
                    answered: true,
                });
            }
        }
        placed.into_iter().map(|place| place.ok_or_else(|| self.odd(OPERATION, "a record got lost"))).collect()
    }

    /// Puts some records at once and returns what became of each.
    async fn put(
        &self,
        stream: &str,
        records: &Appends,
        lot: &[usize],
    ) -> Result<Vec<PutRecordsResultEntry>, LogError> {
        let entries = lot.iter().map(|index| self.entry(records, *index)).collect::<Result<Vec<_>, LogError>>()?;
        let (name, arn) = identified(stream);
        let request = self.client.put_records().set_stream_name(name).set_stream_arn(arn);
        let answer = request.set_records(Some(entries)).send().await.map_err(|error| {
            if refused(&error, "ResourceNotFoundException") {
                return LogError::UnknownStream { stream: stream.to_owned() };
            }
            self.failure(OPERATION, &error)
        })?;
        if answer.records.len() != lot.len() {
            return Err(self.odd(OPERATION, "the answer has not as many records as were put"));
        }
        Ok(answer.records)
    }

    fn entry(&self, records: &Appends, index: usize) -> Result<PutRecordsRequestEntry, LogError> {
        let record = records.record(index);
        PutRecordsRequestEntry::builder()
            .partition_key(record.partition_key)
            .set_explicit_hash_key(record.explicit_hash_key.map(|key| key.to_string()))
            .data(Blob::new(record.data))
            .build()
            .map_err(|error| self.odd(OPERATION, error))
    }
}

fn place(result: &PutRecordsResultEntry) -> Option<Appended> {
    let sequence = SequenceNumber::parse(result.sequence_number()?)?;
    Some(Appended { shard: result.shard_id()?.parse().ok()?, sequence })
}
