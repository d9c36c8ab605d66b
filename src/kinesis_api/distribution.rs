//! `UpdateStreamRecordDistributionStrategy`, and where records go of streams that do not ask producers.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::Deserialize;

use super::{Api, Operation, Run, checks::Checks, error::ApiError, stream_name::stream_arn, text::Text, wire::Body};

pub(super) const OPERATION: Operation =
    Operation { name: "UpdateStreamRecordDistributionStrategy", run: Run::Whole(run) };

/// Kinesis spreads records evenly, whatever keys they have.
pub(super) const AUTO: &str = "AUTO";
/// Keys say where records go.
pub(super) const BY_KEY: &str = "USER_PARTITION_KEY";

/// How far one record lies from the next in the space of hash keys: by the golden ratio of it, which never comes close to
/// where others were.
const STRIDE: u64 = 0x9e37_79b9_7f4a_7c15;

#[derive(Deserialize)]
struct Input<'a> {
    #[serde(borrow, rename = "StreamARN")]
    stream_arn: Option<Text<'a>>,
    #[serde(rename = "RecordDistributionStrategy")]
    strategy: Option<Text<'a>>,
}

fn run(api: &Api, body: Body<'_>) -> Result<Vec<u8>, ApiError> {
    let input: Input<'_> = body.parse()?;
    let mut checks = api.checks();
    let name = stream_arn(&mut checks, input.stream_arn.as_ref())?;
    let strategy = checks.required("recordDistributionStrategy", input.strategy.as_deref());
    if input.strategy.is_some() {
        check(&mut checks, strategy);
    }
    checks.finish()?;
    api.update(name, |stream, settings| {
        expect_on_demand(strategy, stream.is_on_demand())?;
        settings.spread = strategy == AUTO;
        Ok(())
    })?;
    Ok(Vec::new())
}

/// Checks the member of a request that names a strategy.
pub(super) fn check(checks: &mut Checks<'_>, strategy: &str) {
    checks.one_of("recordDistributionStrategy", strategy, &[AUTO, BY_KEY]);
}

/// Refuses a strategy that only streams on demand have.
pub(super) fn expect_on_demand(strategy: &str, on_demand: bool) -> Result<(), ApiError> {
    if strategy == AUTO && !on_demand {
        return Err(ApiError::argument("The record distribution strategy AUTO is only for the stream mode ON_DEMAND."));
    }
    Ok(())
}

/// Hash keys that are spread evenly.
#[derive(Debug, Default)]
pub(super) struct Spread(AtomicU64);

impl Spread {
    /// Returns the next one.
    pub(super) fn next(&self) -> u128 {
        u128::from(self.0.fetch_add(STRIDE, Ordering::Relaxed)) << 64
    }
}
