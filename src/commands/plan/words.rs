//! What of an outlook is said in words, the same in every form for people.

use crate::plan::cost::{Basis, Between, Bill, Cents, Line};
use crate::ui::count;

use super::capacity::{Application, Fed, Written};

/// Says what a month costs in one line.
pub(super) fn cost(bill: &Bill) -> String {
    if bill.lines.is_empty() {
        return "nothing: all of it is on this machine".to_owned();
    }
    let unknown = bill.unknown().count();
    let parts = count(unknown, "part", "parts");
    match (bill.total.high, unknown) {
        (_, 0) => format!("{} USD a month", between(bill.total)),
        (Cents(0), _) => format!("not known ({parts})"),
        _ => format!("{} USD a month, and {parts} of which that is not known", between(bill.total)),
    }
}

/// Says what the prices are.
pub(super) fn prices(bill: &Bill) -> Option<String> {
    let dates = bill.lines.iter().filter_map(|line| line.price.as_ref()).map(|price| price.as_of.as_str());
    let (first, last) = (dates.clone().min()?, dates.max()?);
    let dates = if first == last { format!("as of {first}") } else { format!("as of {first} to {last}") };
    Some(format!("prices of {} {dates}, from {}", bill.region.as_deref().unwrap_or_default(), bill.prices))
}

/// Says what the parts of one basis come to, those of one kind together.
pub(super) fn parts(bill: &Bill, basis: Basis) -> String {
    let mut kinds: Vec<(&str, Between<Cents>)> = Vec::new();
    for line in bill.lines.iter().filter(|line| line.basis == basis) {
        let Some(usd) = line.usd else { continue };
        match kinds.iter_mut().find(|(what, _)| *what == line.what) {
            Some((_, sum)) => *sum = Between { low: sum.low.plus(usd.low), high: sum.high.plus(usd.high) },
            None => kinds.push((&line.what, usd)),
        }
    }
    let kinds: Vec<String> = kinds.into_iter().map(|(what, usd)| format!("{what} {}", between(usd))).collect();
    kinds.join(", ")
}

/// Says what is not known, parts with one reason together.
pub(super) fn unknown(bill: &Bill) -> Vec<String> {
    let mut reasons: Vec<(&str, Vec<String>)> = Vec::new();
    for (line, why) in bill.unknown() {
        let part = format!("{} of {}", line.what, line.of);
        match reasons.iter_mut().find(|(known, _)| *known == why) {
            Some((_, parts)) => parts.push(part),
            None => reasons.push((why, vec![part])),
        }
    }
    reasons.into_iter().map(|(why, parts)| format!("{}: {why}", parts.join(", "))).collect()
}

/// Says why each assumption is made, once.
pub(super) fn assumptions(bill: &Bill) -> Vec<String> {
    let mut known: Vec<String> = Vec::new();
    for line in &bill.lines {
        let Some(why) = &line.why else { continue };
        let assumption = format!("{} of {}: {why}", line.what, line.of);
        // What one assumption stands for may be several parts.
        if !known.iter().any(|known| known.ends_with(why)) {
            known.push(assumption);
        }
    }
    known
}

/// Writes a range of money.
pub(super) fn between(usd: Between<Cents>) -> String {
    if usd.low == usd.high { usd.low.to_string() } else { format!("{} to {}", usd.low, usd.high) }
}

/// Writes a quantity with its unit, and with as many digits as matter.
pub(super) fn quantity(line: &Line) -> String {
    let Some(Between { low, high }) = line.quantity else { return "not known".to_owned() };
    let unit = line.unit.unwrap_or_default();
    let several = unit.ends_with("hour") || unit.ends_with("month");
    let unit = if several && number(high) != "1" { format!("{unit}s") } else { unit.to_owned() };
    if number(low) == number(high) {
        format!("{} {unit}", number(low))
    } else {
        format!("{} to {} {unit}", number(low), number(high))
    }
}

fn number(value: f64) -> String {
    let digits = match value {
        value if value >= 100.0 => 0,
        value if value >= 1.0 => 2,
        _ => 4,
    };
    let text = format!("{value:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// Says what a generator asks of its stream.
pub(super) fn fed(stream: &Fed) -> String {
    let needed = match stream.shards_needed {
        Some(needed) => format!("need {}", count(needed as usize, "shard", "shards")),
        None => "fit into no number of shards".to_owned(),
    };
    let shards = stream.shards.map_or_else(|| "those on demand".to_owned(), |shards| shards.to_string());
    let keys = stream.hottest_keys.join(", ");
    let keys = if keys.is_empty() { keys } else { format!(" ({keys})") };
    format!(
        "{}: {} records/s of {:.0} bytes {needed} of {shards}; the hottest, {}{keys}, gets {:.0} %",
        stream.stream,
        number(stream.records_per_second),
        stream.bytes_per_record,
        stream.hottest_shard,
        stream.hottest_share * 100.0,
    )
}

/// Says what is known of a stream that queries write.
pub(super) fn written(stream: &Written) -> String {
    match stream.most_records_per_second {
        Some(most) => format!(
            "{}: at most {} records/s of {} bytes, as far as its queries go",
            stream.stream,
            number(most),
            stream.longest_record
        ),
        None => format!("{}: how many records its queries write is not known", stream.stream),
    }
}

/// Lists the prices that were reckoned with, each once: for what, how much, and who says so as of when.
pub(super) fn price_list(bill: &Bill) -> Vec<[String; 4]> {
    let mut list: Vec<[String; 4]> = Vec::new();
    for line in &bill.lines {
        let (Some(price), Some(unit)) = (&line.price, line.unit) else { continue };
        if !list.iter().any(|[what, ..]| *what == line.what) {
            list.push([
                line.what.clone(),
                format!("{} per {unit}", price.usd),
                price.as_of.clone(),
                price.source.clone(),
            ]);
        }
    }
    list
}

/// Says what an application works with.
pub(super) fn application(application: &Application) -> String {
    format!(
        "application: a parallelism of {} on {}, and 1 KPU that AWS adds",
        application.parallelism,
        count(application.kpus as usize, "KPU", "KPUs")
    )
}
