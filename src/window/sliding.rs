//! A frame for every row: the row itself, and the rows of its key just before it.

use std::sync::Arc;

use crate::document::{Diagnostic, TableReader};

use super::{Flink, Frame, Kda, Kind, Refusal, Shape, Window, interval, size};

/// The kind's entry in the table.
pub(super) const KIND: Kind = Kind { name: "sliding", read };

/// The most rows of a frame: all of them are kept for each key.
const MAX_ROWS: i64 = 1_000_000;

/// Sliding windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sliding {
    /// Which rows count with a row.
    pub frame: Frame,
}

impl Sliding {
    fn text(self) -> String {
        match self.frame {
            Frame::Range(range) => format!("RANGE {} PRECEDING", interval(range)),
            Frame::Rows(rows) => format!("ROWS {rows} PRECEDING"),
        }
    }
}

impl Window for Sliding {
    fn shape(&self) -> Shape {
        Shape::Frame(self.frame)
    }

    fn describe(&self) -> String {
        match self.frame {
            Frame::Range(range) => format!("sliding {}", size::words(range)),
            Frame::Rows(before) => format!("sliding {} rows", before + 1),
        }
    }

    fn kda(&self) -> Result<Kda, Refusal> {
        Ok(Kda::Over { frame: self.text() })
    }

    fn flink(&self, _table: &str, _time: &str, _keys: &[String]) -> Result<Flink, Refusal> {
        let bounds = match self.frame {
            Frame::Range(range) => format!("RANGE BETWEEN {} PRECEDING AND CURRENT ROW", interval(range)),
            Frame::Rows(rows) => format!("ROWS BETWEEN {rows} PRECEDING AND CURRENT ROW"),
        };
        Ok(Flink::Over(bounds))
    }
}

fn read(reader: &mut TableReader<'_>) -> Option<Arc<dyn Window>> {
    let rows = reader.optional("rows");
    let Some(rows) = rows else {
        let range = size::take(reader, "range")?.value;
        return Some(Arc::new(Sliding { frame: Frame::Range(range) }));
    };
    let range = reader.optional("range");
    if let Some(range) = range {
        reader.findings().add(
            Diagnostic::new("a sliding window has `range` or `rows`, not both", range.key_span())
                .label("leave one of them out")
                .other(rows.key_span(), "the other one"),
        );
        return None;
    }
    let rows = rows.integer(1..=MAX_ROWS)?.value.unsigned_abs();
    // The row itself is one of them.
    Some(Arc::new(Sliding { frame: Frame::Rows(rows - 1) }))
}
