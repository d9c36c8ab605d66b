//! Appending: `PutRecords`, cut to its limits and repeated for the records that it refused.

use std::{ops::Range, time::Duration};

use aws_sdk_kinesis::{
    primitives::Blob,
    types::{PutRecordsRequestEntry, PutRecordsResultEntry},
};
use tokio::time::sleep;

use super::{KinesisLog, error::refused};
use crate::streams::{Appended, Appends, LogError, SequenceNumber};

const OPERATION: &str = "PutRecords";
/// The most records of a request, and the most that their data and keys have together (Kinesis API reference).
const MOST_RECORDS: usize = 500;
const REQUEST_BYTES: usize = 5 << 20;
/// A shard takes 1,000 records or 1 MiB a second, so what it refuses fits after seconds at most unless others write too.
const ATTEMPTS: u32 = 12;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

impl KinesisLog {
    /// Puts records, some at a time and each lot whole before the next, so that only records of one request may
    /// overtake each other: those that the endpoint refuses first and takes when asked again. Where it fails, the lots
    /// before stay.
    pub(super) async fn put_records(&self, stream: &str, records: &Appends) -> Result<Vec<Appended>, LogError> {
        let mut appended = Vec::with_capacity(records.len());
        let mut from = 0;
        while from < records.len() {
            let lot = lot(records, from);
            from = lot.end;
            appended.extend(self.put_lot(stream, records, lot).await?);
        }
        Ok(appended)
    }

    async fn put_lot(&self, stream: &str, records: &Appends, lot: Range<usize>) -> Result<Vec<Appended>, LogError> {
        let first = lot.start;
        let mut placed: Vec<Option<Appended>> = vec![None; lot.len()];
        let mut left: Vec<usize> = lot.collect();
        let (mut pause, mut why) = (FIRST_PAUSE, String::new());
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            let entries = left.iter().map(|index| self.entry(records, *index)).collect::<Result<Vec<_>, LogError>>()?;
            let answer = self.client.put_records().stream_name(stream).set_records(Some(entries)).send().await;
            let answer = answer.map_err(|error| {
                if refused(&error, "ResourceNotFoundException") {
                    return LogError::UnknownStream { stream: stream.to_owned() };
                }
                self.failure(OPERATION, &error)
            })?;
            if answer.records.len() != left.len() {
                return Err(self.odd(OPERATION, "the answer has not as many records as were put"));
            }
            let mut refused = Vec::new();
            for (index, result) in left.into_iter().zip(answer.records) {
                placed[index - first] = place(&result);
                if placed[index - first].is_none() {
                    why = result.error_message.or(result.error_code).unwrap_or_default();
                    refused.push(index);
                }
            }
            left = refused;
            if left.is_empty() {
                return placed
                    .into_iter()
                    .map(|place| place.ok_or_else(|| self.odd(OPERATION, "a record got lost")))
                    .collect();
            }
        }
        let message = format!("{} records were refused {ATTEMPTS} times: {why}", left.len());
        Err(LogError::Endpoint { operation: OPERATION, endpoint: self.endpoint.clone(), message, retryable: true })
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

/// Returns the records from `from` on that one request takes; one at least.
fn lot(records: &Appends, from: usize) -> Range<usize> {
    let (mut to, mut bytes) = (from, 0);
    while to < records.len() && to - from < MOST_RECORDS {
        let record = records.record(to);
        bytes += record.data.len() + record.partition_key.len();
        if bytes > REQUEST_BYTES && to > from {
            break;
        }
        to += 1;
    }
    from..to
}

fn place(result: &PutRecordsResultEntry) -> Option<Appended> {
    let sequence = SequenceNumber::parse(result.sequence_number()?)?;
    Some(Appended { shard: result.shard_id()?.parse().ok()?, sequence })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lots_keep_to_the_limits_of_a_request() {
        let mut records = Appends::new();
        for _ in 0..501 {
            records.push("k", b"small");
        }
        assert_eq!((lot(&records, 0), lot(&records, 500)), (0..500, 500..501));
        let mut records = Appends::new();
        for _ in 0..7 {
            records.push("k", &vec![0; (1 << 20) - 1]);
        }
        assert_eq!((lot(&records, 0), lot(&records, 5)), (0..5, 5..7));
        let mut records = Appends::new();
        records.push("k", &vec![0; 6 << 20]);
        assert_eq!(lot(&records, 0), 0..1, "the endpoint is the one to refuse it");
    }
}
