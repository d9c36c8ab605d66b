//! What AWS charges for.

/// One thing that has a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item {
    /// A shard for an hour.
    ShardHours,
    /// Records written to a stream with shards.
    PutUnits,
    /// Records kept beyond a day, up to a week, in a stream with shards.
    ExtendedRetention,
    /// Records kept beyond a week.
    LongTermRetention,
    /// A stream on demand for an hour.
    StreamHours,
    /// What is written to a stream on demand.
    StreamIn,
    /// What is read from a stream on demand.
    StreamOut,
    /// Records kept beyond a day, up to a week, in a stream on demand.
    OnDemandRetention,
    /// Processing units of Managed Service for Apache Flink.
    KpuHours,
    /// Their storage.
    ApplicationStorage,
    /// Snapshots of an application.
    Snapshots,
    /// Log that is written.
    LogIn,
    /// Log that is kept.
    LogStorage,
    /// Alarms.
    Alarms,
    /// Dashboards.
    Dashboards,
    /// Records that Firehose archives.
    Archived,
    /// Objects in S3.
    Objects,
    /// Objects that are written to S3.
    ObjectPuts,
    /// Calls for the keys that streams are encrypted with.
    KeyCalls,
}

impl Item {
    /// Every item, in the order in which a bill has them.
    pub const ALL: [Self; 19] = [
        Self::ShardHours,
        Self::PutUnits,
        Self::ExtendedRetention,
        Self::LongTermRetention,
        Self::StreamHours,
        Self::StreamIn,
        Self::StreamOut,
        Self::OnDemandRetention,
        Self::KpuHours,
        Self::ApplicationStorage,
        Self::Snapshots,
        Self::LogIn,
        Self::LogStorage,
        Self::Alarms,
        Self::Dashboards,
        Self::Archived,
        Self::Objects,
        Self::ObjectPuts,
        Self::KeyCalls,
    ];

    /// Returns its key in a table of prices.
    pub fn key(self) -> &'static str {
        self.words().0
    }

    /// Returns what a bill calls it.
    pub fn name(self) -> &'static str {
        self.words().1
    }

    /// Returns what its price is for, one of.
    pub fn unit(self) -> &'static str {
        self.words().2
    }

    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::ShardHours => ("shard_hour", "shard-hours", "shard-hour"),
            Self::PutUnits => ("put_units", "PUT payload units", "million units"),
            Self::ExtendedRetention => ("extended_retention", "retention up to a week", "shard-hour"),
            Self::LongTermRetention => ("long_term_retention", "retention beyond a week", "GB-month"),
            Self::StreamHours => ("on_demand_stream_hour", "on-demand stream-hours", "stream-hour"),
            Self::StreamIn => ("on_demand_in", "on-demand data in", "GB"),
            Self::StreamOut => ("on_demand_out", "on-demand data out", "GB"),
            Self::OnDemandRetention => ("on_demand_retention", "on-demand retention up to a week", "GB-month"),
            Self::KpuHours => ("kpu_hour", "KPU-hours", "KPU-hour"),
            Self::ApplicationStorage => ("application_storage", "running application storage", "GB-month"),
            Self::Snapshots => ("snapshot_storage", "snapshots", "GB-month"),
            Self::LogIn => ("log_in", "log written", "GB"),
            Self::LogStorage => ("log_storage", "log kept", "GB-month"),
            Self::Alarms => ("alarm", "alarms", "alarm-month"),
            Self::Dashboards => ("dashboard", "dashboards", "dashboard-month"),
            Self::Archived => ("firehose_in", "archived by Firehose", "GB"),
            Self::Objects => ("object_storage", "objects in S3", "GB-month"),
            Self::ObjectPuts => ("object_puts", "uploads to S3", "thousand requests"),
            Self::KeyCalls => ("key_calls", "calls for encryption keys", "thousand calls"),
        }
    }
}
