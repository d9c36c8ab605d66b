//! Functions of moments.

use chrono::{Datelike, Months, NaiveDate, NaiveDateTime, Timelike};
use datafusion_common::DataFusionError;

use crate::sql::date_format::DateFormat;
use crate::sql::{Expr, Literal};

use super::own::{Failure, Own, constant, constant_text};
use super::pattern::refused;

/// 0001-01-01T00:00:00, in microseconds.
const FIRST_MOMENT: i64 = -62_135_596_800_000_000;
/// The last microsecond of the year 9999.
const LAST_MOMENT: i64 = 253_402_300_799_999_999;
const MILLI: i64 = 1_000;
const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Returns the function of a name, where it is one of moments.
pub(super) fn find(name: &str, arguments: &[Expr]) -> Result<Option<Own>, DataFusionError> {
    let format = |index| DateFormat::read(constant_text(arguments, index)?).map_err(refused);
    Ok(Some(match name {
        "$FLOOR_TO" => {
            let unit = constant_text(arguments, 0)?.to_owned();
            Own::moment(move |row| Ok(Some(floor(&unit, row.micros(1), row.moment(1)?)?)))
        }
        "$CEIL_TO" => {
            let unit = constant_text(arguments, 0)?.to_owned();
            Own::moment(move |row| Ok(Some(ceil(&unit, row.micros(1), row.moment(1)?)?)))
        }
        "$EXTRACT" => {
            let unit = constant_text(arguments, 0)?.to_owned();
            Own::whole(move |row| Ok(Some(part(&unit, row.moment(1)?))))
        }
        "TIMESTAMPDIFF" => {
            let unit = constant_text(arguments, 0)?.to_owned();
            Own::whole(move |row| Ok(Some(between(&unit, row.moment(1)?, row.moment(2)?))))
        }
        "$ADD_INTERVAL" => {
            let length = interval(arguments, 1)?;
            Own::moment(move |row| {
                row.micros(0).checked_add(length).filter(|micros| in_range(*micros)).map(Some).ok_or_else(out_of_range)
            })
        }
        "$STEP_MOMENT" => {
            let length = interval(arguments, 1)?;
            Own::moment(move |row| step(row.micros(0), length).map(Some))
        }
        "TSDIFF" => Own::whole(|row| Ok(Some(millis(row.micros(1)) - millis(row.micros(0))))),
        "UNIX_TIMESTAMP" => Own::whole(|row| Ok(Some(millis(row.micros(0))))),
        "TO_TIMESTAMP" => Own::moment(|row| {
            row.whole(0).checked_mul(MILLI).filter(|micros| in_range(*micros)).map(Some).ok_or_else(out_of_range)
        }),
        "CHAR_TO_TIMESTAMP" | "CHAR_TO_DATE" => {
            let (format, form) = (format(0)?, constant_text(arguments, 0)?.to_owned());
            Own::moment(move |row| {
                let moment = format.read_moment(row.text(1));
                let moment = moment.ok_or_else(|| format!("`{}` has not the form `{form}`", row.text(1)))?;
                Ok(Some(moment.and_utc().timestamp_micros()))
            })
        }
        "TIMESTAMP_TO_CHAR" | "DATE_TO_CHAR" => {
            let format = format(0)?;
            Own::text(move |row| Ok(Some(format.write(row.moment(1)?))))
        }
        "DATE_FORMAT" => {
            let format = format(1)?;
            Own::text(move |row| Ok(Some(format.write(row.moment(0)?))))
        }
        _ => return Ok(None),
    }))
}

fn interval(arguments: &[Expr], index: usize) -> Result<i64, DataFusionError> {
    match arguments.get(index).and_then(constant) {
        Some(Literal::Interval(micros)) => Ok(*micros),
        _ => Err(DataFusionError::Plan(format!("argument {index} is no length of time"))),
    }
}

fn out_of_range() -> Failure {
    "a moment is out of range".to_owned()
}

/// Returns whether a moment lies in the years 1 to 9999, which SQL's TIMESTAMP has.
fn in_range(micros: i64) -> bool {
    (FIRST_MOMENT..=LAST_MOMENT).contains(&micros)
}

fn millis(micros: i64) -> i64 {
    micros.div_euclid(MILLI)
}

/// The last multiple of a length since 1970 that is not behind a moment.
fn step(micros: i64, length: i64) -> Result<i64, Failure> {
    micros.checked_sub(micros.rem_euclid(length)).ok_or_else(out_of_range)
}

fn floor(unit: &str, micros: i64, moment: NaiveDateTime) -> Result<i64, Failure> {
    let day = match unit {
        "YEAR" => NaiveDate::from_ymd_opt(moment.year(), 1, 1),
        "MONTH" => NaiveDate::from_ymd_opt(moment.year(), moment.month(), 1),
        "DAY" => return step(micros, DAY),
        "HOUR" => return step(micros, HOUR),
        "MINUTE" => return step(micros, MINUTE),
        _ => return step(micros, SECOND),
    };
    day.and_then(|day| day.and_hms_opt(0, 0, 0))
        .map(|first| first.and_utc().timestamp_micros())
        .ok_or_else(out_of_range)
}

fn ceil(unit: &str, micros: i64, moment: NaiveDateTime) -> Result<i64, Failure> {
    let floor = floor(unit, micros, moment)?;
    if floor == micros {
        return Ok(floor);
    }
    let length = match unit {
        "YEAR" | "MONTH" => {
            let first = chrono::DateTime::from_timestamp_micros(floor).ok_or_else(out_of_range)?;
            let next = first.checked_add_months(Months::new(if unit == "YEAR" { 12 } else { 1 }));
            return next.map(|next| next.timestamp_micros()).ok_or_else(out_of_range);
        }
        "DAY" => DAY,
        "HOUR" => HOUR,
        "MINUTE" => MINUTE,
        _ => SECOND,
    };
    floor.checked_add(length).ok_or_else(out_of_range)
}

fn part(unit: &str, moment: NaiveDateTime) -> i64 {
    match unit {
        "YEAR" => i64::from(moment.year()),
        "QUARTER" => i64::from(moment.month0() / 3 + 1),
        "MONTH" => i64::from(moment.month()),
        "WEEK" => i64::from(moment.iso_week().week()),
        "DAY" => i64::from(moment.day()),
        "DOY" => i64::from(moment.ordinal()),
        // Sunday is the first.
        "DOW" => i64::from(moment.weekday().number_from_sunday()),
        "HOUR" => i64::from(moment.hour()),
        "MINUTE" => i64::from(moment.minute()),
        "SECOND" => i64::from(moment.second()),
        _ => i64::from(moment.and_utc().timestamp_subsec_millis()),
    }
}

/// Returns how many whole units lie between two moments, below nothing where the second is earlier.
fn between(unit: &str, from: NaiveDateTime, to: NaiveDateTime) -> i64 {
    let length = match unit {
        "SECOND" => 1_000,
        "MINUTE" => 60_000,
        "HOUR" => 3_600_000,
        "DAY" => 86_400_000,
        _ => {
            let months = if from <= to { months(from, to) } else { -months(to, from) };
            return if unit == "YEAR" { months / 12 } else { months };
        }
    };
    (to.and_utc().timestamp_millis() - from.and_utc().timestamp_millis()) / length
}

/// Returns how many whole months lie between two moments in order.
fn months(from: NaiveDateTime, to: NaiveDateTime) -> i64 {
    let month = |moment: NaiveDateTime| i64::from(moment.year()) * 12 + i64::from(moment.month0());
    let whole = (to.day(), to.time()) >= (from.day(), from.time());
    month(to) - month(from) - i64::from(!whole)
}
