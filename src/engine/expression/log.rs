//! Functions that take lines of logs apart.

use datafusion_common::DataFusionError;

use crate::sql::Expr;
use crate::sql::regex::compile;

use super::own::{Own, constant_index, constant_text};
use super::pattern::{group, refused};

/// The parts of a line of syslog (RFC 3164): priority, time, host, program, process and message.
const SYSLOG: &str = r"^(?:<(\d+)>)?([A-Z][a-z][a-z] [ \d]\d \d\d:\d\d:\d\d) (\S+) ([^\s:\[]+)(?:\[(\d+)\])?: ?(.*)$";
/// The form of the common log of W3C.
const COMMON: &str = r#"%h %l %u %t "%r" %>s %b"#;

/// Returns the function of a name, where it is one of lines of logs.
pub(super) fn find(name: &str, arguments: &[Expr]) -> Result<Option<Own>, DataFusionError> {
    let column = || constant_index(arguments, arguments.len().saturating_sub(1));
    Ok(Some(match name {
        "REGEX_LOG_PARSE" | "FAST_REGEX_LOG_PARSER" => {
            group(compile(constant_text(arguments, 1)?).map_err(refused)?, column()?)
        }
        "SYS_LOG_PARSE" => group(compile(SYSLOG).map_err(refused)?, column()?),
        "W3C_LOG_PARSE" => group(compile(&w3c(constant_text(arguments, 1)?)).map_err(refused)?, column()?),
        "FIXED_COLUMN_LOG_PARSE" => {
            let columns = fixed(constant_text(arguments, 1)?)?;
            let column = column()?.checked_sub(1).and_then(|index| columns.get(index).copied());
            Own::text(move |row| {
                let Some((start, length)) = column else { return Ok(None) };
                let kept: String = row.text(0).chars().skip(start).take(length).collect();
                Ok((!kept.is_empty()).then(|| kept.trim_end().to_owned()))
            })
        }
        "VARIABLE_COLUMN_LOG_PARSE" => {
            let sign = |index| Ok::<_, DataFusionError>(constant_text(arguments, index)?.chars().next());
            let (delimiter, escape, quote) = (constant_text(arguments, 2)?.to_owned(), sign(3)?, sign(4)?);
            let column = column()?;
            Own::text(move |row| {
                let index = column.checked_sub(1);
                Ok(index.and_then(|index| split(row.text(0), &delimiter, escape, quote).into_iter().nth(index)))
            })
        }
        _ => return Ok(None),
    }))
}

/// Turns a form of Apache's logs, or the name of one, into a regular expression with a group for each field.
fn w3c(form: &str) -> String {
    let form = match form.to_ascii_uppercase().as_str() {
        "COMMON" => COMMON.to_owned(),
        "COMMON WITH VHOST" => format!("%v {COMMON}"),
        "NCSA EXTENDED" => format!("{COMMON} \"%{{Referer}}i\" \"%{{User-agent}}i\""),
        "REFERER" => "%{Referer}i -> %U".to_owned(),
        "AGENT" => "%{User-agent}i".to_owned(),
        "IIS" => "%a %u %t %v %h %p %T %B %b %s %s %m %U %q".replace(' ', ", "),
        _ => form.to_owned(),
    };
    let mut pattern = "^".to_owned();
    let mut letters = form.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            pattern += &regex::escape(&letter.to_string());
            continue;
        }
        // `%>s`, `%{Name}i`, `%200,304{Name}i`: the letter behind all that says which field it is.
        let mut braced = false;
        let field = letters.find(|letter| {
            braced = (braced || *letter == '{') && *letter != '}';
            !braced && letter.is_ascii_alphabetic()
        });
        pattern += match (field, letters.peek()) {
            (Some('t'), _) => r"\[([^\]]*)\]",
            (_, Some('"')) => "([^\"]*)",
            (_, Some(',')) => "([^,]*)",
            (_, None) => "(.*)",
            _ => r"(\S*)",
        };
    }
    pattern + "$"
}

/// Reads the columns of `name TYPE t START n [FOR m], …`: where each begins, from 0, and how many characters it has.
fn fixed(columns: &str) -> Result<Vec<(usize, usize)>, DataFusionError> {
    let wrong = || DataFusionError::Plan(format!("`{columns}` is not a list of columns"));
    let mut read = Vec::new();
    let mut depth = 0;
    // A type such as DECIMAL(5, 2) has commas of its own.
    let parts = columns.split(|letter: char| {
        depth += match letter {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        letter == ',' && depth == 0
    });
    for part in parts {
        let words: Vec<&str> = part.split_whitespace().collect();
        let behind = |name: &str| {
            let at = words.iter().position(|word| word.eq_ignore_ascii_case(name))?;
            words.get(at + 1)?.parse::<usize>().ok()
        };
        read.push((behind("START").ok_or_else(wrong)?, behind("FOR").unwrap_or(usize::MAX)));
    }
    Ok(read)
}

/// Splits a line at a delimiter, but not between quotes or behind an escape.
fn split(line: &str, delimiter: &str, escape: Option<char>, quote: Option<char>) -> Vec<String> {
    let mut columns = vec![String::new()];
    let mut rest = line;
    let mut quoted = false;
    while let Some(letter) = rest.chars().next() {
        let behind = &rest[letter.len_utf8()..];
        if !quoted && !delimiter.is_empty() && rest.starts_with(delimiter) {
            columns.push(String::new());
            rest = &rest[delimiter.len()..];
            continue;
        }
        let Some(column) = columns.last_mut() else { break };
        let next = behind.chars().next();
        match next {
            Some(next) if Some(letter) == escape && (escape != quote || (quoted && Some(next) == quote)) => {
                column.push(next);
                rest = &behind[next.len_utf8()..];
            }
            _ if Some(letter) == quote => {
                quoted = !quoted;
                rest = behind;
            }
            _ => {
                column.push(letter);
                rest = behind;
            }
        }
    }
    columns
}
