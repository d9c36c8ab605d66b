//! What keeps the records of streams in a bucket.

use crate::infra::{Bucket, DeliveryStream, LogGroup, LogicalId, Output, Resource, Stack, Value};
use crate::plan::{Plan, delivery_stream};

use super::ARCHIVE_BUCKET;
use super::flink_stack::stream;

/// Adds the bucket, and a delivery stream for each stream that the plan's target archives, where there are any.
pub(super) fn archive(plan: &Plan, stack: &mut Stack) {
    let archived: Vec<_> =
        plan.target.stack.archive.iter().filter_map(|name| plan.stream(&name.value)).map(stream).collect();
    if archived.is_empty() {
        return;
    }
    let bucket = Bucket::new(LogicalId::fixed("ArchiveBucket"), None);
    let policy = bucket.tls_only(LogicalId::fixed("ArchiveBucketPolicy"));
    let group = LogGroup::new(LogicalId::fixed("ArchiveLogGroup"), format!("/aws/kinesisfirehose/{}", plan.name));
    let mut parts = Vec::new();
    stack.tell(ARCHIVE_BUCKET, "The name of the bucket with the archive, which stays when the stack goes", &bucket.id);
    stack.tell("ArchiveLogGroupName", "The log group of the archive", &group.id);
    for from in &archived {
        let log = group.log_stream(LogicalId::derived(&from.name, "ArchiveLog"), from.name.clone());
        let (delivery, role) = DeliveryStream::new(delivery_stream(&plan.name, &from.name), from, &bucket, &log);
        stack.outputs.push(Output {
            id: LogicalId::derived(&from.name, "ArchiveName"),
            description: format!("The delivery stream that archives {}", from.name),
            value: Value::reference(&delivery.id),
        });
        parts.extend([Resource::LogStream(log), Resource::Role(role), Resource::DeliveryStream(delivery)]);
    }
    stack.resources.extend([Resource::Bucket(bucket), Resource::BucketPolicy(policy), Resource::LogGroup(group)]);
    stack.resources.extend(parts);
}
