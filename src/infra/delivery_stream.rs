//! Delivery streams: what keeps the records of a stream in a bucket.

use serde::Serialize;

use super::{Bucket, LogStream, LogicalId, Principal, Role, Stream, Value};

/// After how many seconds what was gathered is written, if it is less than [`GATHERED_MB`] (Data Firehose API,
/// `BufferingHints`: what holds where nothing is said).
const GATHERED_SECONDS: u32 = 300;
/// How many MiB are gathered at most (Data Firehose API, `BufferingHints`: the most; objects cost by their number).
const GATHERED_MB: u32 = 128;

/// A delivery stream from a stream to a bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeliveryStream {
    /// Its id.
    pub id: LogicalId,
    /// Its name.
    pub name: String,
    /// The name of the stream.
    pub of: String,
    stream_arn: Value,
    bucket_arn: Value,
    role_arn: Value,
    /// What the keys of the objects begin with; the hour follows.
    prefix: String,
    /// What the keys begin with of what could not be delivered.
    error_prefix: String,
    gathered_seconds: u32,
    gathered_mb: u32,
    log_group: Value,
    log_stream: Value,
}

impl DeliveryStream {
    /// Returns a delivery stream of a name, with the role that it has.
    pub fn new(name: String, from: &Stream, bucket: &Bucket, log: &LogStream) -> (Self, Role) {
        let mut role = Role::new(LogicalId::derived(&from.name, "ArchiveRole"), Principal::Firehose, &name);
        let (prefix, error_prefix) = (format!("streams/{}/", from.name), format!("errors/{}/", from.name));
        from.grant_read(&mut role);
        bucket.grant_write(&mut role, &[&prefix, &error_prefix]);
        log.grant_put(&mut role);
        let delivery = Self {
            id: LogicalId::derived(&from.name, "Archive"),
            name,
            of: from.name.clone(),
            stream_arn: from.arn(),
            bucket_arn: bucket.arn(),
            role_arn: role.arn(),
            prefix,
            // Firehose wants the kind of the error to stand in it where there is one.
            error_prefix: error_prefix + "!{firehose:error-output-type}/",
            gathered_seconds: GATHERED_SECONDS,
            gathered_mb: GATHERED_MB,
            log_group: log.group(),
            log_stream: Value::reference(&log.id),
        };
        (delivery, role)
    }
}
