//! Applications of Managed Service for Apache Flink.

use serde::Serialize;

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
    pub runtime: &'static str,
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
    /// Returns an application of Flink 1.20, with a role that allows nothing yet.
    pub fn new(id: LogicalId, name: &str, code: Code, role: &Role) -> Self {
        Self {
            id,
            name: name.to_owned(),
            description: String::new(),
            runtime: "FLINK-1_20",
            code,
            role: role.arn(),
            parallelism: 1,
            properties: Vec::new(),
        }
    }

    /// Has the application write its log there.
    pub fn log_to(&self, id: LogicalId, log: &LogStream) -> LoggingOption {
        LoggingOption { id, application: Value::reference(&self.id), log_stream_arn: log.arn() }
    }
}
