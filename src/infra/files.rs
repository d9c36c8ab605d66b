//! The files of tables that an application joins with.

use super::{LogicalId, Parameter, Role, Value};

/// A bucket with files; which one is said when the stack is deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    bucket: Parameter,
}

impl Files {
    /// Returns a bucket that a parameter of the stack names. It takes no wildcard: it becomes part of a resource in a policy.
    pub fn from_parameter() -> Self {
        Self {
            bucket: Parameter {
                id: LogicalId::fixed("TablesBucket"),
                description: "The name of the bucket that holds the files of the tables, under their paths in the pipeline",
                pattern: "^[a-z0-9.-]{3,63}$",
            },
        }
    }

    /// Returns the parameter that names the bucket.
    pub fn parameter(&self) -> Parameter {
        self.bucket.clone()
    }

    /// Returns the place at which the paths of the files start.
    pub fn uri(&self) -> Value {
        Value::sub(format!("s3://${{{}}}", self.bucket.id.as_str()))
    }

    /// Lets a role read the files, and look for them.
    pub fn grant_read<'a>(&self, role: &mut Role, files: impl Iterator<Item = &'a str>) {
        let bucket = format!("arn:${{AWS::Partition}}:s3:::${{{}}}", self.bucket.id.as_str());
        role.allow("FindTables".to_owned(), &["s3:ListBucket"], Value::sub(&bucket));
        for (index, file) in files.enumerate() {
            role.allow(format!("ReadTable{}", index + 1), &["s3:GetObject"], Value::sub(format!("{bucket}/{file}")));
        }
    }
}
