//! What an `expect` would have to say for its test to pass, as changes to its text: what need not change stays as it is, with
//! comments and layout.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::document::Scalar;
use crate::document::written::{key, string};
use crate::plan::{Datum, Row};
use crate::spec::{ExpectSpec, RowSpec, WantedSpec};

use super::compare::{Pairing, Wanted};
use super::outcome::Seen;

/// How much further in than its step a row stands that is the first of its list.
const INDENT: &str = "  ";
/// The most digits of a whole number that TOML has for sure (TOML 1.0, "Integer": 64 bits).
const MAX_DIGITS: usize = 18;

const NOTHING_BUT_NULL: &str = "a row of nothing but NULL cannot be written without `columns = \"all\"`";

/// A piece of a text, and what is to stand there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The bytes that go.
    pub place: Range<usize>,
    /// What comes.
    pub text: String,
}

/// Puts edits into a text. They do not overlap.
pub fn edited(text: &str, mut edits: Vec<Edit>) -> String {
    edits.sort_by_key(|edit| edit.place.start);
    let mut whole = String::with_capacity(text.len());
    let mut from = 0;
    for edit in edits {
        whole.push_str(&text[from..edit.place.start]);
        whole.push_str(&edit.text);
        from = edit.place.end;
    }
    whole.push_str(&text[from..]);
    whole
}

/// An `expect`, and what there is instead.
pub struct Acceptance<'a> {
    /// The file with the test.
    pub text: &'a str,
    /// What stands there.
    pub spec: &'a ExpectSpec,
    /// The rows of that, by column.
    pub wanted: Option<&'a [Wanted]>,
    /// What there is.
    pub seen: &'a Seen,
}

impl Acceptance<'_> {
    /// Returns the changes that make the one the other. Fails with what TOML cannot say.
    pub fn edits(&self) -> Result<Vec<Edit>, String> {
        let mut edits = Vec::new();
        let numbers = [
            (&self.spec.count, self.seen.rows.len()),
            (&self.spec.late, self.seen.late),
            (&self.spec.bad, self.seen.bad),
        ];
        for (written, seen) in numbers {
            if let Some(written) = written.as_ref().filter(|written| written.value != seen as u64) {
                edits.push(Edit { place: written.span.clone(), text: seen.to_string() });
            }
        }
        if let (Some(spec), Some(wanted)) = (&self.spec.rows, self.wanted) {
            edits.extend(self.rows(spec, wanted)?);
        }
        Ok(edits)
    }

    fn rows(&self, spec: &WantedSpec, wanted: &[Wanted]) -> Result<Vec<Edit>, String> {
        let pairing = Pairing::of(wanted, &self.seen.rows, self.spec.in_order);
        let whole = spec.key.start..spec.span.end;
        if self.seen.rows.is_empty() {
            let text = "none = true".to_owned();
            return Ok(if wanted.is_empty() { Vec::new() } else { vec![Edit { place: whole, text }] });
        }
        if wanted.is_empty() {
            let indent = format!("{}{INDENT}", self.indent(spec.key.start));
            let rows: Vec<String> =
                self.seen.rows.iter().map(|row| self.new_row(row, &[])).collect::<Result<_, _>>()?;
            let lines = rows.join(&format!(",\n{indent}"));
            let text = format!("rows = [\n{indent}{lines},\n{}]", self.indent(spec.key.start));
            return Ok(vec![Edit { place: whole, text }]);
        }
        let mut edits = Vec::new();
        let mut kept = None;
        for (row, partner) in spec.rows.iter().zip(&pairing.partners) {
            self.expect_braces(row)?;
            match partner {
                Some((place, fits)) => {
                    kept = Some(row);
                    if !fits {
                        edits.extend(self.values(row, &self.seen.rows[*place])?);
                    }
                }
                None => edits.push(Edit { place: self.with_comma(&row.span), text: String::new() }),
            }
        }
        if !pairing.spare.is_empty() {
            edits.push(self.more(spec, kept, wanted, &pairing.spare)?);
        }
        Ok(edits)
    }

    /// Adds rows behind the last one of a list.
    fn more(
        &self,
        spec: &WantedSpec,
        kept: Option<&RowSpec>,
        wanted: &[Wanted],
        spare: &[usize],
    ) -> Result<Edit, String> {
        let rows: Vec<String> =
            spare.iter().map(|place| self.new_row(&self.seen.rows[*place], wanted)).collect::<Result<_, _>>()?;
        let last = spec.rows.last().map_or(spec.span.start + 1, |row| row.span.end);
        let first = spec.rows.first().map_or(spec.span.start, |row| row.span.start);
        let layout = if self.text[spec.span.start..first].contains('\n') {
            format!("\n{}", self.indent(first))
        } else {
            " ".to_owned()
        };
        // The last row may have its comma already, and may go itself.
        let has_comma = self.text[last..].trim_start().starts_with(',');
        let at = if has_comma { last + self.text[last..].find(',').unwrap_or_default() + 1 } else { last };
        let needs_comma =
            !has_comma && kept.is_some_and(|kept| Some(kept.span.end) == spec.rows.last().map(|row| row.span.end));
        let mut text = if needs_comma { ",".to_owned() } else { String::new() };
        text.push_str(&rows.iter().map(|row| format!("{layout}{row}")).collect::<Vec<_>>().join(","));
        if has_comma {
            text.push(',');
        }
        Ok(Edit { place: at..at, text })
    }

    /// Changes the values of a row that are not those of another one.
    fn values(&self, row: &RowSpec, found: &Row) -> Result<Vec<Edit>, String> {
        let mut edits = Vec::new();
        let mut stays = vec![true; row.values.len()];
        for ((name, written), stays) in row.values.iter().zip(&mut stays) {
            let Some(found) = self.value(found, &name.value) else { continue };
            if self.wanted_value(row, &name.value).is_some_and(|wanted| wanted.matches(found)) {
                continue;
            }
            match toml(found, Some(&written.value)) {
                Some(text) => edits.push(Edit { place: written.span.clone(), text }),
                None => *stays = false,
            }
        }
        if !stays.contains(&true) && !self.spec.all_columns {
            return Err(NOTHING_BUT_NULL.to_owned());
        }
        let pairs: Vec<Range<usize>> =
            row.values.iter().map(|(name, written)| name.span.start..written.span.end).collect();
        for (index, pair) in pairs.iter().enumerate().filter(|(index, _)| !stays[*index]) {
            let more = stays[index..].contains(&true);
            let place = match (more, index.checked_sub(1)) {
                (true, _) => pair.start..pairs[index + 1].start,
                (false, Some(before)) => pairs[before].end..pair.end,
                (false, None) => pair.clone(),
            };
            edits.push(Edit { place, text: String::new() });
        }
        if self.spec.all_columns {
            let named = |column: &String| row.values.iter().any(|(known, _)| known.value == *column);
            let missing = self.seen.columns.iter().zip(found).filter(|(column, _)| !named(column));
            let more: Vec<String> = missing.filter_map(|(name, found)| pair(name, found)).collect();
            if !more.is_empty() {
                let at = pairs.last().map_or(row.span.start + 1, |pair| pair.end);
                let comma = if stays.contains(&true) { "," } else { "" };
                edits.push(Edit { place: at..at, text: format!("{comma} {}", more.join(", ")) });
            }
        }
        Ok(edits)
    }

    fn wanted_value(&self, row: &RowSpec, name: &str) -> Option<&Datum> {
        let specs = &self.spec.rows.as_ref()?.rows;
        let index = specs.iter().position(|known| known.span == row.span)?;
        let column = self.seen.columns.iter().position(|known| known == name)?;
        self.wanted?.get(index)?.get(column)?.as_ref()
    }

    fn value<'r>(&self, row: &'r Row, name: &str) -> Option<&'r Datum> {
        row.get(self.seen.columns.iter().position(|known| known == name)?)
    }

    /// Writes a row that was not expected, with the columns that others name; with all of them where no other is there.
    fn new_row(&self, row: &Row, wanted: &[Wanted]) -> Result<String, String> {
        let named: BTreeSet<usize> = wanted
            .iter()
            .flat_map(|row| row.iter().enumerate().filter(|(_, value)| value.is_some()).map(|(index, _)| index))
            .collect();
        let shown = |index: &usize| named.is_empty() || named.contains(index);
        let pairs: Vec<String> =
            (0..row.len()).filter(shown).filter_map(|index| pair(&self.seen.columns[index], &row[index])).collect();
        if pairs.is_empty() && !self.spec.all_columns {
            return Err(NOTHING_BUT_NULL.to_owned());
        }
        Ok(format!("{{ {} }}", pairs.join(", ")))
    }

    fn expect_braces(&self, row: &RowSpec) -> Result<(), String> {
        if self.text[row.span.clone()].starts_with('{') {
            return Ok(());
        }
        Err("only rows in braces can be changed: write rows = [{ … }]".to_owned())
    }

    /// Returns the white space before what stands first on the line of a place.
    fn indent(&self, at: usize) -> &str {
        let line = self.text[..at].rfind('\n').map_or(0, |end| end + 1);
        let rest = &self.text[line..];
        &rest[..rest.len() - rest.trim_start_matches([' ', '\t']).len()]
    }

    /// Returns the place of a row with the comma behind it, and with what is left of its line where that is nothing.
    fn with_comma(&self, row: &Range<usize>) -> Range<usize> {
        let behind = &self.text[row.end..];
        let gap = behind.len() - behind.trim_start().len();
        let end = if behind[gap..].starts_with(',') { row.end + gap + 1 } else { row.end };
        let line = self.text[..row.start].rfind('\n').unwrap_or_default();
        let rest = self.text[end..].split('\n').next().unwrap_or_default();
        if self.text[line..row.start].trim().is_empty() && rest.trim().is_empty() {
            return line..end + rest.len();
        }
        row.start..end + rest.len() - rest.trim_start_matches(' ').len()
    }
}

/// Writes a column and its value; NULL is left out.
fn pair(name: &str, value: &Datum) -> Option<String> {
    Some(format!("{} = {}", key(name), toml(value, None)?))
}

/// Writes a value in the way in which another one of its column is written. TOML has no NULL.
fn toml(value: &Datum, like: Option<&Scalar>) -> Option<String> {
    let quoted = matches!(like, Some(Scalar::Text(_)));
    Some(match value {
        Datum::Null => return None,
        Datum::Text(text) => string(text),
        Datum::Boolean(_) | Datum::Exact(_) => {
            let digits = value.json();
            if quoted || digits.len() > MAX_DIGITS { string(&digits) } else { digits }
        }
        Datum::Floating(number) => format!("{number:?}"),
        Datum::Moment(_) | Datum::Day(_) => {
            let shown = value.shown();
            // A second needs no digits behind its point.
            let short = shown.strip_suffix(".000").unwrap_or(&shown);
            if quoted { string(short) } else { short.to_owned() }
        }
    })
}
