//! `UpdateStreamWarmThroughput`.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Api, Operation, Run, account,
    error::{ApiError, Kind},
    stream_name::stream_name,
    text::Text,
    wire::Body,
};

pub(super) const OPERATION: Operation = Operation { name: "UpdateStreamWarmThroughput", run: Run::Whole(run) };

/// The most MiB/s that a stream can be warmed to (Kinesis API reference, `UpdateStreamWarmThroughput`: 10 GiB/s).
pub(super) const MOST_MIBPS: i64 = 10_240;

#[derive(Deserialize)]
struct Input<'a> {
    #[serde(borrow, rename = "StreamName")]
    stream_name: Option<Text<'a>>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<Text<'a>>,
    #[serde(rename = "WarmThroughputMiBps")]
    warm_mibps: Option<i64>,
}

fn run(api: &Api, body: Body<'_>) -> Result<Vec<u8>, ApiError> {
    let input: Input<'_> = body.parse()?;
    let mut checks = api.checks();
    let name = stream_name(&mut checks, input.stream_name.as_ref(), input.stream_arn.as_ref())?;
    let warm = checks.required("warmThroughputMiBps", input.warm_mibps);
    checks.range("warmThroughputMiBps", warm, 0, i64::from(i32::MAX));
    checks.finish()?;
    account::expect_committed(api)?;
    api.update(name, |stream, settings| {
        if !stream.is_on_demand() {
            let message = format!("Stream {name} is not in the stream mode ON_DEMAND.");
            return Err(ApiError::new(Kind::Validation, message));
        }
        if warm > MOST_MIBPS {
            let message = format!("WarmThroughputMiBps is {MOST_MIBPS} at the most, and {warm} was asked for.");
            return Err(ApiError::argument(message));
        }
        settings.warm_mibps = Some(warm);
        Ok(())
    })?;
    body.answer(&json!({ "StreamName": name, "StreamARN": api.arn(name), "WarmThroughput": shown(Some(warm)) }))
}

/// Returns what a stream was warmed to, as answers show it.
pub(super) fn shown(warm_mibps: Option<i64>) -> Option<Value> {
    warm_mibps.map(|mibps| json!({ "TargetMiBps": mibps, "CurrentMiBps": mibps }))
}
