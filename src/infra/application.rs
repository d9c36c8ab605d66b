//! Applications of Managed Service for Apache Flink.

use serde::Serialize;

use crate::plan::FlinkRuntime;

use super::{Code, LogStream, LogicalId, Role, Value};

/// An application that runs packaged Flink code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Application {
    /// Its id.
    pub id: LogicalId,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The Flink that it runs on, as the service names it.
    pub(super) runtime: &'static str,
    #[serde(skip)]
    flink: FlinkRuntime,
    /// What it runs.
    pub code: Code,
    /// Its role.
    pub role: Value,
    /// How many readers and workers it has.
    pub parallelism: u32,
    /// What its code is told when it starts.
    pub properties: Vec<PropertyGroup>,
}

/// Properties under one name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PropertyGroup {
    /// The name.
    pub id: &'static str,
    /// Keys and their values.
    pub entries: Vec<(&'static str, Value)>,
}

/// Where an application writes its log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LoggingOption {
    /// Its id.
    pub id: LogicalId,
    application: Value,
    log_stream_arn: Value,
}

impl Application {
    /// Returns an application with a role.
    pub fn new(id: LogicalId, name: &str, flink: FlinkRuntime, code: Code, role: &Role) -> Self {
        Self {
            id,
            name: name.to_owned(),
            description: String::new(),
            runtime: match flink {
                FlinkRuntime::V1_20 => "FLINK-1_20",
                FlinkRuntime::V2_2 => "FLINK-2_2",
                FlinkRuntime::V2_3 => "FLINK-2_3",
            },
            flink,
            code,
            role: role.arn(),
            parallelism: 1,
            properties: Vec::new(),
        }
    }

    /// Returns the metric that is above zero while the job is not at work. Flink 2.2 has states of their own for it (Managed
    /// Service for Apache Flink developer guide, "Flink 2.2 metric changes").
    pub fn outage_metric(&self) -> &'static str {
        match self.flink {
            FlinkRuntime::V1_20 => "downtime",
            FlinkRuntime::V2_2 | FlinkRuntime::V2_3 => "restartingTime",
        }
    }

    /// Returns the metric that counts how often the job began anew.
    pub fn restarts_metric(&self) -> &'static str {
        match self.flink {
            FlinkRuntime::V1_20 => "fullRestarts",
            FlinkRuntime::V2_2 | FlinkRuntime::V2_3 => "numRestarts",
        }
    }

    /// Has the application write its log there.
    pub fn log_to(&self, id: LogicalId, log: &LogStream) -> LoggingOption {
        LoggingOption { id, application: Value::reference(&self.id), log_stream_arn: log.arn() }
    }
}
