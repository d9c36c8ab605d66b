//! A sum of floating-point numbers without any rounding.

/// The digits of a limb. A limb has room for as many additions again.
const LIMB_BITS: usize = 32;
/// From the least bit of a subnormal number, 2⁻¹⁰⁷⁴, to the greatest, 2¹⁰²³, and room for a carry above it.
const LIMBS: usize = 68;
/// The power of two of the least bit.
const LEAST: i32 = -1074;
/// How many additions a limb takes before its carries must be passed on: 2³² times less than 2³¹ fits 63 digits.
const ADDITIONS: u32 = 1 << 30;

/// The exact sum of numbers of which some are taken off again: nothing drifts, and what is left depends on the numbers
/// alone, never on their order.
#[derive(Debug, Clone)]
pub(super) struct ExactSum {
    limbs: Box<[i64; LIMBS]>,
    additions: u32,
    /// Infinities and what is no number, which no limb can hold: how many of each there are.
    positive: i64,
    negative: i64,
    no_number: i64,
}

impl Default for ExactSum {
    fn default() -> Self {
        Self { limbs: Box::new([0; LIMBS]), additions: 0, positive: 0, negative: 0, no_number: 0 }
    }
}

impl ExactSum {
    pub(super) fn add(&mut self, value: f64) {
        self.put(value, 1);
    }

    pub(super) fn subtract(&mut self, value: f64) {
        self.put(value, -1);
    }

    /// Adds the exact product of two numbers.
    pub(super) fn add_product(&mut self, a: f64, b: f64, sign: i64) {
        let near = a * b;
        self.put(near, sign);
        if near.is_finite() {
            self.put(a.mul_add(b, -near), sign);
        }
    }

    fn put(&mut self, value: f64, sign: i64) {
        if !value.is_finite() {
            let kind = if value.is_nan() {
                &mut self.no_number
            } else if value > 0.0 {
                &mut self.positive
            } else {
                &mut self.negative
            };
            *kind += sign;
            return;
        }
        let bits = value.to_bits();
        let exponent = usize::try_from((bits >> 52) & 0x7ff).unwrap_or(0);
        let fraction = bits & ((1 << 52) - 1);
        let (mantissa, shift) = if exponent == 0 { (fraction, 0) } else { (fraction | (1 << 52), exponent - 1) };
        let sign = if bits >> 63 == 1 { -sign } else { sign };
        let wide = u128::from(mantissa) << (shift % LIMB_BITS);
        for (offset, limb) in self.limbs[shift / LIMB_BITS..].iter_mut().take(3).enumerate() {
            let part = (wide >> (offset * LIMB_BITS)) & u128::from(u32::MAX);
            *limb += sign * i64::try_from(part).unwrap_or(0);
        }
        self.additions += 1;
        if self.additions == ADDITIONS {
            self.carry();
        }
    }

    /// Brings every limb but the last into 0 to 2³² − 1.
    fn carry(&mut self) {
        for index in 0..LIMBS - 1 {
            let carry = self.limbs[index] >> LIMB_BITS;
            self.limbs[index] -= carry << LIMB_BITS;
            self.limbs[index + 1] += carry;
        }
        self.additions = 0;
    }

    /// Multiplies the sum by a whole number below 2³¹.
    pub(super) fn multiply(&mut self, factor: u32) {
        self.carry();
        self.limbs.iter_mut().for_each(|limb| *limb *= i64::from(factor));
        self.carry();
        for kind in [&mut self.positive, &mut self.negative, &mut self.no_number] {
            *kind *= i64::from(factor);
        }
    }

    /// Returns the number that is nearest to the sum.
    #[expect(clippy::cast_precision_loss, reason = "the last digit says whether anything was below it")]
    pub(super) fn value(&self) -> f64 {
        if self.no_number > 0 || (self.positive > 0 && self.negative > 0) {
            return f64::NAN;
        }
        if self.positive > 0 {
            return f64::INFINITY;
        }
        if self.negative > 0 {
            return f64::NEG_INFINITY;
        }
        let mut whole = self.clone();
        whole.carry();
        let negative = whole.limbs[LIMBS - 1] < 0;
        if negative {
            whole.limbs.iter_mut().for_each(|limb| *limb = -*limb);
            whole.carry();
        }
        let Some(top) = whole.limbs.iter().rposition(|limb| *limb != 0) else { return 0.0 };
        let low = top.saturating_sub(2);
        let mut digits = 0u128;
        for limb in whole.limbs[low..=top].iter().rev() {
            digits = (digits << LIMB_BITS) | u128::try_from(*limb).unwrap_or(0);
        }
        if whole.limbs[..low].iter().any(|limb| *limb != 0) {
            digits |= 1;
        }
        let power = LEAST + i32::try_from(low * LIMB_BITS).unwrap_or(0);
        // In two steps, for a power of two below 2⁻¹⁰²² is not a normal number.
        let half = power / 2;
        let value = digits as f64 * f64::from(half).exp2() * f64::from(power - half).exp2();
        if negative { -value } else { value }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sum(values: &[f64]) -> f64 {
        let mut sum = ExactSum::default();
        for value in values {
            sum.add(*value);
        }
        sum.value()
    }

    #[test]
    fn nothing_is_lost() {
        assert!((sum(&[1e300, 1.0, -1e300]) - 1.0).abs() < f64::EPSILON);
        assert_eq!(sum(&[0.1; 10]).to_bits(), 1.0f64.to_bits());
        assert_eq!(sum(&[f64::MAX, f64::MAX]).to_bits(), f64::INFINITY.to_bits());
        assert_eq!(sum(&[f64::MAX, f64::MAX, -f64::MAX]).to_bits(), f64::MAX.to_bits());
        assert_eq!(sum(&[5e-324, 5e-324]).to_bits(), 1e-323f64.to_bits());
        assert_eq!(sum(&[]).to_bits(), 0.0f64.to_bits());
        assert!(sum(&[f64::INFINITY, f64::NEG_INFINITY]).is_nan());
        assert_eq!(sum(&[-2.5, 1.0]).to_bits(), (-1.5f64).to_bits());
    }

    proptest! {
        #[test]
        fn one_number_is_itself_and_what_is_taken_off_leaves_no_trace(
            kept in prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL | prop::num::f64::ZERO,
            other in prop::collection::vec(prop::num::f64::NORMAL, 0..20),
        ) {
            let mut sum = ExactSum::default();
            for value in &other { sum.add(*value); }
            sum.add(kept);
            for value in &other { sum.subtract(*value); }
            prop_assert!(sum.value().total_cmp(&(kept + 0.0)).is_eq());
        }
    }
}
