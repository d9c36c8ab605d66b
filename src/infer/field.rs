//! What makes values like those of a column.

use std::collections::HashMap;

use crate::document::written::string;
use crate::sql::SqlType;

use super::cells::Cell;
use super::column::Column;
use super::fits::fits;
use super::numbers::following;
use super::{numbers, shape, share};

/// Up to how many different values are written one by one.
const MAX_CHOICES: usize = 20;
/// The largest pool that is concluded from a sample.
const MAX_POOL: usize = 100_000;
/// The most digits behind the point that a column of numbers takes.
const MAX_DECIMALS: usize = 9;
/// The most units of the last digit that a field draws, with room for its rounding.
const LARGEST: f64 = 9e18;
/// From which correlation on a number is said to follow the one before.
const FOLLOWS: f64 = 0.9;
/// How many bins a histogram has.
const BINS: u32 = 10;

/// Returns the field, as an inline table without its braces.
pub(super) fn of(column: &Column, is_event_time: bool, keys: Option<&[String]>) -> String {
    if is_event_time || !column.moments.is_empty() {
        return "kind = \"now\"".to_owned();
    }
    if column.counts.is_empty() {
        return constant(column.sql_type);
    }
    let is_few = column.distinct() <= MAX_CHOICES && column.distinct() * 2 <= column.present();
    let concluded = if is_few || column.distinct() == 1 || column.sql_type == SqlType::Boolean {
        choice(column)
    } else if column.is_number() {
        number(column, keys)
    } else {
        text(column)
    };
    // Numbers may be greater than a field draws, and texts longer than a column holds.
    let mut candidates = [concluded, choice(column)].into_iter();
    candidates.find(|field| fits(field, column.sql_type)).unwrap_or_else(|| constant(column.sql_type))
}

/// A column of which nothing is known that a field could make.
fn constant(sql_type: SqlType) -> String {
    let value = if matches!(sql_type, SqlType::Varchar(_)) { "\"\"" } else { "0" };
    format!("kind = \"constant\", value = {value}")
}

fn choice(column: &Column) -> String {
    let value = |text: &str| match column.sql_type {
        SqlType::Varchar(_) => string(text),
        SqlType::Double => format!("{:?}", text.parse::<f64>().unwrap_or_default()),
        _ => text.to_owned(),
    };
    let counts = &column.counts[..column.counts.len().min(MAX_CHOICES)];
    let values: Vec<String> = counts.iter().map(|(text, _)| value(text)).collect();
    if let [only] = values.as_slice() {
        return format!("kind = \"constant\", value = {only}");
    }
    let weights: Vec<String> = counts.iter().map(|(_, count)| count.to_string()).collect();
    format!("kind = \"choice\", of = [{}], weights = [{}]", values.join(", "), weights.join(", "))
}

fn text(column: &Column) -> String {
    let texts: Vec<&str> = column.counts.iter().map(|(text, _)| text.as_str()).collect();
    let single = match shape::fake(&texts) {
        Some(name) => format!("kind = \"fake\", of = \"{name}\""),
        _ => format!("kind = \"pattern\", pattern = {}", string(&shape::pattern(&texts))),
    };
    let count = column.distinct();
    if column.is_unique() || count > MAX_POOL {
        return single;
    }
    let exponent = exponent(column).map_or_else(String::new, |exponent| format!(", exponent = {exponent:.2}"));
    let pool = format!("kind = \"pool\", count = {count}{exponent}, of = {{ {single} }}");
    if fits(&pool, column.sql_type) { pool } else { single }
}

/// Returns how much more often the first values come than the others, as the exponent of a Zipf distribution; nothing where
/// all come about equally often.
#[expect(clippy::cast_precision_loss, reason = "a sample is small")]
fn exponent(column: &Column) -> Option<f64> {
    let first = column.counts.first()?.1 as f64;
    let middle = column.counts.get(column.counts.len() / 2)?.1 as f64;
    let rank = (column.counts.len() / 2 + 1) as f64;
    let exponent = (first / middle).ln() / rank.ln();
    (exponent > 0.3 && exponent.is_finite()).then(|| exponent.min(3.0))
}

fn number(column: &Column, keys: Option<&[String]>) -> String {
    if let Some(sequence) = sequence(column) {
        return sequence;
    }
    let decimals = decimals(column);
    let write = |number: f64| written(number, column, decimals);
    let found = numbers::Statistics::of(&column.numbers());
    let tail = format!(
        "{}{}",
        bounds(&found, &write),
        if decimals == 0 { String::new() } else { format!(", decimals = {decimals}") }
    );
    let series = series(column, keys);
    let is_long = series.iter().map(Vec::len).max().unwrap_or(0) >= 20;
    if is_long && following(&series) > FOLLOWS {
        let steps: Vec<f64> =
            series.iter().flat_map(|numbers| numbers.windows(2).map(|pair| pair[1] - pair[0])).collect();
        let step = numbers::Statistics::of(&steps).deviation;
        if step > 0.0 && series.iter().filter(|numbers| numbers.len() >= 2).count() <= 1000 {
            return format!("kind = \"walk\", start = {}, step = {}{tail}", write(found.mean), positive(step));
        }
    }
    let is_far = found.min > 0.0 && found.skew > 1.0;
    if is_far {
        let logarithms: Vec<f64> = column.numbers().iter().map(|number| number.ln()).collect();
        let logged = numbers::Statistics::of(&logarithms);
        if logged.skew.abs() < 0.3 && (2.4..3.8).contains(&logged.kurtosis) {
            return format!(
                "kind = \"lognormal\", median = {}, sigma = {:.3}{tail}",
                positive(found.quantile(0.5)),
                logged.deviation
            );
        }
    }
    if found.skew.abs() < 0.2 && (1.6..2.0).contains(&found.kurtosis) {
        return format!("kind = \"uniform\"{tail}");
    }
    if found.skew.abs() < 0.3 && (2.6..3.5).contains(&found.kurtosis) && found.deviation > 0.0 {
        return format!(
            "kind = \"normal\", mean = {}, stddev = {}{tail}",
            float(found.mean),
            positive(found.deviation)
        );
    }
    histogram(&found, &write, decimals)
}

/// Tenths of the numbers, each evenly between two quantiles.
fn histogram(found: &numbers::Statistics, write: &dyn Fn(f64) -> String, decimals: usize) -> String {
    let mut bounds: Vec<String> = Vec::new();
    let mut weights: Vec<u32> = Vec::new();
    let mut last = f64::NEG_INFINITY;
    for bin in 0..=BINS {
        let text = write(found.quantile(f64::from(bin) / f64::from(BINS)));
        let bound: f64 = text.parse().unwrap_or_default();
        if bound > last {
            if bin > 0 {
                weights.push(1);
            }
            bounds.push(text);
            last = bound;
        } else if let Some(weight) = weights.last_mut() {
            *weight += 1;
        }
    }
    weights.truncate(bounds.len().saturating_sub(1));
    if weights.is_empty() {
        return format!("kind = \"constant\", value = {}", write(found.mean));
    }
    let weights: Vec<String> = weights.iter().map(u32::to_string).collect();
    let decimals = if decimals == 0 { String::new() } else { format!(", decimals = {decimals}") };
    format!("kind = \"histogram\", bounds = [{}], weights = [{}]{decimals}", bounds.join(", "), weights.join(", "))
}

fn bounds(found: &numbers::Statistics, write: &dyn Fn(f64) -> String) -> String {
    format!(", min = {}, max = {}", write(found.min), write(found.max))
}

/// Finds numbers that count.
fn sequence(column: &Column) -> Option<String> {
    let whole: Vec<i64> = column
        .values
        .iter()
        .filter_map(|value| if let Cell::Whole(whole) = value { Some(*whole) } else { None })
        .collect();
    if whole.len() < 10 || column.sql_type == SqlType::Double {
        return None;
    }
    let mut steps: HashMap<i128, usize> = HashMap::new();
    for pair in whole.windows(2) {
        *steps.entry(i128::from(pair[1]) - i128::from(pair[0])).or_default() += 1;
    }
    let (step, count) = steps.into_iter().max_by_key(|(step, count)| (*count, *step))?;
    let is_one = step != 0 && i64::try_from(step).is_ok() && share(count, whole.len() - 1) > 0.8;
    is_one.then(|| format!("kind = \"sequence\", start = {}, step = {step}", whole[0]))
}

/// The numbers of each key, or of all records.
fn series(column: &Column, keys: Option<&[String]>) -> Vec<Vec<f64>> {
    let mut series: HashMap<&str, Vec<f64>> = HashMap::new();
    for (row, value) in column.values.iter().enumerate() {
        if let Some(number) = value.as_number() {
            series.entry(keys.and_then(|keys| keys.get(row)).map_or("", String::as_str)).or_default().push(number);
        }
    }
    let mut series: Vec<(&str, Vec<f64>)> = series.into_iter().collect();
    series.sort_by_key(|(key, _)| *key);
    series.into_iter().map(|(_, numbers)| numbers).collect()
}

fn decimals(column: &Column) -> usize {
    if column.sql_type != SqlType::Double {
        return 0;
    }
    let digits = column.values.iter().map(|value| if let Cell::Number(_, decimals) = value { *decimals } else { 0 });
    let greatest = column.numbers().iter().fold(0.0, |greatest: f64, number| greatest.max(number.abs()));
    // A field draws whole multiples of the last digit, as far as 64 bits reach.
    let mut decimals = digits.max().unwrap_or(0).clamp(1, MAX_DECIMALS);
    while decimals > 1 && greatest * 10_f64.powi(i32::try_from(decimals).unwrap_or(i32::MAX)) > LARGEST {
        decimals -= 1;
    }
    decimals
}

fn written(number: f64, column: &Column, decimals: usize) -> String {
    if column.sql_type == SqlType::Double { format!("{number:.decimals$}") } else { format!("{:.0}", number.round()) }
}

/// A number above 0 with the digits that say something.
fn positive(number: f64) -> String {
    float(number.max(f64::MIN_POSITIVE))
}

fn float(number: f64) -> String {
    if number.abs() >= 1000.0 || number == 0.0 {
        return format!("{number:.1}");
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 300")]
    let digits = (3.0 - number.abs().log10().floor()).clamp(1.0, 300.0) as usize;
    format!("{number:.digits$}")
}
