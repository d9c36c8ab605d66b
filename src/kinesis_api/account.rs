//! `DescribeLimits`, `DescribeAccountSettings` and `UpdateAccountSettings`.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

use super::{
    Api, Operation, Run,
    checks::Checks,
    create_stream::{MOST_ON_DEMAND, MOST_SHARDS},
    error::ApiError,
    text::Text,
    wire::Body,
};

pub(super) const LIMITS: Operation = Operation { name: "DescribeLimits", run: Run::Whole(limits) };
pub(super) const DESCRIBE: Operation = Operation { name: "DescribeAccountSettings", run: Run::Whole(describe) };
pub(super) const UPDATE: Operation = Operation { name: "UpdateAccountSettings", run: Run::Whole(update) };

fn limits(api: &Api, body: Body<'_>) -> Result<Vec<u8>, ApiError> {
    let _: IgnoredAny = body.parse()?;
    let (mut shards, mut on_demand) = (0, 0);
    for stream in api.each_stream() {
        if stream.is_on_demand() {
            on_demand += 1;
        } else {
            shards += stream.description.shards.len();
        }
    }
    body.answer(&json!({
        "ShardLimit": MOST_SHARDS,
        "OpenShardCount": shards,
        "OnDemandStreamCount": on_demand,
        "OnDemandStreamCountLimit": MOST_ON_DEMAND,
    }))
}

fn describe(_: &Api, body: Body<'_>) -> Result<Vec<u8>, ApiError> {
    let _: IgnoredAny = body.parse()?;
    body.answer(&json!({ "MinimumThroughputBillingCommitment": { "Status": "DISABLED" } }))
}

#[derive(Deserialize)]
struct Input<'a> {
    #[serde(borrow, rename = "MinimumThroughputBillingCommitment")]
    commitment: Option<Commitment<'a>>,
}

#[derive(Deserialize)]
struct Commitment<'a> {
    #[serde(borrow, rename = "Status")]
    status: Option<Text<'a>>,
}

fn update(_: &Api, body: Body<'_>) -> Result<Vec<u8>, ApiError> {
    let input: Input<'_> = body.parse()?;
    let mut checks = Checks::default();
    let at = "minimumThroughputBillingCommitment";
    let status = match &input.commitment {
        None => checks.required(at, None),
        Some(commitment) => {
            let at = format!("{at}.status");
            let status = checks.required(&at, commitment.status.as_deref());
            if commitment.status.is_some() {
                checks.one_of(&at, status, &["ENABLED", "DISABLED"]);
            }
            status
        }
    };
    checks.finish()?;
    if status == "ENABLED" {
        return Err(ApiError::argument("There is no bill here, and no commitment to one."));
    }
    body.answer(&json!({ "MinimumThroughputBillingCommitment": { "Status": "DISABLED" } }))
}
