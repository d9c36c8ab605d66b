//! The open windows of a query that close first.

use std::collections::BTreeMap;

use crate::window::{Micros, Span};

use super::status::{CLOSING, OpenWindow};

/// The open windows of a query that close first, each with its groups. Keeps no more than are told of, however many are
/// open.
#[derive(Debug, Default)]
pub(super) struct Closing {
    /// By the watermark that closes them, and their ends and starts.
    windows: BTreeMap<(Micros, Micros, Micros), usize>,
    /// How far time is behind that of the whole query where the next windows are.
    delay: Micros,
}

impl Closing {
    /// Says how far time is behind where the windows are that are added next.
    pub(super) fn behind(&mut self, delay: Micros) -> &mut Self {
        self.delay = delay;
        self
    }

    /// Returns whether a window that ends then may be one of the first.
    pub(super) fn wants(&self, end: Micros) -> bool {
        let last = self.windows.last_key_value().filter(|_| self.windows.len() >= CLOSING);
        last.is_none_or(|((closes, ..), _)| end.saturating_add(self.delay) <= *closes)
    }

    /// Adds groups that are in a window.
    pub(super) fn add(&mut self, window: Span, groups: usize) {
        if !self.wants(window.end) {
            return;
        }
        let key = (window.end.saturating_add(self.delay), window.end, window.start);
        *self.windows.entry(key).or_default() += groups;
        if self.windows.len() > CLOSING {
            self.windows.pop_last();
        }
    }

    /// Returns them, the first one first.
    pub(super) fn into_windows(self) -> Vec<OpenWindow> {
        let window = |((closes, end, start), groups)| OpenWindow { closes, start, end, groups };
        self.windows.into_iter().map(window).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_few_are_kept_and_counted_whole() {
        let mut closing = Closing::default();
        for start in (0..20).rev().chain(0..20) {
            closing.behind(start % 2).add(Span { start, end: start + 10 }, 3);
        }
        let windows = closing.into_windows();
        assert_eq!(windows.len(), CLOSING);
        assert_eq!(windows[0], OpenWindow { closes: 10, start: 0, end: 10, groups: 6 });
        assert_eq!(windows[1], OpenWindow { closes: 12, start: 1, end: 11, groups: 6 });
        assert!(windows.is_sorted());
    }
}
