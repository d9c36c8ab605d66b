//! Roles, and what they allow.

use serde::Serialize;

use super::{LogicalId, Value};

/// What assumes a role: the services' own clients call different actions for the same end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Runtime {
    /// An application of Managed Service for Apache Flink, with the Kinesis connector 5.x.
    Flink,
    /// An application of Kinesis Data Analytics for SQL.
    KinesisSql,
}

/// A role that one application assumes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Role {
    /// Its id.
    pub id: LogicalId,
    /// What assumes it.
    pub runtime: Runtime,
    /// The service that assumes it.
    service: &'static str,
    /// The one application that the service may assume it for.
    source_arn: Value,
    /// What was granted, in that order.
    statements: Vec<Statement>,
}

/// Something that a role allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Statement {
    /// Its name.
    pub sid: String,
    /// What may be done: whole names of actions.
    pub actions: Vec<&'static str>,
    /// To what: whole Amazon resource names.
    pub resources: Vec<Value>,
}

impl Role {
    /// Returns the role of an application, allowing nothing yet.
    pub fn new(id: LogicalId, runtime: Runtime, application_name: &str) -> Self {
        Self {
            id,
            runtime,
            // Both generations of the service share the principal.
            service: "kinesisanalytics.amazonaws.com",
            source_arn: Value::local_arn("kinesisanalytics", &format!("application/{application_name}")),
            statements: Vec::new(),
        }
    }

    /// Allows actions on one resource.
    pub fn allow(&mut self, sid: String, actions: &[&'static str], resource: Value) {
        self.statements.push(Statement { sid, actions: actions.to_vec(), resources: vec![resource] });
    }

    /// Returns its Amazon resource name.
    pub fn arn(&self) -> Value {
        Value::arn(&self.id)
    }
}
