//! The packaged code of an application.

use serde::Serialize;

use super::{LogicalId, Parameter, Role, Value};

/// An object in a bucket; which one is said when the stack is deployed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Code {
    /// The bucket's Amazon resource name.
    pub bucket_arn: Value,
    /// The object's key.
    pub key: Value,
    #[serde(skip)]
    parameters: [Parameter; 2],
}

impl Code {
    /// Returns an object that two parameters of the stack name.
    ///
    /// Neither takes a wildcard: both become part of a resource in a policy.
    pub fn from_parameters() -> Self {
        let bucket = Parameter {
            id: LogicalId::fixed("CodeBucketArn"),
            description: "The ARN of the bucket that holds the packaged application",
            pattern: "^arn:[a-z-]+:s3:::[a-z0-9.-]{3,63}$",
        };
        let key = Parameter {
            id: LogicalId::fixed("CodeKey"),
            description: "The key of the packaged application in that bucket",
            pattern: "^[^*?$]{1,1024}$",
        };
        Self { bucket_arn: Value::reference(&bucket.id), key: Value::reference(&key.id), parameters: [bucket, key] }
    }

    /// Returns the parameters that name the object.
    pub fn parameters(&self) -> [Parameter; 2] {
        self.parameters.clone()
    }

    /// Lets a role read the object.
    pub fn grant_read(&self, role: &mut Role) {
        let [bucket, key] = &self.parameters;
        let object = Value::sub(format!("${{{}}}/${{{}}}", bucket.id.as_str(), key.id.as_str()));
        let why = "The service fetches the packaged application when it starts.".to_owned();
        role.allow("ReadCode".to_owned(), why, &["s3:GetObject"], vec![object]);
    }
}
