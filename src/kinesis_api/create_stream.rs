//! `CreateStream`.

use serde::Deserialize;

use super::{
    Api, Operation,
    checks::Checks,
    error::{ApiError, Kind},
    text::Text,
    wire::Body,
};
use crate::streams::Capacity;

pub(super) const OPERATION: Operation = Operation { name: "CreateStream", run };

/// The most shards that AWS lets an account have in its large regions (Kinesis quotas, "shards").
const MOST_SHARDS: i64 = 20_000;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input<'a> {
    #[serde(borrow)]
    stream_name: Option<Text<'a>>,
    shard_count: Option<i64>,
    stream_mode_details: Option<Mode<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Mode<'a> {
    #[serde(borrow)]
    stream_mode: Option<Text<'a>>,
}

fn run(api: &Api, body: Body<'_>) -> Result<Vec<u8>, ApiError> {
    let input: Input<'_> = body.parse()?;
    let mut checks = Checks::default();
    let name = checks.required("streamName", input.stream_name.as_deref());
    if input.stream_name.is_some() {
        checks.name("streamName", name);
    }
    let mode = input.stream_mode_details.map(|details| {
        let mode = details.stream_mode.as_deref().map(str::to_owned);
        let mode = checks.required("streamModeDetails.streamMode", mode);
        if !mode.is_empty() {
            checks.one_of("streamModeDetails.streamMode", &mode, &["PROVISIONED", "ON_DEMAND"]);
        }
        mode
    });
    let on_demand = mode.as_deref() == Some("ON_DEMAND");
    if !on_demand {
        let shards = checks.required("shardCount", input.shard_count);
        if input.shard_count.is_some() {
            checks.range("shardCount", shards, 1, 100_000);
        }
    }
    checks.finish()?;
    let capacity = match input.shard_count {
        None => Capacity::OnDemand,
        Some(_) if on_demand => {
            return Err(ApiError::argument("ShardCount cannot be given with the stream mode ON_DEMAND."));
        }
        Some(shards) if shards > MOST_SHARDS => {
            let message = format!("a stream has {MOST_SHARDS} shards at most, and {shards} were asked for");
            return Err(ApiError::new(Kind::LimitExceeded, message));
        }
        Some(shards) => Capacity::Provisioned(u32::try_from(shards).expect("checked just above")),
    };
    api.log().create_stream(name, capacity)?;
    Ok(Vec::new())
}
