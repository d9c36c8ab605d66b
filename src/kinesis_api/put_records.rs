//! `PutRecords`.

use serde::{Deserialize, Serialize};

use super::{
    Api, Operation, Run, error::ApiError, list::List, record::Entry, stream_name::stream_name, text::Text, wire::Body,
};
use crate::streams::{Appends, local::Placed};

pub(super) const OPERATION: Operation = Operation { name: "PutRecords", run: Run::Whole(run) };

/// The most records of one request, and the most that their data and keys have together (Kinesis API reference,
/// `PutRecords`: 500 records, 10 MiB).
const MOST_RECORDS: usize = 500;
const REQUEST_BYTES: usize = 10 << 20;

#[derive(Deserialize)]
struct Input<'a> {
    #[serde(borrow, rename = "StreamName")]
    stream_name: Option<Text<'a>>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<Text<'a>>,
    #[serde(rename = "Records")]
    records: Option<List<Entry<'a>, MOST_RECORDS>>,
    #[serde(rename = "DryRun")]
    dry_run: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Output {
    failed_record_count: usize,
    records: Vec<Put>,
    encryption_type: &'static str,
}

/// What became of a record.
#[derive(Serialize)]
#[serde(untagged)]
enum Put {
    #[serde(rename_all = "PascalCase")]
    Placed { sequence_number: String, shard_id: String },
    #[serde(rename_all = "PascalCase")]
    Refused { error_code: &'static str, error_message: String },
}

fn run(api: &Api, body: Body<'_>) -> Result<Vec<u8>, ApiError> {
    let input: Input<'_> = body.parse()?;
    let mut checks = api.checks();
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
    let settings = api.settings(name);
    let manners = api.manners(settings.as_ref().ok());
    for (index, record) in records.iter().enumerate().take(MOST_RECORDS) {
        record.push(&mut checks, &format!("records.{}.member.", index + 1), manners, &mut appends, &mut buffer)?;
        keys += record.key_bytes();
    }
    checks.finish()?;
    if appends.data_bytes() + keys > REQUEST_BYTES {
        return Err(ApiError::argument("Records size exceeds 10 MB limit"));
    }
    api.expect_present(name)?;
    let settings = settings?;
    if input.dry_run == Some(true) {
        return Err(ApiError::dry_run());
    }
    let mut refused = api.throttle().write(api.log(), name, &appends)?;
    if let Some(trouble) = api.trouble() {
        refused.extend(trouble.refused(records.len()));
        refused.sort_by_key(|(index, _)| *index);
        refused.dedup_by_key(|(index, _)| *index);
    }
    if !refused.is_empty() {
        let mut indexes = refused.iter().map(|(index, _)| *index).peekable();
        let mut taken = Appends::new();
        for (index, record) in appends.iter().enumerate() {
            if indexes.next_if_eq(&index).is_none() {
                taken.push_hashed(record.partition_key, record.explicit_hash_key, record.data);
            }
        }
        appends = taken;
    }
    let placed = if appends.is_empty() { None } else { Some(api.log().append_records(name, &appends)?) };
    let mut placed = placed
        .iter()
        .flat_map(Placed::appended)
        .map(|placed| Put::Placed { sequence_number: placed.sequence.to_string(), shard_id: placed.shard.to_string() });
    let failed_record_count = refused.len();
    let mut refused = refused.into_iter().peekable();
    let records = (0..records.len()).filter_map(|index| match refused.next_if(|(refused, _)| *refused == index) {
        Some((_, error)) => Some(Put::Refused { error_code: error.name(), error_message: error.message }),
        None => placed.next(),
    });
    body.answer(&Output { failed_record_count, records: records.collect(), encryption_type: settings.encryption() })
}
