//! `PutRecords`.

use serde::{Deserialize, Serialize};

use super::{
    Api, Operation, checks::Checks, error::ApiError, record::Entry, stream_name::stream_name, text::Text, wire::Body,
};
use crate::streams::Appends;

pub(super) const OPERATION: Operation = Operation { name: "PutRecords", run };

/// The most records of one request, and the most that their data and keys have together (Kinesis API reference,
/// `PutRecords`: 500 records, 5 MiB).
const MOST_RECORDS: usize = 500;
const REQUEST_BYTES: usize = 5 << 20;

#[derive(Deserialize)]
struct Input<'a> {
    #[serde(borrow, rename = "StreamName")]
    stream_name: Option<Text<'a>>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<Text<'a>>,
    #[serde(rename = "Records")]
    records: Option<Vec<Entry<'a>>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Output {
    failed_record_count: u32,
    records: Vec<Put>,
    encryption_type: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Put {
    sequence_number: String,
    shard_id: String,
}

fn run(api: &Api, body: Body<'_>) -> Result<Vec<u8>, ApiError> {
    let input: Input<'_> = body.parse()?;
    let mut checks = Checks::default();
    let name = stream_name(&mut checks, input.stream_name.as_ref(), input.stream_arn.as_ref())?;
    let present = input.records.is_some();
    let records = checks.required("records", input.records);
    if present && records.is_empty() {
        checks.broken("'[]'", "records", "have length greater than or equal to 1");
    }
    if records.len() > MOST_RECORDS {
        checks.broken("", "records", &format!("have length less than or equal to {MOST_RECORDS}"));
    }
    let (mut appends, mut buffer, mut keys) = (Appends::new(), Vec::new(), 0);
    for (index, record) in records.iter().enumerate().take(MOST_RECORDS) {
        record.push(&mut checks, &format!("records.{}.member.", index + 1), &mut appends, &mut buffer)?;
        keys += record.key_bytes();
    }
    checks.finish()?;
    if appends.data_bytes() + keys > REQUEST_BYTES {
        return Err(ApiError::argument("Records size exceeds 5 MB limit"));
    }
    let placed = api.log().append_records(name, &appends)?;
    let records = placed
        .appended()
        .map(|placed| Put { sequence_number: placed.sequence.to_string(), shard_id: placed.shard.to_string() });
    body.answer(&Output { failed_record_count: 0, records: records.collect(), encryption_type: "NONE" })
}
