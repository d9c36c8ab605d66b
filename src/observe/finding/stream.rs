//! What there is to say of a stream: who brings its records, and whether its shards take them.

use crate::deploy::local::{GeneratorStatus, RunStatus, ShardStatus, StreamStatus};
use crate::plan::{Plan, Source};
use crate::streams::{SHARD_BYTES, SHARD_RECORDS};

use super::super::{ShardRate, StreamRate};
use super::{Finding, Seen, Weight};

/// From which part of that on it is said that a shard is near its limit.
const NEAR: f64 = 0.8;
/// From which part of a stream's records on a key is hot, where the stream has several shards to spread them over.
const HOT: f64 = 0.5;
/// A generator with fewer records a second may make none while it is looked on.
const SLOW: f64 = 5.0;
/// How many records a second must come, at least, for the spread over shards to mean something.
const ENOUGH: f64 = 5.0;

/// Says what there is to say of a stream.
pub(super) fn look(
    (status, plan): (&RunStatus, Option<&Plan>),
    stream: &StreamStatus,
    seen: &Seen,
    found: &mut Vec<Finding>,
) {
    let is_read = status.queries.iter().any(|query| query.from.split(", ").any(|from| from == stream.name));
    let brought = match plan.and_then(|plan| plan.stream(&stream.name)) {
        Some(stream) => matches!(stream.source, Source::Producers),
        // Of what is read but not written by any query here, somebody brings the records.
        None => is_read && status.queries.iter().all(|query| query.name != stream.name),
    };
    if brought {
        found.extend(silence((status, plan), stream, seen));
    }
    found.extend(refusals(stream));
    if let Some(rate) = seen.rates.as_ref().and_then(|rates| rates.streams.get(&stream.name)) {
        found.extend(idle_shards(stream, rate));
        found.extend(rate.shards.iter().filter_map(|shard| near_limit(stream, shard)));
        found.extend(hot_key(stream, rate, seen));
    }
}

fn of(stream: &StreamStatus, code: &'static str, weight: Weight, what: String, todo: Option<String>) -> Finding {
    Finding { code, weight, about: format!("stream {}", stream.name), what, todo }
}

/// Says why no record comes, where none does.
fn silence((status, plan): (&RunStatus, Option<&Plan>), stream: &StreamStatus, seen: &Seen) -> Option<Finding> {
    let generator = status.generators.iter().find(|generator| generator.stream == stream.name);
    let rate = seen.rates.as_ref().and_then(|rates| rates.streams.get(&stream.name)).map(|rate| rate.records);
    if !seen.running || (stream.records > 0 && rate.is_none_or(|rate| rate > 0.0)) {
        return None;
    }
    // A slow one is not silent because it made nothing just now.
    if stream.records > 0 && generator.is_some_and(|generator| generator.rate < SLOW) {
        return None;
    }
    let never = stream.records == 0 && stream.taken() == 0;
    let (code, what) = if never {
        ("no-records", "no record has come into it".to_owned())
    } else {
        ("silent", format!("no record comes now; it has {}", stream.records))
    };
    let declared = plan.is_some_and(|plan| plan.generator(&stream.name).is_some());
    let producer = format!("point a producer at {}", status.endpoint);
    let (weight, what, todo) = match generator {
        Some(generator) => of_generator(generator, &what),
        None if declared => {
            let todo = format!("{producer}, or leave --no-generator out");
            (Weight::Blocked, format!("{what}, as its generator is left out"), Some(todo))
        }
        None => (Weight::Blocked, format!("{what}, and it has no generator"), Some(producer)),
    };
    Some(of(stream, code, if never { weight } else { Weight::Waits }, what, todo))
}

fn of_generator(generator: &GeneratorStatus, what: &str) -> (Weight, String, Option<String>) {
    if generator.records > 0 {
        let made = generator.records;
        let todo = "its `rate` is in a pause, or all is made that --records asks for";
        return (Weight::Waits, format!("{what}; its generator has made {made}"), Some(todo.to_owned()));
    }
    let what = format!("{what}; its generator, which makes {:.3} a second, has not made its first", generator.rate);
    (Weight::Waits, what, None)
}

/// Says which shards have refused records.
fn refusals(stream: &StreamStatus) -> Option<Finding> {
    let refused: u64 = stream.loads.iter().map(|load| load.refused).sum();
    let most: &ShardStatus = stream.loads.iter().max_by_key(|load| load.refused).filter(|load| load.refused > 0)?;
    let what = format!(
        "its producer is throttled: {refused} records were refused, {} of them by {}, as a shard takes 1,000 records or \
         1 MiB a second",
        most.refused, most.shard
    );
    let todo = "let the producer retry what PutRecords refuses; give the stream more `shards`, or a partition key with \
                more values";
    Some(of(stream, "throttled", Weight::Loses, what, Some(todo.to_owned())))
}

/// Says which shards get nothing while others do.
fn idle_shards(stream: &StreamStatus, rate: &StreamRate) -> Option<Finding> {
    let idle: Vec<&str> =
        rate.shards.iter().filter(|shard| shard.records == 0.0).map(|shard| shard.shard.as_str()).collect();
    let all = rate.shards.len();
    if idle.is_empty() || idle.len() == all || rate.records < ENOUGH {
        return None;
    }
    let named = idle.iter().take(3).copied().collect::<Vec<_>>().join(", ");
    let rest = if idle.len() > 3 { format!(" and {} more", idle.len() - 3) } else { String::new() };
    let what = format!("{} of its {all} shards get no record now: {named}{rest}", idle.len());
    let todo = "its partition key has too few values, or they hash badly: take another column, or fewer `shards`";
    Some(of(stream, "idle-shards", Weight::Note, what, Some(todo.to_owned())))
}

/// Says that a shard is near what it takes on AWS.
fn near_limit(stream: &StreamStatus, shard: &ShardRate) -> Option<Finding> {
    if shard.records < NEAR * SHARD_RECORDS && shard.bytes < NEAR * SHARD_BYTES {
        return None;
    }
    let what = format!(
        "{} takes {:.0} records and {:.0} KiB a second, and on AWS 1,000 and 1,024 at the most",
        shard.shard,
        shard.records,
        shard.bytes / 1024.0
    );
    let todo = "give the stream more `shards`, or `shards = \"on-demand\"`, before it goes to AWS";
    Some(of(stream, "near-limit", Weight::Note, what, Some(todo.to_owned())))
}

/// Says which key has most of the records.
fn hot_key(stream: &StreamStatus, rate: &StreamRate, seen: &Seen) -> Option<Finding> {
    let hot = seen.hot_keys.iter().find(|hot| hot.stream == stream.name)?;
    #[expect(clippy::cast_precision_loss, reason = "a share for reading")]
    let share = hot.records as f64 / hot.of.max(1) as f64;
    if stream.shards < 2 || share < HOT || rate.records < ENOUGH {
        return None;
    }
    let what = format!(
        "its partition key `{}` is hot: {} of its last {} records have it, and all of those go to one of {} shards",
        hot.key, hot.records, hot.of, stream.shards
    );
    let todo = "take a `partition_key` with more values; more shards do not help one key";
    Some(of(stream, "hot-key", Weight::Note, what, Some(todo.to_owned())))
}
