//! Roles, and what they allow.

use serde::Serialize;

use super::{LogicalId, Value};

/// What assumes a role: each calls other actions for the same end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Principal {
    /// An application of Managed Service for Apache Flink, with the Kinesis connector 5.x or 6.x.
    Flink,
    /// The same, with the Kinesis connector 4.x.
    LegacyFlink,
    /// An application of Kinesis Data Analytics for SQL.
    KinesisSql,
    /// A delivery stream of Data Firehose.
    Firehose,
}

/// A role that one thing assumes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Role {
    /// Its id.
    pub id: LogicalId,
    /// What assumes it.
    #[serde(skip)]
    pub principal: Principal,
    /// The service that assumes it.
    service: &'static str,
    /// The one thing that the service may assume it for.
    source_arn: Value,
    /// What was granted, in that order.
    pub statements: Vec<Statement>,
}

/// Something that a role allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Statement {
    /// Its name.
    pub sid: String,
    /// Why it is there, as a sentence.
    pub why: String,
    /// What may be done: whole names of actions.
    pub actions: Vec<&'static str>,
    /// To what: Amazon resource names.
    pub resources: Vec<Value>,
}

impl Principal {
    /// Returns the name of the service.
    fn service(self) -> &'static str {
        match self {
            // Both generations of the service share it.
            Self::Flink | Self::LegacyFlink | Self::KinesisSql => "kinesisanalytics.amazonaws.com",
            Self::Firehose => "firehose.amazonaws.com",
        }
    }

    /// Returns the Amazon resource name of what the service may assume a role for.
    fn source_arn(self, name: &str) -> Value {
        match self {
            Self::Flink | Self::LegacyFlink | Self::KinesisSql => {
                Value::local_arn("kinesisanalytics", &format!("application/{name}"))
            }
            Self::Firehose => Value::local_arn("firehose", &format!("deliverystream/{name}")),
        }
    }
}

impl Role {
    /// Returns a role for the one application of a name, allowing nothing yet.
    pub fn new(id: LogicalId, principal: Principal, name: &str) -> Self {
        Self {
            id,
            principal,
            service: principal.service(),
            source_arn: principal.source_arn(name),
            statements: Vec::new(),
        }
    }

    /// Allows actions on resources.
    pub fn allow(&mut self, sid: String, why: String, actions: &[&'static str], resources: Vec<Value>) {
        self.statements.push(Statement { sid, why, actions: actions.to_vec(), resources });
    }

    /// Returns its Amazon resource name.
    pub fn arn(&self) -> Value {
        Value::arn(&self.id)
    }
}
