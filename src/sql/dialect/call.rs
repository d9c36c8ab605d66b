//! Calls of functions in each dialect.

use super::super::{Expr, ExprKind, Literal, SqlType};
use super::{Dialect, Writer};

impl Writer<'_> {
    /// Writes a call. Where no form has the same value, [`carries()`](super::carries()) has said so.
    pub(super) fn call(self, name: &str, arguments: &[Expr]) -> String {
        let written: Vec<String> = arguments.iter().map(|argument| self.write(argument)).collect();
        let texts: Vec<&str> = written.iter().map(String::as_str).collect();
        if let Some(text) = self.shared(name, arguments, &texts) {
            return text;
        }
        let own = match self.dialect {
            Dialect::Kda => Self::kda(name, arguments, &texts),
            Dialect::Flink => self.flink(name, arguments, &texts),
        };
        own.unwrap_or_else(|| format!("{name}({})", written.join(", ")))
    }

    /// What both dialects write alike, and otherwise than a call.
    fn shared(self, name: &str, arguments: &[Expr], texts: &[&str]) -> Option<String> {
        Some(match (name, texts) {
            ("SUBSTRING", [text, from]) if self.dialect == Dialect::Kda || starts_inside(&arguments[1]) => {
                format!("SUBSTRING({text} FROM {from})")
            }
            ("SUBSTRING", [text, from, length]) if self.dialect == Dialect::Kda || starts_inside(&arguments[1]) => {
                format!("SUBSTRING({text} FROM {from} FOR {length})")
            }
            ("TRIM", [text, signs]) => format!("TRIM(BOTH {signs} FROM {text})"),
            ("LTRIM", [text]) => format!("TRIM(LEADING ' ' FROM {text})"),
            ("LTRIM", [text, signs]) => format!("TRIM(LEADING {signs} FROM {text})"),
            ("RTRIM", [text]) => format!("TRIM(TRAILING ' ' FROM {text})"),
            ("RTRIM", [text, signs]) => format!("TRIM(TRAILING {signs} FROM {text})"),
            ("POSITION", [wanted, text]) => format!("POSITION({wanted} IN {text})"),
            ("$SIMILAR" | "$LIKE_ESCAPE", [text, pattern, sign]) => {
                let operator = if name == "$SIMILAR" { "SIMILAR TO" } else { "LIKE" };
                let escape = if *sign == "''" { String::new() } else { format!(" ESCAPE {sign}") };
                format!("({text} {operator} {pattern}{escape})")
            }
            ("$FLOOR_TO", [_, moment]) => format!("FLOOR({moment} TO {})", unit(arguments)),
            ("$CEIL_TO", [_, moment]) => format!("CEIL({moment} TO {})", unit(arguments)),
            ("$EXTRACT", [_, moment]) if unit(arguments) != "MILLISECOND" => {
                format!("EXTRACT({} FROM {moment})", unit(arguments))
            }
            ("$ADD_INTERVAL", [moment, _]) => {
                let micros = interval(&arguments[1]);
                let operator = if micros < 0 { '-' } else { '+' };
                format!("({moment} {operator} {})", self.dialect.interval(micros.saturating_abs()))
            }
            _ => return None,
        })
    }

    fn kda(name: &str, arguments: &[Expr], texts: &[&str]) -> Option<String> {
        Some(match (name, texts) {
            // KDA has no SQRT.
            ("SQRT", [number]) => format!("POWER({number}, 0.5)"),
            ("LEFT", [text, length]) => format!("SUBSTRING({text} FROM 1 FOR {length})"),
            ("REGEXP_REPLACE", [text, regex, with]) => format!("REGEX_REPLACE({text}, {regex}, {with}, 1, 0)"),
            ("$SUBSTRING_REGEX", [text, regex]) => format!("SUBSTRING({text} FROM {regex})"),
            ("$STEP_MOMENT" | "$STEP_NUMBER", [of, by]) => format!("STEP({of} BY {by})"),
            ("TIMESTAMPDIFF", [_, from, to]) => format!("(TSDIFF({from}, {to}) / {})", millis_of(unit(arguments))?),
            ("DATE_FORMAT", [moment, form]) => format!("TIMESTAMP_TO_CHAR({form}, {moment})"),
            _ => return None,
        })
    }

    fn flink(self, name: &str, arguments: &[Expr], texts: &[&str]) -> Option<String> {
        Some(match (name, texts) {
            // Flink counts a start below 1 from the end; SQL takes what is before the text off its length.
            ("SUBSTRING", [text, from]) => {
                format!("SUBSTRING({text} FROM CASE WHEN {from} < 1 THEN 1 ELSE {from} END)")
            }
            ("SUBSTRING", [text, from, length]) => format!(
                "CASE WHEN {from} >= 1 THEN SUBSTRING({text} FROM {from} FOR {length}) \
                 WHEN {from} + {length} <= 1 THEN '' ELSE SUBSTRING({text} FROM 1 FOR {from} + {length} - 1) END"
            ),
            ("REGEX_REPLACE", [text, regex, with, ..]) => format!("REGEXP_REPLACE({text}, {regex}, {with})"),
            ("REGEXP_EXTRACT" | "$SUBSTRING_REGEX", [text, regex]) => {
                format!("REGEXP_EXTRACT({text}, {regex}, 0)")
            }
            ("REGEX_LOG_PARSE" | "FAST_REGEX_LOG_PARSER", [text, regex, column]) => {
                format!("REGEXP_EXTRACT({text}, {regex}, {column})")
            }
            ("VARIABLE_COLUMN_LOG_PARSE", [text, _, delimiter, .., column]) => {
                format!("SPLIT_INDEX({text}, {delimiter}, {column} - 1)")
            }
            ("ROUND", [number]) => format!("ROUND({number}, 0)"),
            ("$STEP_NUMBER", [number, by]) => {
                let by = self.divisor(&arguments[1], (*by).to_owned());
                format!("(({number}) - MOD(MOD({number}, {by}) + {by}, {by}))")
            }
            ("$STEP_MOMENT", [moment, _]) => {
                let (of, by) = (millis(moment), interval(&arguments[1]) / 1_000);
                moment_of(&format!("{of} - MOD(MOD({of}, {by}) + {by}, {by})"))
            }
            ("$EXTRACT", [_, moment]) => millisecond(moment),
            ("TIMESTAMPDIFF", [_, from, to]) => {
                format!("CAST(TIMESTAMPDIFF({}, {from}, {to}) AS BIGINT)", unit(arguments))
            }
            ("TSDIFF", [from, to]) => format!("({} - {})", millis(to), millis(from)),
            ("UNIX_TIMESTAMP", [moment]) => millis(moment),
            ("TO_TIMESTAMP", [number]) => moment_of(number),
            ("CHAR_TO_TIMESTAMP", [form, text]) => format!("TO_TIMESTAMP({text}, {form})"),
            ("CHAR_TO_DATE", [form, text]) => format!("CAST(TO_TIMESTAMP({text}, {form}) AS DATE)"),
            ("TIMESTAMP_TO_CHAR" | "DATE_TO_CHAR", [form, moment]) => {
                // Flink writes moments only, and lets a day be none.
                let bare = match &arguments[1].kind {
                    ExprKind::Cast { expr, implicit: true } => expr.sql_type,
                    _ => arguments[1].sql_type,
                };
                let moment = if bare == Some(SqlType::Date) {
                    format!("CAST({moment} AS TIMESTAMP(3))")
                } else {
                    (*moment).to_owned()
                };
                format!("DATE_FORMAT({moment}, {form})")
            }
            _ => return None,
        })
    }
}

/// Returns whether a start is a constant from 1.
fn starts_inside(from: &Expr) -> bool {
    matches!(constant(from), Some(Literal::Integer(from)) if *from >= 1)
}

/// Returns the constant that an expression is.
pub(super) fn constant(expr: &Expr) -> Option<&Literal> {
    match &expr.kind {
        ExprKind::Literal(literal) => Some(literal),
        ExprKind::Cast { expr, .. } => constant(expr),
        _ => None,
    }
}

/// Returns the unit that stands first.
pub(super) fn unit(arguments: &[Expr]) -> &str {
    match arguments.first().and_then(constant) {
        Some(Literal::Text(unit)) => unit,
        _ => "",
    }
}

pub(super) fn interval(expr: &Expr) -> i64 {
    match constant(expr) {
        Some(Literal::Interval(micros)) => *micros,
        _ => 0,
    }
}

fn millis_of(unit: &str) -> Option<i64> {
    match unit {
        "SECOND" => Some(1_000),
        "MINUTE" => Some(60_000),
        "HOUR" => Some(3_600_000),
        "DAY" => Some(86_400_000),
        _ => None,
    }
}

/// A moment's milliseconds since 1970 in Flink, whose own count is of seconds. The session's time zone is UTC.
fn millis(moment: &str) -> String {
    format!("(UNIX_TIMESTAMP(CAST({moment} AS STRING)) * 1000 + {})", millisecond(moment))
}

/// The milliseconds within a moment's second, however many of the whole minute Flink gives.
fn millisecond(moment: &str) -> String {
    format!("MOD(EXTRACT(MILLISECOND FROM {moment}), 1000)")
}

/// The moment of milliseconds since 1970 in Flink.
fn moment_of(millis: &str) -> String {
    format!("CAST(TO_TIMESTAMP_LTZ({millis}, 3) AS TIMESTAMP(3))")
}
