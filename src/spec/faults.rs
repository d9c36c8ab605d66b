//! `[generators.NAME.faults]`

use std::time::Duration;

use crate::document::{Diagnostic, TableReader, Value};

/// The longest that a record can be late: a day. What is late is held in memory.
const MAX_DELAY: Duration = Duration::from_hours(24);

/// What happens to records on their way, each with the share of the records to which it does.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Faults {
    /// `late`: they come this much later than they are due, from the one to the other.
    pub late: Option<Delay>,
    /// `out_of_order`: others come before them.
    pub out_of_order: Option<Delay>,
    /// `duplicates`: they come a second time.
    pub duplicates: Option<Delay>,
    /// `dropped`: they never come.
    pub dropped: f64,
    /// `malformed`: they are cut off.
    pub malformed: f64,
}

/// A share of the records and how long they take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Delay {
    /// 0 to 1.
    pub share: f64,
    /// The shortest time.
    pub from: Duration,
    /// The longest.
    pub to: Duration,
}

pub(super) fn read(value: &Value<'_>) -> Option<Faults> {
    let mut reader = value.table("`faults`")?;
    let late = reader.optional("late").map(|value| delay(&value, "by"));
    let out_of_order = reader.optional("out_of_order").map(|value| delay(&value, "within"));
    let duplicates = reader.optional("duplicates").map(|value| {
        if value.is_table() {
            return delay(&value, "within");
        }
        share(&value).map(|share| Delay { share, from: Duration::ZERO, to: Duration::ZERO })
    });
    let dropped = reader.optional("dropped").map(|value| share(&value));
    let malformed = reader.optional("malformed").map(|value| share(&value));
    reader.finish();
    Some(Faults {
        late: late.map_or(Some(None), |read| read.map(Some))?,
        out_of_order: out_of_order.map_or(Some(None), |read| read.map(Some))?,
        duplicates: duplicates.map_or(Some(None), |read| read.map(Some))?,
        dropped: dropped.unwrap_or(Some(0.0))?,
        malformed: malformed.unwrap_or(Some(0.0))?,
    })
}

/// Reads `{ share = 0.02, by = ["5s", "1m"] }`; one length stands for all up to it.
fn delay(value: &Value<'_>, key: &'static str) -> Option<Delay> {
    let mut reader = value.table(format!("`{}`", value.key()))?;
    let share = reader.take("share").and_then(|value| share(&value));
    let between = reader.take(key).and_then(|value| lengths(&value, &reader));
    reader.finish();
    let (from, to) = between?;
    Some(Delay { share: share?, from, to })
}

fn lengths(value: &Value<'_>, reader: &TableReader<'_>) -> Option<(Duration, Duration)> {
    let one = |value: &Value<'_>| {
        let length = value.duration()?;
        if length.value > MAX_DELAY {
            reader.findings().add(
                Diagnostic::new(format!("`{}` is out of range", value.key()), length.span)
                    .label("expected at most 24 hours"),
            );
            return None;
        }
        Some(length.value)
    };
    if !value.is_list() {
        return one(value).map(|to| (Duration::ZERO, to));
    }
    let list = value.list()?;
    let (Some(from), Some(to), true) = (list.first(), list.get(1), list.len() == 2) else {
        value.findings().add(
            Diagnostic::new(format!("`{}` has not two ends", value.key()), value.span())
                .label("expected the shortest and the longest time, such as [\"5s\", \"1m\"]"),
        );
        return None;
    };
    let (from, to) = (one(from)?, one(to)?);
    if from > to {
        value.findings().add(
            Diagnostic::new(format!("`{}` ends before it begins", value.key()), value.span())
                .label("the first time is the longer one")
                .help("swap the two"),
        );
        return None;
    }
    Some((from, to))
}

/// Reads a share.
pub(super) fn share(value: &Value<'_>) -> Option<f64> {
    let share = value.number()?;
    let legal = (0.0..=1.0).contains(&share.value);
    if !legal {
        value.findings().add(
            Diagnostic::new(format!("`{}` is out of range", value.key()), share.span)
                .label("expected a share from 0 to 1"),
        );
    }
    legal.then_some(share.value)
}
