//! Amounts of money.

use serde::{Serialize, Serializer};

/// An amount in whole cents: a sum is exactly that of the lines that are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cents(pub u64);

impl Cents {
    /// Rounds an amount, half a cent up. What is beyond all reason becomes the greatest amount.
    pub fn round(dollars: f64) -> Self {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast stops at the ends")]
        Self((dollars * 100.0).round() as u64)
    }

    /// Returns the sum.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl std::fmt::Display for Cents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

impl Serialize for Cents {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[expect(clippy::cast_precision_loss, reason = "cents are exact to 90 trillion dollars")]
        serializer.serialize_f64(self.0 as f64 / 100.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_whole_cents() {
        assert_eq!(Cents::round(21.9).to_string(), "21.90");
        assert_eq!(Cents::round(0.005).to_string(), "0.01");
        assert_eq!(Cents::round(0.0049).to_string(), "0.00");
        assert_eq!(Cents::round(f64::INFINITY).plus(Cents(1)), Cents(u64::MAX));
        assert_eq!(serde_json::to_string(&Cents(16_062)).unwrap(), "160.62");
    }
}
