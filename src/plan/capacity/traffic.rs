//! What a stream is written with.

use crate::streams::{SHARD_BYTES, SHARD_RECORDS};

use super::{DELIVERED_BYTES, KB, PUT_UNIT_BYTES, SHARD_BYTES_OUT};

/// The records of a stream as a sample of them shows them.
#[derive(Debug, Clone, PartialEq)]
pub struct Traffic {
    /// Records in a second, in the long run.
    pub records_per_second: f64,
    /// Records in a second while they come fastest.
    pub peak_records_per_second: f64,
    /// The mean size of a record with its partition key.
    pub bytes_per_record: f64,
    /// The mean number of PUT payload units of a record.
    pub units_per_record: f64,
    /// The mean size of a record rounded up to whole kilobytes, in bytes, as it is charged for on demand.
    pub rounded_bytes_per_record: f64,
    /// The same as Firehose charges for it.
    pub delivered_bytes_per_record: f64,
    /// The size of the largest record of the sample with its partition key.
    pub largest_record: usize,
    /// The partition keys that came again and again, the most frequent first.
    pub keys: Vec<KeyShare>,
    /// What came under keys that came once: there are more of these than a sample shows, and their hashes lie evenly.
    pub rest: Load,
}

/// One partition key's part of a traffic.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyShare {
    /// The key.
    pub key: String,
    /// Its hash key.
    pub hash: u128,
    /// What comes under it.
    pub load: Load,
}

/// Something to take every second.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Load {
    /// Records in a second.
    pub records: f64,
    /// Bytes in a second, partition keys included.
    pub bytes: f64,
}

/// Sizes of a sample of records, added up.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sizes {
    records: u32,
    bytes: u64,
    units: u64,
    rounded: u64,
    delivered: u64,
    largest: usize,
}

impl Load {
    /// Returns both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self { records: self.records + other.records, bytes: self.bytes + other.bytes }
    }

    /// Returns a part of it.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        Self { records: self.records * factor, bytes: self.bytes * factor }
    }

    /// Returns how much of a shard it takes where so many read all of it: 1 fills the shard up.
    pub fn of_shard(self, readers: u32) -> f64 {
        let into = (self.records / SHARD_RECORDS).max(self.bytes / SHARD_BYTES);
        into.max(f64::from(readers) * self.bytes / SHARD_BYTES_OUT)
    }
}

impl Sizes {
    /// Counts a record of so many bytes, its key among them.
    pub(crate) fn add(&mut self, data: usize, key: usize) {
        let bytes = data + key;
        self.records += 1;
        self.bytes += bytes as u64;
        // The key is not charged for.
        self.units += data.div_ceil(PUT_UNIT_BYTES).max(1) as u64;
        self.rounded += (data.div_ceil(KB).max(1) * KB) as u64;
        self.delivered += (data.div_ceil(DELIVERED_BYTES).max(1) * DELIVERED_BYTES) as u64;
        self.largest = self.largest.max(bytes);
    }

    /// Returns the bytes of all records.
    pub(crate) fn bytes(self) -> u64 {
        self.bytes
    }

    /// Adds what was counted elsewhere.
    pub(crate) fn join(&mut self, other: Self) {
        self.records += other.records;
        self.bytes += other.bytes;
        self.units += other.units;
        self.rounded += other.rounded;
        self.delivered += other.delivered;
        self.largest = self.largest.max(other.largest);
    }

    /// Returns what it comes to at a rate, of which this is a sample of so many records.
    #[expect(clippy::cast_precision_loss, reason = "a sample is small")]
    fn load(self, rate: f64, sample: u32) -> Load {
        let each = rate / f64::from(sample.max(1));
        Load { records: f64::from(self.records) * each, bytes: self.bytes as f64 * each }
    }
}

impl Traffic {
    /// Takes a sample of records at a rate: its mean and its peak, the sizes of all of them, those of the keys that came
    /// again and again, and those of the records whose key came once. Shards have to take the peak.
    #[expect(clippy::cast_precision_loss, reason = "a sample is small")]
    pub(crate) fn sampled(
        (mean, peak): (f64, f64),
        all: Sizes,
        keys: impl Iterator<Item = (String, u128, Sizes)>,
        rest: Sizes,
    ) -> Self {
        let count = f64::from(all.records.max(1));
        let mut keys: Vec<KeyShare> =
            keys.map(|(key, hash, sizes)| KeyShare { key, hash, load: sizes.load(peak, all.records) }).collect();
        keys.sort_by(|a, b| b.load.bytes.total_cmp(&a.load.bytes).then_with(|| a.key.cmp(&b.key)));
        Self {
            records_per_second: mean,
            peak_records_per_second: peak,
            bytes_per_record: all.bytes as f64 / count,
            units_per_record: all.units as f64 / count,
            rounded_bytes_per_record: all.rounded as f64 / count,
            delivered_bytes_per_record: all.delivered as f64 / count,
            largest_record: all.largest,
            keys,
            rest: rest.load(peak, all.records),
        }
    }

    /// Returns all of it.
    pub fn total(&self) -> Load {
        self.keys.iter().fold(self.rest, |sum, key| sum.plus(key.load))
    }
}
