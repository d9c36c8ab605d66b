//! A rate that rises or falls evenly to another, and stays there.

use crate::document::TableReader;

use super::number::{read_number_or_zero, take_seconds};
use super::profile::{Segment, Then};
use super::{Kind, Profile, steps};

/// The kind's entry in the table.
pub(super) const KIND: Kind = Kind { name: "ramp", read };

fn read(reader: &mut TableReader<'_>) -> Option<Profile> {
    let from = reader.take("from").and_then(|value| read_number_or_zero(&value));
    let to = reader.take("to").and_then(|value| read_number_or_zero(&value));
    let over = take_seconds(reader, "over");
    let (from, to, over) = (from?, to?, over?);
    if steps::has_none(reader, &[&from, &to]) {
        return None;
    }
    let segments = vec![Segment { seconds: over.value, from: from.value, to: to.value }];
    Some(Profile { segments, then: Then::Hold(to.value) })
}

#[cfg(test)]
mod tests {
    use super::super::fixture;

    #[test]
    fn a_ramp_ends_at_a_rate_and_stays_there() {
        let ramp = fixture("rate = { kind = 'ramp', from = '0/s', to = '600/m', over = '1m' }").expect("a rate");
        assert_eq!(ramp.to_string(), "0 to 10 records/s");
        assert!((ramp.mean() - 10.0).abs() < 1e-9 && (ramp.mass() - 300.0).abs() < 1e-9);
        let message = |text: &str| fixture(text).expect_err("a mistake");
        assert_eq!(
            message("rate = { kind = 'ramp', from = '0/s', to = '0/s', over = '1m' }"),
            "`rate` never comes to a record"
        );
        assert_eq!(message("rate = { kind = 'ramp', from = '-1/s', to = '0/s', over = '1m' }"), "`-1/s` is not a rate");
        assert_eq!(
            message("rate = { kind = 'ramp', from = '1/s', to = '0/s', over = '0s' }"),
            "`over` is out of range"
        );
    }
}
