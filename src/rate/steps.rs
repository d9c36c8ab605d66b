//! Rates one behind the other.

use crate::document::{Diagnostic, Spanned, TableReader, Value};

use super::number::{read_number_or_zero, take_seconds};
use super::profile::{Segment, Then};
use super::{Kind, Profile};

/// The kind's entry in the table.
pub(super) const KIND: Kind = Kind { name: "steps", read };

fn read(reader: &mut TableReader<'_>) -> Option<Profile> {
    let steps = reader.take("steps")?;
    let repeats = reader.optional("repeat").and_then(|value| value.boolean());
    let read: Vec<Option<(Spanned<f64>, f64)>> = steps.list()?.iter().map(read_step).collect();
    let read: Vec<(Spanned<f64>, f64)> = read.into_iter().collect::<Option<_>>()?;
    let Some((last, _)) = read.last() else {
        reader.findings().add(
            Diagnostic::new("there are no steps", steps.span())
                .label("expected at least one")
                .help("write them in brackets, such as [{ rate = \"10/s\", for = \"5m\" }]"),
        );
        return None;
    };
    if has_none(reader, &read.iter().map(|(rate, _)| rate).collect::<Vec<_>>()) {
        return None;
    }
    let then = if repeats.is_some_and(|repeats| repeats.value) { Then::Repeat } else { Then::Hold(last.value) };
    let segments = read.iter().map(|(rate, seconds)| Segment::level(*seconds, rate.value)).collect();
    Some(Profile { segments, then })
}

fn read_step(value: &Value<'_>) -> Option<(Spanned<f64>, f64)> {
    let mut reader = value.table("a step")?;
    let rate = reader.take("rate").and_then(|value| read_number_or_zero(&value));
    let seconds = take_seconds(&mut reader, "for");
    reader.finish();
    Some((rate?, seconds?.value))
}

/// Reports that every one of some rates is 0; says whether it is so.
pub(super) fn has_none(reader: &TableReader<'_>, rates: &[&Spanned<f64>]) -> bool {
    let none = rates.iter().all(|rate| rate.value <= 0.0);
    if let Some(last) = rates.last().filter(|_| none) {
        reader.findings().add(
            Diagnostic::new(format!("{} never comes to a record", reader.name()), last.span.clone())
                .label("every rate is 0")
                .help("write a number above 0 for one of them"),
        );
    }
    none
}

#[cfg(test)]
mod tests {
    use super::super::fixture;

    #[test]
    fn steps_follow_each_other() {
        let steps = "[{ rate = '10/s', for = '5s' }, { rate = '0/s', for = '1m' }]";
        let once = fixture(&format!("rate = {{ kind = 'steps', steps = {steps} }}")).expect("a rate");
        assert!(once.mean().abs() < 1e-9, "behind the last step its rate goes on");
        let again = fixture(&format!("rate = {{ kind = 'steps', repeat = true, steps = {steps} }}")).expect("a rate");
        assert!((again.mean() - 50.0 / 65.0).abs() < 1e-9);
        assert!((again.peak() - 10.0).abs() < 1e-9);
    }

    #[test]
    fn mistakes_are_found() {
        let message = |steps: &str| fixture(&format!("rate = {{ kind = 'steps', steps = {steps} }}")).expect_err("one");
        assert_eq!(message("[]"), "there are no steps");
        assert_eq!(message("[{ rate = '0/s', for = '5s' }]"), "`rate` never comes to a record");
        assert_eq!(message("[{ rate = '1/d', for = '5s' }]"), "`1/d` is not a rate");
        assert_eq!(fixture("rate = { kind = 'stairs' }").expect_err("one"), "`rate` has an unknown kind");
    }
}
