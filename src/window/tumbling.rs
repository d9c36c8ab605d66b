//! Windows of one size, side by side, aligned to 1970-01-01T00:00:00Z.

use std::sync::Arc;
use std::time::Duration;

use crate::document::{Diagnostic, TableReader};

use super::{Kind, Micros, Span, Window};

/// The kind's entry in the table.
pub(super) const KIND: Kind = Kind { name: "tumbling", read };

/// The longest window: ten years keeps every sum of moments far inside 64 bits, and no state lives that long.
const MAX_SIZE: Duration = Duration::from_hours(87840);

/// Tumbling windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tumbling {
    size: Micros,
}

impl Tumbling {
    /// Windows of a second.
    pub const SECOND: Self = Self { size: 1_000_000 };

    /// Takes the size: 1 millisecond to ten years, in whole milliseconds.
    pub fn new(size: Duration) -> Option<Self> {
        let whole = size.subsec_nanos().is_multiple_of(1_000_000);
        let micros = Micros::try_from(size.as_micros()).ok()?;
        (whole && micros > 0 && size <= MAX_SIZE).then_some(Self { size: micros })
    }

    /// Returns the size in SQL's largest unit that divides it, such as `'3' MINUTE`.
    fn interval(self) -> String {
        const UNITS: [(Micros, &str); 4] =
            [(86_400_000_000, "DAY"), (3_600_000_000, "HOUR"), (60_000_000, "MINUTE"), (1_000_000, "SECOND")];
        // A number of more than two digits needs its precision said.
        let precision = |count: Micros, fraction: &str| match count.to_string().len() {
            0..=2 => String::new(),
            digits => format!("({digits}{fraction})"),
        };
        if let Some((unit, name)) = UNITS.iter().find(|(unit, _)| self.size % unit == 0) {
            let count = self.size / unit;
            return format!("INTERVAL '{count}' {name}{}", precision(count, ""));
        }
        let (seconds, millis) = (self.size / 1_000_000, self.size % 1_000_000 / 1000);
        format!("INTERVAL '{seconds}.{millis:03}' SECOND{}", precision(seconds, ", 3"))
    }
}

impl Window for Tumbling {
    fn assign(&self, moment: Micros) -> Span {
        let start = moment.div_euclid(self.size).saturating_mul(self.size);
        Span { start, end: start.saturating_add(self.size) }
    }

    fn describe(&self) -> String {
        let micros = u64::try_from(self.size).unwrap_or(0);
        format!("tumbling {}", humantime::format_duration(Duration::from_micros(micros)))
    }

    fn kda_grouping(&self, row_time: &str) -> String {
        format!("STEP({row_time} BY {})", self.interval())
    }

    fn kda_length(&self) -> String {
        self.interval()
    }

    fn flink_table(&self, table: &str, time_column: &str) -> String {
        format!("TUMBLE(TABLE {table}, DESCRIPTOR({time_column}), {})", self.interval())
    }
}

fn read(reader: &mut TableReader<'_>) -> Option<Arc<dyn Window>> {
    let size = reader.take("size")?.duration()?;
    let window = Tumbling::new(size.value);
    if window.is_none() {
        let label = if size.value.is_zero() {
            "expected a size above 0"
        } else if size.value > MAX_SIZE {
            "expected at most ten years"
        } else {
            "expected whole milliseconds"
        };
        reader.findings().add(Diagnostic::new("a window cannot have this size", size.span).label(label));
    }
    window.map(|window| Arc::new(window) as Arc<dyn Window>)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(size: u64) -> Tumbling {
        Tumbling::new(Duration::from_secs(size)).expect("a size")
    }

    #[test]
    fn windows_are_half_open_and_aligned_to_the_epoch() {
        let window = seconds(10);
        assert_eq!(window.assign(0), Span { start: 0, end: 10_000_000 });
        assert_eq!(window.assign(9_999_999), Span { start: 0, end: 10_000_000 });
        assert_eq!(window.assign(10_000_000), Span { start: 10_000_000, end: 20_000_000 });
        assert_eq!(window.assign(-1), Span { start: -10_000_000, end: 0 });
    }

    #[test]
    fn sizes_are_written_in_sql_as_people_write_them() {
        assert_eq!(seconds(180).interval(), "INTERVAL '3' MINUTE");
        assert_eq!(seconds(90).interval(), "INTERVAL '90' SECOND");
        assert_eq!(seconds(3600 * 36).interval(), "INTERVAL '36' HOUR");
        assert_eq!(seconds(101).interval(), "INTERVAL '101' SECOND(3)");
        assert_eq!(Tumbling::new(Duration::from_millis(1500)).expect("a size").interval(), "INTERVAL '1.500' SECOND");
        assert_eq!(
            Tumbling::new(Duration::from_millis(101_500)).expect("a size").interval(),
            "INTERVAL '101.500' SECOND(3, 3)"
        );
        assert_eq!(Tumbling::new(Duration::ZERO), None);
        assert_eq!(Tumbling::new(Duration::from_micros(1)), None);
    }
}
