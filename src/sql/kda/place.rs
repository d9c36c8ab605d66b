//! Lines and columns → bytes of the text.

use std::ops::Range;

use sqlparser::tokenizer::{Location, Span};

/// Where the lines of a text begin.
#[derive(Debug)]
pub struct Places<'a> {
    text: &'a str,
    /// The first byte of each line, and whether a column of it is a byte.
    lines: Vec<(usize, bool)>,
}

impl<'a> Places<'a> {
    /// Takes a text.
    pub fn new(text: &'a str) -> Self {
        let mut start = 0;
        let mut lines = Vec::new();
        for line in text.split_inclusive('\n') {
            lines.push((start, line.is_ascii()));
            start += line.len();
        }
        lines.push((start, true));
        Self { text, lines }
    }

    /// Returns the byte at a place, the end of the text where there is no such place.
    pub fn offset(&self, place: Location) -> usize {
        let line = usize::try_from(place.line).unwrap_or(usize::MAX).max(1);
        let column = usize::try_from(place.column).unwrap_or(usize::MAX).max(1);
        let Some((start, bytes)) = self.lines.get(line - 1) else { return self.text.len() };
        let rest = &self.text[*start..];
        if *bytes {
            return (start + column - 1).min(self.text.len());
        }
        start + rest.char_indices().nth(column - 1).map_or(rest.len(), |(at, _)| at)
    }

    /// Returns the bytes of a span; none where the parser does not know it.
    pub fn range(&self, span: Span) -> Option<Range<usize>> {
        if span.start.line == 0 {
            return None;
        }
        let (start, end) = (self.offset(span.start), self.offset(span.end));
        Some(start..end.max(start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_spans_count_bytes() {
        let text = "ab\né–x\n";
        let places = Places::new(text);
        let at = |line, column| places.offset(Location { line, column });
        assert_eq!((at(1, 1), at(1, 3), at(2, 1), at(2, 2), at(2, 3)), (0, 2, 3, 5, 8));
        assert_eq!((at(3, 1), at(3, 9), at(9, 1)), (text.len(), text.len(), text.len()));
    }
}
