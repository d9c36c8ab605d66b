//! About how many distinct values there are.

use std::collections::BTreeSet;

/// Up to how many values are counted one by one (as many as KDA's `COUNT_DISTINCT_ITEMS_TUMBLING` counts exactly).
const EXACT: usize = 10_000;
/// The digits of a hash that choose a register. The error is about 1.04 / √(2¹⁴), 0.8 %.
const INDEX_BITS: u32 = 14;
const REGISTERS: usize = 1 << INDEX_BITS;

/// The hashes of the values seen, and `HyperLogLog` registers once there are many. What it holds depends on the values
/// alone, never on their order or on what was merged with what.
#[derive(Debug, Clone)]
pub(super) enum DistinctCount {
    Few(BTreeSet<u64>),
    Many(Box<[u8]>),
}

/// Returns a hash of bytes that is the same on every machine and in every version: it is kept in checkpoints.
pub(super) fn hash(bytes: &[u8]) -> u64 {
    // FNV-1a, and the finish of SplitMix64, which spreads it over all digits.
    let mut hash = bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3));
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

impl Default for DistinctCount {
    fn default() -> Self {
        Self::Few(BTreeSet::new())
    }
}

impl DistinctCount {
    pub(super) fn add(&mut self, hash: u64) {
        match self {
            Self::Many(registers) => register(registers, hash),
            Self::Few(hashes) => {
                hashes.insert(hash);
                if hashes.len() > EXACT {
                    let mut registers = vec![0; REGISTERS].into_boxed_slice();
                    for hash in &*hashes {
                        register(&mut registers, *hash);
                    }
                    *self = Self::Many(registers);
                }
            }
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        match (&mut *self, other) {
            (_, Self::Few(hashes)) => self.extend(hashes),
            (Self::Many(mine), Self::Many(theirs)) => {
                mine.iter_mut().zip(theirs).for_each(|(mine, theirs)| *mine = theirs.max(*mine));
            }
            (Self::Few(hashes), Self::Many(theirs)) => {
                let hashes = std::mem::take(hashes);
                *self = Self::Many(theirs);
                self.extend(hashes);
            }
        }
    }

    fn extend(&mut self, hashes: BTreeSet<u64>) {
        for hash in hashes {
            self.add(hash);
        }
    }

    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "an estimate of a count")]
    pub(super) fn count(&self) -> i64 {
        match self {
            Self::Few(hashes) => i64::try_from(hashes.len()).unwrap_or(i64::MAX),
            Self::Many(registers) => {
                let count = REGISTERS as f64;
                let zeros = registers.iter().map(|register| usize::from(*register == 0)).sum::<usize>();
                let sum: f64 = registers.iter().map(|register| (-f64::from(*register)).exp2()).sum();
                let raw = (0.7213 / (1.0 + 1.079 / count)) * count * count / sum;
                // Few values leave registers empty, which tell more than those that are full.
                let linear = zeros > 0 && raw <= 2.5 * count;
                (if linear { count * (count / zeros as f64).ln() } else { raw }).round() as i64
            }
        }
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Few(hashes) => std::iter::once(0).chain(hashes.iter().flat_map(|hash| hash.to_le_bytes())).collect(),
            Self::Many(registers) => std::iter::once(1).chain(registers.iter().copied()).collect(),
        }
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        match bytes.split_first()? {
            (0, hashes) => {
                let (words, rest) = hashes.as_chunks::<8>();
                rest.is_empty().then(|| Self::Few(words.iter().map(|word| u64::from_le_bytes(*word)).collect()))
            }
            (1, registers) => (registers.len() == REGISTERS).then(|| Self::Many(registers.into())),
            _ => None,
        }
    }

    pub(super) fn size(&self) -> usize {
        match self {
            Self::Few(hashes) => hashes.len() * 16,
            Self::Many(_) => REGISTERS,
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "14 digits, and a count of at most 51 digits")]
fn register(registers: &mut [u8], hash: u64) {
    let index = (hash >> (u64::BITS - INDEX_BITS)) as usize;
    let rank = ((hash << INDEX_BITS) | (1 << (INDEX_BITS - 1))).leading_zeros() as u8 + 1;
    registers[index] = registers[index].max(rank);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(numbers: std::ops::Range<u64>) -> DistinctCount {
        let mut count = DistinctCount::default();
        numbers.for_each(|number| count.add(hash(&number.to_le_bytes())));
        count
    }

    #[test]
    fn thousands_are_counted_exactly_and_millions_nearly() {
        assert_eq!(counted(0..0).count(), 0);
        assert_eq!(counted(0..10_000).count(), 10_000);
        for many in [10_001, 50_000, 1_000_000] {
            let found = counted(0..many).count();
            let error = (found - i64::try_from(many).expect("small")).unsigned_abs();
            assert!(error * 100 < many * 3, "{found} for {many}");
        }
    }

    #[test]
    fn parts_give_what_the_whole_gives() {
        for (a, b) in [(0..100, 50..200), (0..9_000, 8_000..20_000), (0..30_000, 5..10), (0..20_000, 10_000..40_000)] {
            let whole = counted(a.start..b.end.max(a.end));
            for (first, second) in [(a.clone(), b.clone()), (b, a)] {
                let mut merged = counted(first);
                merged.merge(DistinctCount::from_bytes(&counted(second).to_bytes()).expect("whole"));
                assert_eq!(merged.to_bytes(), whole.to_bytes());
            }
        }
        assert!(DistinctCount::from_bytes(&[1, 2]).is_none());
        assert!(DistinctCount::from_bytes(&[]).is_none());
    }
}
