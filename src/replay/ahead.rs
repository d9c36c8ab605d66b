//! Reading on while what was read is worked on.

use std::sync::mpsc::sync_channel;

use super::ReplayError;
use crate::recording::Recorded;

/// How many records are handed over at a time, and how many such batches wait at the most.
const BATCH: usize = 4096;
const WAITING: usize = 4;

/// One record, or why there is no other.
type Read = Result<Recorded, ReplayError>;

/// Reads records on a thread of its own, a little ahead of `work`, which gets them in their order.
pub fn read_ahead<T>(
    records: impl Iterator<Item = Read> + Send,
    work: impl FnOnce(&mut dyn Iterator<Item = Read>) -> T,
) -> T {
    let (batches, read) = sync_channel::<Vec<Read>>(WAITING);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let mut records = records.peekable();
            while records.peek().is_some() {
                let batch = records.by_ref().take(BATCH).collect();
                // Nobody is left who wants it.
                if batches.send(batch).is_err() {
                    return;
                }
            }
        });
        work(&mut read.into_iter().flatten())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(number: i64) -> Recorded {
        Recorded { arrival: number, partition_key: String::new(), data: Vec::new() }
    }

    #[test]
    fn records_come_in_their_order_up_to_the_failure() {
        let failure = |number| ReplayError::Range { record: number, found: 0 };
        let records = (0..10_000).map(record).map(Ok).chain([Err(failure(10_000))]);
        let read =
            read_ahead(records, |records| records.map(|record| record.ok().map(|it| it.arrival)).collect::<Vec<_>>());
        assert_eq!(read.len(), 10_001);
        assert_eq!((read[9_999], read[10_000]), (Some(9_999), None));
    }

    #[test]
    fn who_wants_no_more_ends_the_reading() {
        let read = read_ahead((0..i64::MAX).map(record).map(Ok), |records| records.take(10).count());
        assert_eq!(read, 10);
    }
}
