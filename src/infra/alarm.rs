//! Alarms: what somebody has to look at.

use serde::Serialize;

use crate::plan::AlarmKind;

use super::{Application, DeliveryStream, LogicalId, Metric, SqlApplication, Stream, Value};

/// How far behind the newest record a reader may be, in milliseconds: ten minutes. That is late for an answer about
/// seconds, and far from where records are lost unread: at half of the retention, which is 24 hours or more, Kinesis asks
/// to act (Kinesis developer guide, "Troubleshooting consumers").
const BEHIND_MILLIS: u32 = 600_000;
/// How old a record may be that is not archived yet, in seconds: the longest that Firehose may be told to wait for more
/// (Data Firehose developer guide, "Implement best practices with `CloudWatch` alarms").
const UNARCHIVED_SECONDS: u32 = 900;
/// What must not happen at all: an outage, a throttled request, a failed checkpoint (Managed Service for Apache Flink
/// developer guide, "Use `CloudWatch` alarms": `downtime > 0`, `RATE(numberOfFailedCheckpoints) > 0`).
const NONE: u32 = 0;
/// For how many minutes something has to be so that passes by itself, such as a peak.
const LASTING: Span = Span { datapoints: 5, minutes: 5 };
/// For how many minutes an application has to be down: an update stops it for a few of them.
const DOWN: Span = Span { datapoints: 10, minutes: 10 };
/// Two failed checkpoints: the next one makes a single one good, and one that hangs is given up after ten minutes (Flink
/// documentation, `execution.checkpointing.timeout`).
const TWICE: Span = Span { datapoints: 2, minutes: 30 };
/// Once: what was dropped does not come back.
const ONCE: Span = Span { datapoints: 1, minutes: 5 };

/// An alarm on one metric.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alarm {
    /// Its id.
    pub id: LogicalId,
    /// What it is about.
    #[serde(skip)]
    pub kind: AlarmKind,
    /// What it means, and what to do.
    pub description: String,
    /// What it looks at.
    pub metric: Metric,
    /// What the metric is above when something is wrong.
    pub threshold: u32,
    /// How long it is so.
    span: Span,
    /// What it means that there is no value.
    missing: Missing,
    /// The topic that is told when it changes.
    pub topic: Option<String>,
}

/// How many of so many minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
struct Span {
    datapoints: u32,
    minutes: u32,
}

/// What it means that there is no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
enum Missing {
    /// Nothing happened: these metrics exist where something was asked for, or an application runs. That none does is
    /// what another alarm tells.
    NotBreaching,
    /// Something is wrong: an application that runs says so.
    Breaching,
}

impl Alarm {
    fn new(
        kind: AlarmKind,
        id: LogicalId,
        metric: Metric,
        (threshold, span): (u32, Span),
        description: String,
    ) -> Self {
        Self { id, kind, description, metric, threshold, span, missing: Missing::NotBreaching, topic: None }
    }

    /// Has a topic told.
    #[must_use]
    pub fn tell(self, topic: Option<&str>) -> Self {
        Self { topic: topic.map(str::to_owned), ..self }
    }

    /// Returns the alarms of a stream, with that of its readers where the application is one of them.
    pub fn of_stream(stream: &Stream, is_read: bool) -> Vec<Self> {
        let name = &stream.name;
        let id = |suffix| LogicalId::derived(name, suffix);
        let metric = |metric| Metric::of_stream(stream, metric);
        let mut alarms = vec![
            Self::new(
                AlarmKind::Throttled,
                id("WriteThrottled"),
                metric("WriteProvisionedThroughputExceeded").summed(),
                (NONE, LASTING),
                format!("Writes to the stream {name} are refused: it needs more shards, or keys that spread better."),
            ),
            Self::new(
                AlarmKind::Throttled,
                id("ReadThrottled"),
                metric("ReadProvisionedThroughputExceeded").summed(),
                (NONE, LASTING),
                format!("Reads of the stream {name} are refused: it has too few shards for its readers."),
            ),
        ];
        if is_read {
            alarms.push(Self::new(
                AlarmKind::Behind,
                id("Behind"),
                metric("GetRecords.IteratorAgeMilliseconds").greatest(),
                (BEHIND_MILLIS, LASTING),
                format!(
                    "A reader of the stream {name} is more than ten minutes behind: is it too slow, or does it fail?"
                ),
            ));
        }
        alarms
    }

    /// Returns the alarms of an application, with that of late rows where there can be some.
    pub fn of_application(application: &Application, has_event_time: bool) -> Vec<Self> {
        let metric = |metric| Metric::of_application(application, metric);
        let mut down = Self::new(
            AlarmKind::Down,
            LogicalId::fixed("ApplicationDown"),
            metric(application.outage_metric()),
            (NONE, DOWN),
            "The application does not run: its log says why. It is so until it is started for the first time, too."
                .to_owned(),
        );
        down.missing = Missing::Breaching;
        let mut alarms = vec![
            down,
            Self::new(
                AlarmKind::Checkpoints,
                LogicalId::fixed("ApplicationCheckpoints"),
                metric("numberOfFailedCheckpoints").changing(),
                (NONE, TWICE),
                "Checkpoints fail: after a restart, the application goes back to the last one that did not.".to_owned(),
            ),
        ];
        if has_event_time {
            alarms.push(Self::new(
                AlarmKind::Late,
                LogicalId::fixed("ApplicationLate"),
                metric("numLateRecordsDropped").changing(),
                (NONE, ONCE),
                "Rows came too late for their windows and are in none: a longer delay of the stream waits for them."
                    .to_owned(),
            ));
        }
        alarms
    }

    /// Returns the alarm of an application whose code is SQL.
    pub fn of_sql_application(application: &SqlApplication) -> Self {
        Self::new(
            AlarmKind::Behind,
            LogicalId::fixed("ApplicationLagging"),
            Metric::of_sql_application(application, "MillisBehindLatest").greatest(),
            (BEHIND_MILLIS, LASTING),
            "The application is more than ten minutes behind: is it too slow, or does it fail?".to_owned(),
        )
    }

    /// Returns the alarm of a delivery stream.
    pub fn of_delivery(delivery: &DeliveryStream) -> Self {
        Self::new(
            AlarmKind::Unarchived,
            LogicalId::derived(&delivery.of, "Unarchived"),
            Metric::of_delivery(delivery, "DeliveryToS3.DataFreshness").greatest(),
            (UNARCHIVED_SECONDS, LASTING),
            format!("Records of the stream {} are not archived: the log of its archive says why.", delivery.of),
        )
    }

    /// Returns its Amazon resource name.
    pub fn arn(&self) -> Value {
        Value::arn(&self.id)
    }
}
