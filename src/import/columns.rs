//! The columns of a schema → those of a stream.

use crate::document::{Diagnostic, Findings, Spanned};
use crate::record;
use crate::sql::SqlType;

use super::draft::ColumnDraft;
use super::report::{Report, Verdict};
use super::schema::{RecordColumn, RecordFormat, Schema, single};

/// Types of Kinesis Data Analytics that no column has here.
const OTHER_TYPES: &[&str] = &["BINARY", "VARBINARY", "TIME", "INTERVAL", "ANY"];

/// How long the text is that stands in CSV for a value whose type no column has.
const PLACE_HOLDER: u32 = 1024;

/// Turns the columns of a schema around; `owner` is what the report calls it. What cannot be kept is left out.
pub(super) fn columns(schema: &Schema, owner: &str, findings: &Findings, report: &mut Report<'_>) -> Vec<ColumnDraft> {
    let mut columns: Vec<ColumnDraft> = Vec::new();
    let row_path = match &schema.format.value {
        RecordFormat::Json { row_path } => steps(row_path),
        RecordFormat::Csv { .. } => return positions(schema, owner, findings, report),
    };
    let row_path = row_path.unwrap_or_else(|| {
        report.add(
            Verdict::Unsupported,
            owner,
            "its RecordRowPath cannot be read; rows are taken from the whole record",
            Some(&schema.format.span),
        );
        Vec::new()
    });
    if row_path.contains(&Step::Items) {
        report
            .add(
                Verdict::Unsupported,
                owner,
                "its RecordRowPath makes several rows of one record; here a record is one row",
                Some(&schema.format.span),
            )
            .help("let producers put one record for each element");
    }
    for column in &schema.columns {
        if let Some(column) = self::column(column, &row_path, &columns, owner, findings, report) {
            columns.push(column);
        }
    }
    columns
}

/// Turns the columns of rows in CSV around: each keeps its place, whatever its mapping says.
fn positions(schema: &Schema, owner: &str, findings: &Findings, report: &mut Report<'_>) -> Vec<ColumnDraft> {
    let mut columns: Vec<ColumnDraft> = Vec::new();
    for found in &schema.columns {
        let plain = RecordColumn { mapping: None, ..found.clone() };
        let name = &found.name.value;
        if !is_other_type(&found.sql_type.value) {
            columns.extend(column(&plain, &[], &columns, owner, findings, report));
            continue;
        }
        // Without it the values behind would lie in other columns.
        report.add(
            Verdict::Different,
            format!("column `{name}` of {owner}"),
            format!("its type `{}` is not one of a column here; it is read as text", found.sql_type.value),
            Some(&found.sql_type.span),
        );
        let sql_type = SqlType::Varchar(PLACE_HOLDER);
        columns.push(ColumnDraft { name: name.clone(), sql_type, not_null: false, path: vec![name.clone()] });
    }
    columns
}

/// Returns how the records of an input or output are written here, as far as they can be.
pub(super) fn record_format(schema: &Schema, owner: &str, report: &mut Report<'_>) -> record::RecordFormat {
    let RecordFormat::Csv { column_delimiter, row_delimiter } = &schema.format.value else {
        return record::RecordFormat::Json;
    };
    let place = Some(&schema.format.span);
    if !matches!(row_delimiter.as_str(), "\n" | "\r\n" | "\\n" | "\\r\\n") {
        let delimiter = row_delimiter.escape_default();
        report
            .add(
                Verdict::Unsupported,
                owner,
                format!("`{delimiter}` stands between its rows; here a line end does"),
                place,
            )
            .help("let producers put line ends between rows, or one row into a record");
    }
    let delimiter = single(column_delimiter).filter(|byte| record::RecordFormat::is_delimiter(char::from(*byte)));
    let delimiter = delimiter.unwrap_or_else(|| {
        let delimiter = column_delimiter.escape_default();
        report
            .add(
                Verdict::Unsupported,
                owner,
                format!(
                    "`{delimiter}` stands between its values; here one ASCII character does, written as a comma for now"
                ),
                place,
            )
            .help("let producers put a comma between values, and change `delimiter` for another one");
        record::RecordFormat::DELIMITER
    });
    record::RecordFormat::Csv { delimiter }
}

fn column(
    column: &RecordColumn,
    row_path: &[Step],
    taken: &[ColumnDraft],
    owner: &str,
    findings: &Findings,
    report: &mut Report<'_>,
) -> Option<ColumnDraft> {
    let name = &column.name.value;
    let construct = format!("column `{name}` of {owner}");
    if taken.iter().any(|other| other.name == *name) {
        findings.add(
            Diagnostic::new(format!("there are two columns `{name}`"), column.name.span.clone()).label("the second"),
        );
        return None;
    }
    let (sql_type, not_null) = sql_type(&column.sql_type, &construct, report)?;
    let mut path = column_path(column, row_path, &construct, report);
    if let Some(other) = taken.iter().find(|other| other.path.starts_with(&path) || path.starts_with(&other.path)) {
        let own = vec![name.clone()];
        let entry = report.add(
            Verdict::Unsupported,
            &construct,
            format!("it reads the same place of a record as `{}`; here each place is read once", other.name),
            Some(&column.name.span),
        );
        if taken.iter().any(|other| other.path.starts_with(&own) || own.starts_with(&other.path)) {
            entry.help("it is left out; select the other column twice");
            return None;
        }
        entry.help(format!("let producers write it a second time as `{name}`, or leave it out"));
        path = own;
    }
    Some(ColumnDraft { name: name.clone(), sql_type, not_null, path })
}

/// Returns whether a type is one of Kinesis Data Analytics that no column has here.
fn is_other_type(text: &str) -> bool {
    let word: String = text.trim().chars().take_while(char::is_ascii_alphabetic).collect();
    OTHER_TYPES.iter().any(|other| word.eq_ignore_ascii_case(other))
}

/// Reports a type that is none at all.
pub(super) fn check_type(text: &Spanned<String>, findings: &Findings) {
    if is_other_type(&text.value) {
        return;
    }
    if let Err(error) = SqlType::read_column(&text.value) {
        let diagnostic = Diagnostic::new(error.message, text.span.clone()).label("cannot be the type of a column");
        findings.add(match error.help {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        });
    }
}

fn sql_type(text: &Spanned<String>, construct: &str, report: &mut Report<'_>) -> Option<(SqlType, bool)> {
    if is_other_type(&text.value) {
        report
            .add(
                Verdict::Unsupported,
                construct,
                format!("its type `{}` is not one of a column here; it is left out", text.value),
                Some(&text.span),
            )
            .help("carry the value as VARCHAR, and change the type by hand");
        return None;
    }
    // One that is none at all is a mistake already.
    SqlType::read_column(&text.value).ok().map(|read| (read.sql_type, read.not_null))
}

/// Returns the place of a column's value in the record, as far as there is such a place here.
fn column_path(column: &RecordColumn, row_path: &[Step], construct: &str, report: &mut Report<'_>) -> Vec<String> {
    let own = vec![column.name.value.clone()];
    let Some(mapping) = &column.mapping else { return own };
    let Some(steps) = steps(&mapping.value) else {
        report
            .add(
                Verdict::Unsupported,
                construct,
                format!("its mapping `{}` cannot be read", mapping.value),
                Some(&mapping.span),
            )
            .help(format!("let producers write it as the member `{}` of the record", column.name.value));
        return own;
    };
    // A mapping is written from the row's element, or from the root with that element before it.
    let mut whole = if steps.starts_with(row_path) { Vec::new() } else { row_path.to_vec() };
    whole.extend(steps);
    let mut names = Vec::new();
    let last = whole.len().saturating_sub(1);
    for (index, step) in whole.iter().enumerate() {
        match step {
            Step::Member(name) => names.push(name.clone()),
            // The whole list as text is what a text column reads where a list stands.
            Step::Items if index == last => {}
            Step::Items => {
                report
                    .add(
                        Verdict::Unsupported,
                        construct,
                        format!("its mapping `{}` makes a row of each element of a list", mapping.value),
                        Some(&mapping.span),
                    )
                    .help(format!(
                        "let producers put one record for each element, with the value as `{}`",
                        column.name.value
                    ));
                return own;
            }
        }
    }
    let legal = |name: &String| !name.is_empty() && !name.contains(['.', '[', ']', '*', '\'', '"', ' ']);
    if names.is_empty() || (names != own && !names.iter().all(legal)) {
        report
            .add(
                Verdict::Unsupported,
                construct,
                format!("no path can be written for its mapping `{}`", mapping.value),
                Some(&mapping.span),
            )
            .help(format!("let producers write it as the member `{}` of the record", column.name.value));
        return own;
    }
    names
}

/// One step of a `JSONPath`.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// `.name` or `['name']`
    Member(String),
    /// `[0:]`, `[*]` or `[3]`
    Items,
}

/// Reads a `JSONPath`; the `$` may be missing.
fn steps(path: &str) -> Option<Vec<Step>> {
    let mut rest = path.trim();
    let has_root = rest.starts_with('$');
    rest = rest.strip_prefix('$').unwrap_or(rest);
    let mut steps = Vec::new();
    if !has_root && !rest.is_empty() && !rest.starts_with(['.', '[']) {
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        steps.push(Step::Member(rest[..end].to_owned()));
        rest = &rest[end..];
    }
    while !rest.is_empty() {
        if let Some(behind) = rest.strip_prefix('.') {
            let end = behind.find(['.', '[']).unwrap_or(behind.len());
            if end == 0 {
                return None;
            }
            steps.push(Step::Member(behind[..end].to_owned()));
            rest = &behind[end..];
            continue;
        }
        let (inside, behind) = rest.strip_prefix('[')?.split_once(']')?;
        let quoted = ['\'', '"'].iter().find_map(|quote| inside.strip_prefix(*quote)?.strip_suffix(*quote));
        steps.push(quoted.map_or(Step::Items, |name| Step::Member(name.to_owned())));
        rest = behind;
    }
    Some(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_step_by_step() {
        let member = |name: &str| Step::Member(name.to_owned());
        assert_eq!(steps("$"), Some(vec![]));
        assert_eq!(steps("$.a.b"), Some(vec![member("a"), member("b")]));
        assert_eq!(steps("a.b"), Some(vec![member("a"), member("b")]));
        assert_eq!(steps("$['a b'].c"), Some(vec![member("a b"), member("c")]));
        assert_eq!(steps("$.a[0:].b"), Some(vec![member("a"), Step::Items, member("b")]));
        assert_eq!(steps("$..a"), None);
        assert_eq!(steps("$.a[0"), None);
    }
}
