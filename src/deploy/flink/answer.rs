//! What the SQL gateway answers (Flink documentation, "REST Endpoint" of the SQL gateway, v2).

use serde::Deserialize;
use serde_json::Value;

/// What a statement gave.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answer {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// The rows, in the order in which they came.
    pub rows: Vec<Row>,
    /// The job that the statement started.
    pub job: Option<String>,
}

/// A row.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Row {
    /// What it does to those before it: `INSERT` but for a query whose rows change.
    pub kind: String,
    /// Its values.
    pub fields: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SessionOpened {
    pub(super) session_handle: String,
}

#[derive(Deserialize)]
pub(super) struct SessionConfig {
    pub(super) properties: std::collections::BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StatementSubmitted {
    pub(super) operation_handle: String,
}

/// One page of a statement's result.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page {
    pub(super) result_type: ResultType,
    #[serde(rename = "jobID")]
    pub(super) job: Option<String>,
    pub(super) results: Option<Results>,
    /// The path of the next page; none behind the last one.
    pub(super) next_result_uri: Option<String>,
}

#[derive(Deserialize, PartialEq, Eq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum ResultType {
    NotReady,
    Payload,
    Eos,
}

#[derive(Deserialize)]
pub(super) struct Results {
    #[serde(default)]
    pub(super) columns: Vec<Column>,
    #[serde(default)]
    pub(super) data: Vec<Row>,
}

#[derive(Deserialize)]
pub(super) struct Column {
    pub(super) name: String,
}

/// What is wrong, as Flink's REST interfaces say it.
#[derive(Deserialize)]
pub(super) struct Errors {
    pub(super) errors: Vec<String>,
}
