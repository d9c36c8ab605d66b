//! JSON objects: one after the other, mostly one a line, or all in one array.

use serde_json::value::RawValue;

use super::{Mistake, Rows};

/// What to do about text that is no JSON.
const HELP: &str = "the file holds JSON objects, one a line, or one array of them";

pub(super) fn read(text: &str, rows: &mut Rows) -> Result<(), Mistake> {
    if text.trim().is_empty() {
        // More likely a file that is just being written than a table without rows.
        return Err(Mistake::new(None, "the file is empty".to_owned(), "write [] where the table has no rows"));
    }
    let mut lines = Lines { text, at: 0, line: 1 };
    if text.trim_start().starts_with('[') {
        let objects: Vec<&RawValue> = serde_json::from_str(text).map_err(|error| broken(&error))?;
        for object in objects {
            take(object, &mut lines, rows)?;
        }
        return Ok(());
    }
    for object in serde_json::Deserializer::from_str(text).into_iter::<&RawValue>() {
        take(object.map_err(|error| broken(&error))?, &mut lines, rows)?;
    }
    Ok(())
}

fn take(object: &RawValue, lines: &mut Lines<'_>, rows: &mut Rows) -> Result<(), Mistake> {
    let line = lines.of(object.get());
    let mut found = Ok(());
    rows.decoder.push(object.get().as_bytes(), |_, result| found = result);
    found.map_err(|reason| {
        Mistake::new(Some(line), reason, "correct the value, or give the column another type or `path`")
    })?;
    rows.lines.push(line);
    Ok(())
}

fn broken(error: &serde_json::Error) -> Mistake {
    Mistake::new(Some(error.line() as u64), error.to_string(), HELP)
}

/// Tells the lines of parts of a text, one after the other.
struct Lines<'t> {
    text: &'t str,
    at: usize,
    line: u64,
}

impl Lines<'_> {
    /// Returns the line on which a part begins.
    fn of(&mut self, part: &str) -> u64 {
        let begins = (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize).min(self.text.len());
        let between = self.text.get(self.at..begins).unwrap_or_default();
        self.line += between.matches('\n').count() as u64;
        self.at = self.at.max(begins);
        self.line
    }
}
