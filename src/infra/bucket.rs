//! Buckets of S3.

use serde::Serialize;

use super::{LogicalId, Role, Value};

/// How long an object is kept that was replaced or deleted: a week to find a mistake and take it back.
const NONCURRENT_DAYS: u32 = 7;
/// After how long the parts of an upload that never ended are removed: they are paid for, and no list shows them (S3 user
/// guide, "Configuring a bucket lifecycle configuration to delete incomplete multipart uploads", which takes 7 days).
const INCOMPLETE_DAYS: u32 = 7;

/// A bucket that is encrypted, private and versioned. It outlives its stack, because it holds what nothing else does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Bucket {
    /// Its id.
    pub id: LogicalId,
    /// Its name; left out, the deployment makes one up, so that a stack made anew is not in the way of what stayed.
    pub name: Option<Value>,
    noncurrent_days: u32,
    incomplete_days: u32,
}

/// Refuses every request to a bucket that does not come through TLS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BucketPolicy {
    /// Its id.
    pub id: LogicalId,
    bucket: Value,
    bucket_arn: Value,
    objects_arn: Value,
}

impl Bucket {
    /// Returns a bucket.
    pub fn new(id: LogicalId, name: Option<Value>) -> Self {
        Self { id, name, noncurrent_days: NONCURRENT_DAYS, incomplete_days: INCOMPLETE_DAYS }
    }

    /// Returns the policy by which the bucket answers through TLS only.
    pub fn tls_only(&self, id: LogicalId) -> BucketPolicy {
        BucketPolicy { id, bucket: Value::reference(&self.id), bucket_arn: self.arn(), objects_arn: self.objects("") }
    }

    /// Lets a role write objects whose keys begin so, each with `/` at its end. The actions are those that Firehose asks
    /// for (Data Firehose developer guide, "Grant Firehose access to an Amazon S3 destination").
    pub fn grant_write(&self, role: &mut Role, prefixes: &[&str]) {
        let why = "The archive finds the bucket and what it has begun to write there.".to_owned();
        let actions = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"];
        role.allow("FindArchive".to_owned(), why, &actions, vec![self.arn()]);
        let why = "The archive writes its objects, and takes back what it could not end.".to_owned();
        let actions = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"];
        let objects = prefixes.iter().map(|prefix| self.objects(prefix)).collect();
        role.allow("WriteArchive".to_owned(), why, &actions, objects);
    }

    /// Returns its Amazon resource name.
    pub fn arn(&self) -> Value {
        Value::arn(&self.id)
    }

    /// Returns the Amazon resource names of the objects whose keys begin so: with `/` at its end, or with nothing.
    pub fn objects(&self, prefix: &str) -> Value {
        Value::sub(format!("${{{}.Arn}}/{prefix}*", self.id.as_str()))
    }
}
