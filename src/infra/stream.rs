//! Kinesis data streams.

use serde::Serialize;

use crate::streams::Capacity;

use super::{LogicalId, Principal, Role, Value};

/// The key that AWS manages for Kinesis: it encrypts at no price, and asks for no permission on a key.
const MANAGED_KEY: &str = "alias/aws/kinesis";

/// A stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stream {
    /// Its id.
    pub id: LogicalId,
    /// Its name.
    pub name: String,
    /// Its shards; as many as the traffic asks for where there is no number.
    shards: Option<u32>,
    retention_hours: u32,
    key: &'static str,
}

impl Stream {
    /// Returns an encrypted stream that keeps its records for so many hours.
    pub fn new(name: &str, capacity: Capacity, retention_hours: u32) -> Self {
        let shards = match capacity {
            Capacity::Provisioned(shards) => Some(shards),
            Capacity::OnDemand => None,
        };
        let id = LogicalId::derived(name, "Stream");
        Self { id, name: name.to_owned(), shards, retention_hours, key: MANAGED_KEY }
    }

    /// Returns how many shards it has; none where that is on demand.
    pub fn shards(&self) -> Option<u32> {
        self.shards
    }

    /// Lets a role read the stream by polling.
    pub fn grant_read(&self, role: &mut Role) {
        let actions: &[&str] = match role.principal {
            Principal::Flink => &[
                "kinesis:DescribeStreamSummary",
                "kinesis:GetRecords",
                "kinesis:GetShardIterator",
                "kinesis:ListShards",
            ],
            // The connector 4.x looks the stream's ARN up by DescribeStream before it lists shards.
            Principal::LegacyFlink | Principal::KinesisSql | Principal::Firehose => {
                &["kinesis:DescribeStream", "kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards"]
            }
        };
        let reader = if role.principal == Principal::Firehose { "archive" } else { "application" };
        let why = format!("The {reader} reads the stream {}.", self.name);
        role.allow(format!("Read{}", self.id.as_str()), why, actions, vec![self.arn()]);
    }

    /// Lets a role write the stream.
    pub fn grant_write(&self, role: &mut Role) {
        let actions: &[&str] = match role.principal {
            // No archive writes a stream.
            Principal::Flink | Principal::LegacyFlink | Principal::Firehose => &["kinesis:PutRecords"],
            Principal::KinesisSql => &["kinesis:DescribeStream", "kinesis:PutRecord", "kinesis:PutRecords"],
        };
        let why = format!("The application writes the stream {}.", self.name);
        role.allow(format!("Write{}", self.id.as_str()), why, actions, vec![self.arn()]);
    }

    /// Returns its Amazon resource name.
    pub fn arn(&self) -> Value {
        Value::arn(&self.id)
    }
}
