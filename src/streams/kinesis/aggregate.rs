//! Records that the Kinesis Producer Library put together into one.
//!
//! Such a record is `F3 89 9A C2`, a protobuf message, and the MD5 of that message (KPL, "aggregated record format").
//! Whatever is not exactly that is a record as it stands, also where it only begins alike.

use md5::{Digest, Md5};
use prost::Message;

use crate::streams::{HashKeyRange, hash_key};

const MAGIC: [u8; 4] = [0xf3, 0x89, 0x9a, 0xc2];
const DIGEST: usize = 16;

/// `AggregatedRecord` of the format. Fields that are not read here, such as tags, are passed over.
#[derive(Clone, PartialEq, Message)]
struct Aggregated {
    #[prost(string, repeated, tag = "1")]
    partition_keys: Vec<String>,
    #[prost(string, repeated, tag = "2")]
    explicit_hash_keys: Vec<String>,
    #[prost(message, repeated, tag = "3")]
    records: Vec<AggregatedRecord>,
}

/// `Record` of the format.
#[derive(Clone, PartialEq, Message)]
struct AggregatedRecord {
    #[prost(uint64, required, tag = "1")]
    partition_key_index: u64,
    #[prost(uint64, optional, tag = "2")]
    explicit_hash_key_index: Option<u64>,
    #[prost(bytes = "vec", required, tag = "3")]
    data: Vec<u8>,
}

/// One record as its producer had it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UserRecord {
    pub(super) partition_key: String,
    pub(super) data: Vec<u8>,
    hash_key: u128,
}

impl UserRecord {
    /// Returns whether a shard that takes these hash keys is the record's own. An aggregate that comes to lie elsewhere
    /// after a reshard is not taken apart by its producer but put again for the records that do not belong there, so that
    /// they would be read twice; the Kinesis Client Library and Flink's connector leave them out as well.
    pub(super) fn belongs_to(&self, range: HashKeyRange) -> bool {
        range.contains(self.hash_key)
    }
}

/// Returns whether a record may be an aggregate, by how it begins.
pub(super) fn may_be(data: &[u8]) -> bool {
    data.starts_with(&MAGIC) && data.len() >= MAGIC.len() + DIGEST
}

/// Takes an aggregate apart; `None` for a record that is none.
pub(super) fn user_records(data: &[u8]) -> Option<Vec<UserRecord>> {
    if !may_be(data) {
        return None;
    }
    let (message, digest) = data[MAGIC.len()..].split_at(data.len() - MAGIC.len() - DIGEST);
    if Md5::digest(message)[..] != *digest {
        return None;
    }
    let aggregated = Aggregated::decode(message).ok()?;
    let record = |record: AggregatedRecord| {
        let partition_key = entry(&aggregated.partition_keys, record.partition_key_index)?;
        let hash_key = match record.explicit_hash_key_index {
            Some(index) => entry(&aggregated.explicit_hash_keys, index)?.parse().ok()?,
            None => hash_key(partition_key),
        };
        Some(UserRecord { partition_key: partition_key.clone(), data: record.data, hash_key })
    };
    aggregated.records.iter().cloned().map(record).collect()
}

fn entry(table: &[String], index: u64) -> Option<&String> {
    table.get(usize::try_from(index).ok()?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: HashKeyRange = HashKeyRange { start: 0, end: u128::MAX };

    fn sealed(message: &[u8]) -> Vec<u8> {
        [&MAGIC[..], message, &Md5::digest(message)[..]].concat()
    }

    fn aggregate(records: &[(u64, Option<u64>, &[u8])]) -> Vec<u8> {
        let record = |(key, hash, data): &(u64, Option<u64>, &[u8])| AggregatedRecord {
            partition_key_index: *key,
            explicit_hash_key_index: *hash,
            data: data.to_vec(),
        };
        let aggregated = Aggregated {
            partition_keys: vec!["a".to_owned(), "b".to_owned()],
            explicit_hash_keys: vec!["0".to_owned(), u128::MAX.to_string()],
            records: records.iter().map(record).collect(),
        };
        sealed(&aggregated.encode_to_vec())
    }

    #[test]
    fn an_aggregate_is_taken_apart() {
        // Written out by hand from the format: keys "a" and "bc", then record 1 with key 1 and a tag, and record 2.
        let message =
            b"\x0a\x01a\x0a\x02bc\x1a\x0b\x08\x01\x1a\x02hi\x22\x03\x0a\x01t\x1a\x07\x08\x00\x1a\x03you".as_slice();
        let records = user_records(&sealed(message)).unwrap();
        let found: Vec<_> = records.iter().map(|it| (it.partition_key.as_str(), it.data.as_slice())).collect();
        assert_eq!(found, [("bc", b"hi".as_slice()), ("a", b"you")]);
        assert!(records.iter().all(|record| record.belongs_to(ALL)));
    }

    #[test]
    fn a_record_belongs_where_its_hash_key_is() {
        let records = user_records(&aggregate(&[(0, None, b"1"), (0, Some(1), b"2"), (1, Some(0), b"3")])).unwrap();
        let lower = HashKeyRange { start: 0, end: hash_key("a") };
        assert_eq!(records.iter().map(|it| it.belongs_to(lower)).collect::<Vec<_>>(), [true, false, true]);
    }

    #[test]
    fn what_is_not_whole_is_a_record_as_it_stands() {
        let whole = aggregate(&[(0, None, b"data")]);
        assert!(user_records(&whole).is_some());
        for end in 0..whole.len() {
            assert_eq!(user_records(&whole[..end]), None, "cut at {end}");
        }
        for index in 0..whole.len() {
            let mut other = whole.clone();
            other[index] ^= 1;
            assert_eq!(user_records(&other), None, "changed at {index}");
        }
        assert_eq!(user_records(&aggregate(&[(0, None, b"1"), (2, None, b"2")])), None, "no such key");
        assert_eq!(user_records(&aggregate(&[(0, Some(7), b"1")])), None, "no such hash key");
        assert_eq!(user_records(&sealed(b"\xff\xff")), None, "no message");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_are_a_plain_record(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            user_records(&bytes);
            user_records(&sealed(&bytes));
            let mut nearly = aggregate(&[(0, None, b"one"), (1, Some(1), b"two")]);
            nearly.truncate(nearly.len() - DIGEST);
            for (index, byte) in bytes.iter().enumerate().take(20) {
                let at = MAGIC.len() + (usize::from(*byte) + index) % (nearly.len() - MAGIC.len());
                nearly[at] ^= byte;
            }
            user_records(&sealed(&nearly[MAGIC.len()..]));
        }
    }
}
