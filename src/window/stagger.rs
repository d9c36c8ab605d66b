//! Windows of each key's own, which its first row opens.

use std::sync::Arc;
use std::time::Duration;

use crate::document::TableReader;

use super::{Flink, Kda, Kind, Micros, Refusal, Shape, Window, interval, size};

/// The kind's entry in the table.
pub(super) const KIND: Kind = Kind { name: "stagger", read };

/// Stagger windows: a key's first row opens one, which is over `size` later; the next row opens another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stagger {
    size: Micros,
}

impl Stagger {
    /// Takes the length: 1 millisecond to ten years, in whole milliseconds.
    pub fn new(size: Duration) -> Option<Self> {
        size::legal(size).map(|size| Self { size })
    }
}

impl Window for Stagger {
    fn shape(&self) -> Shape {
        Shape::Stagger(self.size)
    }

    fn describe(&self) -> String {
        format!("stagger {}", size::words(self.size))
    }

    fn kda(&self) -> Result<Kda, Refusal> {
        Ok(Kda::Stagger { length: interval(self.size) })
    }

    fn flink(&self, _table: &str, _time: &str, _keys: &[String]) -> Result<Flink, Refusal> {
        Err(Refusal {
            lacks: "Flink SQL has no stagger windows".to_owned(),
            instead: "a session window, which goes on while rows come, or a tumbling one, which is aligned".to_owned(),
        })
    }
}

fn read(reader: &mut TableReader<'_>) -> Option<Arc<dyn Window>> {
    let size = size::take(reader, "size")?.value;
    Some(Arc::new(Stagger { size }))
}
