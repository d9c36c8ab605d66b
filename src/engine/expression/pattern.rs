//! Functions of patterns: each is compiled once.

use datafusion_common::DataFusionError;
use regex::Regex;

use crate::sql::regex::{compile, expand, like, similar};
use crate::sql::{Expr, SqlError};

use super::own::{Failure, Own, constant_index, constant_text};

/// Returns the function of a name, where it is one of patterns.
pub(super) fn find(name: &str, arguments: &[Expr]) -> Result<Option<Own>, DataFusionError> {
    let regex = || compile(constant_text(arguments, 1)?).map_err(refused);
    Ok(Some(match name {
        "$SUBSTRING_REGEX" => group(regex()?, 0),
        "REGEXP_EXTRACT" => group(regex()?, if arguments.len() > 2 { constant_index(arguments, 2)? } else { 0 }),
        "REGEXP_REPLACE" => {
            let regex = regex()?;
            Own::text(move |row| replace(&regex, row.text(0), row.text(2), 1, 0).map(Some))
        }
        "REGEX_REPLACE" => {
            let regex = regex()?;
            Own::text(move |row| replace(&regex, row.text(0), row.text(2), row.whole(3), row.whole(4)).map(Some))
        }
        "$LIKE_ESCAPE" => {
            let pattern = like(constant_text(arguments, 1)?, constant_text(arguments, 2)?).map_err(refused)?;
            Own::truth(move |row| Ok(Some(pattern.is_match(row.text(0)))))
        }
        "$SIMILAR" => {
            let pattern = similar(constant_text(arguments, 1)?, constant_text(arguments, 2)?).map_err(refused)?;
            Own::truth(move |row| Ok(Some(pattern.is_match(row.text(0)))))
        }
        _ => return Ok(None),
    }))
}

pub(super) fn refused(error: SqlError) -> DataFusionError {
    DataFusionError::Plan(error.message)
}

/// The group of a number of the first match.
pub(super) fn group(regex: Regex, index: usize) -> Own {
    Own::text(move |row| {
        let found = regex.captures(row.text(0));
        Ok(found.and_then(|found| found.get(index).map(|group| group.as_str().to_owned())))
    })
}

/// Replaces the match of a number, from 1, or all with 0, of those that begin at a character, from 1, or behind.
fn replace(regex: &Regex, text: &str, with: &str, start: i64, occurrence: i64) -> Result<String, Failure> {
    let occurrence = usize::try_from(occurrence).map_err(|_| "an occurrence is 0 for all, or counted from 1")?;
    let skipped = start.checked_sub(1).and_then(|skipped| usize::try_from(skipped).ok());
    let skipped = skipped.ok_or("the first character is 1")?;
    let Some(from) = text.char_indices().map(|(at, _)| at).chain([text.len()]).nth(skipped) else {
        return Ok(text.to_owned());
    };
    let mut written = text[..from].to_owned();
    let mut done = from;
    for (index, found) in regex.captures_iter(&text[from..]).enumerate() {
        if occurrence != 0 && index + 1 != occurrence {
            continue;
        }
        let Some(whole) = found.get(0) else { continue };
        written += &text[done..from + whole.start()];
        written += &expand(with, &found).ok_or_else(|| format!("`{with}` names a group that there is not"))?;
        done = from + whole.end();
    }
    written += &text[done..];
    Ok(written)
}
