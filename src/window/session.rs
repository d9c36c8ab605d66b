//! Windows of each key's own, which go on while its rows follow each other closely.

use std::sync::Arc;

use crate::document::TableReader;

use super::{Flink, Kda, Kind, Micros, Refusal, Shape, Window, interval, size};

/// The kind's entry in the table.
pub(super) const KIND: Kind = Kind { name: "session", read };

/// Session windows: rows at most `gap` apart belong together, and the window ends `gap` behind the last one. Rows that
/// are exactly `gap` apart belong together, as in Flink.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    gap: Micros,
}

impl Window for Session {
    fn shape(&self) -> Shape {
        Shape::Session(self.gap)
    }

    fn describe(&self) -> String {
        format!("session with gap {}", size::words(self.gap))
    }

    fn kda(&self) -> Result<Kda, Refusal> {
        Err(Refusal {
            lacks: "KDA SQL has no session windows".to_owned(),
            instead: "a stagger window, whose length is fixed".to_owned(),
        })
    }

    fn flink(&self, table: &str, time: &str, keys: &[String]) -> Result<Flink, Refusal> {
        let partition = if keys.is_empty() { String::new() } else { format!(" PARTITION BY ({})", keys.join(", ")) };
        Ok(Flink::Table(format!("SESSION(TABLE {table}{partition}, DESCRIPTOR({time}), {})", interval(self.gap))))
    }
}

fn read(reader: &mut TableReader<'_>) -> Option<Arc<dyn Window>> {
    let gap = size::take(reader, "gap")?.value;
    Some(Arc::new(Session { gap }))
}
