//! A rate with bursts, one at the end of each period.

use crate::document::{Diagnostic, TableReader};

use super::number::{read_number, read_number_or_zero, take_seconds};
use super::profile::{Segment, Then};
use super::{Kind, Profile};

/// The kind's entry in the table.
pub(super) const KIND: Kind = Kind { name: "burst", read };

fn read(reader: &mut TableReader<'_>) -> Option<Profile> {
    let base = reader.take("base").and_then(|value| read_number_or_zero(&value));
    let peak = reader.take("peak").and_then(|value| read_number(&value));
    let every = take_seconds(reader, "every");
    let length = take_seconds(reader, "for");
    let (base, peak, every, length) = (base?, peak?, every?, length?);
    if length.value >= every.value {
        reader.findings().add(
            Diagnostic::new("the bursts leave no time between them", length.span)
                .label("as long as the time from one to the next, or longer")
                .other(every.span, "`every` stands here")
                .help("make `for` shorter than `every`"),
        );
        return None;
    }
    let segments =
        vec![Segment::level(every.value - length.value, base.value), Segment::level(length.value, peak.value)];
    Some(Profile { segments, then: Then::Repeat })
}

#[cfg(test)]
mod tests {
    use super::super::fixture;

    #[test]
    fn a_burst_comes_at_the_end_of_its_period() {
        let burst = "rate = { kind = 'burst', base = '1/s', peak = '100/s', every = '1m', for = '5s' }";
        let burst = fixture(burst).expect("a rate");
        assert_eq!(burst.to_string(), "1 to 100 records/s");
        assert!((burst.mean() - (55.0 + 500.0) / 60.0).abs() < 1e-9);
        assert_eq!(
            fixture("rate = { kind = 'burst', base = '0/s', peak = '1/s', every = '5s', for = '5s' }"),
            Err("the bursts leave no time between them".to_owned())
        );
    }
}
