//! Comments that are none in SQL, and stand in texts all the same.

use std::borrow::Cow;
use std::ops::Range;

use super::super::SqlError;

/// Replaces comments that begin with `//`, or with dashes that a word processor made of `--`, by spaces, so that every
/// other character keeps its line and column. Returns a warning for each.
pub(super) fn without_odd_comments(text: &str) -> (Cow<'_, str>, Vec<SqlError>) {
    let found = odd_comments(text);
    if found.is_empty() {
        return (Cow::Borrowed(text), Vec::new());
    }
    let mut code = String::with_capacity(text.len());
    let mut done = 0;
    for comment in &found {
        code.push_str(&text[done..comment.start]);
        code.extend(text[comment.clone()].chars().map(|_| ' '));
        done = comment.end;
    }
    code.push_str(&text[done..]);
    let warn = |comment: Range<usize>| {
        let signs: String = text[comment.clone()].chars().take_while(|sign| *sign == '/' || is_dash(*sign)).collect();
        SqlError::new(format!("`{signs}` is taken for the beginning of a comment"))
            .at(Some(comment))
            .help("a comment of SQL begins with `--`")
    };
    (Cow::Owned(code), found.into_iter().map(warn).collect())
}

/// Finds the comments, which reach to the end of their line, outside texts, names in quotes and comments of SQL.
fn odd_comments(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let line_end = |from: usize| text[from..].find('\n').map_or(text.len(), |length| from + length);
    let mut at = 0;
    while let Some(sign) = text[at..].chars().next() {
        let rest = &text[at..];
        at = match sign {
            // A doubled quote inside is the end of one and the beginning of another: the same to this search.
            '\'' | '"' => rest[1..].find(sign).map_or(text.len(), |length| at + 1 + length + 1),
            '-' if rest.starts_with("--") => line_end(at),
            '/' if rest.starts_with("/*") => block_end(text, at),
            '/' if rest.starts_with("//") => comment(&mut found, at..line_end(at)),
            _ if is_dash(sign) => comment(&mut found, at..line_end(at)),
            _ => at + sign.len_utf8(),
        };
    }
    found
}

fn comment(found: &mut Vec<Range<usize>>, range: Range<usize>) -> usize {
    found.push(range.clone());
    range.end
}

/// Returns the end of a block comment; those of SQL nest.
fn block_end(text: &str, start: usize) -> usize {
    let mut depth = 0usize;
    let mut at = start;
    while let Some(sign) = text[at..].chars().next() {
        if text[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if text[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                break;
            }
        } else {
            at += sign.len_utf8();
        }
    }
    at
}

/// Returns whether a character is an en or an em dash.
fn is_dash(sign: char) -> bool {
    matches!(sign, '\u{2013}' | '\u{2014}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_comments_become_spaces_and_nothing_else_does() {
        let text = "a // b's\n'//' \"–\" -- – '\n/* // /* ' */ */ c –– d\n— e";
        let (code, warnings) = without_odd_comments(text);
        assert_eq!(code, "a       \n'//' \"–\" -- – '\n/* // /* ' */ */ c     \n   ");
        assert_eq!(warnings.len(), 3);
        assert_eq!(&text[warnings[1].span.clone().expect("a place")], "–– d");
        assert_eq!(code.chars().count(), text.chars().count());
    }
}
