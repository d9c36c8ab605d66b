//! How a running pipeline stands, in the text format of Prometheus
//! (<https://prometheus.io/docs/instrumenting/exposition_formats/>, version 0.0.4).

use crate::engine::Counters;

use super::control::{RunStatus, ShardStatus};

/// The media type of the text.
pub(super) const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Writes every metric. Counters begin when the streams were made, those of generators with the process.
pub(super) fn text(status: &RunStatus) -> String {
    let mut text = Text(String::new());
    text.streams(status);
    text.queries(status);
    let made = status.generators.iter().map(|it| (vec![("stream", it.stream.as_str())], number(it.records)));
    text.metric("pipe_generator_records_total", COUNTER, "Records that a generator of this process has made.", made);
    let waiting = status.waiting.iter().map(|waiting| (Vec::new(), number(waiting.bytes)));
    text.metric("pipe_waiting_bytes", GAUGE, "Bytes of rows that wait to be written to Kinesis.", waiting);
    text.0
}

const COUNTER: &str = "counter";
const GAUGE: &str = "gauge";

/// A counter of queries: its name, what it means, and how it is found.
type Counter = (&'static str, &'static str, fn(&Counters) -> u64);

/// Labels with their values.
type Labels<'a> = Vec<(&'static str, &'a str)>;

struct Text(String);

impl Text {
    fn streams(&mut self, status: &RunStatus) {
        let loads = || status.streams.iter().flat_map(|stream| stream.loads.iter().map(move |load| (stream, load)));
        let of_shards = |count: fn(&ShardStatus) -> u64| {
            loads().map(move |(stream, load)| {
                (vec![("stream", stream.name.as_str()), ("shard", load.shard.as_str())], number(count(load)))
            })
        };
        self.metric(
            "pipe_shard_records_total",
            COUNTER,
            "Records that a shard has taken.",
            of_shards(|load| load.records),
        );
        self.metric(
            "pipe_shard_bytes_total",
            COUNTER,
            "Bytes of data that a shard has taken.",
            of_shards(|load| load.bytes),
        );
        self.metric(
            "pipe_shard_refused_total",
            COUNTER,
            "Records that a shard has refused, as they were more than it takes.",
            of_shards(|load| load.refused),
        );
        let kept = status.streams.iter().map(|stream| (vec![("stream", stream.name.as_str())], number(stream.records)));
        self.metric("pipe_stream_kept_records", GAUGE, "Records that a stream keeps.", kept);
        let bytes = status.streams.iter().map(|stream| (vec![("stream", stream.name.as_str())], number(stream.bytes)));
        self.metric("pipe_stream_kept_bytes", GAUGE, "Bytes of data that a stream keeps.", bytes);
    }

    fn queries(&mut self, status: &RunStatus) {
        let counters: [Counter; 5] = [
            ("pipe_query_records_total", "Records that a query has read.", |it| it.records),
            ("pipe_query_rows_total", "Rows that a query has written.", |it| it.rows),
            ("pipe_query_windows_total", "Windows that a query has closed.", |it| it.windows),
            ("pipe_query_late_total", "Rows that came when their windows were over.", |it| it.late),
            ("pipe_query_bad_total", "Records that could not be read or computed.", |it| it.bad),
        ];
        let of_queries = || status.queries.iter().map(|query| (query, vec![("query", query.name.as_str())]));
        for (name, help, count) in counters {
            self.metric(name, COUNTER, help, of_queries().map(|(it, labels)| (labels, number(count(&it.counters)))));
        }
        let open = of_queries().map(|(it, labels)| (labels, number(it.open_windows as u64)));
        self.metric("pipe_query_open_windows", GAUGE, "Windows that are open.", open);
        let groups = of_queries().map(|(it, labels)| (labels, number(it.open_groups as u64)));
        self.metric("pipe_query_open_groups", GAUGE, "Groups in the open windows, or rows that are kept.", groups);
        let behind = of_queries().map(|(it, labels)| (labels, seconds(it.millis_behind.saturating_mul(1000))));
        self.metric(
            "pipe_query_behind_seconds",
            GAUGE,
            "How long ago the first record came that was not read yet.",
            behind,
        );
        let watermark = of_queries().filter_map(|(it, labels)| Some((labels, seconds(it.watermark?))));
        self.metric("pipe_query_watermark_seconds", GAUGE, "The moment that time has come to, since 1970.", watermark);
    }

    /// Writes a metric with its values, where it has some.
    fn metric<'a>(&mut self, name: &str, kind: &str, help: &str, values: impl Iterator<Item = (Labels<'a>, String)>) {
        let mut values = values.peekable();
        if values.peek().is_none() {
            return;
        }
        let out = &mut self.0;
        *out += &format!("# HELP {name} {help}\n# TYPE {name} {kind}\n");
        for (labels, value) in values {
            let labels: Vec<String> =
                labels.into_iter().map(|(label, value)| format!("{label}=\"{}\"", escaped(value))).collect();
            let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
            *out += &format!("{name}{labels} {value}\n");
        }
    }
}

fn number(value: u64) -> String {
    value.to_string()
}

/// Writes microseconds as seconds, with every digit.
fn seconds(micros: i64) -> String {
    let sign = if micros < 0 { "-" } else { "" };
    let micros = micros.unsigned_abs();
    format!("{sign}{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
