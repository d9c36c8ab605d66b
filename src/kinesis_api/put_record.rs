//! `PutRecord`.

use serde::Deserialize;
use serde_json::json;

use super::{
    Api, Operation, Run, checks::SEQUENCE_DIGITS, error::ApiError, record::Entry, stream_name::stream_name, text::Text,
    wire::Body,
};
use crate::streams::Appends;

pub(super) const OPERATION: Operation = Operation { name: "PutRecord", run: Run::Whole(run) };

#[derive(Deserialize)]
struct Input<'a> {
    #[serde(borrow, rename = "StreamName")]
    stream_name: Option<Text<'a>>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<Text<'a>>,
    /// Kept by every log without being asked: a record put later has the greater number.
    #[serde(rename = "SequenceNumberForOrdering")]
    ordering: Option<Text<'a>>,
    #[serde(rename = "DryRun")]
    dry_run: Option<bool>,
}

fn run(api: &Api, body: Body<'_>) -> Result<Vec<u8>, ApiError> {
    // Read twice, as the record stands among the members of the request here and in a list of its own in PutRecords.
    let input: Input<'_> = body.parse()?;
    let entry: Entry<'_> = body.parse()?;
    let mut checks = api.checks();
    let name = stream_name(&mut checks, input.stream_name.as_ref(), input.stream_arn.as_ref())?;
    if let Some(ordering) = &input.ordering {
        checks.digits("sequenceNumberForOrdering", ordering, SEQUENCE_DIGITS);
    }
    let (settings, mut appends) = (api.settings(name), Appends::new());
    entry.push(&mut checks, "", api.manners(settings.as_ref().ok()), &mut appends, &mut Vec::new())?;
    checks.finish()?;
    api.expect_present(name)?;
    let settings = settings?;
    if input.dry_run == Some(true) {
        return Err(ApiError::dry_run());
    }
    if let Some((_, refused)) = api.throttle().write(api.log(), name, &appends)?.pop() {
        return Err(refused);
    }
    let placed = api.log().append_records(name, &appends)?;
    let placed = placed.appended().next().ok_or_else(|| ApiError::argument("Data must be provided."))?;
    body.answer(&json!({
        "ShardId": placed.shard.to_string(),
        "SequenceNumber": placed.sequence.as_str(),
        "EncryptionType": settings.encryption(),
    }))
}
