//! Panes: the pieces that aligned windows share, so that a row is counted once however many windows it belongs to.

use super::{Micros, Span};

/// Windows made of panes of one size, side by side and aligned to 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Panes {
    /// The size of a pane.
    pub size: Micros,
    /// How many panes make the longest window; at least one.
    pub count: Micros,
    /// Whether windows grow pane by pane up to that and begin anew, rather than all have that length.
    pub growing: bool,
}

impl Panes {
    /// Returns the pane that a moment lies in.
    pub fn pane(&self, moment: Micros) -> Span {
        let start = moment.div_euclid(self.size).saturating_mul(self.size);
        Span { start, end: start.saturating_add(self.size) }
    }

    /// Returns the window that ends with a pane.
    pub fn window(&self, pane: Span) -> Span {
        let length = self.length();
        let start = if self.growing {
            pane.start.div_euclid(length).saturating_mul(length)
        } else {
            pane.end.saturating_sub(length)
        };
        Span { start, end: pane.end }
    }

    /// Returns the end of the last window that a pane belongs to.
    pub fn last_end(&self, pane: Span) -> Micros {
        let length = self.length();
        if self.growing {
            pane.start.div_euclid(length).saturating_mul(length).saturating_add(length)
        } else {
            pane.start.saturating_add(length)
        }
    }

    /// Returns the length of the longest window.
    pub fn length(&self) -> Micros {
        self.size.saturating_mul(self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hopping_windows_end_with_every_pane() {
        let panes = Panes { size: 5, count: 3, growing: false };
        assert_eq!(panes.pane(14), Span { start: 10, end: 15 });
        assert_eq!(panes.pane(15), Span { start: 15, end: 20 });
        assert_eq!(panes.pane(-1), Span { start: -5, end: 0 });
        assert_eq!(panes.window(panes.pane(14)), Span { start: 0, end: 15 });
        assert_eq!(panes.last_end(panes.pane(14)), 25);
    }

    #[test]
    fn growing_windows_begin_anew_at_their_length() {
        let panes = Panes { size: 5, count: 3, growing: true };
        assert_eq!(panes.window(panes.pane(14)), Span { start: 0, end: 15 });
        assert_eq!(panes.window(panes.pane(7)), Span { start: 0, end: 10 });
        assert_eq!(panes.window(panes.pane(15)), Span { start: 15, end: 20 });
        assert_eq!(panes.last_end(panes.pane(0)), 15);
        assert_eq!(panes.last_end(panes.pane(-1)), 0);
    }
}
