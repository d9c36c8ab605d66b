//! The files of tables that an application joins with.

use super::{LogicalId, Parameter, Role, Value};

/// A bucket with files; which one is said when the stack is deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    bucket: Parameter,
    prefix: Parameter,
}

impl Files {
    /// Returns a place that parameters of the stack name. They take no wildcard: they become part of a resource in a policy.
    pub fn from_parameters() -> Self {
        Self {
            bucket: Parameter {
                id: LogicalId::fixed("TablesBucket"),
                description: "The name of the bucket that holds the files of the tables",
                pattern: "^[a-z0-9.-]{3,63}$",
            },
            prefix: Parameter {
                id: LogicalId::fixed("TablesPrefix"),
                description: "The folder in that bucket under which they lie, with their paths in the pipeline",
                pattern: "^[^*?$]{1,512}$",
            },
        }
    }

    /// Returns the parameters that name the place.
    pub fn parameters(&self) -> [Parameter; 2] {
        [self.bucket.clone(), self.prefix.clone()]
    }

    /// Returns the place at which the paths of the files start.
    pub fn uri(&self) -> Value {
        Value::sub(format!("s3://${{{}}}/${{{}}}", self.bucket.id.as_str(), self.prefix.id.as_str()))
    }

    /// Lets a role read the files, and look for them.
    pub fn grant_read<'a>(&self, role: &mut Role, files: impl Iterator<Item = &'a str>) {
        let bucket = format!("arn:${{AWS::Partition}}:s3:::${{{}}}", self.bucket.id.as_str());
        let why = "The job looks whether the file of a table is there.".to_owned();
        role.allow("FindTables".to_owned(), why, &["s3:ListBucket"], vec![Value::sub(&bucket)]);
        let why = "The job reads the tables that it joins with.".to_owned();
        let object = |file| Value::sub(format!("{bucket}/${{{}}}/{file}", self.prefix.id.as_str()));
        role.allow("ReadTables".to_owned(), why, &["s3:GetObject"], files.map(object).collect());
    }

    /// Lets a role read the file of a table at an address of its own, such as `s3://bucket/folder/file.csv`, and look for it.
    pub fn grant_read_at(role: &mut Role, table: &str, uri: &str) {
        let path = uri.trim_start_matches("s3://");
        let bucket = path.split('/').next().unwrap_or(path);
        let arn = |path: &str| Value::sub(format!("arn:${{AWS::Partition}}:s3:::{path}"));
        let id = LogicalId::derived(table, "Table");
        let why = format!("The job looks whether the file of the table {table} is there.");
        role.allow(format!("Find{}", id.as_str()), why, &["s3:ListBucket"], vec![arn(bucket)]);
        let why = format!("The job reads the table {table}.");
        role.allow(format!("Read{}", id.as_str()), why, &["s3:GetObject"], vec![arn(path)]);
    }
}
