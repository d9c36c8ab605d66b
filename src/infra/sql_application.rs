//! Applications of Kinesis Data Analytics for SQL, which AWS removed on 2026-01-27.

use serde::Serialize;

use super::{LogicalId, Role, Stream, Value};

/// An application whose code is SQL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SqlApplication {
    /// Its id.
    pub id: LogicalId,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The SQL.
    pub code: String,
    /// What it reads.
    pub input: SqlInput,
}

/// The stream that an application reads, and how its records become rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SqlInput {
    name_prefix: &'static str,
    /// What stands between the values of a row in CSV; records are JSON where it is left out.
    delimiter: Option<String>,
    columns: Vec<SqlColumn>,
    stream_arn: Value,
    role_arn: Value,
}

/// One column of an input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SqlColumn {
    /// Its name.
    pub name: String,
    /// Its type.
    pub sql_type: String,
    /// Where its value lies in a record in JSON, such as `$.quote.price`.
    pub mapping: Option<String>,
}

/// A stream of the SQL that is written to a stream outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SqlOutput {
    /// Its id.
    pub id: LogicalId,
    application: Value,
    /// The stream of the SQL.
    name: String,
    /// How its rows are written, as the service calls it.
    format: &'static str,
    stream_arn: Value,
    role_arn: Value,
    /// What has to exist before: an application takes one change at a time.
    after: Option<LogicalId>,
}

impl SqlInput {
    /// Returns the input that reads a stream; the role is granted to.
    pub fn new(name_prefix: &'static str, columns: Vec<SqlColumn>, stream: &Stream, role: &mut Role) -> Self {
        stream.grant_read(role);
        Self { name_prefix, delimiter: None, columns, stream_arn: stream.arn(), role_arn: role.arn() }
    }

    /// Reads rows in CSV.
    #[must_use]
    pub fn delimited(self, delimiter: String) -> Self {
        Self { delimiter: Some(delimiter), ..self }
    }
}

impl SqlOutput {
    /// Writes rows in CSV, with the commas that the service puts between values.
    #[must_use]
    pub fn csv(self) -> Self {
        Self { format: "CSV", ..self }
    }
}

impl SqlApplication {
    /// Writes a stream of the SQL to a stream outside; the role is granted to.
    pub fn output(&self, name: &str, stream: &Stream, role: &mut Role, after: Option<&SqlOutput>) -> SqlOutput {
        stream.grant_write(role);
        SqlOutput {
            id: LogicalId::derived(name, "Output"),
            application: Value::reference(&self.id),
            name: name.to_owned(),
            format: "JSON",
            stream_arn: stream.arn(),
            role_arn: role.arn(),
            after: after.map(|output| output.id.clone()),
        }
    }
}
