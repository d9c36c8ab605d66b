//! A rate that follows the day (UTC): lowest twelve hours from its highest, and smooth between them.

use crate::document::{Diagnostic, Spanned, TableReader};

use super::number::{read_number, read_number_or_zero};
use super::profile::{DAY, Segment, Then};
use super::{Kind, Profile};

/// The kind's entry in the table.
pub(super) const KIND: Kind = Kind { name: "daily", read };

/// How many straight pieces stand for the curve: one for each quarter of an hour.
const PIECES: u32 = 96;
/// Seconds from the highest to the lowest rate.
const HALF: f64 = DAY / 2.0;

fn read(reader: &mut TableReader<'_>) -> Option<Profile> {
    let low = reader.take("low").and_then(|value| read_number_or_zero(&value));
    let high = reader.take("high").and_then(|value| read_number(&value));
    let high_at = read_time(reader);
    let (low, high, high_at) = (low?, high?, high_at?);
    if low.value > high.value {
        reader.findings().add(
            Diagnostic::new("the lowest rate of the day is above the highest", low.span)
                .label("above `high`")
                .other(high.span, "`high` stands here")
                .help("swap the two"),
        );
        return None;
    }
    let seconds = DAY / f64::from(PIECES);
    let at = |piece: u32| rate(low.value, high.value, f64::from(piece % PIECES) * seconds - high_at.value);
    let segments = (0..PIECES).map(|piece| Segment { seconds, from: at(piece), to: at(piece + 1) }).collect();
    Some(Profile { segments, then: Then::RepeatByDay })
}

/// Returns the rate so many seconds from the highest. A polynomial, as sines differ in their last digit from machine to
/// machine, and with them would the records' times.
fn rate(low: f64, high: f64, from_high: f64) -> f64 {
    let away = from_high.abs().min(DAY - from_high.abs());
    let near = 1.0 - away / HALF;
    low + (high - low) * near * near * (3.0 - 2.0 * near)
}

/// Takes `high_at`, a time of the day such as `"14:30"`, as seconds since midnight.
fn read_time(reader: &mut TableReader<'_>) -> Option<Spanned<f64>> {
    let text = reader.take("high_at")?.text()?;
    let time = text.value.split_once(':').and_then(|(hours, minutes)| {
        let (hours, minutes): (u32, u32) = (hours.parse().ok()?, minutes.parse().ok()?);
        (hours < 24 && minutes < 60).then(|| f64::from(hours * 3600 + minutes * 60))
    });
    if time.is_none() {
        reader.findings().add(
            Diagnostic::new(format!("`{}` is not a time of the day", text.value), text.span.clone())
                .label("expected hours and minutes in UTC, such as \"14:30\""),
        );
    }
    Some(Spanned::new(time?, text.span))
}

#[cfg(test)]
mod tests {
    use super::super::fixture;

    #[test]
    fn a_day_is_highest_at_its_hour_and_lowest_half_a_day_on() {
        let day = fixture("rate = { kind = 'daily', low = '10/s', high = '30/s', high_at = '18:00' }").expect("a rate");
        assert!((day.segments[72].from - 30.0).abs() < 1e-9);
        assert!((day.segments[24].from - 10.0).abs() < 1e-9);
        assert!((day.segments[0].from - 20.0).abs() < 1e-9, "half way at midnight");
        assert!((day.segments[95].to - day.segments[0].from).abs() < 1e-9);
        assert!((day.mean() - 20.0).abs() < 1e-9);
        assert_eq!(day.to_string(), "10 to 30 records/s");
    }

    #[test]
    fn mistakes_are_found() {
        let message = |text: &str| fixture(text).expect_err("a mistake");
        assert_eq!(
            message("rate = { kind = 'daily', low = '1/s', high = '3/s', high_at = '24:00' }"),
            "`24:00` is not a time of the day"
        );
        assert_eq!(
            message("rate = { kind = 'daily', low = '4/s', high = '3/s', high_at = '4:00' }"),
            "the lowest rate of the day is above the highest"
        );
    }
}
