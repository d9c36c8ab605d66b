//! Windows that grow step by step up to a size, and begin anew.

use std::sync::Arc;

use crate::document::TableReader;

use super::{Flink, Kda, Kind, Micros, Panes, Refusal, Shape, Window, interval, size};

/// The kind's entry in the table.
pub(super) const KIND: Kind = Kind { name: "cumulative", read };

/// Cumulative windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cumulative {
    step: Micros,
    steps: Micros,
}

impl Window for Cumulative {
    fn shape(&self) -> Shape {
        Shape::Panes(Panes { size: self.step, count: self.steps, growing: true })
    }

    fn describe(&self) -> String {
        format!("cumulative {} by {}", size::words(self.step * self.steps), size::words(self.step))
    }

    fn kda(&self) -> Result<Kda, Refusal> {
        Err(Refusal {
            lacks: "KDA SQL has no cumulative windows".to_owned(),
            instead: "a tumbling window of the step, added up by whoever reads it".to_owned(),
        })
    }

    fn flink(&self, table: &str, time: &str, _keys: &[String]) -> Result<Flink, Refusal> {
        let (step, size) = (interval(self.step), interval(self.step * self.steps));
        Ok(Flink::Table(format!("CUMULATE(TABLE {table}, DESCRIPTOR({time}), {step}, {size})")))
    }
}

fn read(reader: &mut TableReader<'_>) -> Option<Arc<dyn Window>> {
    let (step, steps) = size::take_parts(reader, "step")?;
    Some(Arc::new(Cumulative { step, steps }))
}
