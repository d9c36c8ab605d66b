//! What the columns of a query's rows are for: the key, the time, and what is measured.

use super::WINDOW;

/// The columns that say when a row is from, the best first.
const TIMES: [&str; 3] = ["window_end", "row_time", WINDOW];

/// The parts of a row, by the places of their columns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parts {
    /// What rows of one line share: the columns before those of the time. None where rows have no time.
    pub keys: Vec<usize>,
    /// Those that say which window a row is of, in their order.
    pub window: Vec<usize>,
    /// The one that says when it is from.
    pub time: Option<usize>,
    /// Those behind them; all where rows have no time.
    pub measures: Vec<usize>,
}

impl Parts {
    /// Tells the columns of rows apart.
    pub fn of<S: AsRef<str>>(columns: &[S]) -> Self {
        let place = |name: &str| columns.iter().position(|column| column.as_ref() == name);
        let time = TIMES.iter().find_map(|name| place(name));
        let mut window: Vec<usize> = TIMES.iter().filter_map(|name| place(name)).collect();
        window.sort_unstable();
        let (first, behind) = match (window.first(), window.last()) {
            (Some(first), Some(last)) => (*first, *last + 1),
            _ => (0, 0),
        };
        Self { keys: (0..first).collect(), window, time, measures: (behind..columns.len()).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stand_before_the_time_and_measures_behind_it() {
        let parts = Parts::of(&["k", "l", "window_start", "window_end", "n"]);
        assert_eq!(parts, Parts { keys: vec![0, 1], window: vec![2, 3], time: Some(3), measures: vec![4] });
        let parts = Parts::of(&["k", "row_time", "n"]);
        assert_eq!((parts.time, parts.keys, parts.measures), (Some(1), vec![0], vec![2]));
        let parts = Parts::of(&["a", "b"]);
        assert_eq!((parts.time, parts.keys, parts.measures), (None, vec![], vec![0, 1]));
    }
}
