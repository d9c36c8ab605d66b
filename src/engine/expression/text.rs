//! Functions of text.

use md5::{Digest, Md5};
use sha2::Sha256;

use super::own::{Failure, Own, Row};

/// The most characters that a text may be made of: the longest `VARCHAR`.
const MAX_CHARACTERS: usize = 65_535;

/// Returns the function of a name, where it is one of text.
pub(super) fn find(name: &str) -> Option<Own> {
    Some(match name {
        "INITCAP" => text(|row| Some(initcap(row.text(0)))),
        "TRIM" => text(|row| Some(row.text(0).trim_matches(|letter| of(row, letter)).to_owned())),
        "LTRIM" => text(|row| Some(row.text(0).trim_start_matches(|letter| of(row, letter)).to_owned())),
        "RTRIM" => text(|row| Some(row.text(0).trim_end_matches(|letter| of(row, letter)).to_owned())),
        "LEFT" => text(|row| Some(row.text(0).chars().take(row.count(1)).collect())),
        "RIGHT" => text(|row| {
            let skipped = row.text(0).chars().count().saturating_sub(row.count(1));
            Some(row.text(0).chars().skip(skipped).collect())
        }),
        "REVERSE" => text(|row| Some(row.text(0).chars().rev().collect())),
        "REPLACE" => text(|row| {
            // Nothing is nowhere to be replaced.
            Some(if row.text(1).is_empty() {
                row.text(0).to_owned()
            } else {
                row.text(0).replace(row.text(1), row.text(2))
            })
        }),
        "SPLIT_INDEX" => text(|row| {
            let index = usize::try_from(row.whole(2)).ok()?;
            if row.text(1).is_empty() {
                return None;
            }
            row.text(0).split(row.text(1)).nth(index).map(str::to_owned)
        }),
        "MD5" => text(|row| Some(hex(&Md5::digest(row.text(0).as_bytes())))),
        "SHA256" => text(|row| Some(hex(&Sha256::digest(row.text(0).as_bytes())))),
        "REPEAT" => Own::text(|row| {
            fits(row.text(0).chars().count().saturating_mul(row.count(1)))?;
            Ok(Some(row.text(0).repeat(row.count(1))))
        }),
        "LPAD" => Own::text(|row| Ok(padding(row)?.map(|(padding, kept)| padding + &kept))),
        "RPAD" => Own::text(|row| Ok(padding(row)?.map(|(padding, kept)| kept + &padding))),
        "POSITION" => Own::whole(|row| {
            let (wanted, text) = (row.text(0), row.text(1));
            let place = text.find(wanted).map_or(0, |at| text[..at].chars().count() + 1);
            Ok(i64::try_from(place).ok())
        }),
        _ => return None,
    })
}

/// A function that never fails.
fn text(of: impl Fn(&Row<'_>) -> Option<String> + Send + Sync + 'static) -> Own {
    Own::text(move |row| Ok(of(row)))
}

/// Returns whether a letter is one of those that are trimmed off: spaces where nothing else is said.
fn of(row: &Row<'_>, letter: char) -> bool {
    if row.len() > 1 { row.text(1).contains(letter) } else { letter == ' ' }
}

/// Returns what a text is padded with to a number of characters, and what is kept of it; nothing where it cannot be
/// padded.
fn padding(row: &Row<'_>) -> Result<Option<(String, String)>, Failure> {
    let (text, wanted, with) = (row.text(0), row.whole(1), row.text(2));
    let Ok(wanted) = usize::try_from(wanted) else { return Ok(None) };
    fits(wanted)?;
    let given = text.chars().count();
    if with.is_empty() && given < wanted {
        return Ok(None);
    }
    let padding = with.chars().cycle().take(wanted.saturating_sub(given)).collect();
    Ok(Some((padding, text.chars().take(wanted).collect())))
}

fn fits(characters: usize) -> Result<(), Failure> {
    if characters > MAX_CHARACTERS {
        return Err(format!("a text of {characters} characters is too long"));
    }
    Ok(())
}

/// Words are runs of letters and digits.
fn initcap(text: &str) -> String {
    let mut capital = true;
    let mut written = String::with_capacity(text.len());
    for letter in text.chars() {
        if capital {
            written.extend(letter.to_uppercase());
        } else {
            written.extend(letter.to_lowercase());
        }
        capital = !letter.is_alphanumeric();
    }
    written
}

fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(u32::from(half), 16);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).flatten().collect()
}
