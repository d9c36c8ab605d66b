//! Mean and spread of values.

/// How many values there are, their mean, and the sum of their squared distances from it (Welford).
///
/// `DataFusion`'s own takes a saved state up with a rounding, so that the answer would depend on when it was saved.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Moments {
    count: u64,
    mean: f64,
    squares: f64,
}

#[expect(clippy::cast_precision_loss, reason = "a count of rows")]
impl Moments {
    pub(super) fn add(&mut self, value: f64) {
        self.count += 1;
        let distance = value - self.mean;
        self.mean += distance / self.count as f64;
        self.squares += distance * (value - self.mean);
    }

    pub(super) fn merge(&mut self, other: Self) {
        if self.count == 0 {
            *self = other;
        } else if other.count > 0 {
            let (mine, theirs) = (self.count as f64, other.count as f64);
            let distance = other.mean - self.mean;
            self.count += other.count;
            let total = self.count as f64;
            self.mean += distance * (theirs / total);
            self.squares += other.squares + distance * distance * (mine * (theirs / total));
        }
    }

    /// Returns the variance of the values, or of what they are a sample of; `None` where there are too few.
    pub(super) fn variance(self, sample: bool) -> Option<f64> {
        let divisor = if sample { self.count.checked_sub(1)? } else { self.count };
        (divisor > 0).then(|| self.squares / divisor as f64)
    }

    pub(super) fn to_bytes(self) -> Vec<u8> {
        [self.count.to_le_bytes(), self.mean.to_le_bytes(), self.squares.to_le_bytes()].concat()
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (words, rest) = bytes.as_chunks::<8>();
        match words {
            [count, mean, squares] if rest.is_empty() => Some(Self {
                count: u64::from_le_bytes(*count),
                mean: f64::from_le_bytes(*mean),
                squares: f64::from_le_bytes(*squares),
            }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_give_what_the_whole_gives() {
        let values = [1e6, 1e6 + 1.0, 1e6 + 4.0, 1e6 - 2.0];
        let of = |values: &[f64]| {
            let mut moments = Moments::default();
            for value in values {
                moments.add(*value);
            }
            moments
        };
        let whole = of(&values);
        for split in 0..=4 {
            let mut merged = of(&values[..split]);
            merged.merge(of(&values[split..]));
            let (a, b) = (merged.variance(true).expect("four"), whole.variance(true).expect("four"));
            assert!((a - b).abs() < 1e-9, "{a} {b}");
        }
        assert!((whole.variance(false).expect("four") - 4.6875).abs() < 1e-9);
        assert_eq!(of(&[1.0]).variance(true), None);
        assert_eq!(of(&[1.0]).variance(false), Some(0.0));
        assert_eq!(of(&[]).variance(true), None);
        assert_eq!(of(&[]).variance(false), None);
    }

    #[test]
    fn a_saved_state_goes_on_as_it_was() {
        let mut moments = Moments::default();
        for value in [0.1, 0.2, 0.7] {
            moments.add(value);
        }
        let mut again = Moments::default();
        again.merge(Moments::from_bytes(&moments.to_bytes()).expect("whole"));
        assert_eq!(again, moments);
    }
}
