//! How fast records go: the difference between two looks.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::deploy::local::{RunStatus, ShardStatus, StreamStatus};
use crate::engine::QueryStatus;

/// How fast everything of a pipeline goes, per second.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Rates {
    /// By the streams' names.
    pub streams: BTreeMap<String, StreamRate>,
    /// Records per second that generators make, by their streams' names.
    pub generators: BTreeMap<String, f64>,
    /// By the queries' names.
    pub queries: BTreeMap<String, QueryRate>,
}

/// How fast records come into a stream.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct StreamRate {
    /// Records per second.
    pub records: f64,
    /// Bytes of data per second.
    pub bytes: f64,
    /// Its shards that take records, by their ids.
    pub shards: Vec<ShardRate>,
}

/// How fast records come into a shard.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ShardRate {
    /// Its id.
    pub shard: String,
    /// Records per second.
    pub records: f64,
    /// Bytes of data per second.
    pub bytes: f64,
    /// Records per second that it refuses.
    pub refused: f64,
}

/// How fast a query works.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct QueryRate {
    /// Records that it reads per second.
    pub records: f64,
    /// Rows that it writes per second.
    pub rows: f64,
    /// Late rows per second.
    pub late: f64,
    /// Bad records per second.
    pub bad: f64,
}

impl Rates {
    /// Returns how fast it went between two looks at one process; nothing where they are of two, or no time lies between.
    pub fn between(before: &RunStatus, after: &RunStatus) -> Option<Self> {
        let millis = u64::try_from(after.now.saturating_sub(before.now)).ok().filter(|millis| *millis > 0)?;
        if before.pid != after.pid {
            return None;
        }
        let seconds = Duration::from_millis(millis).as_secs_f64();
        let streams = after.streams.iter().map(|stream| {
            let known = before.streams.iter().find(|known| known.name == stream.name);
            (stream.name.clone(), StreamRate::of(known, stream, seconds))
        });
        let queries = after.queries.iter().filter_map(|query| {
            let known = before.queries.iter().find(|known| known.name == query.name)?;
            Some((query.name.clone(), QueryRate::of(known, query, seconds)))
        });
        let generators = after.generators.iter().filter_map(|generator| {
            let known = before.generators.iter().find(|known| known.stream == generator.stream)?;
            Some((generator.stream.clone(), per_second(known.records, generator.records, seconds)))
        });
        Some(Self { streams: streams.collect(), generators: generators.collect(), queries: queries.collect() })
    }
}

impl StreamRate {
    fn of(before: Option<&StreamStatus>, after: &StreamStatus, seconds: f64) -> Self {
        let shard = |load: &ShardStatus| {
            // One that has begun meanwhile had nothing.
            let known = before.and_then(|before| before.loads.iter().find(|known| known.shard == load.shard));
            let more = |count: fn(&ShardStatus) -> u64| per_second(known.map_or(0, count), count(load), seconds);
            ShardRate {
                shard: load.shard.clone(),
                records: more(|load| load.records),
                bytes: more(|load| load.bytes),
                refused: more(|load| load.refused),
            }
        };
        let shards: Vec<ShardRate> = after.loads.iter().map(shard).collect();
        Self {
            records: shards.iter().map(|shard| shard.records).sum(),
            bytes: shards.iter().map(|shard| shard.bytes).sum(),
            shards,
        }
    }
}

impl QueryRate {
    fn of(before: &QueryStatus, after: &QueryStatus, seconds: f64) -> Self {
        let (old, new) = (&before.counters, &after.counters);
        Self {
            records: per_second(old.records, new.records, seconds),
            rows: per_second(old.rows, new.rows, seconds),
            late: per_second(old.late, new.late, seconds),
            bad: per_second(old.bad, new.bad, seconds),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a rate for reading")]
fn per_second(before: u64, after: u64, seconds: f64) -> f64 {
    after.saturating_sub(before) as f64 / seconds
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(pid: u32, now: i64, shards: &[(&str, u64)]) -> RunStatus {
        let load = |(shard, records): &(&str, u64)| ShardStatus {
            shard: (*shard).to_owned(),
            records: *records,
            bytes: 10 * records,
            refused: 0,
        };
        let loads: Vec<ShardStatus> = shards.iter().map(load).collect();
        let stream = StreamStatus { name: "s".to_owned(), shards: loads.len(), records: 0, bytes: 0, loads };
        RunStatus {
            pipeline: "p".to_owned(),
            pid,
            endpoint: String::new(),
            now,
            streams: vec![stream],
            generators: Vec::new(),
            queries: Vec::new(),
            job: None,
            place: None,
            waiting: None,
        }
    }

    #[test]
    fn a_rate_is_what_came_between_two_looks() {
        let rates =
            Rates::between(&status(1, 1_000, &[("0", 5), ("1", 7)]), &status(1, 3_000, &[("0", 105), ("1", 7)]));
        let stream = &rates.unwrap().streams["s"];
        assert_eq!((stream.records, stream.bytes), (50.0, 500.0));
        assert_eq!(stream.shards.iter().map(|shard| shard.records).collect::<Vec<_>>(), [50.0, 0.0]);
    }

    #[test]
    fn a_shard_that_has_begun_meanwhile_counts_from_nothing() {
        let rates = Rates::between(&status(1, 0, &[("0", 500)]), &status(1, 1_000, &[("1", 30), ("2", 40)]));
        assert!((rates.unwrap().streams["s"].records - 70.0).abs() < 1e-9);
    }

    #[test]
    fn two_processes_and_a_clock_that_was_set_back_have_no_rate() {
        assert_eq!(Rates::between(&status(1, 0, &[]), &status(2, 1_000, &[])), None);
        assert_eq!(Rates::between(&status(1, 1_000, &[]), &status(1, 1_000, &[])), None);
        assert_eq!(Rates::between(&status(1, 1_000, &[]), &status(1, 0, &[])), None);
    }
}
