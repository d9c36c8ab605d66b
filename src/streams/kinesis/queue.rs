//! Records on their way to an endpoint, each behind the one before it of the same partition key.

use std::collections::BTreeSet;
use std::time::Duration;

use hashbrown::HashMap;
use tokio::time::Instant;

use crate::streams::{Appends, Backoff};

/// The most records of a request, and the most that their data and keys have together (Kinesis API reference,
/// `PutRecords`, in its older form: the endpoints that have the newer one of 10 MiB take less as well).
const MOST_RECORDS: usize = 500;
const REQUEST_BYTES: usize = 5 << 20;
/// How long a record waits that was refused. A shard takes 1,000 records or 1 MiB a second, so what it refuses fits after
/// a moment unless others write too.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

/// What of some records has not been taken yet, by their indices.
pub(super) struct Queue<'a> {
    records: &'a Appends,
    /// The next record of the same key, where there is one.
    next: Vec<Option<usize>>,
    /// The first record of each key, where it may be put now.
    ready: BTreeSet<usize>,
    /// Those that were refused and wait.
    held: HashMap<usize, Held>,
}

struct Held {
    until: Instant,
    backoff: Backoff,
}

impl<'a> Queue<'a> {
    pub(super) fn new(records: &'a Appends) -> Self {
        let mut last: HashMap<&str, usize> = HashMap::with_capacity(records.len().min(MOST_RECORDS));
        let mut next = vec![None; records.len()];
        let mut ready = BTreeSet::new();
        for index in 0..records.len() {
            match last.insert(records.record(index).partition_key, index) {
                Some(before) => next[before] = Some(index),
                None => drop(ready.insert(index)),
            }
        }
        Self { records, next, ready, held: HashMap::new() }
    }

    /// Returns the records of the next request, the oldest first; none where all that is left waits.
    pub(super) fn lot(&mut self) -> Vec<usize> {
        let now = Instant::now();
        self.ready.extend(self.held.iter().filter(|(_, held)| held.until <= now).map(|(index, _)| *index));
        let (mut lot, mut bytes) = (Vec::new(), 0);
        for index in &self.ready {
            let record = self.records.record(*index);
            bytes += record.data.len() + record.partition_key.len();
            // One goes alone where it is too large; the endpoint is the one to refuse it.
            if lot.len() == MOST_RECORDS || (bytes > REQUEST_BYTES && !lot.is_empty()) {
                break;
            }
            lot.push(*index);
        }
        lot
    }

    /// Notes that a record was taken: the next one of its key may be put.
    pub(super) fn take(&mut self, index: usize) {
        self.ready.remove(&index);
        self.held.remove(&index);
        self.ready.extend(self.next[index]);
    }

    /// Notes that a record was refused, or that nobody knows.
    pub(super) fn refuse(&mut self, index: usize) {
        self.ready.remove(&index);
        let new = || Held { until: Instant::now(), backoff: Backoff::new(FIRST_PAUSE, LONGEST_PAUSE) };
        let held = self.held.entry(index).or_insert_with(new);
        held.until = Instant::now() + held.backoff.next_pause();
    }

    /// Returns when the first of those that wait may be put again.
    pub(super) fn waits_until(&self) -> Option<Instant> {
        self.held.values().map(|held| held.until).min()
    }

    /// Returns whether every record was taken.
    pub(super) fn is_done(&self) -> bool {
        self.ready.is_empty() && self.held.is_empty()
    }

    /// Returns how many keys have records left.
    pub(super) fn keys_left(&self) -> usize {
        self.held.len() + self.ready.iter().filter(|index| !self.held.contains_key(*index)).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(queue: &mut Queue<'_>, lot: &[usize]) {
        for index in lot {
            queue.take(*index);
        }
    }

    #[tokio::test]
    async fn a_record_waits_for_the_one_before_it_of_its_key() {
        let mut records = Appends::new();
        for key in ["a", "b", "a", "c", "a", "b"] {
            records.push(key, b"x");
        }
        let mut queue = Queue::new(&records);
        assert_eq!(queue.lot(), [0, 1, 3]);
        queue.take(1);
        queue.refuse(0);
        queue.take(3);
        assert_eq!((queue.lot(), queue.keys_left()), (vec![5], 2));
        queue.take(5);
        assert_eq!(queue.lot(), [0; 0], "what was refused waits");
        tokio::time::sleep_until(queue.waits_until().unwrap()).await;
        assert_eq!(queue.lot(), [0]);
        queue.take(0);
        assert_eq!(queue.lot(), [2]);
        queue.take(2);
        assert_eq!(queue.lot(), [4]);
        assert!(!queue.is_done());
        queue.take(4);
        assert!(queue.is_done() && queue.waits_until().is_none());
    }

    #[test]
    fn lots_keep_to_the_limits_of_a_request() {
        let mut records = Appends::new();
        for key in 0..501 {
            records.push(&key.to_string(), b"small");
        }
        let mut queue = Queue::new(&records);
        let lot = queue.lot();
        assert_eq!(lot, (0..500).collect::<Vec<_>>());
        taken(&mut queue, &lot);
        assert_eq!(queue.lot(), [500]);
        let mut records = Appends::new();
        for key in 0..7 {
            records.push(&key.to_string(), &vec![0; (1 << 20) - 1]);
        }
        let mut queue = Queue::new(&records);
        let lot = queue.lot();
        assert_eq!(lot, [0, 1, 2, 3, 4]);
        taken(&mut queue, &lot);
        assert_eq!(queue.lot(), [5, 6]);
        let mut records = Appends::new();
        records.push("k", &vec![0; 6 << 20]);
        assert_eq!(Queue::new(&records).lot(), [0], "the endpoint is the one to refuse it");
    }
}
