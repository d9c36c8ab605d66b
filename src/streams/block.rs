//! A run of records that arrived together: the unit in which a log is stored and read.
//!
//! One buffer holds it, on disk and in memory alike, so that reading copies nothing:
//!
//! ```text
//! version u8 | arrival i64 | count u32 | count × (end of key u32, end of data u32) | keys | data      (little-endian)
//! ```
//!
//! Ends are counted from the start of the keys and from the start of the data.

use std::ops::Range;

use bytes::Bytes;

use super::{Millis, SequenceNumber};

/// The version of the layout above; a reader refuses every other.
pub const BLOCK_VERSION: u8 = 1;

const HEADER: usize = 1 + 8 + 4;
const ENTRY: usize = 4 + 4;

/// One record of a [`Block`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordRef<'a> {
    /// The partition key that the producer gave.
    pub partition_key: &'a str,
    /// The record itself.
    pub data: &'a [u8],
}

/// Records of one shard that arrived at the same time, in order.
#[derive(Debug, Clone)]
pub struct Block {
    bytes: Bytes,
    arrival: Millis,
    keys: usize,
    data: usize,
    range: Range<usize>,
    sequences: Sequences,
}

/// How the sequence numbers of a block's records are known.
#[derive(Debug, Clone)]
pub enum Sequences {
    /// The record at index `i` has number `number(first + i)`.
    Counted {
        /// The offset of the block's first record.
        first: u64,
        /// Turns an offset into a sequence number.
        numbering: Numbering,
    },
    /// As the endpoint gave them.
    Given(Vec<SequenceNumber>),
}

/// How a local shard writes its offsets as sequence numbers: 56 digits like those of AWS, which order by offset and
/// tell the stream's making and its shard apart, so that a number of a stream since deleted is not taken for a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numbering {
    /// When the stream was made.
    pub created: Millis,
    /// The shard's index.
    pub shard: u32,
}

impl Numbering {
    /// Returns the sequence number of the record at `offset`.
    pub fn number(self, offset: u64) -> SequenceNumber {
        let text = format!("49{:016}{:06}{offset:020}{:012}", self.created, self.shard, 0);
        SequenceNumber::parse(&text).expect("made of digits")
    }

    /// Returns the number in front of that of every record: who goes on behind it misses none.
    pub fn before_all(self) -> SequenceNumber {
        // The shard before ends with nines; before the first one, the stream made a millisecond earlier does.
        let (created, shard) = match self.shard.checked_sub(1) {
            Some(shard) => (self.created, shard),
            None => (self.created.saturating_sub(1), 999_999),
        };
        let text = format!("49{created:016}{shard:06}{}", "9".repeat(32));
        SequenceNumber::parse(&text).expect("made of digits")
    }

    /// Returns the offset that a sequence number stands for, where it is one of this shard's.
    pub fn offset(self, sequence: &SequenceNumber) -> Option<u64> {
        Self::read(sequence).filter(|(numbering, _)| *numbering == self).map(|(_, offset)| offset)
    }

    /// Takes a sequence number of some local shard apart: whose it is, and its offset there.
    pub fn read(sequence: &SequenceNumber) -> Option<(Self, u64)> {
        let text = sequence.as_str();
        let numbering = Self { created: text.get(2..18)?.parse().ok()?, shard: text.get(18..24)?.parse().ok()? };
        let offset = text.get(24..44)?.parse().ok()?;
        (numbering.number(offset).as_str() == text).then_some((numbering, offset))
    }
}

impl Block {
    /// Lays out records that arrived together. The total of keys and the total of data stay below 4 GiB.
    pub fn encode<'a>(arrival: Millis, records: impl Iterator<Item = RecordRef<'a>> + Clone) -> Vec<u8> {
        let mut bytes = Vec::new();
        Self::encode_into(&mut bytes, arrival, records);
        bytes
    }

    /// Does as [`Self::encode`] and appends to the buffer given.
    pub fn encode_into<'a>(bytes: &mut Vec<u8>, arrival: Millis, records: impl Iterator<Item = RecordRef<'a>> + Clone) {
        let (count, keys, data) = records.clone().fold((0usize, 0usize, 0usize), |(count, keys, data), record| {
            (count + 1, keys + record.partition_key.len(), data + record.data.len())
        });
        bytes.reserve_exact(HEADER + count * ENTRY + keys + data);
        bytes.push(BLOCK_VERSION);
        bytes.extend_from_slice(&arrival.to_le_bytes());
        bytes.extend_from_slice(&u32::try_from(count).expect("a block's records are counted in 32 bits").to_le_bytes());
        let (mut key_end, mut data_end) = (0u32, 0u32);
        for record in records.clone() {
            key_end += u32::try_from(record.partition_key.len()).expect("a key is short");
            data_end += u32::try_from(record.data.len()).expect("a record is below 4 GiB");
            bytes.extend_from_slice(&key_end.to_le_bytes());
            bytes.extend_from_slice(&data_end.to_le_bytes());
        }
        for record in records.clone() {
            bytes.extend_from_slice(record.partition_key.as_bytes());
        }
        for record in records {
            bytes.extend_from_slice(record.data);
        }
    }

    /// Reads a laid-out block; says what is wrong where it is not one.
    pub fn decode(bytes: Bytes, sequences: Sequences) -> Result<Self, String> {
        let fault = || "a damaged block of records".to_owned();
        if let Some(version) = bytes.first().filter(|version| **version != BLOCK_VERSION) {
            return Err(format!("a block of layout {version}"));
        }
        let arrival = i64::from_le_bytes(bytes.get(1..9).ok_or_else(fault)?.try_into().expect("eight bytes"));
        let count = u32::from_le_bytes(bytes.get(9..13).ok_or_else(fault)?.try_into().expect("four bytes")) as usize;
        let keys = HEADER + count * ENTRY;
        if count == 0 || bytes.len() < keys {
            return Err(fault());
        }
        let mut block = Self { bytes, arrival, keys, data: keys, range: 0..count, sequences };
        let (key_end, data_end) = block.ends(count - 1);
        block.data = keys + key_end;
        if block.data + data_end != block.bytes.len() || std::str::from_utf8(&block.bytes[keys..block.data]).is_err() {
            return Err(fault());
        }
        Ok(block)
    }

    fn ends(&self, index: usize) -> (usize, usize) {
        let at = HEADER + index * ENTRY;
        let read = |at: usize| u32::from_le_bytes(self.bytes[at..at + 4].try_into().expect("four bytes")) as usize;
        (read(at), read(at + 4))
    }

    /// Returns when the records arrived.
    pub fn arrival(&self) -> Millis {
        self.arrival
    }

    /// Takes the records to have arrived no earlier than a time before which all were known.
    pub fn not_before(&mut self, time: Millis) {
        self.arrival = self.arrival.max(time);
    }

    /// Returns the number of records.
    pub fn len(&self) -> usize {
        self.range.len()
    }

    /// Returns whether there is no record (only a cut can leave none).
    pub fn is_empty(&self) -> bool {
        self.range.is_empty()
    }

    /// Returns the record at `index`, which is below [`Self::len`].
    pub fn record(&self, index: usize) -> RecordRef<'_> {
        let index = self.range.start + index;
        let (key_from, data_from) = if index == 0 { (0, 0) } else { self.ends(index - 1) };
        let (key_to, data_to) = self.ends(index);
        RecordRef {
            partition_key: std::str::from_utf8(&self.bytes[self.keys + key_from..self.keys + key_to]).unwrap_or(""),
            data: &self.bytes[self.data + data_from..self.data + data_to],
        }
    }

    /// Walks over the records in order.
    pub fn records(&self) -> impl Iterator<Item = RecordRef<'_>> {
        (0..self.len()).map(|index| self.record(index))
    }

    /// Returns the sequence number of the record at `index`, which is below [`Self::len`].
    pub fn sequence(&self, index: usize) -> SequenceNumber {
        let index = self.range.start + index;
        match &self.sequences {
            Sequences::Counted { first, numbering } => numbering.number(first + index as u64),
            Sequences::Given(numbers) => numbers[index].clone(),
        }
    }

    /// Returns the block without its first `skip` records and with at most `take` of the others.
    #[must_use]
    pub fn cut(mut self, skip: usize, take: usize) -> Self {
        let start = (self.range.start + skip).min(self.range.end);
        self.range = start..start.saturating_add(take).min(self.range.end);
        self
    }

    /// Returns how many records from the first on have no more than that many bytes of data.
    pub fn within(&self, bytes: usize) -> usize {
        let from = if self.range.start == 0 { 0 } else { self.ends(self.range.start - 1).1 };
        let (mut low, mut high) = (self.range.start, self.range.end);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.ends(middle).1 - from > bytes {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        low - self.range.start
    }

    /// Returns the bytes of data in all records.
    pub fn data_bytes(&self) -> usize {
        if self.range.is_empty() {
            return 0;
        }
        let from = if self.range.start == 0 { 0 } else { self.ends(self.range.start - 1).1 };
        self.ends(self.range.end - 1).1 - from
    }
}
