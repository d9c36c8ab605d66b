//! Values counted by size, for percentiles.

use std::collections::BTreeMap;

/// The digits of the mantissa that an approximate percentile keeps: a value differs from its place by one part in 2048
/// at the most, and whole numbers up to 2048 not at all.
const KEPT_BITS: u32 = 10;
/// The digits of the mantissa of a 64-bit float that are dropped.
const DROPPED_BITS: u32 = f64::MANTISSA_DIGITS - 1 - KEPT_BITS;

/// How many values there are of each size. What it holds depends on the values alone, never on their order.
#[derive(Debug, Clone, Default)]
pub(super) struct Quantiles {
    /// By a number in the order of the values.
    counts: BTreeMap<u64, u64>,
    total: u64,
}

/// Returns the place of a value, to full precision or that of an approximate percentile.
pub(super) fn place(value: f64, exact: bool) -> u64 {
    let value = if exact { value } else { rounded(value) };
    // -0.0 and 0.0 are one value.
    let bits = if value == 0.0 { 0 } else { value.to_bits() };
    // Positive numbers are in the order of their bits, above the negative ones, which are in the reverse.
    if bits >> 63 == 0 { bits | (1 << 63) } else { !bits }
}

fn value(place: u64) -> f64 {
    f64::from_bits(if place >> 63 == 1 { place & !(1 << 63) } else { !place })
}

fn rounded(value: f64) -> f64 {
    let half = 1u64 << (DROPPED_BITS - 1);
    let near = f64::from_bits((value.to_bits().wrapping_add(half)) & !((1 << DROPPED_BITS) - 1));
    if near.is_finite() { near } else { value }
}

impl Quantiles {
    pub(super) fn add(&mut self, place: u64, times: u64) {
        *self.counts.entry(place).or_default() += times;
        self.total += times;
    }

    pub(super) fn remove(&mut self, place: u64) {
        if let Some(count) = self.counts.get_mut(&place) {
            *count -= 1;
            self.total -= 1;
            if *count == 0 {
                self.counts.remove(&place);
            }
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (place, times) in &other.counts {
            self.add(*place, *times);
        }
    }

    /// Returns the value that a share of the values is below: on the line between the two nearest.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place among counted rows"
    )]
    pub(super) fn at(&self, share: f64) -> Option<f64> {
        let last = self.total.checked_sub(1)?;
        let place = share * last as f64;
        let below = (place.floor() as u64).min(last);
        let (low, high) = (self.nth(below)?, self.nth((below + 1).min(last))?);
        let part = place - below as f64;
        Some(if low < high && part > 0.0 { low + (high - low) * part } else { low })
    }

    fn nth(&self, index: u64) -> Option<f64> {
        let mut before = 0;
        let found = self.counts.iter().find(|(_, times)| {
            before += **times;
            before > index
        });
        found.map(|(place, _)| value(*place))
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        self.counts.iter().flat_map(|(place, times)| [place.to_le_bytes(), times.to_le_bytes()]).flatten().collect()
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (words, rest) = bytes.as_chunks::<8>();
        if !rest.is_empty() || words.len() % 2 != 0 {
            return None;
        }
        let mut read = Self::default();
        for pair in words.chunks_exact(2) {
            read.add(u64::from_le_bytes(pair[0]), u64::from_le_bytes(pair[1]));
        }
        Some(read)
    }

    pub(super) fn size(&self) -> usize {
        self.counts.len() * 32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_in_the_order_of_the_values() {
        let values = [f64::MIN, -2.0, -1.0, -1e-300, 0.0, 1e-300, 1.0, 1.5, f64::MAX];
        for pair in values.windows(2) {
            assert!(place(pair[0], true) < place(pair[1], true), "{pair:?}");
            assert_eq!(value(place(pair[0], true)).to_bits(), pair[0].to_bits());
        }
        assert_eq!(place(-0.0, false), place(0.0, false));
        for whole in 0..=2048 {
            assert!((value(place(f64::from(whole), false)) - f64::from(whole)).abs() < f64::EPSILON);
        }
        let near = value(place(123_456.789, false));
        assert!((near - 123_456.789).abs() / 123_456.789 < 1.0 / 2048.0);
        assert!(value(place(f64::MAX, false)).is_finite());
    }

    #[test]
    fn a_percentile_lies_between_its_neighbours() {
        let mut quantiles = Quantiles::default();
        assert_eq!(quantiles.at(0.5), None);
        for number in [4.0, 1.0, 3.0, 2.0] {
            quantiles.add(place(number, true), 1);
        }
        for (share, expected) in [(0.0, 1.0), (1.0, 4.0), (0.5, 2.5), (1.0 / 3.0, 2.0), (0.9, 3.7)] {
            let found = quantiles.at(share).expect("there are values");
            assert!((found - expected).abs() < 1e-12, "{share}: {found}");
        }
        let again = Quantiles::from_bytes(&quantiles.to_bytes()).expect("whole");
        assert_eq!(again.at(0.9), quantiles.at(0.9));
        quantiles.remove(place(4.0, true));
        assert_eq!(quantiles.at(1.0), Some(3.0));
        assert!(Quantiles::from_bytes(&[0; 9]).is_none());
    }
}
