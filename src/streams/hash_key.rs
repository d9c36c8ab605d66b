//! The 128-bit hash key space and its split into shards.

use md5::{Digest, Md5};

/// The hash keys of one shard, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashKeyRange {
    /// The lowest hash key.
    pub start: u128,
    /// The highest hash key.
    pub end: u128,
}

impl HashKeyRange {
    /// Splits the whole space evenly, as AWS does for a new stream: shard `i` of `n` starts at `i * floor(2^128 / n)`
    /// and the last shard takes the remainder.
    pub fn split(shards: u32) -> Vec<Self> {
        let width = width(shards);
        let shards = u128::from(shards.max(1));
        (0..shards)
            .map(|i| Self { start: i * width, end: if i + 1 == shards { u128::MAX } else { (i + 1) * width - 1 } })
            .collect()
    }

    /// Returns which shard of an even split holds the key.
    pub fn index(key: u128, shards: u32) -> u32 {
        if shards <= 1 {
            return 0;
        }
        u32::try_from(key / width(shards)).map_or(shards - 1, |index| index.min(shards - 1))
    }

    /// Returns whether the range holds the key.
    pub fn contains(self, key: u128) -> bool {
        (self.start..=self.end).contains(&key)
    }
}

/// Returns floor(2^128 / n), written without the number 2^128, which does not fit; 0 stands for it where there is one shard.
fn width(shards: u32) -> u128 {
    let shards = u128::from(shards.max(1));
    if shards.is_power_of_two() { (u128::MAX / shards).wrapping_add(1) } else { u128::MAX / shards }
}

/// Returns the hash key of a partition key: its MD5 as an unsigned big-endian number.
pub fn hash_key(partition_key: &str) -> u128 {
    u128::from_be_bytes(Md5::digest(partition_key.as_bytes()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_those_of_aws() {
        let two = HashKeyRange::split(2);
        assert_eq!(two[0].end.to_string(), "170141183460469231731687303715884105727");
        assert_eq!(two[1].start.to_string(), "170141183460469231731687303715884105728");
        let three = HashKeyRange::split(3);
        assert_eq!(three[1].start.to_string(), "113427455640312821154458202477256070485");
        assert_eq!(three[2].end, u128::MAX);
        assert_eq!(HashKeyRange::split(1), [HashKeyRange { start: 0, end: u128::MAX }]);
    }

    #[test]
    fn a_key_lies_in_the_range_of_its_index() {
        for shards in 1..100 {
            let ranges = HashKeyRange::split(shards);
            let ends = ranges.iter().flat_map(|range| [range.start, range.end]);
            for key in ends.chain((0..50).map(|name: u32| hash_key(&name.to_string()))) {
                assert!(ranges[HashKeyRange::index(key, shards) as usize].contains(key), "{key} of {shards}");
            }
        }
    }

    #[test]
    fn a_split_has_no_gap() {
        for shards in 1..200 {
            let ranges = HashKeyRange::split(shards);
            assert_eq!(ranges.len(), shards as usize);
            assert_eq!(ranges[0].start, 0);
            assert_eq!(ranges[ranges.len() - 1].end, u128::MAX);
            for pair in ranges.windows(2) {
                assert_eq!(pair[0].end + 1, pair[1].start);
            }
        }
    }
}
