//! Windows that are one unit longer or shorter.

use std::sync::Arc;
use std::time::Duration;

use crate::window::{Flink, Frame, Kda, Micros, Panes, Refusal, Shape, Window};

/// The units in which lengths are thought of, in microseconds, the longest first.
const UNITS: [Micros; 5] = [86_400_000_000, 3_600_000_000, 60_000_000, 1_000_000, 1_000];

/// A window of a length that no file says; only the embedded engine can be asked to run it.
#[derive(Debug)]
struct Wrong(Shape);

impl Window for Wrong {
    fn shape(&self) -> Shape {
        self.0
    }

    fn describe(&self) -> String {
        "a window that is wrong".to_owned()
    }

    fn kda(&self) -> Result<Kda, Refusal> {
        Err(refusal())
    }

    fn flink(&self, _table: &str, _time: &str, _keys: &[String]) -> Result<Flink, Refusal> {
        Err(refusal())
    }
}

fn refusal() -> Refusal {
    Refusal { lacks: "no dialect has a mutant".to_owned(), instead: "run it on the embedded engine".to_owned() }
}

/// Returns what a window could be by mistake, and what that is in words.
pub(super) fn wrongs(window: &dyn Window) -> Vec<(String, Arc<dyn Window>)> {
    let words = window.describe();
    let named = |what: String, shape: Shape| -> (String, Arc<dyn Window>) {
        (format!("the window, `{words}`, is {what}"), Arc::new(Wrong(shape)))
    };
    match window.shape() {
        Shape::Panes(panes) if panes.count == 1 => lengths(panes.size)
            .into_iter()
            .map(|(what, size)| named(what, Shape::Panes(Panes { size, ..panes })))
            .collect(),
        Shape::Panes(panes) => [panes.count - 1, panes.count + 1]
            .into_iter()
            .map(|count| {
                let what = if count > panes.count { "a step longer" } else { "a step shorter" };
                named(what.to_owned(), Shape::Panes(Panes { count, ..panes }))
            })
            .collect(),
        Shape::Session(gap) => lengths(gap).into_iter().map(|(what, gap)| named(what, Shape::Session(gap))).collect(),
        Shape::Stagger(size) => {
            lengths(size).into_iter().map(|(what, size)| named(what, Shape::Stagger(size))).collect()
        }
        Shape::Frame(frame) => {
            frames(frame).into_iter().map(|(what, frame)| (what, Arc::new(Wrong(Shape::Frame(frame))) as _)).collect()
        }
    }
}

/// Returns what a frame could be by mistake.
pub(super) fn frames(frame: Frame) -> Vec<(String, Frame)> {
    match frame {
        Frame::Range(range) => lengths(range)
            .into_iter()
            .map(|(what, range)| (format!("the range of rows is {what}"), Frame::Range(range)))
            .collect(),
        Frame::Rows(rows) => [rows.checked_sub(1), rows.checked_add(1)]
            .into_iter()
            .flatten()
            .map(|other| {
                let what = if other > rows { "longer" } else { "shorter" };
                (format!("the range of rows is a row {what}"), Frame::Rows(other))
            })
            .collect(),
    }
}

/// Returns a length and one unit more or less, where that is still one; the unit is the longest that it is whole in.
pub(super) fn lengths(length: Micros) -> Vec<(String, Micros)> {
    let Some(unit) = UNITS.into_iter().find(|unit| length > 0 && length % unit == 0) else { return Vec::new() };
    let words = humantime::format_duration(Duration::from_micros(unit.unsigned_abs()));
    let mut lengths = vec![(format!("{words} longer"), length.saturating_add(unit))];
    if length > unit {
        lengths.push((format!("{words} shorter"), length - unit));
    }
    lengths
}
