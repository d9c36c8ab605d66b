//! `UpdateMaxRecordSize`.

use serde::Deserialize;

use super::{
    Api, Operation, Run, error::ApiError, settings::RECORD_KIB, stream_name::stream_arn, text::Text, wire::Body,
};

pub(super) const OPERATION: Operation = Operation { name: "UpdateMaxRecordSize", run: Run::Whole(run) };

#[derive(Deserialize)]
struct Input<'a> {
    #[serde(borrow, rename = "StreamARN")]
    stream_arn: Option<Text<'a>>,
    #[serde(rename = "MaxRecordSizeInKiB")]
    kib: Option<i64>,
}

fn run(api: &Api, body: Body<'_>) -> Result<Vec<u8>, ApiError> {
    let input: Input<'_> = body.parse()?;
    let mut checks = api.checks();
    let name = stream_arn(&mut checks, input.stream_arn.as_ref())?;
    let kib = checks.required("maxRecordSizeInKiB", input.kib);
    if input.kib.is_some() {
        checks.range("maxRecordSizeInKiB", kib, *RECORD_KIB.start(), *RECORD_KIB.end());
    }
    checks.finish()?;
    api.update(name, |_, settings| {
        settings.record_kib = kib;
        Ok(())
    })?;
    Ok(Vec::new())
}
