//! Windows of one size, side by side, aligned to 1970-01-01T00:00:00Z.

use std::sync::Arc;
use std::time::Duration;

use crate::document::TableReader;

use super::{Flink, Kda, Kind, Micros, Panes, Refusal, Shape, Window, interval, size};

/// The kind's entry in the table.
pub(super) const KIND: Kind = Kind { name: "tumbling", read };

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
        size::legal(size).map(|size| Self { size })
    }
}

impl Window for Tumbling {
    fn shape(&self) -> Shape {
        Shape::Panes(Panes { size: self.size, count: 1, growing: false })
    }

    fn describe(&self) -> String {
        format!("tumbling {}", size::words(self.size))
    }

    fn kda(&self) -> Result<Kda, Refusal> {
        Ok(Kda::Step { length: interval(self.size) })
    }

    fn flink(&self, table: &str, time: &str, _keys: &[String]) -> Result<Flink, Refusal> {
        Ok(Flink::Table(format!("TUMBLE(TABLE {table}, DESCRIPTOR({time}), {})", interval(self.size))))
    }
}

fn read(reader: &mut TableReader<'_>) -> Option<Arc<dyn Window>> {
    let size = size::take(reader, "size")?.value;
    Some(Arc::new(Tumbling { size }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_whole_milliseconds_above_zero() {
        assert!(Tumbling::new(Duration::from_millis(1)).is_some());
        assert_eq!(Tumbling::new(Duration::ZERO), None);
        assert_eq!(Tumbling::new(Duration::from_micros(1)), None);
        assert_eq!(Tumbling::new(Duration::from_hours(87841)), None);
    }
}
