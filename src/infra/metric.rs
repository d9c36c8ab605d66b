//! Metrics of `CloudWatch`, by the names that the services give them.

use serde::Serialize;

use super::{Application, DeliveryStream, SqlApplication, Stream, Value};

/// A metric of one resource, with how the values of a minute become one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Metric {
    /// The service that tells it.
    pub namespace: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What it is of: names and values.
    pub dimensions: Vec<(&'static str, Value)>,
    /// How the values of a minute become one.
    pub statistic: &'static str,
    /// Whether it counts up from the start of a job, so that only its change says what happens.
    pub counts_up: bool,
}

impl Metric {
    fn new(namespace: &'static str, name: &'static str, dimension: &'static str, of: Value) -> Self {
        Self { namespace, name, dimensions: vec![(dimension, of)], statistic: "Average", counts_up: false }
    }

    /// Returns a metric of a stream (Kinesis developer guide, "Monitoring the service with `CloudWatch`").
    pub fn of_stream(stream: &Stream, name: &'static str) -> Self {
        Self::new("AWS/Kinesis", name, "StreamName", Value::reference(&stream.id))
    }

    /// Returns a metric of an application (Managed Service for Apache Flink developer guide, "Metrics and dimensions").
    pub fn of_application(application: &Application, name: &'static str) -> Self {
        Self::new("AWS/KinesisAnalytics", name, "Application", Value::reference(&application.id))
    }

    /// Returns a metric of an application (Kinesis Data Analytics for SQL developer guide, "Metrics and dimensions").
    pub fn of_sql_application(application: &SqlApplication, name: &'static str) -> Self {
        Self::new("AWS/KinesisAnalytics", name, "Application", Value::reference(&application.id))
    }

    /// Returns a metric of a delivery stream (Data Firehose developer guide, "Monitor with `CloudWatch` metrics").
    pub fn of_delivery(delivery: &DeliveryStream, name: &'static str) -> Self {
        Self::new("AWS/Firehose", name, "DeliveryStreamName", Value::reference(&delivery.id))
    }

    /// Takes the greatest value of a minute.
    #[must_use]
    pub fn greatest(self) -> Self {
        Self { statistic: "Maximum", ..self }
    }

    /// Adds the values of a minute up.
    #[must_use]
    pub fn summed(self) -> Self {
        Self { statistic: "Sum", ..self }
    }

    /// Takes the change of a value that counts up.
    #[must_use]
    pub fn changing(self) -> Self {
        Self { counts_up: true, ..self }
    }
}
