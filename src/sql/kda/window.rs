//! What of an expression goes by the time of the rows, and which rows a frame holds.

use std::ops::Range;

use sqlparser::ast::{
    BinaryOperator, CeilFloorKind, DateTimeField, Expr, Spanned, Value, WindowFrameBound, WindowFrameUnits, WindowSpec,
};

use super::super::SqlError;
use super::super::read::interval;
use super::place::Places;
use super::rewrite::{any, arguments, bare};
use super::scope::{INPUT_TIME, OUTPUT_TIME};

/// The window that a grouping expression over the time of the rows makes.
#[derive(Debug, Clone)]
pub struct Trigger {
    /// How long it is, in microseconds.
    pub size: i64,
    /// The part of the expression that is one of the window's moments.
    pub core: Expr,
    /// Which one it is.
    pub moment: Moment,
}

/// A moment of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Its first.
    Start,
    /// The first one behind it.
    End,
    /// Neither: a count of windows, which is good for grouping and nothing else.
    Neither,
}

/// Which rows count with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Those that are at most this many microseconds older.
    Range(i64),
    /// This many before it.
    Rows(u64),
}

/// Says whether a resolved expression goes by the time of the rows.
pub fn goes_by_time(expr: &Expr) -> bool {
    any(expr, &mut is_time)
}

fn is_time(expr: &Expr) -> bool {
    matches!(expr, Expr::Identifier(name) if name.value == INPUT_TIME || name.value == OUTPUT_TIME)
}

/// Returns the window that a resolved grouping expression makes; it goes by the time of the rows.
pub fn trigger(expr: &Expr, places: &Places<'_>) -> Result<Trigger, SqlError> {
    let found = find(expr).and_then(|found| {
        found.ok_or_else(|| {
            SqlError::new("this expression over ROWTIME makes no window")
                .help("STEP(… BY INTERVAL '10' SECOND) and FLOOR(… TO MINUTE) do")
        })
    });
    found.map_err(|error| error.at(places.range(expr.span())))
}

fn find(expr: &Expr) -> Result<Option<Trigger>, SqlError> {
    let window = |size, moment| Ok(Some(Trigger { size, core: expr.clone(), moment }));
    match expr {
        Expr::Nested(inner) => find(inner),
        // Every millisecond is a group of its own.
        _ if is_time(expr) => window(1000, Moment::Start),
        Expr::Function(call) if call.name.to_string() == "MONOTONIC" => match arguments(call).as_slice() {
            [inner] => find(inner),
            _ => Err(SqlError::new("MONOTONIC takes one argument")),
        },
        Expr::Function(call) if call.name.to_string() == "STEP" => match arguments(call).as_slice() {
            [of, Expr::Interval(by)] if is_time(bare(of)) => {
                let size = interval::micros(by)?;
                if size < 1000 || size % 1000 != 0 {
                    return Err(SqlError::new("a window cannot have this length")
                        .label("expected whole milliseconds, and more than none"));
                }
                window(size, Moment::Start)
            }
            _ => Ok(None),
        },
        Expr::Floor { expr: of, field: CeilFloorKind::DateTimeField(unit) } if is_time(bare(of)) => {
            window(length(unit)?, Moment::Start)
        }
        Expr::Ceil { expr: of, field: CeilFloorKind::DateTimeField(unit) } if is_time(bare(of)) => {
            window(length(unit)?, Moment::End)
        }
        Expr::Floor { expr: of, field: CeilFloorKind::DateTimeField(unit) } => match counted(bare(of), unit)? {
            Some(size) => window(size, Moment::Neither),
            None => Ok(None),
        },
        Expr::BinaryOp { left, op: BinaryOperator::Plus | BinaryOperator::Minus, right }
            if !any(right, &mut is_time) =>
        {
            find(left)
        }
        Expr::BinaryOp { left, op: BinaryOperator::Plus, right } if !any(left, &mut is_time) => find(right),
        _ => Ok(None),
    }
}

fn length(unit: &DateTimeField) -> Result<i64, SqlError> {
    interval::unit(unit).ok_or_else(|| {
        SqlError::new(format!("windows of a {unit} are not supported"))
            .label("a unit without a fixed length")
            .help("one of SECOND, MINUTE, HOUR and DAY")
    })
}

/// Reads `(ROWTIME - TIMESTAMP '1970-01-01 00:00:00') SECOND / 10`, the count of windows of ten seconds.
fn counted(expr: &Expr, unit: &DateTimeField) -> Result<Option<i64>, SqlError> {
    let (interval, count) = match expr {
        Expr::BinaryOp { left, op: BinaryOperator::Divide, right } => match bare(right) {
            Expr::Value(value) => match &value.value {
                Value::Number(digits, _) => (bare(left), digits.parse::<u32>().ok()),
                _ => return Ok(None),
            },
            _ => return Ok(None),
        },
        other => (other, Some(1)),
    };
    let Expr::Interval(since) = interval else { return Ok(None) };
    let Expr::BinaryOp { left, op: BinaryOperator::Minus, right } = bare(&since.value) else { return Ok(None) };
    let epoch = matches!(bare(right), Expr::TypedString(typed)
        if matches!(&typed.value.value, Value::SingleQuotedString(text) if text == "1970-01-01 00:00:00"));
    if !is_time(bare(left)) || !epoch || since.leading_field.as_ref() != Some(unit) || since.last_field.is_some() {
        return Ok(None);
    }
    let Some(count) = count.filter(|count| *count > 0) else { return Ok(None) };
    Ok(Some(i64::from(count).saturating_mul(length(unit)?)))
}

/// The longest range, in microseconds: ten years, as declared windows have it.
const MAX_RANGE: i64 = 87_840 * 3_600_000_000;
/// The most rows before a row: all of them are kept for each key, as in declared windows.
const MAX_ROWS: u32 = 1_000_000;

/// Returns which rows a window over rows holds. It ends with the row itself.
pub fn extent(spec: &WindowSpec, place: &Range<usize>) -> Result<Extent, SqlError> {
    let refuse = |what: &str| {
        Err(SqlError::new(format!("a window over rows {what}"))
            .at(Some(place.clone()))
            .help("write RANGE INTERVAL '1' MINUTE PRECEDING or ROWS 10 PRECEDING"))
    };
    if spec.window_name.is_some() {
        return refuse("cannot go on with another one");
    }
    let Some(frame) = &spec.window_frame else { return refuse("needs RANGE or ROWS") };
    match &frame.end_bound {
        None | Some(WindowFrameBound::CurrentRow) => {}
        Some(_) => return refuse("ends with the row itself: FOLLOWING and later bounds are not supported"),
    }
    let preceding = match &frame.start_bound {
        WindowFrameBound::CurrentRow => None,
        WindowFrameBound::Preceding(Some(preceding)) => Some(bare(preceding)),
        WindowFrameBound::Preceding(None) => return refuse("that grows without end is not supported"),
        WindowFrameBound::Following(_) => return refuse("that begins behind the row is not supported"),
    };
    match (frame.units, preceding) {
        (WindowFrameUnits::Range, None) => Ok(Extent::Range(0)),
        (WindowFrameUnits::Rows, None) => Ok(Extent::Rows(0)),
        (WindowFrameUnits::Range, Some(Expr::Interval(by))) => match interval::micros(by) {
            Ok(micros) if micros > MAX_RANGE => refuse("cannot reach back for more than ten years"),
            Ok(micros) if micros >= 0 => Ok(Extent::Range(micros)),
            Ok(_) => refuse("cannot have a negative length"),
            Err(error) => Err(error.at(Some(place.clone()))),
        },
        (WindowFrameUnits::Rows, Some(Expr::Value(value))) => match &value.value {
            Value::Number(digits, _) if digits.parse::<u32>().is_ok_and(|rows| rows > MAX_ROWS) => {
                refuse("cannot reach back for more than a million of them")
            }
            Value::Number(digits, _) if digits.parse::<u32>().is_ok() => {
                Ok(Extent::Rows(digits.parse().unwrap_or(u64::from(u32::MAX))))
            }
            _ => refuse("counts whole rows"),
        },
        _ => refuse("has an INTERVAL behind RANGE and a number behind ROWS"),
    }
}

/// Returns what a window over rows partitions by. Its order is that of time, whether that is said or not.
pub fn window_keys<'s>(spec: &'s WindowSpec, place: &Range<usize>) -> Result<&'s [Expr], SqlError> {
    let by_time = |order: &sqlparser::ast::OrderByExpr| {
        super::typing::column_name(&order.expr) == Some(super::scope::ROWTIME) && order.options.asc != Some(false)
    };
    if spec.order_by.iter().all(by_time) {
        return Ok(&spec.partition_by);
    }
    Err(SqlError::new("a window over rows is in the order of ROWTIME")
        .at(Some(place.clone()))
        .label("this has another order")
        .help("leave ORDER BY out"))
}

/// Returns the microseconds of an interval.
pub fn interval_micros(expr: &Expr, places: &Places<'_>) -> Result<i64, SqlError> {
    let micros = match bare(expr) {
        Expr::Interval(by) => interval::micros(by),
        _ => Err(SqlError::new("expected an INTERVAL").help("such as INTERVAL '1' MINUTE")),
    };
    micros.map_err(|error| error.at(places.range(expr.span())))
}

/// Returns whether an expression as it is written names the time of the rows.
pub fn names_row_time(expr: &Expr) -> bool {
    any(expr, &mut |part| {
        matches!(part, Expr::Identifier(_) | Expr::CompoundIdentifier(_))
            && super::typing::column_name(part) == Some(super::scope::ROWTIME)
    })
}

/// A constant argument.
#[derive(Debug, Clone, PartialEq)]
pub enum Constant {
    /// A text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// Another number.
    Number(f64),
    /// `TRUE` or `FALSE`.
    Boolean(bool),
}

/// Returns the constant that an expression is, where it is one.
pub fn constant(expr: &Expr) -> Option<Constant> {
    match bare(expr) {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) => Some(Constant::Text(text.clone())),
            Value::Boolean(boolean) => Some(Constant::Boolean(*boolean)),
            Value::Number(digits, _) => {
                digits.parse().map(Constant::Integer).or_else(|_| digits.parse().map(Constant::Number)).ok()
            }
            _ => None,
        },
        Expr::Cast { expr, .. } => constant(expr),
        _ => None,
    }
}
