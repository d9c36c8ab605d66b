//! Where an application writes its log.

use serde::Serialize;

use super::{LogicalId, Role, Value};

/// How long a log is kept.
const RETENTION_DAYS: u32 = 14;

/// A log group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogGroup {
    /// Its id.
    pub id: LogicalId,
    /// Its name.
    pub name: String,
    retention_days: u32,
}

/// One log within a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogStream {
    /// Its id.
    pub id: LogicalId,
    /// Its name.
    pub name: String,
    group: Value,
    #[serde(skip)]
    group_id: LogicalId,
}

impl LogGroup {
    /// Returns a log group of a name.
    pub fn new(id: LogicalId, name: impl Into<String>) -> Self {
        Self { id, name: name.into(), retention_days: RETENTION_DAYS }
    }

    /// Returns a log within the group.
    pub fn log_stream(&self, id: LogicalId, name: impl Into<String>) -> LogStream {
        LogStream { id, name: name.into(), group: Value::reference(&self.id), group_id: self.id.clone() }
    }
}

impl LogStream {
    /// Lets a role write this log and look it up.
    ///
    /// The names are written out: the attribute `Arn` of a log group ends in a wildcard.
    pub fn grant_write(&self, role: &mut Role) {
        // What is asked for a list is a name without its last part, or without any: that is what these end in.
        let none = Value::local_arn("logs", "log-group::log-stream:");
        let group = Value::local_arn("logs", &format!("log-group:${{{}}}:log-stream:", self.group_id.as_str()));
        let why = "The application looks its log up before it writes to it.".to_owned();
        let actions = ["logs:DescribeLogGroups", "logs:DescribeLogStreams"];
        role.allow("FindLog".to_owned(), why, &actions, vec![none, group]);
        self.grant_put(role);
    }

    /// Lets a role write this log, whose name it knows.
    pub fn grant_put(&self, role: &mut Role) {
        let why = "What goes wrong stands in the log.".to_owned();
        role.allow("WriteLog".to_owned(), why, &["logs:PutLogEvents"], vec![self.arn()]);
    }

    /// Returns the name of its group.
    pub fn group(&self) -> Value {
        self.group.clone()
    }

    /// Returns its Amazon resource name.
    pub fn arn(&self) -> Value {
        let (group, stream) = (self.group_id.as_str(), self.id.as_str());
        Value::local_arn("logs", &format!("log-group:${{{group}}}:log-stream:${{{stream}}}"))
    }
}
