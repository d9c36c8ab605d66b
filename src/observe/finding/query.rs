//! What there is to say of a query: where its watermark stands and what holds it, what is open, and what went another way.

use crate::deploy::local::RunStatus;
use crate::engine::{QueryStatus, Sample, ShardTime, TimeKind, moment_text};
use crate::plan::Plan;
use crate::ui::count;
use crate::window::Micros;

use super::{Finding, Seen, Weight, span};

/// How far behind the clock of the log a query must be until it is said.
const BEHIND: i64 = 5_000;
/// How far event times must be from the clock until it is said: more than a queue on the way explains.
const FAR: i64 = 10 * 60 * 1000;

/// Says what there is to say of a query.
pub(super) fn look(
    (status, plan): (&RunStatus, Option<&Plan>),
    query: &QueryStatus,
    seen: &Seen,
    found: &mut Vec<Finding>,
) {
    let look = Look { status, plan, query, seen };
    found.extend(look.silence());
    found.extend(look.behind());
    found.extend(look.watermark());
    found.extend(look.skew());
    found.extend(look.late());
    found.extend(look.bad());
    found.extend(query.notes.iter().map(|note| {
        // Only what is said of a table is about a file.
        let todo = note.contains("table").then(|| "mend its file; it is read again within two seconds".to_owned());
        look.of("trouble", Weight::Loses, note.clone(), todo)
    }));
}

struct Look<'a> {
    status: &'a RunStatus,
    plan: Option<&'a Plan>,
    query: &'a QueryStatus,
    seen: &'a Seen,
}

impl Look<'_> {
    fn of(&self, code: &'static str, weight: Weight, what: String, todo: Option<String>) -> Finding {
        Finding { code, weight, about: format!("query {}", self.query.name), what, todo }
    }

    /// Says why it has written nothing yet, or when the next rows come.
    fn silence(&self) -> Option<Finding> {
        let counters = &self.query.counters;
        if counters.rows > 0 {
            return self.closes().map(|what| self.of("open-windows", Weight::Note, what, None));
        }
        let blocked =
            |code, what: String, todo: &str| Some(self.of(code, Weight::Blocked, what, Some(todo.to_owned())));
        let none = "it has written nothing:";
        if counters.records == 0 {
            return Some(self.unread());
        }
        if counters.bad >= counters.records {
            let all = many(counters.records, "record", "records");
            let todo =
                "mend the records, or `columns` and their paths; `pipe tail --stream error_stream` shows them all";
            return blocked("all-bad", format!("{none} all of what it has read is bad: {all}"), todo);
        }
        if counters.windows > 0 {
            let windows = many(counters.windows, "window has closed", "windows have closed");
            let todo = "widen `having` or `top`, or wait for windows with more in them";
            return blocked("all-dropped", format!("{none} {windows}, and no group passed"), todo);
        }
        if self.query.open_windows == 0 && self.query.open_groups == 0 {
            return if counters.late > 0 {
                let late =
                    many(counters.late, "row came when its window was over", "rows came when their windows were over");
                let todo = "a greater `delay` of the stream's `event_time` waits for them; a late stream keeps them";
                blocked("all-late", format!("{none} {late}"), todo)
            } else {
                let todo = "widen `where`, or look at what the records hold: `pipe tail --stream` and a condition";
                let records = many(counters.records, "record", "records");
                let what = format!("{none} it has read {records}, and none passed `where` or found its partner");
                blocked("all-filtered", what, todo)
            };
        }
        let what = self.closes().unwrap_or_else(|| "its rows wait for time to go on".to_owned());
        Some(self.of("open-windows", Weight::Waits, format!("{none} {what}"), None))
    }

    /// Says why it has read no record. Streams that nothing comes into have been told of.
    fn unread(&self) -> Finding {
        let from = &self.query.from;
        if let Some(place) = &self.status.place {
            let todo = "see that a producer writes there; a query that is new begins with what comes from then on";
            let what = format!("it has written nothing: no record of stream {from} in {place} has been read");
            return self.of("nothing-read", Weight::Blocked, what, Some(todo.to_owned()));
        }
        let reads = |name: &str| from.split(", ").any(|from| from == name);
        let held: u64 = self.status.streams.iter().filter(|it| reads(&it.name)).map(|it| it.records).sum();
        if held > 0 {
            let what = format!("it has written nothing: it has read none of the {held} records of {from} yet");
            return self.of("nothing-read", Weight::Waits, what, None);
        }
        let what = format!("it has written nothing: no record has come into {from}, which it reads");
        let todo = "see what is said of the stream";
        self.of("no-input", Weight::Blocked, what, Some(todo.to_owned()))
    }

    /// Says when its first window closes.
    fn closes(&self) -> Option<String> {
        let first = self.query.closing.first()?;
        let open = self.query.open_windows;
        let bounds = format!("{} to {}", moment_text(first.start), moment_text(first.end));
        let more = if open > 1 { format!(", the first of {open}") } else { String::new() };
        if !self.seen.running {
            return Some(format!("its window {bounds}{more} is open"));
        }
        let Some(at) = self.query.watermark else {
            return Some(format!("its window {bounds}{more} is open, and time has not begun: see its watermark"));
        };
        let left = first.closes.saturating_sub(at) / 1000;
        let clock = match self.query.time {
            TimeKind::Arrival => "",
            TimeKind::Event => " of event time",
        };
        Some(format!("its window {bounds}{more} is open, and closes in {}{clock}", span(left.max(0))))
    }

    fn behind(&self) -> Option<Finding> {
        let millis = self.query.millis_behind;
        let what = format!("it is {} behind the records of {}", span(millis), self.query.from);
        let todo = "it catches up where records come more slowly than it reads them; on Flink it can be spread";
        (millis >= BEHIND && self.seen.running).then(|| self.of("behind", Weight::Waits, what, Some(todo.to_owned())))
    }

    /// Says where the watermark stands, and which shard holds it there.
    fn watermark(&self) -> Option<Finding> {
        if self.query.time == TimeKind::Arrival || self.query.counters.records == 0 || !self.seen.running {
            return None;
        }
        let shards = &self.query.shards;
        if !shards.is_empty() && shards.iter().all(|shard| shard.idle) {
            let what = "every shard is idle: windows that are open close by the clock".to_owned();
            return Some(self.of("all-idle", Weight::Note, what, None));
        }
        let holding: Vec<&ShardTime> = shards.iter().filter(|shard| shard.holds).collect();
        let first = holding.first()?;
        let place = format!("{} of {}", first.shard, first.stream);
        let more = if holding.len() > 1 { format!(" (and {} more)", holding.len() - 1) } else { String::new() };
        let Some(at) = first.watermark else {
            let waits = span(first.idle_after);
            let what = format!(
                "the watermark is held back: {place}{more} has no record yet, and is waited for until it has been idle \
                 for {waits}"
            );
            let todo = "bring records into every shard (a partition key with more values), or shorten `idle`";
            return Some(self.of("empty-shard", Weight::Waits, what, Some(todo.to_owned())));
        };
        let ahead = shards.iter().filter(|shard| !shard.idle).filter_map(|shard| shard.watermark).max()?;
        let lead = ahead.saturating_sub(at) / 1000;
        let stands = moment_text(at);
        if lead < BEHIND {
            return Some(self.of("watermark", Weight::Note, format!("the watermark stands at {stands}"), None));
        }
        let what =
            format!("the watermark stands at {stands}: {place}{more} holds it, and others are {} ahead", span(lead));
        let todo = "its producer is slow, or its times are older; a shard that is silent for `idle` holds nothing back";
        Some(self.of("slow-shard", Weight::Waits, what, Some(todo.to_owned())))
    }

    /// Says where event times are far from the clock: a wrong zone, a wrong unit, or an old recording.
    fn skew(&self) -> Option<Finding> {
        let latest: Micros = self.query.shards.iter().filter_map(|shard| shard.watermark).max()?;
        if self.query.time == TimeKind::Arrival || !self.seen.running {
            return None;
        }
        let ahead = (latest / 1000).saturating_sub(self.status.now);
        if ahead.abs() < FAR {
            return None;
        }
        let (code, weight, where_to, todo) = if ahead > 0 {
            let todo = "a shard with a record from the future takes all others for late: is the column local time, or another \
                        unit?";
            ("future-times", Weight::Loses, "ahead of", todo)
        } else {
            let todo = "old records are windowed all the same; where they should be of now: is the column local time?";
            ("old-times", Weight::Note, "behind", todo)
        };
        let what = format!("its latest event time, less `delay`, is {} {where_to} the clock", span(ahead));
        Some(self.of(code, weight, what, Some(todo.to_owned())))
    }

    fn late(&self) -> Option<Finding> {
        let late = self.query.counters.late;
        let to =
            self.plan.and_then(|plan| plan.queries.iter().find(|query| query.name == self.query.name)?.late.as_ref());
        let todo = match to {
            Some(stream) => format!("stream {stream} keeps them; a greater `delay` waits for more of them"),
            None => "a greater `delay` waits for them; `late = \"STREAM\"` of the query keeps them".to_owned(),
        };
        let example = example(&self.query.late);
        let rows = many(late, "row came when its window was over", "rows came when their windows were over");
        let what = format!("{rows}{example}");
        (late > 0).then(|| self.of("late", Weight::Loses, what, Some(todo)))
    }

    fn bad(&self) -> Option<Finding> {
        let bad = self.query.counters.bad;
        let records = many(bad, "record", "records");
        let what = format!("{records} could not be read or computed{}", example(&self.query.bad));
        let todo = "`pipe tail --stream error_stream` shows them all, with the reason of each";
        (bad > 0).then(|| self.of("bad", Weight::Loses, what, Some(todo.to_owned())))
    }
}

fn many(number: u64, one: &str, many: &str) -> String {
    count(usize::try_from(number).unwrap_or(usize::MAX), one, many)
}

/// Returns the last of some samples as an example.
fn example(samples: &[Sample]) -> String {
    samples.last().map_or_else(String::new, |it| {
        format!(", such as {} {}: {}: {}", it.shard, it.sequence_number, it.reason, it.data)
    })
}
