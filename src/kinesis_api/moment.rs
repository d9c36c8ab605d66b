//! Times inside requests and answers.

use std::fmt;

use minicbor_serde::tag::{Optional, Required};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::streams::Millis;

/// The CBOR tag of a time since 1970 (RFC 8949, 3.4.2). AWS's SDKs count it in milliseconds.
const EPOCH: u64 = 1;

/// A moment, to the millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment(pub(super) Millis);

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            seconds(self.0).serialize(serializer)
        } else {
            Required::<EPOCH, _>::new(self.0).serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return Ok(Self(millis(f64::deserialize(deserializer)?)));
        }
        let Count(millis) = Optional::<EPOCH, Count>::deserialize(deserializer)?.into_value();
        Ok(Self(millis))
    }
}

/// A number of milliseconds, whole or not.
struct Count(Millis);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Number).map(Self)
    }
}

struct Number;

impl de::Visitor<'_> for Number {
    type Value = Millis;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number of milliseconds")
    }

    fn visit_i64<E>(self, number: i64) -> Result<Millis, E> {
        Ok(number)
    }

    fn visit_u64<E>(self, number: u64) -> Result<Millis, E> {
        Ok(Millis::try_from(number).unwrap_or(Millis::MAX))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Millis, E> {
        Ok(rounded(number))
    }
}

/// Returns a time as JSON has it: seconds with a fraction.
#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 have fewer than 53 bits for 280,000 years")]
fn seconds(millis: Millis) -> f64 {
    millis as f64 / 1000.0
}

/// Returns a time that JSON had, to the millisecond.
fn millis(seconds: f64) -> Millis {
    rounded(seconds * 1000.0)
}

#[expect(clippy::cast_possible_truncation, reason = "a number beyond all time becomes the end of time")]
fn rounded(millis: f64) -> Millis {
    millis.round() as Millis
}

#[cfg(test)]
mod tests {
    use super::super::wire::{ALL, Body, Wire};
    use super::*;

    #[test]
    fn times_are_kept_to_the_millisecond_in_both_spellings() {
        for time in [0, 1, 999, -1, 1_795_490_982_051, 1_795_490_982_999] {
            for wire in ALL {
                let bytes = wire.write(&Moment(time)).unwrap();
                assert_eq!(Body { wire, bytes: &bytes }.parse::<Moment>().unwrap(), Moment(time), "{wire:?}");
            }
        }
    }

    #[test]
    fn a_time_in_cbor_is_tagged_milliseconds_and_needs_no_tag() {
        assert_eq!(Wire::Cbor.write(&Moment(1_000_000)).unwrap(), [0xc1, 0x1a, 0x00, 0x0f, 0x42, 0x40]);
        let read = |bytes: &[u8]| Body { wire: Wire::Cbor, bytes }.parse::<Moment>();
        assert_eq!(read(&[0x1a, 0x00, 0x0f, 0x42, 0x40]).unwrap(), Moment(1_000_000));
        assert_eq!(read(&[0xc1, 0xfb, 0x41, 0x2e, 0x84, 0x80, 0, 0, 0, 0]).unwrap(), Moment(1_000_000), "a double");
        read(&[0xc2, 0x01]).expect_err("another tag");
        read(&[0x61, b'1']).expect_err("a text");
    }
}
