//! A cursor as text: where to read on, and the time that no record read later may come before.

use crate::streams::{Cursor, Millis, SequenceNumber};

/// The place of the next read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// The arrival of the last record read, or what was told to be complete, whichever is later.
    pub(super) floor: Millis,
    pub(super) on: On,
}

/// How the endpoint is told where to read on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum On {
    /// With an iterator that it gave.
    Iterator(String),
    /// With the last record taken of an answer that had more than was wanted.
    After(SequenceNumber),
    /// Not at all: the shard is closed, and this is its end.
    End,
}

impl From<&Place> for Cursor {
    fn from(place: &Place) -> Self {
        Cursor(match &place.on {
            On::Iterator(iterator) => format!("{} iterator {iterator}", place.floor),
            On::After(sequence) => format!("{} after {sequence}", place.floor),
            On::End => format!("{} end .", place.floor),
        })
    }
}

impl Place {
    /// Reads a cursor; `None` where it is not of this log.
    pub(super) fn parse(cursor: &Cursor) -> Option<Self> {
        let mut parts = cursor.0.splitn(3, ' ');
        let floor = parts.next()?.parse().ok()?;
        let on = match (parts.next()?, parts.next()?) {
            ("iterator", iterator) => On::Iterator(iterator.to_owned()),
            ("after", sequence) => On::After(SequenceNumber::parse(sequence)?),
            ("end", ".") => On::End,
            _ => return None,
        };
        Some(Self { floor, on })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back() {
        let sequence = SequenceNumber::parse("495").unwrap();
        for on in [On::Iterator("AAA== b".to_owned()), On::After(sequence), On::End] {
            let place = Place { floor: -7, on };
            assert_eq!(Place::parse(&Cursor::from(&place)), Some(place));
        }
        for other in ["", "17", "17 after", "17 after x", "x iterator y", "17 before 1", "17 end"] {
            assert_eq!(Place::parse(&Cursor(other.to_owned())), None, "{other}");
        }
    }
}
