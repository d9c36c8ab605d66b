//! One column over time, by key.

use std::collections::{BTreeMap, VecDeque};

use chrono::NaiveDateTime;

use crate::record::{Parts, Row, shown, text};
use crate::streams::now;

/// How many keys are kept: those that came last. A terminal shows a few of them.
const KEYS: usize = 1_000;
/// How many points each has.
const POINTS: usize = 120;

/// The values of one column over time, by key. Takes no more room, however many rows come.
#[derive(Debug, Default)]
pub(super) struct Series {
    lines: BTreeMap<String, Line>,
}

#[derive(Debug, Default)]
struct Line {
    /// The last ones, each with its time in milliseconds, in the order of their coming.
    points: VecDeque<(f64, f64)>,
}

impl Series {
    /// Adds a value of a key at a time.
    fn add(&mut self, key: &str, time: f64, value: f64) {
        if self.lines.len() >= KEYS && !self.lines.contains_key(key) {
            let last = |line: &Line| line.points.back().map_or(f64::MIN, |(time, _)| *time);
            let oldest = self.lines.iter().min_by(|(_, one), (_, other)| last(one).total_cmp(&last(other)));
            if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
                self.lines.remove(&oldest);
            }
        }
        let points = &mut self.lines.entry(key.to_owned()).or_default().points;
        if points.len() == POINTS {
            points.pop_front();
        }
        points.push_back((time, value));
    }

    /// Adds a value of a row, where it is a number, at the time that the row is from, or now where it has none. Its key is that
    /// of its own columns, which `columns` names, if no other is given. Returns whether it is one.
    pub(super) fn add_row<S: AsRef<str>>(
        &mut self,
        row: &Row,
        columns: &[S],
        key: Option<String>,
        value: &str,
    ) -> bool {
        let Some(value) = value.parse::<f64>().ok().filter(|value| value.is_finite()) else { return false };
        let parts = Parts::of(columns);
        let cell = |place: &usize| row.get(columns[*place].as_ref());
        let own = || parts.keys.iter().map(|place| shown(cell(place))).collect::<Vec<_>>().join(" ");
        let time = parts.time.and_then(|place| text(cell(&place)).parse::<NaiveDateTime>().ok());
        let time = time.map_or_else(now, |time| time.and_utc().timestamp_millis());
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of our time have 41 bits")]
        self.add(&key.unwrap_or_else(own), time as f64, value);
        true
    }

    /// Returns how many keys there are.
    pub(super) fn keys(&self) -> usize {
        self.lines.len()
    }

    /// Returns the keys with the greatest last values, each with its points in the order of time.
    pub(super) fn greatest(&self, most: usize) -> Vec<(&str, Vec<(f64, f64)>)> {
        let last = |line: &Line| line.points.back().map_or(f64::MIN, |(_, value)| *value);
        let mut lines: Vec<(&String, &Line)> = self.lines.iter().collect();
        lines.sort_by(|(_, one), (_, other)| last(other).total_cmp(&last(one)));
        lines.truncate(most);
        // In the order of the keys, so that a line keeps its sign while values change.
        lines.sort_by_key(|(key, _)| key.as_str());
        let points = |line: &Line| {
            let mut points: Vec<(f64, f64)> = line.points.iter().copied().collect();
            points.sort_by(|(one, _), (other, _)| one.total_cmp(other));
            points
        };
        lines.into_iter().map(|(key, line)| (key.as_str(), points(line))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_bounded_by_keys_and_by_points() {
        let mut series = Series::default();
        for key in 0..KEYS + 5 {
            let time = f64::from(u32::try_from(key).unwrap());
            series.add(&format!("{key:05}"), time, time);
        }
        assert_eq!(series.keys(), KEYS);
        assert_eq!(series.greatest(KEYS)[0].0, "00005", "those that came first are gone");
        for time in 0..200 {
            series.add("01000", f64::from(2_000 + time), 1.0);
        }
        let greatest = series.greatest(KEYS);
        let (_, points) = greatest.iter().find(|(key, _)| *key == "01000").unwrap();
        assert_eq!((points.len(), points[0].0), (POINTS, 2_080.0));
    }

    #[test]
    fn the_greatest_are_in_the_order_of_their_names() {
        let mut series = Series::default();
        for (key, value) in [("c", 5.0), ("a", 1.0), ("b", 9.0), ("d", 7.0)] {
            series.add(key, 1.0, value);
        }
        let keys: Vec<&str> = series.greatest(3).into_iter().map(|(key, _)| key).collect();
        assert_eq!(keys, ["b", "c", "d"]);
    }
}
