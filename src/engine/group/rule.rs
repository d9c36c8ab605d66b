//! Which window of its key a row belongs to.

use crate::window::{Micros, Span};

use super::instances::{Instance, Instances};

/// How windows of each key's own take rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// A row stands for the time from its own on, this long; windows are what touches or overlaps.
    Session(Micros),
    /// A row goes into the open window that ends behind it, or opens one of this length.
    Stagger(Micros),
}

impl Rule {
    /// Finds or makes the window of a row among those of its key that are not over, which stand in the order of time.
    /// Returns the window's place; `None` where the row is too late for any.
    pub(super) fn place(
        self,
        open: &mut Vec<Instance>,
        (moment, watermark): (Micros, Micros),
        instances: &mut Instances,
    ) -> Option<usize> {
        let (Self::Session(length) | Self::Stagger(length)) = self;
        let own = Span { start: moment, end: moment.saturating_add(length) };
        let first = match self {
            Self::Session(_) => open.iter().position(|other| touch(own, other.span)),
            Self::Stagger(_) => open.iter().position(|other| moment < other.span.end),
        };
        let Some(first) = first else {
            if own.end <= watermark {
                return None;
            }
            let place = open.iter().position(|other| other.span.start > moment).unwrap_or(open.len());
            open.insert(place, Instance { span: own, parts: vec![instances.start()] });
            return Some(place);
        };
        if let Self::Session(_) = self {
            let mut last = first + 1;
            while open.get(last).is_some_and(|other| touch(own, other.span)) {
                last += 1;
            }
            let joined: Vec<Instance> = open.drain(first + 1..last).collect();
            let whole = &mut open[first];
            whole.span.start = whole.span.start.min(own.start);
            whole.span.end = whole.span.end.max(own.end);
            for other in joined {
                whole.span.end = whole.span.end.max(other.span.end);
                whole.parts.extend(other.parts);
            }
        }
        Some(first)
    }
}

fn touch(a: Span, b: Span) -> bool {
    a.start <= b.end && a.end >= b.start
}
