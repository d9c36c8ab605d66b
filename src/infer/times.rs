//! When records come.

use crate::streams::Millis;

use super::column::Column;
use super::share;
use super::table::Sample;
use crate::sql::SqlType;

/// Microseconds in a millisecond and in a second.
const MILLI: i64 = 1_000;
const SECOND: i64 = 1_000_000;
/// The share of records that a watermark waits for.
const WAITED_FOR: f64 = 0.995;
/// The rate where a sample says nothing of time.
const UNKNOWN_RATE: f64 = 10.0;

/// When the records of a sample come, and in which order.
pub(super) struct Times {
    /// Records in a second.
    pub(super) rate: f64,
    /// Whether the rate is known.
    pub(super) is_known: bool,
    /// Whether they come by chance, and not evenly.
    pub(super) by_chance: bool,
    /// For how long a window has to wait for nearly all of its records, in microseconds.
    pub(super) delay: i64,
    /// The share of records before which later ones came.
    pub(super) disordered: f64,
    /// How much later the latest of them was, in microseconds.
    pub(super) longest: i64,
}

impl Times {
    /// Looks at the records of a sample, and at the time of each event where there is one.
    pub(super) fn of(sample: &Sample, rows: &[usize], event_time: Option<&Column>) -> Self {
        let arrivals: Vec<Millis> = rows.iter().filter_map(|row| sample.records[*row].arrival).collect();
        let mut events: Vec<i64> =
            event_time.map_or_else(Vec::new, |column| column.moments.iter().flatten().copied().collect());
        if arrivals.len() == events.len() {
            // Records that arrived at once, in several shards, have no order.
            let mut order: Vec<(Millis, i64)> = arrivals.iter().copied().zip(events).collect();
            order.sort_unstable();
            events = order.into_iter().map(|(_, event)| event).collect();
        }
        // Records that were put into a file or a stream at once arrived in no time.
        let arrived: Vec<i64> = arrivals.iter().map(|arrival| arrival.saturating_mul(MILLI)).collect();
        let moments = if span(&events) > span(&arrived) / 2 { events.clone() } else { arrived };
        let span = span(&moments);
        #[expect(clippy::cast_precision_loss, reason = "a sample is small")]
        let rate = if span > 0 { (moments.len() - 1) as f64 / (span as f64 / SECOND as f64) } else { 0.0 };
        let is_known = rate > 0.0;
        let behind = behind(&events);
        let mut sorted = behind.clone();
        sorted.sort_unstable();
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a place in a sample"
        )]
        let place = (sorted.len().saturating_sub(1) as f64 * WAITED_FOR).ceil() as usize;
        Self {
            rate: if is_known { rate.min(1e6) } else { UNKNOWN_RATE },
            is_known,
            by_chance: by_chance(&moments),
            delay: sorted.get(place).copied().unwrap_or_default(),
            disordered: share(behind.iter().filter(|behind| **behind > 0).count(), behind.len()),
            longest: sorted.last().copied().unwrap_or_default(),
        }
    }
}

/// Finds the column with the time of the event: of those that have one in every record, the one that follows their order best.
pub(super) fn event_time(columns: &[Column]) -> Option<usize> {
    let is_one = |column: &Column| {
        matches!(column.sql_type, SqlType::Timestamp(_))
            && column.moments.iter().all(Option::is_some)
            && column.distinct() > 1
    };
    let forward = |column: &Column| {
        let moments: Vec<i64> = column.moments.iter().flatten().copied().collect();
        moments.windows(2).filter(|pair| pair[0] <= pair[1]).count()
    };
    (0..columns.len()).filter(|index| is_one(&columns[*index])).rev().max_by_key(|index| forward(&columns[*index]))
}

fn span(moments: &[i64]) -> i64 {
    let (least, most) = (moments.iter().min(), moments.iter().max());
    least.zip(most).map_or(0, |(least, most)| most.saturating_sub(*least))
}

/// Returns for each record how far it is behind the latest before it.
fn behind(events: &[i64]) -> Vec<i64> {
    let mut latest = i64::MIN;
    events
        .iter()
        .map(|event| {
            latest = latest.max(*event);
            latest - event
        })
        .collect()
}

/// Returns whether the records of a stretch of time are as many more or less than those of the next as chance makes them.
fn by_chance(moments: &[i64]) -> bool {
    /// How many records a stretch has about.
    const EACH: usize = 10;
    let (stretches, span) = (moments.len() / EACH, span(moments));
    if stretches < 10 || span <= 0 {
        return false;
    }
    let first = moments.iter().min().copied().unwrap_or_default();
    let mut counts = vec![0.0_f64; stretches];
    for moment in moments {
        let place = i128::from(moment - first) * stretches as i128 / (i128::from(span) + 1);
        counts[usize::try_from(place).unwrap_or_default()] += 1.0;
    }
    #[expect(clippy::cast_precision_loss, reason = "a sample is small")]
    let mean = moments.len() as f64 / stretches as f64;
    #[expect(clippy::cast_precision_loss, reason = "a sample is small")]
    let variance = counts.iter().map(|count| (count - mean).powi(2)).sum::<f64>() / stretches as f64;
    variance > mean / 2.0
}
