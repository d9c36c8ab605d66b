//! Windows of one size that begin one `slide` after the other and overlap.

use std::sync::Arc;

use crate::document::TableReader;

use super::{Flink, Kda, Kind, Micros, Panes, Refusal, Shape, Window, interval, size};

/// The kind's entry in the table.
pub(super) const KIND: Kind = Kind { name: "hopping", read };

/// Hopping windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hopping {
    slide: Micros,
    slides: Micros,
}

impl Window for Hopping {
    fn shape(&self) -> Shape {
        Shape::Panes(Panes { size: self.slide, count: self.slides, growing: false })
    }

    fn describe(&self) -> String {
        format!("hopping {} every {}", size::words(self.slide * self.slides), size::words(self.slide))
    }

    fn kda(&self) -> Result<Kda, Refusal> {
        Err(Refusal {
            lacks: "KDA SQL has no hopping windows".to_owned(),
            instead: "a sliding window over the same range".to_owned(),
        })
    }

    fn flink(&self, table: &str, time: &str, _keys: &[String]) -> Result<Flink, Refusal> {
        let (slide, size) = (interval(self.slide), interval(self.slide * self.slides));
        Ok(Flink::Table(format!("HOP(TABLE {table}, DESCRIPTOR({time}), {slide}, {size})")))
    }
}

fn read(reader: &mut TableReader<'_>) -> Option<Arc<dyn Window>> {
    let (slide, slides) = size::take_parts(reader, "slide")?;
    Some(Arc::new(Hopping { slide, slides }))
}
