//! Where chance begins. Every column has its own numbers, so that a column more or less changes no other.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::streams::hash_key;

/// What the numbers are for. Each purpose has its own, so that a share of NULL changes no value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Purpose {
    /// The values of a column.
    Values = 0,
    /// Which values of a column are NULL.
    Nulls = 1,
    /// Partition keys where no column is one.
    Keys = 2,
    /// When records come by chance.
    Arrivals = 3,
    /// What every run of a seed has in common.
    Lasting = 4,
    /// The value of a column for one key.
    Fixed = 5,
    /// What happens to the records on their way.
    Faults = 6,
}

/// The seed of one run of a generator.
///
/// The number of records made by earlier runs is a part of it: a later run draws other numbers than the runs before
/// it, without replaying them, and the first run depends on the generator's seed alone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seed {
    pub(super) seed: u64,
    pub(super) skip: u64,
}

impl Seed {
    /// Returns the numbers of one column, or of the stream where `name` is empty.
    pub(super) fn numbers(self, name: &str, purpose: Purpose) -> ChaCha8Rng {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&self.seed.to_le_bytes());
        key[8..16].copy_from_slice(&self.skip.to_le_bytes());
        key[16..].copy_from_slice(&hash_key(name).to_le_bytes());
        let mut numbers = ChaCha8Rng::from_seed(key);
        numbers.set_stream(purpose as u64);
        numbers
    }

    /// Returns the numbers of one column for one key, whatever the run.
    pub(super) fn fixed(self, column: &str, key: &[u8]) -> ChaCha8Rng {
        let key = hash_key(&String::from_utf8_lossy(key));
        let half = u64::try_from(key >> 64).unwrap_or_default()
            ^ u64::try_from(key & u128::from(u64::MAX)).unwrap_or_default();
        Self { seed: self.seed, skip: half }.numbers(column, Purpose::Fixed)
    }
}

#[cfg(test)]
mod tests {
    use rand::RngCore;

    use super::*;

    #[test]
    fn every_part_of_a_seed_counts() {
        let first = |seed, skip, name, purpose| Seed { seed, skip }.numbers(name, purpose).next_u64();
        let drawn = [
            first(7, 0, "price", Purpose::Values),
            first(8, 0, "price", Purpose::Values),
            first(7, 1, "price", Purpose::Values),
            first(7, 0, "volume", Purpose::Values),
            first(7, 0, "price", Purpose::Nulls),
        ];
        for (at, number) in drawn.iter().enumerate() {
            assert!(!drawn[..at].contains(number));
        }
        assert_eq!(drawn[0], first(7, 0, "price", Purpose::Values));
        // Pinned: a seed in somebody's file is a promise.
        assert_eq!(drawn[0], 11_353_223_219_435_891_872);
    }
}
