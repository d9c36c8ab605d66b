//! How many shards take a traffic, by the keys that it has.

use crate::streams::{HashKeyRange, ShardId};

use super::{KeyShare, Load, MAX_SHARDS, Traffic};

/// What sums of shares may be off by.
const ROUNDING: f64 = 1e-9;
/// How many keys of the hottest shard are named.
const NAMED_KEYS: usize = 3;

/// How many shards keep each of them within its limits.
#[derive(Debug, Clone, PartialEq)]
pub enum ShardsNeeded {
    /// So many, split evenly as AWS splits a new stream.
    Number(u32),
    /// No number: all records of a key go to one shard, and these are more than it takes.
    HotKey {
        /// The key.
        key: String,
        /// How often it would fill a shard up.
        of_shard: f64,
    },
    /// No number up to the quota: the keys are too many, or lie too close to each other for an even split.
    TooMany,
}

/// The shard that has to take the most.
#[derive(Debug, Clone, PartialEq)]
pub struct Hottest {
    /// Which.
    pub shard: ShardId,
    /// Its share of the records, 0 to 1.
    pub share: f64,
    /// How much of it is taken: beyond 1 it refuses records.
    pub of_shard: f64,
    /// Its most frequent keys.
    pub keys: Vec<String>,
}

impl Traffic {
    /// Returns how many shards take the traffic where so many read all of it.
    pub fn shards_needed(&self, readers: u32) -> ShardsNeeded {
        let full = |load: Load| load.of_shard(readers) > 1.0 + ROUNDING;
        let hottest = self.keys.iter().max_by(|a, b| a.load.of_shard(readers).total_cmp(&b.load.of_shard(readers)));
        if let Some(hot) = hottest.filter(|key| full(key.load)) {
            return ShardsNeeded::HotKey { key: hot.key.clone(), of_shard: hot.load.of_shard(readers) };
        }
        let total = self.total().of_shard(readers);
        if !total.is_finite() || total > f64::from(MAX_SHARDS) {
            return ShardsNeeded::TooMany;
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the range just checked")]
        let fewest = ((total - ROUNDING).ceil() as u32).max(1);
        // More shards are not always better: a split between two keys may bring others together.
        let fits = |shards: &u32| {
            let mut loads = vec![self.rest.times(1.0 / f64::from(*shards)); *shards as usize];
            self.keys.iter().all(|key| {
                let load = &mut loads[HashKeyRange::index(key.hash, *shards) as usize];
                *load = load.plus(key.load);
                !full(*load)
            })
        };
        (fewest..=MAX_SHARDS).find(fits).map_or(ShardsNeeded::TooMany, ShardsNeeded::Number)
    }

    /// Returns the shard of so many that has to take the most; the first of several.
    pub fn hottest(&self, shards: u32, readers: u32) -> Hottest {
        let shards = shards.max(1);
        let mut loads = vec![self.rest.times(1.0 / f64::from(shards)); shards as usize];
        let shard = |key: &KeyShare| HashKeyRange::index(key.hash, shards);
        for key in &self.keys {
            let load = &mut loads[shard(key) as usize];
            *load = load.plus(key.load);
        }
        let taken = |index: u32| loads[index as usize].of_shard(readers);
        let hottest = (0..shards).reduce(|a, b| if taken(b) > taken(a) { b } else { a }).unwrap_or(0);
        let keys = self.keys.iter().filter(|key| shard(key) == hottest);
        let records = self.peak_records_per_second;
        Hottest {
            shard: ShardId(hottest),
            share: if records > 0.0 { (loads[hottest as usize].records / records).min(1.0) } else { 0.0 },
            of_shard: taken(hottest),
            keys: keys.take(NAMED_KEYS).map(|key| key.key.clone()).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::traffic::Sizes;
    use super::*;
    use crate::streams::hash_key;

    /// Records of one size under keys of these weights, and `alone` records under keys of their own.
    fn traffic(rate: f64, size: usize, weights: &[u32], alone: u32) -> Traffic {
        let sizes = |count: u32| {
            let mut sizes = Sizes::default();
            (0..count).for_each(|_| sizes.add(size, 0));
            sizes
        };
        let all = sizes(weights.iter().sum::<u32>() + alone);
        let keys = weights.iter().enumerate().map(|(index, weight)| {
            let key = format!("key {index}");
            (key.clone(), hash_key(&key), sizes(*weight))
        });
        Traffic::sampled((rate, rate), all, keys, sizes(alone))
    }

    fn number(needed: &ShardsNeeded) -> Option<u32> {
        match needed {
            ShardsNeeded::Number(shards) => Some(*shards),
            _ => None,
        }
    }

    #[test]
    fn what_spreads_evenly_needs_what_it_comes_to() {
        assert_eq!(traffic(1000.0, 100, &[], 100).shards_needed(1), ShardsNeeded::Number(1));
        assert_eq!(traffic(1001.0, 100, &[], 100).shards_needed(1), ShardsNeeded::Number(2));
        assert_eq!(traffic(100.0, 1 << 20, &[], 100).shards_needed(1), ShardsNeeded::Number(100));
        // Two read what one shard gives; three ask for half as much again.
        assert_eq!(traffic(100.0, 1 << 20, &[], 100).shards_needed(2), ShardsNeeded::Number(100));
        assert_eq!(traffic(100.0, 1 << 20, &[], 100).shards_needed(3), ShardsNeeded::Number(150));
        assert_eq!(traffic(1e9, 100, &[], 100).shards_needed(1), ShardsNeeded::TooMany);
    }

    #[test]
    fn a_hot_key_is_not_split() {
        let needed = traffic(2000.0, 10, &[85, 15], 0).shards_needed(1);
        assert_eq!(needed, ShardsNeeded::HotKey { key: "key 0".to_owned(), of_shard: 1.7 });
    }

    #[test]
    fn keys_of_one_shard_are_told_apart_by_more_of_them() {
        // AMZN and MSFT lie in the upper half.
        let keys = ["AMZN", "AAPL", "MSFT"];
        let half = |key: &str| HashKeyRange::index(hash_key(key), 2);
        let mut traffic = traffic(1500.0, 10, &[5, 3, 2], 0);
        for (share, key) in traffic.keys.iter_mut().zip(keys) {
            (share.key, share.hash) = (key.to_owned(), hash_key(key));
        }
        let hottest = traffic.hottest(2, 1);
        assert_eq!(hottest.shard.0, half("AMZN"));
        let share: f64 =
            keys.iter().zip([0.5, 0.3, 0.2]).filter(|(key, _)| half(key) == half("AMZN")).map(|(_, share)| share).sum();
        assert!((hottest.share - share).abs() < 1e-9, "{hottest:?}");
        assert_eq!(hottest.keys[0], "AMZN");
        let needed = number(&traffic.shards_needed(1)).unwrap();
        assert!(traffic.hottest(needed, 1).of_shard <= 1.0 + ROUNDING);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_shards_found_keep_each_of_them_within_its_limits(
            rate in 1.0_f64..200_000.0,
            size in 1_usize..20_000,
            weights in prop::collection::vec(2_u32..60, 0..60),
            alone in 0_u32..400,
            readers in 1_u32..6,
        ) {
            prop_assume!(alone > 0 || !weights.is_empty());
            let traffic = traffic(rate, size, &weights, alone);
            match traffic.shards_needed(readers) {
                ShardsNeeded::Number(shards) => {
                    let hottest = traffic.hottest(shards, readers);
                    prop_assert!(hottest.of_shard <= 1.0 + 1e-6, "{hottest:?}");
                    // One fewer does not do: either all of it is too much, or a shard of them is.
                    if shards > 1 {
                        let fewer = traffic.hottest(shards - 1, readers);
                        prop_assert!(fewer.of_shard > 1.0, "{shards}: {fewer:?}");
                    }
                }
                ShardsNeeded::HotKey { of_shard, .. } => {
                    prop_assert!(of_shard > 1.0);
                    prop_assert!(traffic.hottest(MAX_SHARDS, readers).of_shard > 1.0);
                }
                ShardsNeeded::TooMany => {
                    prop_assert!(traffic.hottest(MAX_SHARDS, readers).of_shard > 1.0);
                }
            }
        }
    }
}
