//! The stack of the bucket that packaged applications lie in.

use crate::infra::{Bucket, LogicalId, Output, Resource, Stack, Value};

use super::flink_stack::managed;

/// The name of the stack, one for an account and region.
pub use crate::spec::CODE_STACK;
/// The output of the stack that tells the name of the bucket.
pub const CODE_BUCKET_NAME: &str = "BucketName";
/// The output of the stack that tells the Amazon resource name of the bucket.
pub const CODE_BUCKET_ARN: &str = "BucketArn";

/// Builds the stack.
pub(super) fn stack() -> Stack {
    // A name is one for all accounts and regions of a partition.
    let name = Value::sub(format!("{CODE_STACK}-${{AWS::AccountId}}-${{AWS::Region}}"));
    let bucket = Bucket::new(LogicalId::fixed("CodeBucket"), Some(name));
    let policy = bucket.tls_only(LogicalId::fixed("CodeBucketPolicy"));
    let tell = |id, what: &str, value| Output {
        id: LogicalId::fixed(id),
        description: format!("The {what} of the bucket for packaged applications"),
        value,
    };
    Stack {
        description: "The bucket from which pipelines of pipe take their packaged applications".to_owned(),
        tags: vec![managed()],
        outputs: vec![
            tell(CODE_BUCKET_NAME, "name", Value::reference(&bucket.id)),
            tell(CODE_BUCKET_ARN, "ARN", bucket.arn()),
        ],
        resources: vec![Resource::Bucket(bucket), Resource::BucketPolicy(policy)],
        ..Stack::default()
    }
}
