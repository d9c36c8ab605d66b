//! What a dialect has no form for.

use super::super::date_format::DateFormat;
use super::super::{Aggregate, AggregateFunction as F, Expr, ExprKind, Literal};
use super::Dialect;
use super::call::{constant, interval, unit};

/// A version of Flink: 1.20 is `(1, 20)`.
pub type FlinkVersion = (u32, u32);

/// The first Flink that has PERCENTILE.
const PERCENTILE: FlinkVersion = (2, 0);

/// Returns whether a dialect can say an expression so that it has the same value; else what it cannot, and what comes
/// nearest. `version` is that of Flink, where that is the dialect.
pub fn carries(expr: &Expr, aggregates: &[Aggregate], dialect: Dialect, version: FlinkVersion) -> Result<(), String> {
    match &expr.kind {
        ExprKind::Aggregate(index) => {
            if let Some(aggregate) = aggregates.get(*index) {
                carries_aggregate(aggregate, dialect, version)?;
            }
        }
        ExprKind::Call(function, arguments) => {
            let refused = match dialect {
                Dialect::Kda => kda(function.name, arguments),
                Dialect::Flink => flink(function.name, arguments),
            };
            if let Some((what, nearest)) = refused {
                return Err(message(dialect, version, &what, nearest));
            }
        }
        _ => {}
    }
    expr.children().into_iter().try_for_each(|child| carries(child, aggregates, dialect, version))
}

/// Returns whether a dialect can say an aggregate so that it has the same value.
pub fn carries_aggregate(aggregate: &Aggregate, dialect: Dialect, version: FlinkVersion) -> Result<(), String> {
    let function = aggregate.function;
    let name = function.name();
    let refused = match (dialect, function) {
        (Dialect::Kda, F::Count) if aggregate.distinct => {
            Some(("COUNT(DISTINCT …)".to_owned(), "COUNT_DISTINCT_ITEMS_TUMBLING"))
        }
        (Dialect::Kda, F::Sum | F::Avg) if aggregate.distinct => {
            Some((format!("{name}(DISTINCT …) over a group"), "SELECT DISTINCT in a stream before it"))
        }
        (Dialect::Kda, F::ApproxCountDistinct) => Some((name.to_owned(), "COUNT_DISTINCT_ITEMS_TUMBLING")),
        (Dialect::Kda, F::Percentile | F::ApproxPercentile) => Some((name.to_owned(), "MIN, AVG and MAX")),
        (Dialect::Flink, F::Percentile | F::ApproxPercentile) if version < PERCENTILE => {
            Some((name.to_owned(), "PERCENTILE of Flink 2.0"))
        }
        (Dialect::Flink, F::NthValue) => Some((name.to_owned(), "FIRST_VALUE, LAST_VALUE and LAG")),
        (Dialect::Flink, F::ExpAvg) => Some((name.to_owned(), "AVG over a shorter range")),
        (Dialect::Flink, F::FirstValue | F::LastValue) if aggregate.keeps_nulls => {
            Some((format!("{name} that keeps NULL"), "the same with IGNORE NULLS"))
        }
        (Dialect::Flink, F::Lag) if !aggregate.keeps_nulls => {
            Some((format!("{name} that skips NULL"), "the same with RESPECT NULLS"))
        }
        _ => None,
    };
    if let Some((what, nearest)) = refused {
        return Err(message(dialect, version, &what, nearest));
    }
    aggregate.argument.as_ref().map_or(Ok(()), |argument| carries(argument, &[], dialect, version))
}

fn message(dialect: Dialect, (major, minor): FlinkVersion, what: &str, nearest: &str) -> String {
    let engine = match dialect {
        Dialect::Kda => "KDA".to_owned(),
        Dialect::Flink => format!("Flink {major}.{minor}"),
    };
    match nearest {
        "" => format!("{engine} has no {what}, and nothing near it"),
        nearest => format!("{engine} has no {what}; the nearest is {nearest}"),
    }
}

/// Returns what KDA cannot say of a call, and what comes nearest.
fn kda(name: &'static str, arguments: &[Expr]) -> Option<(String, &'static str)> {
    let nearest = match name {
        "SIGN" | "GREATEST" | "LEAST" => "CASE",
        "ROUND" => "FLOOR(x + 0.5)",
        "RIGHT" | "REVERSE" | "REPEAT" | "LPAD" | "RPAD" => "SUBSTRING and ||",
        "REPLACE" => "REGEX_REPLACE",
        "SPLIT_INDEX" => "VARIABLE_COLUMN_LOG_PARSE",
        "REGEXP_EXTRACT" => "REGEX_LOG_PARSE",
        "MD5" | "SHA256" => "",
        "$EXTRACT" if !matches!(unit(arguments), "YEAR" | "MONTH" | "DAY" | "HOUR" | "MINUTE" | "SECOND") => {
            return Some((format!("EXTRACT({} …)", unit(arguments)), "TIMESTAMP_TO_CHAR"));
        }
        "TIMESTAMPDIFF" if matches!(unit(arguments), "MONTH" | "YEAR") => {
            return Some((format!("difference in {}s", unit(arguments).to_lowercase()), "TSDIFF in milliseconds"));
        }
        _ if name.ends_with("LOG_PARSE") || name.ends_with("LOG_PARSER") => {
            return Some((format!("{name} inside an expression"), "a stream of the whole record before it"));
        }
        _ => return None,
    };
    Some((name.to_owned(), nearest))
}

/// Returns what Flink cannot say of a call, and what comes nearest.
fn flink(name: &'static str, arguments: &[Expr]) -> Option<(String, &'static str)> {
    let text = |index: usize| match arguments.get(index).and_then(constant) {
        Some(Literal::Text(text)) => Some(text.as_str()),
        _ => None,
    };
    match name {
        "REGEX_REPLACE" => {
            let is = |index: usize, wanted: i64| matches!(arguments.get(index).and_then(constant), Some(Literal::Integer(found)) if *found == wanted);
            let all = is(3, 1) && is(4, 0);
            (!all).then(|| ("REGEX_REPLACE of one occurrence".to_owned(), "REGEXP_REPLACE, which replaces all"))
        }
        "$STEP_MOMENT" | "$ADD_INTERVAL" if interval(&arguments[1]) % 1_000 != 0 => {
            Some(("INTERVAL of a part of a millisecond".to_owned(), "whole milliseconds"))
        }
        "FIXED_COLUMN_LOG_PARSE" => Some((name.to_owned(), "SUBSTRING")),
        "SYS_LOG_PARSE" | "W3C_LOG_PARSE" => Some((name.to_owned(), "REGEXP_EXTRACT")),
        "VARIABLE_COLUMN_LOG_PARSE" if text(3) != Some("") || text(4) != Some("") => {
            Some((format!("{name} with an escape or quotes"), "SPLIT_INDEX, which knows neither"))
        }
        "CHAR_TO_TIMESTAMP" | "CHAR_TO_DATE" => form(text(0)?, true),
        "TIMESTAMP_TO_CHAR" | "DATE_TO_CHAR" => form(text(0)?, false),
        "DATE_FORMAT" => form(text(1)?, false),
        _ => None,
    }
}

/// Returns what of a form means something else to Flink, which has the later of Java's two sets of letters.
fn form(text: &str, reads: bool) -> Option<(String, &'static str)> {
    let form = DateFormat::read(text).ok()?;
    if reads && form.has_half_hours() {
        return Some((format!("form `{text}` with half a day's hours and no `a`"), "the same with `HH`"));
    }
    let other = form.fields().find(|(letter, count)| match letter {
        'S' => *count != 3,
        'z' | 'Z' | 'X' => true,
        _ => false,
    });
    other.map(|(letter, _)| (format!("`{letter}` in the form `{text}`"), "`SSS` for milliseconds, and no time zone"))
}
